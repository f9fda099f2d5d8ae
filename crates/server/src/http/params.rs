//! Parameters of a request: of its address, and of its form where it sends one.

use super::{Fail, Shared};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{Method, StatusCode, header};

/// Largest form: room for any query a person or a dashboard writes.
const FORM_BYTES_MAX: usize = 4 << 20;

/// The content type by which InfluxDB's clients send a query as the whole body.
const INFLUXQL_TYPE: &str = "application/vnd.influxql";

/// Parameters in the order they came, those of the form first, so that they win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Of an address.
    pub fn of_query(query: Option<&str>) -> Self {
        Self(parse(query.unwrap_or_default().as_bytes()).collect())
    }

    /// The first of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first of this name, where it is not empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All of this name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// Whether the first of this name is `true` or `1`.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), Some("true" | "1"))
    }
}

fn parse(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(text).map(|(key, value)| (key.into_owned(), value.into_owned()))
}

impl FromRequest<Shared> for Params {
    type Rejection = Fail;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Fail> {
        let (head, body) = request.into_parts();
        let of_address = Self::of_query(head.uri.query());
        if ![Method::POST, Method::PUT].contains(&head.method) {
            return Ok(of_address);
        }
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let body = axum::body::to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| {
            let text = format!("read form: it broke off, or is over {FORM_BYTES_MAX} bytes");
            Fail::new(StatusCode::PAYLOAD_TOO_LARGE, text)
        })?;
        let mut params = of_body(kind, &body)?;
        params.0.extend(of_address.0);
        Ok(params)
    }
}

fn of_body(kind: &str, body: &Bytes) -> Result<Params, Fail> {
    match kind {
        _ if body.is_empty() => Ok(Params::default()),
        "application/x-www-form-urlencoded" => Ok(Params(parse(body).collect())),
        INFLUXQL_TYPE => {
            let text = String::from_utf8(body.to_vec())
                .map_err(|_| Fail::bad_request("the query is not UTF-8"))?;
            Ok(Params(vec![("q".to_owned(), text)]))
        }
        _ => Err(Fail::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "body of type {kind:?}: send application/x-www-form-urlencoded, or the parameters in the address"
            ),
        )),
    }
}
