//! Answers that say why not: `{"error": "…"}` with a status.

use crate::ingest::{self, BodyError, RETRY_AFTER_SECS};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::port::WriteError;
use serde::Serialize;

/// Where in a query something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// In bytes, from 0.
    pub offset: usize,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// An answer that says why not.
#[derive(Clone, Debug, PartialEq)]
pub struct Fail {
    pub status: StatusCode,
    pub error: String,
    pub position: Option<Position>,
    pub retry_after_secs: Option<u32>,
}

#[derive(Serialize)]
struct Json<'a> {
    error: &'a str,
}

/// Where an answer names the place of a parse error: the body has InfluxDB's shape alone.
pub const POSITION_HEADER: HeaderName = HeaderName::from_static("x-barograph-position");

impl Fail {
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), position: None, retry_after_secs: None }
    }

    pub fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub fn unavailable(error: impl Into<String>, retry_after_secs: u32) -> Self {
        let fail = Self::new(StatusCode::SERVICE_UNAVAILABLE, error);
        Self { retry_after_secs: Some(retry_after_secs), ..fail }
    }
}

impl Fail {
    /// The answer, with `body` as its JSON.
    pub fn respond(&self, body: &impl Serialize) -> Response {
        let mut response = super::json(self.status, body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // InfluxDB's clients read the reason here as well.
        if let Ok(value) = HeaderValue::from_str(&self.error) {
            headers.insert("x-influxdb-error", value);
        }
        let position = self.position.and_then(|it| serde_json::to_string(&it).ok());
        if let Some(value) = position.and_then(|it| HeaderValue::try_from(it).ok()) {
            headers.insert(POSITION_HEADER, value);
        }
        response
    }
}

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        self.respond(&Json { error: &self.error })
    }
}

impl From<crate::gate::Refused> for Fail {
    fn from(refused: crate::gate::Refused) -> Self {
        use crate::gate::Refused;
        match refused {
            Refused::Busy | Refused::Timeout => {
                Self::unavailable(refused.to_string(), RETRY_AFTER_SECS)
            }
            Refused::Broken => Self::new(StatusCode::INTERNAL_SERVER_ERROR, refused.to_string()),
        }
    }
}

impl From<BodyError> for Fail {
    fn from(error: BodyError) -> Self {
        let text = error.to_string();
        match error {
            BodyError::TooLarge { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, text),
            BodyError::NoRoom => Self::unavailable(text, RETRY_AFTER_SECS),
            BodyError::Slow => Self::new(StatusCode::REQUEST_TIMEOUT, text),
            BodyError::Broken(_) | BodyError::Damaged(_) => Self::bad_request(text),
        }
    }
}

impl From<WriteError> for Fail {
    fn from(error: WriteError) -> Self {
        let text = error.to_string();
        match error {
            WriteError::Overloaded { retry_after_secs, .. } => {
                Self::unavailable(text, retry_after_secs)
            }
            WriteError::ShuttingDown => Self::unavailable(text, RETRY_AFTER_SECS),
            WriteError::NoDatabase { .. } | WriteError::NoPolicy { .. } => {
                Self::new(StatusCode::NOT_FOUND, text)
            }
            WriteError::BadTarget { .. } => Self::bad_request(text),
            WriteError::DiskFull { .. } => Self {
                status: StatusCode::INSUFFICIENT_STORAGE,
                ..Self::unavailable(text, DISK_FULL_RETRY_AFTER_SECS)
            },
            WriteError::Failed { .. } => Self::new(StatusCode::INTERNAL_SERVER_ERROR, text),
        }
    }
}

/// When to try again on a full disk: space comes back in minutes, not in seconds.
const DISK_FULL_RETRY_AFTER_SECS: u32 = 30;

impl From<ingest::Error> for Fail {
    fn from(error: ingest::Error) -> Self {
        match error {
            ingest::Error::Body(error) => error.into(),
            ingest::Error::Malformed(text) => Self::bad_request(text),
            ingest::Error::Write(error) => error.into(),
            ingest::Error::Busy => Self::unavailable(error.to_string(), RETRY_AFTER_SECS),
            ingest::Error::Broken => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}
