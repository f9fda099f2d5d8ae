//! Where a bucket is: `s3://BUCKET/PREFIX` and the variables that AWS's tools read.

use super::sign::{Credentials, encode_key};
use crate::error::Error;
use std::path::Path;

/// What an address of objects begins with.
const SCHEME: &str = "s3://";
/// Where nothing names a region.
const REGION: &str = "us-east-1";
/// How often a request is tried where nothing says how often.
const ATTEMPTS: u32 = 6;

/// A bucket, and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Scheme and authority, without a slash at the end.
    origin: String,
    /// As it is sent in the header `Host`.
    pub host: String,
    /// What comes before the key in a path, encoded: the bucket where the host does not name it.
    base: String,
    pub bucket: String,
    /// With `/` at its end, or empty.
    pub prefix: String,
    pub region: String,
    pub credentials: Credentials,
    pub attempts: u32,
}

/// Whether a backup's place is a bucket.
pub fn is_bucket(place: &Path) -> bool {
    place.to_str().is_some_and(|text| text.starts_with(SCHEME))
}

impl Address {
    /// Reads the address of `place`; `variable` reads the environment.
    ///
    /// # Errors
    /// When it is none, or a variable is missing or cannot be.
    pub fn new(place: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = place.to_str().unwrap_or_default();
        let usage = |what: String| Error::Usage(format!("{text}: {what}"));
        let rest = text.strip_prefix(SCHEME).unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(usage("write s3://BUCKET/PREFIX".to_owned()));
        }
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.unwrap_or_else(|| REGION.to_owned());
        let needed = |name: &str| {
            variable(name).ok_or_else(|| usage(format!("set {name} and its like in the environment, as for AWS's tools: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT_URL where the bucket is not at AWS")))
        };
        let credentials = Credentials {
            key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret: needed("AWS_SECRET_ACCESS_KEY")?,
            session: variable("AWS_SESSION_TOKEN"),
        };
        let attempts = match variable("AWS_MAX_ATTEMPTS") {
            None => ATTEMPTS,
            Some(text) => text.parse().ok().filter(|count| *count > 0).ok_or_else(|| {
                usage(format!("AWS_MAX_ATTEMPTS is {text:?}: write a number from 1 on"))
            })?,
        };
        let custom = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
        // A name with dots is in no certificate of AWS's.
        let is_in_path = custom.is_some() || bucket.contains('.');
        let base = if is_in_path { format!("/{bucket}") } else { String::new() };
        let origin = match custom {
            Some(url) => url,
            None if is_in_path => format!("https://s3.{region}.amazonaws.com"),
            None => format!("https://{bucket}.s3.{region}.amazonaws.com"),
        };
        let (origin, host, above) = split(&origin).ok_or_else(|| {
            usage(format!(
                "AWS_ENDPOINT_URL is {origin:?}: write such as https://minio.example:9000"
            ))
        })?;
        let base = format!("{above}{base}");
        let bucket = bucket.to_owned();
        Ok(Self { origin, host, base, bucket, prefix, region, credentials, attempts })
    }

    /// Scheme and authority.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The path of an object, or of the bucket itself where `key` is empty.
    pub fn path(&self, key: &str) -> String {
        match key.is_empty() {
            true if self.base.is_empty() => "/".to_owned(),
            true => self.base.clone(),
            false => format!("{}/{}", self.base, encode_key(&format!("{}{key}", self.prefix))),
        }
    }

    /// As people write it.
    pub fn shown(&self) -> String {
        format!("{SCHEME}{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }
}

/// Origin, host as it is sent, and path of an endpoint.
fn split(url: &str) -> Option<(String, String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.is_empty() || authority.contains(['@', '?', '#', ' ']) || path.contains(['?', '#'])
    {
        return None;
    }
    let host = authority.strip_suffix(default_port).unwrap_or(authority).to_owned();
    let path = path.trim_matches('/');
    let above = if path.is_empty() { String::new() } else { format!("/{}", encode_key(path)) };
    Some((format!("{scheme}://{authority}"), host, above))
}

#[cfg(test)]
mod tests;
