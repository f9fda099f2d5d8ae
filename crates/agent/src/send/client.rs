//! One request to the server, and what its answer means.

use crate::AgentConfig;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::time::Duration;

/// How much of an answer is read: it goes into the log.
const ANSWER_BYTES_MAX: u64 = 4 << 10;

/// The longest wait that a server can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);

/// What became of the lines of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// They are kept by the server.
    Taken,
    /// Some or all of them are refused, and would be again.
    Refused(String),
    /// They are too many for one request.
    TooLarge,
    /// They may be taken later, perhaps not before some time.
    Later(String, Option<Duration>),
}

/// Sends lines.
#[derive(Debug)]
pub(crate) struct Client {
    http: ureq::Agent,
    url: String,
    authorization: Option<String>,
    body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(config: &AgentConfig) -> Self {
        let http = ureq::Agent::config_builder()
            .timeout_global(Some(config.timeout.to_std()))
            .http_status_as_error(false)
            // A redirected POST would arrive as a GET without its lines.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(1)
            .user_agent(concat!("barograph-agent/", env!("CARGO_PKG_VERSION")));
        let http = if is_own_host(&config.url) { http.proxy(None) } else { http };
        let url = format!(
            "{}/write?db={}&precision=ns",
            config.url.trim_end_matches('/'),
            percent_encode(&config.database)
        );
        let authorization = config.token.as_ref().map(|token| format!("Bearer {}", token.0));
        Self { http: http.build().into(), url, authorization, body: Vec::new() }
    }

    /// Sends lines and waits for the answer.
    pub(crate) fn send(&mut self, lines: &[u8]) -> Answer {
        if let Err(error) = self.compress(lines) {
            return Answer::Later(format!("compress: {error}"), None);
        }
        let mut request = self
            .http
            .post(&self.url)
            .header("content-type", "text/plain; charset=utf-8")
            .header("content-encoding", "gzip");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        match request.send(&self.body[..]) {
            Ok(response) => judge(response),
            Err(error) => Answer::Later(error.to_string(), None),
        }
    }

    fn compress(&mut self, lines: &[u8]) -> std::io::Result<()> {
        self.body.clear();
        let mut gzip = GzEncoder::new(&mut self.body, Compression::default());
        gzip.write_all(lines)?;
        gzip.finish()?;
        Ok(())
    }
}

fn judge(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let status = response.status();
    let after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(|secs| Duration::from_secs(secs).min(RETRY_AFTER_MAX));
    // The answer is read also where nobody looks at it, so that the connection can be used
    // again.
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true);
    let said = body.read_to_string().unwrap_or_default();
    let said = format!("{status}: {}", said.trim());
    match status.as_u16() {
        200..=299 => Answer::Taken,
        400 | 422 => Answer::Refused(said),
        413 => Answer::TooLarge,
        // What needs a person to mend (a token, a database, an address) loses nothing either.
        _ => Answer::Later(said, after),
    }
}

/// Whether the address is this machine, which no proxy leads to.
fn is_own_host(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"].iter().any(|own| host.starts_with(own))
}

/// Escapes everything but letters, digits and `-._~` (RFC 3986, 2.3).
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests;
