//! One POST of JSON, blocking, with a limit on its time and on what is read of the answer.

use super::{Request, Response, SEND_TIMEOUT};
use std::net::IpAddr;
use ureq::http::{HeaderName, HeaderValue, Uri};

/// How much of an answer is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Sends to one address, over connections it keeps.
pub(super) struct Sender {
    agent: ureq::Agent,
    url: String,
}

impl Sender {
    /// A sender to `url`, or what is wrong with it. The address itself is never repeated:
    /// Slack's is a secret.
    pub fn new(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("url is not an address: {error}"))?;
        let host = match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), Some(host)) if !host.is_empty() => host,
            _ => return Err("url must begin with http:// or https:// and a host".to_owned()),
        };
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(SEND_TIMEOUT.to_std()))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("barograph/", env!("CARGO_PKG_VERSION")));
        if is_loopback(host) {
            // A proxy of the environment cannot reach what stands on this machine.
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().new_agent(), url: url.to_owned() })
    }

    /// Sends `request`; what went wrong where no answer came.
    pub fn post(&self, request: &Request) -> Result<Response, String> {
        let mut post = self.agent.post(&self.url).header("Content-Type", "application/json");
        for (name, value) in &request.headers {
            post = post.header(name, value);
        }
        let mut answer =
            post.send(request.body.to_string()).map_err(|error| self.without_url(&error))?;
        let retry_after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let status = answer.status().as_u16();
        // The status says what matters; an answer that breaks off is kept as far as it came.
        let body = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .lossy_utf8(true)
            .read_to_string()
            .unwrap_or_else(|error| format!("(answer not read: {})", self.without_url(&error)));
        Ok(Response { status, retry_after, body })
    }

    fn without_url(&self, error: &ureq::Error) -> String {
        error.to_string().replace(&self.url, "<url>")
    }
}

/// Whether `name` and `value` make a header line.
pub(super) fn is_header(name: &str, value: &str) -> bool {
    HeaderName::try_from(name).is_ok() && HeaderValue::try_from(value).is_ok()
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
