//! One request to a bucket, signed, and tried again where that may help.

use super::address::Address;
use super::answer;
use super::sign::{self, Signed};
use crate::error::Error;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;
use ureq::http::{Method, Request, Response, header};
use ureq::{Body, SendBody};

/// The wait before the second attempt; it doubles with each further one.
const BACKOFF: Duration = Duration::from_millis(250);
/// The longest wait between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(15);
/// The longest text that is read of an answer that is no object: a list of 1,000 keys.
const TEXT_BYTES_MAX: u64 = 16 << 20;

/// What is sent with a request.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    Empty,
    Bytes(&'a [u8]),
    /// `bytes` of a file from `offset` on, whose SHA-256 is known.
    Part {
        path: &'a Path,
        offset: u64,
        bytes: u64,
        sha256: &'a str,
    },
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub method: Method,
    /// The object, or empty for the bucket.
    pub key: &'a str,
    pub parameters: Vec<(&'a str, &'a str)>,
    /// First and last byte that are wanted.
    pub range: Option<(u64, u64)>,
    pub payload: Payload<'a>,
}

/// Why there is no answer that helps.
#[derive(Debug)]
pub struct Failure {
    /// None where nobody answered, or the answer broke off.
    pub status: Option<u16>,
    /// S3's own word, such as `NoSuchKey`.
    pub code: String,
    what: String,
    /// Whether it is this side's own, which no other attempt helps.
    is_local: bool,
}

impl Failure {
    /// What was broken off on the way.
    pub fn broken(what: impl fmt::Display) -> Self {
        Self { status: None, code: String::new(), what: what.to_string(), is_local: false }
    }

    /// What is wrong on this side.
    pub fn local(what: impl fmt::Display) -> Self {
        Self { is_local: true, ..Self::broken(what) }
    }

    pub fn refused(status: u16, text: &str) -> Self {
        let code = answer::text(text, "Code").unwrap_or_default();
        let message = answer::text(text, "Message").unwrap_or_default();
        let what = [format!("status {status}"), code.clone(), message];
        let what: Vec<String> = what.into_iter().filter(|part| !part.is_empty()).collect();
        Self { status: Some(status), code, what: what.join(", "), is_local: false }
    }

    pub fn is_missing(&self) -> bool {
        self.status == Some(404)
    }

    /// Whether the same request may do better later.
    fn is_passing(&self) -> bool {
        match self.status {
            None => !self.is_local,
            Some(status) => {
                status >= 500
                    || matches!(status, 408 | 429)
                    || ["RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable"]
                        .contains(&self.code.as_str())
            }
        }
    }

    fn advice(&self) -> &'static str {
        match (self.status, self.code.as_str()) {
            (_, "NoSuchBucket") => ": make the bucket first, or see to its name",
            (_, "RequestTimeTooSkewed") => ": set this machine's clock",
            (_, "AuthorizationHeaderMalformed" | "PermanentRedirect") | (Some(301 | 307), _) => {
                ": set AWS_REGION to the bucket's region"
            }
            (Some(401 | 403), _) => {
                ": see to AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do"
            }
            (None, _) if !self.is_local => {
                ": see to the network and AWS_ENDPOINT_URL, then run it again"
            }
            _ => "",
        }
    }

    /// The failure of `doing` with an object or the bucket.
    pub fn into_error(self, doing: &str, what: &str) -> Error {
        Error::Client(format!("{doing} {what}: {}{}", self.what, self.advice()))
    }
}

/// Sends requests to one bucket.
pub struct Sender {
    pub address: Address,
    agent: ureq::Agent,
}

impl Sender {
    /// `silence` is the longest wait for the other side's next byte.
    pub fn new(address: Address, silence: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A signature is of one host alone.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(silence))
            .timeout_per_read(Some(silence))
            .timeout_per_write(Some(silence))
            .build();
        Self { address, agent: config.into() }
    }

    /// Asks, and hands a good answer to `read`, which is called again where it broke off.
    ///
    /// # Errors
    /// When the bucket refuses, or fails as often as it may be tried.
    pub fn ask<T>(
        &self,
        ask: &Ask<'_>,
        mut read: impl FnMut(Response<Body>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.try_once(ask).and_then(&mut read) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if !failure.is_passing() || attempt >= self.address.attempts {
                return Err(failure);
            }
            std::thread::sleep(pause(attempt));
            attempt += 1;
        }
    }

    /// Asks, and answers the text.
    ///
    /// # Errors
    /// As [`Sender::ask`].
    pub fn ask_text(&self, ask: &Ask<'_>) -> Result<String, Failure> {
        self.ask(ask, |mut answer| text_of(&mut answer))
    }

    fn try_once(&self, ask: &Ask<'_>) -> Result<Response<Body>, Failure> {
        let empty;
        let of_bytes;
        let (sha256, length) = match ask.payload {
            Payload::Empty => {
                empty = sign::sha256(&[]);
                (&*empty, 0)
            }
            Payload::Bytes(bytes) => {
                of_bytes = sign::sha256(bytes);
                (&*of_bytes, bytes.len() as u64)
            }
            Payload::Part { bytes, sha256, .. } => (sha256, bytes),
        };
        let address = &self.address;
        let (path, query) = (address.path(ask.key), sign::query(&ask.parameters));
        let signed = Signed {
            method: ask.method.as_str(),
            host: &address.host,
            path: &path,
            query: &query,
            body: sha256,
            region: &address.region,
        };
        let mark = if query.is_empty() { "" } else { "?" };
        let uri = format!("{}{path}{mark}{query}", address.origin());
        let mut request = Request::builder().method(&ask.method).uri(uri);
        for (name, value) in sign::headers(&signed, &address.credentials, jiff::Timestamp::now()) {
            request = request.header(name, value);
        }
        if let Some((first, last)) = ask.range {
            request = request.header(header::RANGE, format!("bytes={first}-{last}"));
        }
        if matches!(ask.method, Method::PUT | Method::POST) {
            request = request.header(header::CONTENT_LENGTH, length);
        }
        let mut answer = match ask.payload {
            Payload::Empty if ask.method == Method::POST => self.run(request.body(&[][..])),
            Payload::Empty => self.run(request.body(())),
            Payload::Bytes(bytes) => self.run(request.body(bytes)),
            Payload::Part { path, offset, bytes, .. } => {
                let mut part = part(path, offset, bytes).map_err(Failure::local)?;
                self.run(request.body(SendBody::from_reader(&mut part)))
            }
        }?;
        match answer.status().as_u16() {
            200..300 => Ok(answer),
            // What it says is worth less than that it failed.
            status => Err(Failure::refused(status, &text_of(&mut answer).unwrap_or_default())),
        }
    }

    fn run<B: ureq::AsSendBody>(
        &self,
        request: Result<Request<B>, ureq::http::Error>,
    ) -> Result<Response<Body>, Failure> {
        self.agent.run(request.map_err(Failure::broken)?).map_err(Failure::broken)
    }
}

fn text_of(answer: &mut Response<Body>) -> Result<String, Failure> {
    let reader = answer.body_mut().with_config().limit(TEXT_BYTES_MAX);
    reader.read_to_string().map_err(Failure::broken)
}

/// `bytes` of a file from `offset` on.
///
/// # Errors
/// When it cannot be opened.
pub fn part(path: &Path, offset: u64, bytes: u64) -> io::Result<io::Take<fs::File>> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file.take(bytes))
}

/// Between half and all of a wait that doubles, so that clients do not come back together.
fn pause(attempt: u32) -> Duration {
    let most = BACKOFF.saturating_mul(1 << (attempt - 1).min(16)).min(BACKOFF_MAX);
    let random = RandomState::new().hash_one(attempt) as u32;
    most / 2 + (most / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}
