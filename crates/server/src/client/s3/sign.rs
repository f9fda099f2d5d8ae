//! AWS Signature Version 4 of a request whose body is known by its SHA-256.
//!
//! Source: "Authenticating Requests (AWS Signature Version 4)" in the API reference of
//! Amazon S3. Not here: signatures in the query and of chunks of a body.

use sha2::{Digest, Sha256};
use std::fmt::{Debug, Formatter, Write as _};

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub key_id: String,
    pub secret: String,
    /// Where the key is a temporary one.
    pub session: Option<String>,
}

impl Debug for Credentials {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// What is signed of a request, beside who asks and when.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub method: &'a str,
    pub host: &'a str,
    /// Percent-encoded, from the first `/` on.
    pub path: &'a str,
    /// As [`query`] writes it.
    pub query: &'a str,
    /// SHA-256 of the body, in hexadecimal digits.
    pub body: &'a str,
    pub region: &'a str,
}

/// The length of a block of SHA-256, which HMAC fills up with zeros.
const BLOCK_BYTES: usize = 64;

/// The headers to send with a request, which have to go as they are; `host` is one of them.
pub fn headers(
    signed: &Signed<'_>,
    credentials: &Credentials,
    at: jiff::Timestamp,
) -> Vec<(&'static str, String)> {
    let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let mut headers = vec![
        ("host", signed.host.to_owned()),
        ("x-amz-content-sha256", signed.body.to_owned()),
        ("x-amz-date", time.clone()),
    ];
    // They stand in the order of their names.
    headers.extend(credentials.session.clone().map(|it| ("x-amz-security-token", it)));
    let mut canonical = format!("{}\n{}\n{}\n", signed.method, signed.path, signed.query);
    for (name, value) in &headers {
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let _ = write!(canonical, "\n{names}\n{}", signed.body);
    let scope = format!("{day}/{}/s3/aws4_request", signed.region);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = hmac(format!("AWS4{}", credentials.secret).as_bytes(), day.as_bytes());
    for part in [signed.region, "s3", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex(&hmac(&key, text.as_bytes()));
    let id = &credentials.key_id;
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    headers.push(("authorization", value));
    headers
}

/// Parameters as they are signed and sent: encoded, in the order of their names.
pub fn query(parameters: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name, false), encode(value, false)))
        .collect();
    pairs.sort();
    pairs.join("&")
}

/// The name of an object as a path; `/` stays.
pub fn encode_key(key: &str) -> String {
    encode(key, true)
}

fn encode(text: &str, is_path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain || (is_path && byte == b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in hexadecimal digits, two each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    match key.len() <= BLOCK_BYTES {
        true => block[..key.len()].copy_from_slice(key),
        false => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests;
