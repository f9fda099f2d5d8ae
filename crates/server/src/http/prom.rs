//! PromQL over HTTP: the paths, parameters and answers of Prometheus's API, version 1.

mod admin;
mod render;
mod status;
mod when;

pub use admin::{clean_tombstones, delete_series};
pub use status::{build_info, runtime_info, tsdb};
pub use when::moment;

use super::ink::Parts;
use super::{Fail, Open, Params, Position, Shared, json, json_body};
use crate::answers::Key;
use crate::gate::{Job, Refused};
use crate::house::{House, Rooms};
use crate::metrics::Language;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::limits::{Budget, Exceeded};
use model::port::SourceError;
use model::{Labels, Span, TimeRange, Timestamp};
use query::promql;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// Most answers of one series, as Prometheus has it: more than any screen shows.
const POINTS_MAX: i64 = 11_000;

/// Why there is no answer, in Prometheus's shape.
#[derive(Debug)]
pub struct PromFail {
    status: StatusCode,
    kind: &'static str,
    error: String,
    position: Option<Position>,
}

impl PromFail {
    fn bad_data(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_data", error)
    }

    fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {why}"))
    }

    fn new(status: StatusCode, kind: &'static str, error: impl Into<String>) -> Self {
        Self { status, kind, error: error.into(), position: None }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailJson<'a> {
    status: &'static str,
    error_type: &'static str,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
}

impl IntoResponse for PromFail {
    fn into_response(self) -> Response {
        let Self { kind, error, position, .. } = &self;
        let body = FailJson { status: "error", error_type: kind, error, position: *position };
        json(self.status, &body)
    }
}

impl From<Fail> for PromFail {
    fn from(fail: Fail) -> Self {
        let kind = if fail.status.is_client_error() { "bad_data" } else { "internal" };
        Self::new(fail.status, kind, fail.error)
    }
}

impl From<Refused> for PromFail {
    fn from(refused: Refused) -> Self {
        let (status, kind) = match refused {
            Refused::Busy => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Refused::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "timeout"),
            Refused::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Self::new(status, kind, refused.to_string())
    }
}

impl From<promql::Error> for PromFail {
    fn from(error: promql::Error) -> Self {
        let text = error.to_string();
        match error {
            promql::Error::Parse(parse) => Self {
                position: Some(Position {
                    offset: parse.offset,
                    line: parse.line as usize,
                    column: parse.column as usize,
                }),
                ..Self::parameter("query", text)
            },
            promql::Error::Request(_) => Self::bad_data(text),
            promql::Error::Execution(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "execution", text)
            }
            promql::Error::Source(SourceError::Exceeded(Exceeded::Timeout)) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", text)
            }
            promql::Error::Source(SourceError::Exceeded(Exceeded::Killed)) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "canceled", text)
            }
            promql::Error::Source(SourceError::Exceeded(
                Exceeded::Samples { .. } | Exceeded::Bytes { .. },
            )) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "execution", text),
            promql::Error::Source(SourceError::Failed(_)) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", text)
            }
        }
    }
}

/// Runs one query through the gate.
async fn ask(
    house: &House,
    rooms: &Rooms,
    params: &Params,
    text: &str,
    work: impl Fn(&Budget) -> Result<Parts, promql::Error> + Send + 'static,
) -> Result<Parts, PromFail> {
    let timeout = match params.filled("timeout") {
        None => None,
        Some(text) => Some(when::span(text).map_err(|why| PromFail::parameter("timeout", why))?),
    };
    let job = Job {
        language: Language::Promql,
        text: text.to_owned(),
        timeout: timeout.map(Span::to_std),
    };
    let answer = match rooms.gate.ask(job, work).await {
        Ok(Ok(body)) => return Ok(body),
        Ok(Err(error)) => PromFail::from(error),
        Err(refused) => refused.into(),
    };
    house.metrics.query_failures.add([Language::Promql.name(), answer.kind], 1);
    Err(answer)
}

fn text(params: &Params) -> Result<String, PromFail> {
    match params.filled("query") {
        Some(text) => Ok(text.to_owned()),
        None => Err(PromFail::parameter(
            "query",
            "unknown position: parse error: no expression found in input",
        )),
    }
}

fn limit(params: &Params) -> Result<usize, PromFail> {
    match params.filled("limit") {
        None => Ok(usize::MAX),
        Some(text) => match text.parse() {
            Ok(0) => Ok(usize::MAX),
            Ok(limit) => Ok(limit),
            Err(_) => Err(PromFail::parameter("limit", format!("{text:?} is not a whole number"))),
        },
    }
}

fn time_of(params: &Params, name: &str, otherwise: Timestamp) -> Result<Timestamp, PromFail> {
    match params.filled(name) {
        None => Ok(otherwise),
        Some(text) => when::moment(text).map_err(|why| PromFail::parameter(name, why)),
    }
}

/// `GET|POST /api/v1/query`.
pub async fn instant(
    State(house): State<Shared>,
    Open(rooms): Open,
    params: Result<Params, Fail>,
) -> Result<Response, PromFail> {
    let params = params?;
    let text = text(&params)?;
    let limit = limit(&params)?;
    let at = time_of(&params, "time", house.clock.now())?;
    let (engine, asked) = (rooms.promql.clone(), text.clone());
    let body = ask(&house, &rooms, &params, &text, move |budget| {
        let answer = engine.instant(&asked, at, budget)?;
        Ok(render::answer(answer, budget.warnings(), limit))
    })
    .await?;
    Ok(json_body(body.into_body()))
}

/// What a range query asks, checked.
struct Range {
    text: String,
    start: Timestamp,
    end: Timestamp,
    step: Span,
    limit: usize,
}

impl Range {
    fn read(params: &Params) -> Result<Self, PromFail> {
        let required = |name: &str| match params.filled(name) {
            Some(text) => Ok(text.to_owned()),
            None => Err(PromFail::parameter(name, format!("cannot parse \"\": give {name}"))),
        };
        let at = |name: &str| {
            let text = required(name)?;
            when::moment(&text).map_err(|why| PromFail::parameter(name, why))
        };
        let (text, start, end) = (text(params)?, at("start")?, at("end")?);
        let step = required("step")?;
        let step = when::span(&step).map_err(|why| PromFail::parameter("step", why))?;
        if end < start {
            return Err(PromFail::parameter("end", "end timestamp must not be before start time"));
        }
        if step.0 <= 0 {
            return Err(PromFail::parameter(
                "step",
                "zero or negative query resolution step widths are not accepted. Try a positive integer",
            ));
        }
        if (end - start).0 / step.0 > POINTS_MAX {
            return Err(PromFail::bad_data(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            ));
        }
        Ok(Self { text, start, end, step, limit: limit(params)? })
    }

    fn key(&self) -> Key {
        let Self { text, start, end, step, limit } = self;
        Key::new("promql", &[text, &format!("{}:{}:{}:{limit}", start.0, end.0, step.0)])
    }
}

/// `GET|POST /api/v1/query_range`.
pub async fn range(
    State(house): State<Shared>,
    Open(rooms): Open,
    params: Result<Params, Fail>,
) -> Result<Response, PromFail> {
    let params = params?;
    let range = Range::read(&params)?;
    let max_age = max_age(&params)?;
    let key = range.key();
    let compute = async {
        let (engine, text) = (rooms.promql.clone(), range.text.clone());
        let asked = text.clone();
        ask(&house, &rooms, &params, &asked, move |budget| {
            let answer = engine.range(&text, range.start, range.end, range.step, budget)?;
            Ok(render::answer(answer, budget.warnings(), range.limit))
        })
        .await
    };
    let Some(max_age) = max_age else { return Ok(json_body(compute.await?.into_body())) };
    let compute = async { compute.await.map(Parts::into_bytes) };
    let answer = rooms.answers.get(key, max_age, compute).await?;
    Ok(answer.respond("application/json"))
}

fn max_age(params: &Params) -> Result<Option<Duration>, PromFail> {
    super::influx::max_age(params).map_err(|why| PromFail::parameter("max_age", why))
}

fn whole_range(params: &Params) -> Result<TimeRange, PromFail> {
    let start = time_of(params, "start", Timestamp::MIN)?;
    let end = time_of(params, "end", Timestamp::MAX)?;
    if end < start {
        return Err(PromFail::parameter("end", "end timestamp must not be before start time"));
    }
    Ok(TimeRange::new(start, end))
}

/// `GET|POST /api/v1/series`.
pub async fn series(
    State(house): State<Shared>,
    Open(rooms): Open,
    params: Result<Params, Fail>,
) -> Result<Response, PromFail> {
    let params = params?;
    let selectors = params.all("match[]");
    if selectors.is_empty() {
        return Err(PromFail::bad_data("no match[] parameter provided"));
    }
    let (range, limit) = (whole_range(&params)?, limit(&params)?);
    let engine = rooms.promql.clone();
    let text = selectors.join(" or ");
    let body = ask(&house, &rooms, &params, &text, move |budget| {
        let found: Vec<Labels> = engine.series(&selectors, range, budget)?;
        Ok(render::series(&found, budget.warnings(), limit).into())
    })
    .await
    .map_err(|fail| of_selector(fail, &params))?;
    Ok(json_body(body.into_body()))
}

/// `GET|POST /api/v1/labels`.
pub async fn labels(
    State(house): State<Shared>,
    Open(rooms): Open,
    params: Result<Params, Fail>,
) -> Result<Response, PromFail> {
    let params = params?;
    let (selectors, range, limit) = (params.all("match[]"), whole_range(&params)?, limit(&params)?);
    let engine = rooms.promql.clone();
    let body = ask(&house, &rooms, &params, "label names", move |budget| {
        let names = engine.label_names(&selectors, range, budget)?;
        Ok(render::names(&names, budget.warnings(), limit).into())
    })
    .await
    .map_err(|fail| of_selector(fail, &params))?;
    Ok(json_body(body.into_body()))
}

/// `GET /api/v1/label/{name}/values`.
pub async fn label_values(
    State(house): State<Shared>,
    Open(rooms): Open,
    name: Result<Path<String>, PathRejection>,
    params: Result<Params, Fail>,
) -> Result<Response, PromFail> {
    let Path(name) = name.map_err(|_| PromFail::parameter("name", "it is not UTF-8"))?;
    let params = params?;
    let (selectors, range, limit) = (params.all("match[]"), whole_range(&params)?, limit(&params)?);
    let engine = rooms.promql.clone();
    let text = format!("values of label {name}");
    let body = ask(&house, &rooms, &params, &text, move |budget| {
        let values = engine.label_values(&name, &selectors, range, budget)?;
        Ok(render::names(&values, budget.warnings(), limit).into())
    })
    .await
    .map_err(|fail| of_selector(fail, &params))?;
    Ok(json_body(body.into_body()))
}

/// A fault in a selector is told under the parameter it came in.
fn of_selector(fail: PromFail, params: &Params) -> PromFail {
    let error = fail.error.replacen("\"query\"", "\"match[]\"", 1);
    // Of several selectors the position does not say which.
    let position = fail.position.filter(|_| params.all("match[]").len() == 1);
    PromFail { error, position, ..fail }
}

/// `GET /api/v1/metadata`: remote write 1.0 metadata is not kept, so there is none to tell.
pub async fn metadata() -> Response {
    json(StatusCode::OK, &json!({ "status": "success", "data": {} }))
}
