//! InfluxQL over HTTP: `/query`, as InfluxDB 1.8 answers it.

mod csv;
mod render;

use super::ink::Parts;
use super::{Fail, Open, Params, Position, Shared};
use crate::answers::Key;
use crate::gate::Job;
use crate::house::{House, Rooms};
use crate::metrics::Language;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::limits::Budget;
use protocol::line::Precision;
use query::influxql::{ParseError, Request};
use render::Shape;
use std::time::Duration;

/// Rows of one document of a chunked answer, where the request does not say.
const CHUNK_ROWS: usize = 10_000;

impl From<ParseError> for Fail {
    fn from(error: ParseError) -> Self {
        let position = Position {
            offset: error.offset,
            line: error.line as usize,
            column: error.column as usize,
        };
        Self { position: Some(position), ..Self::bad_request(error.to_string()) }
    }
}

/// How old an answer may be, where the request says so.
pub fn max_age(params: &Params) -> Result<Option<Duration>, String> {
    let Some(text) = params.filled("max_age") else { return Ok(None) };
    match text.parse::<f64>().ok().and_then(|it| Duration::try_from_secs_f64(it).ok()) {
        Some(age) => Ok(Some(age)),
        None => Err(format!("{text:?} is not a number of seconds")),
    }
}

/// What a request asks, checked.
struct Asked {
    text: String,
    request: Request,
    shape: Shape,
    max_age: Option<Duration>,
    is_csv: bool,
}

impl Asked {
    fn read(params: &Params, method: &Method, headers: &HeaderMap) -> Result<Self, Fail> {
        let text = params
            .filled("q")
            .ok_or_else(|| Fail::bad_request("missing required parameter \"q\""))?;
        // Clients send empty ones with a query that has none.
        if params.filled("params").is_some_and(|it| it.trim() != "{}") {
            let text = "bound parameters are not supported: write their values into the query";
            return Err(Fail::bad_request(text));
        }
        let epoch = match params.filled("epoch") {
            None => None,
            // InfluxDB's documents write the micro sign alone as well.
            Some("µ") => Some(Precision::Us),
            Some(text) => Some(text.parse::<Precision>().map_err(|_| {
                Fail::bad_request(format!("invalid epoch {text:?} (use ns, u, ms, s, m or h)"))
            })?),
        };
        let chunk_rows = match params.filled("chunk_size") {
            None => CHUNK_ROWS,
            Some(text) => text.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| {
                Fail::bad_request(format!("invalid chunk_size {text:?} (use a number above 0)"))
            })?,
        };
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let is_csv = accepted
            .is_some_and(|it| it.starts_with("application/csv") || it.starts_with("text/csv"));
        Ok(Self {
            text: text.to_owned(),
            request: Request {
                database: params.filled("db").map(str::to_owned),
                policy: params.filled("rp").map(str::to_owned),
                read_only: method != Method::POST,
            },
            shape: Shape {
                epoch: epoch.map(Precision::span),
                pretty: params.is_true("pretty"),
                chunk_rows: params.is_true("chunked").then_some(chunk_rows),
            },
            max_age: max_age(params)
                .map_err(|why| Fail::bad_request(format!("invalid max_age: {why}")))?,
            is_csv,
        })
    }

    /// Equal keys have equal answers. What changes something is never kept.
    fn key(&self) -> Key {
        let Request { database, policy, .. } = &self.request;
        let parts = format!("{database:?} {policy:?} {:?} {}", self.shape, self.is_csv);
        Key::new("influxql", &[&self.text, &parts])
    }

    fn media_type(&self) -> &'static str {
        if self.is_csv { "text/csv" } else { "application/json" }
    }
}

/// `GET|POST /query`.
pub async fn query(
    State(house): State<Shared>,
    Open(rooms): Open,
    method: Method,
    headers: HeaderMap,
    params: Result<Params, Fail>,
) -> Result<Response, Fail> {
    let asked = Asked::read(&params?, &method, &headers)?;
    let media_type = asked.media_type();
    // A request that may change something runs each time it is sent.
    let max_age = asked.max_age.filter(|_| asked.request.read_only);
    let key = asked.key();
    let compute = run(&house, &rooms, asked);
    if let Some(max_age) = max_age {
        let compute = async { compute.await.map(Parts::into_bytes) };
        return Ok(rooms.answers.get(key, max_age, compute).await?.respond(media_type));
    }
    let mut response = compute.await?.into_body().into_response();
    let kind = HeaderValue::from_static(media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

async fn run(house: &House, rooms: &Rooms, asked: Asked) -> Result<Parts, Fail> {
    let job = Job { language: Language::Influxql, text: asked.text.clone(), timeout: None };
    let engine = rooms.influxql.clone();
    let read_only = asked.request.read_only;
    let work = move |budget: &Budget| {
        let results = engine.run(&asked.text, &asked.request, budget)?;
        Ok::<_, ParseError>(match asked.is_csv {
            true => csv::render(&results, asked.shape.epoch).into(),
            false => render::render(&results, asked.shape),
        })
    };
    // What changes something must not run twice.
    let answer = match read_only {
        true => rooms.gate.ask(job, work).await,
        false => rooms.gate.run(job, work).await,
    };
    let fail: Fail = match answer {
        Ok(Ok(body)) => return Ok(body),
        Ok(Err(error)) => error.into(),
        Err(refused) => refused.into(),
    };
    let reason = match fail.status {
        StatusCode::BAD_REQUEST => "bad_data",
        StatusCode::SERVICE_UNAVAILABLE => "timeout",
        _ => "internal",
    };
    house.metrics.query_failures.add([Language::Influxql.name(), reason], 1);
    Err(fail)
}
