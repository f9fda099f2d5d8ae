//! The ways in: InfluxDB 1.x and 2.x line protocol, and Prometheus remote write 1.0.

use super::linger::Inflow;
use super::{Fail, Open, Params, Shared};
use crate::house::{House, Rooms};
use crate::ingest::{self, Wire};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::port::WriteError;
use model::{DEFAULT_DATABASE, Target, WriteReport};
use protocol::line::Precision;

/// One of the ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `POST /write?db=&rp=&precision=`.
    Influx,
    /// `POST /api/v2/write?bucket=&org=&precision=`.
    Bucket,
    /// `POST /api/v1/write?db=&rp=`.
    Remote,
}

impl Way {
    /// Which one a request takes, if any.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        if *method != Method::POST {
            return None;
        }
        match path {
            "/write" => Some(Self::Influx),
            "/api/v2/write" => Some(Self::Bucket),
            "/api/v1/write" => Some(Self::Remote),
            _ => None,
        }
    }

    /// Its name in `/metrics`.
    fn name(self) -> &'static str {
        match self {
            Self::Influx => "line",
            Self::Bucket => "line_v2",
            Self::Remote => "remote_write",
        }
    }

    /// Keeps what a request holds, and answers it.
    pub async fn write(self, house: &House, request: Request<impl Inflow>) -> Response {
        let Open(rooms) = match Open::of(house) {
            Ok(open) => open,
            Err(fail) => return fail.into_response(),
        };
        let params = Params::of_query(request.uri().query());
        let (wire, target) = match self {
            Self::Influx => (lines(&params, request.headers()), database(&params)),
            Self::Bucket => (lines(&params, request.headers()), bucket_target(&params)),
            Self::Remote => {
                let checked = check_remote(request.headers());
                (checked.map(|()| Wire::RemoteWrite), database(&params))
            }
        };
        let answer = match wire {
            Ok(wire) => keep(house, &rooms, target, wire, request.into_body()).await,
            Err(fail) => Err(fail),
        };
        let response = match answer {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(fail) if self == Self::Bucket => bucket_fail(fail),
            Err(fail) => fail.into_response(),
        };
        house.metrics.write_requests.add([self.name(), status_text(response.status())], 1);
        response
    }
}

/// The same for the router, which knows every path by name. What comes through [`super::Front`]
/// does not get there.
pub async fn routed(State(house): State<Shared>, request: Request<Body>) -> Response {
    match Way::of(request.method(), request.uri().path()) {
        Some(way) => way.write(&house, request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The statuses a write can have; any other is told by its class.
fn status_text(status: StatusCode) -> &'static str {
    match status.as_u16() {
        204 => "204",
        400 => "400",
        404 => "404",
        408 => "408",
        413 => "413",
        415 => "415",
        503 => "503",
        507 => "507",
        _ if status.is_client_error() => "4xx",
        _ => "5xx",
    }
}

async fn keep(
    house: &House,
    rooms: &Rooms,
    target: Target,
    wire: Wire,
    body: impl Inflow,
) -> Result<(), Fail> {
    let limit = house.limits.body_bytes_max;
    let body = ingest::read(body, limit, &house.inflight).await;
    let report = match body {
        Ok(body) => {
            house.metrics.write_bytes.add(body.bytes().len() as u64);
            rooms.ingest.keep(target, wire, body).await
        }
        Err(error) => Err(error.into()),
    };
    note(house, &report);
    let report = report?;
    if report.refused_count > 0 {
        let unit = if wire == Wire::RemoteWrite { "sample" } else { "line" };
        return Err(Fail::bad_request(ingest::partial_write(&report, unit)));
    }
    Ok(())
}

/// Counts what limits refused, and keeps in mind whether the disk takes writes, for those who
/// ask how the server is.
fn note(house: &House, report: &Result<WriteReport, ingest::Error>) {
    if let Some(limit) = report.as_ref().err().and_then(ingest::Error::limit) {
        house.metrics.limit_refused.add([limit], 1);
    }
    let is_news = match report {
        Err(ingest::Error::Write(error))
            if matches!(error, WriteError::DiskFull { .. } | WriteError::Failed { .. }) =>
        {
            house.note("writes", Some(error.to_string()))
        }
        Ok(report) if report.rows > 0 => house.note("writes", None),
        _ => false,
    };
    if is_news {
        match report {
            Ok(_) => tracing::info!("writes are kept again"),
            Err(error) => tracing::error!(%error, "writes are not kept"),
        }
    }
}

fn lines(params: &Params, headers: &HeaderMap) -> Result<Wire, Fail> {
    let precision = match params.filled("precision") {
        None => Precision::Ns,
        Some(text) => text.parse().map_err(|_| {
            let text = format!("invalid precision {text:?} (use ns, us, ms, s, m or h)");
            Fail::bad_request(text)
        })?,
    };
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    let gzip = match encoding {
        None | Some(b"" | b"identity") => false,
        Some(b"gzip" | b"x-gzip") => true,
        Some(other) => {
            let other = String::from_utf8_lossy(other);
            return Err(Fail::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Content-Encoding {other:?}: send gzip or nothing"),
            ));
        }
    };
    Ok(Wire::Line { precision, gzip })
}

fn database(params: &Params) -> Target {
    let database = params.filled("db").unwrap_or(DEFAULT_DATABASE);
    Target { database: database.into(), policy: params.filled("rp").map(Into::into) }
}

/// Bucket `a/b` is policy b of database a, as InfluxDB 1.8 reads it.
fn bucket_target(params: &Params) -> Target {
    let bucket = params.filled("bucket").unwrap_or(DEFAULT_DATABASE);
    let (database, policy) = bucket.split_once('/').unwrap_or((bucket, ""));
    Target {
        database: database.into(),
        policy: Some(policy).filter(|it| !it.is_empty()).map(Into::into),
    }
}

/// What InfluxDB 2.x's clients read stands beside `error`.
fn bucket_fail(fail: Fail) -> Response {
    let code = match fail.status.as_u16() {
        404 => "not found",
        413 => "request too large",
        503 | 507 => "unavailable",
        500 => "internal error",
        _ => "invalid",
    };
    fail.respond(&serde_json::json!({ "error": fail.error, "code": code, "message": fail.error }))
}

/// Remote write 2.0 has another message, which a sender announces in the content type; what
/// cannot be read is refused, so that the sender falls back to 1.0.
fn check_remote(headers: &HeaderMap) -> Result<(), Fail> {
    let text = |name| headers.get(name).and_then(|it: &axum::http::HeaderValue| it.to_str().ok());
    let kind = text("content-type").unwrap_or_default();
    if kind.contains("io.prometheus.write.v2") {
        let error =
            "remote write 2.0 is not read by this version: send prometheus.WriteRequest (1.0)";
        return Err(Fail::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    match text("content-encoding") {
        None | Some("" | "snappy") => Ok(()),
        Some(other) => Err(Fail::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Encoding {other:?}: remote write is snappy"),
        )),
    }
}
