//! What Prometheus tells about itself: how many series there are and of what, its run, its
//! version.

use super::{Open, Params, PromFail};
use crate::gate::Job;
use crate::http::{Fail, Shared, json};
use crate::metrics::Language;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::limits::Budget;
use model::port::SourceError;
use model::{Span, TimeRange, Timestamp};
use query::promql;
use serde_json::{Value, json};
use storage::{Cardinality, CountError, Counted};

/// How long each list is where nothing else is said, and at most; Prometheus has the same.
const LIMIT: usize = 10;
const LIMIT_MAX: usize = 10_000;

impl From<CountError> for PromFail {
    fn from(error: CountError) -> Self {
        match error {
            CountError::Exceeded(exceeded) => {
                promql::Error::Source(SourceError::Exceeded(exceeded)).into()
            }
            CountError::Store(error) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
            }
        }
    }
}

fn limit(params: &Params) -> Result<usize, PromFail> {
    let wrong = |text: &str| {
        let why = format!("{text:?} is no whole number from 1 to {LIMIT_MAX}");
        PromFail::parameter("limit", why)
    };
    match params.filled("limit") {
        None => Ok(LIMIT),
        Some(text) => match text.parse() {
            Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
            _ => Err(wrong(text)),
        },
    }
}

/// The UTC day that is asked about.
fn day(params: &Params, now: Timestamp) -> Result<TimeRange, PromFail> {
    let start = match params.filled("date") {
        None => now.0.div_euclid(Span::DAY.0) * Span::DAY.0,
        Some(text) => {
            let wrong = |_| PromFail::parameter("date", format!("{text:?} is no YYYY-MM-DD"));
            let date: Date = text.parse().map_err(wrong)?;
            let start = date.to_zoned(TimeZone::UTC).map_err(wrong)?.timestamp().as_nanosecond();
            let far = |_| PromFail::parameter("date", format!("{text:?} is out of range"));
            i64::try_from(start).map_err(far)?
        }
    };
    let end = start.saturating_add(Span::DAY.0 - 1);
    Ok(TimeRange::new(Timestamp(start), Timestamp(end)))
}

/// `GET /api/v1/status/tsdb`: series of one UTC day, by name and label.
pub async fn tsdb(
    State(house): State<Shared>,
    Open(rooms): Open,
    params: Result<Params, Fail>,
) -> Result<Response, PromFail> {
    let params = params?;
    let (limit, range) = (limit(&params)?, day(&params, house.clock.now())?);
    let text = "cardinality".to_owned();
    let job = Job { language: Language::Promql, text, timeout: None };
    let store = rooms.store.clone();
    let count = move |budget: &Budget| {
        store.cardinality(range, limit, budget).map(|counted| (counted, budget.warnings()))
    };
    let (counted, warnings) = rooms.gate.run(job, count).await??;
    let mut answer = json!({ "status": "success", "data": as_json(&counted, range) });
    if !warnings.is_empty() {
        answer["warnings"] = warnings.into();
    }
    Ok(json(StatusCode::OK, &answer))
}

fn as_json(counted: &Cardinality, range: TimeRange) -> Value {
    let list = |list: &[Counted]| -> Vec<Value> {
        list.iter().map(|it| json!({ "name": *it.name, "value": it.count })).collect()
    };
    let pair = |it: &storage::Pair| json!({ "name": format!("{}={}", it.name, it.value), "value": it.series });
    json!({
        "headStats": {
            "numSeries": counted.series,
            "numLabelPairs": counted.pairs,
            "minTime": range.start.as_millis(),
            "maxTime": range.end.as_millis(),
        },
        "seriesCountByMetricName": list(&counted.metrics),
        "labelValueCountByLabelName": list(&counted.values),
        "memoryInBytesByLabelName": list(&counted.bytes),
        "seriesCountByLabelValuePair": counted.top.iter().map(pair).collect::<Vec<_>>(),
    })
}

/// `GET /api/v1/status/runtimeinfo`, as far as it has a meaning here.
pub async fn runtime_info(State(house): State<Shared>, Open(rooms): Open) -> Response {
    let at = |at: Timestamp| {
        jiff::Timestamp::from_nanosecond(at.0.into()).map(|it| it.to_string()).unwrap_or_default()
    };
    let data = json!({
        "startTime": at(house.started_at),
        "serverTime": at(house.clock.now()),
        "reloadConfigSuccess": true,
        "lastConfigTime": at(house.started_at),
        "corruptionCount": rooms.store.stats().corruption_found,
    });
    json(StatusCode::OK, &json!({ "status": "success", "data": data }))
}

/// `GET /api/v1/status/buildinfo`, by which Grafana finds out whom it speaks to.
pub async fn build_info() -> Response {
    let data = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
        "application": "barograph",
    });
    json(StatusCode::OK, &json!({ "status": "success", "data": data }))
}
