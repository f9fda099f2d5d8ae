//! Barograph about itself: whether it lives, whether it answers, what it holds.

use super::{Fail, Open, Shared, json};
use crate::gate::Job;
use crate::house::{House, Phase};
use crate::metrics::Language;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::port::Catalog;
use model::{Span, TimeRange};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The OpenAPI document, from which the page's types are made.
const OPENAPI: &str = include_str!("../../openapi.json");
/// Hosts that sent nothing for this long are no longer named.
const HOSTS_WITHIN: Span = Span::HOUR;
/// The tag that names a host.
const HOST_TAG: &str = "host";

/// `GET /ping`; the version stands in the headers that every answer has.
pub async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `GET /openapi.json`.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

#[derive(Serialize)]
struct Component {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Every part with how it is.
fn components(house: &House) -> BTreeMap<&'static str, Component> {
    let mut troubles = house.troubles();
    let rooms = house.rooms();
    let collects = rooms.as_ref().is_none_or(|rooms| rooms.collects);
    let parts = ["store", "writes", "alerts", "collector"];
    parts
        .into_iter()
        .map(|part| {
            let detail = troubles.remove(part);
            let status = match () {
                () if part == "collector" && !collects => "off",
                () if detail.is_some() => "degraded",
                () if rooms.is_none() => "starting",
                () => "ok",
            };
            (part, Component { status, detail })
        })
        .collect()
}

/// `GET /health`: 200 for as long as it lives; the body says how well.
pub async fn health(State(house): State<Shared>) -> Response {
    let components = components(&house);
    let is_degraded = components.values().any(|it| it.status == "degraded");
    let status = match house.phase() {
        Phase::Starting => "starting",
        Phase::Stopping => "stopping",
        Phase::Ready if is_degraded => "degraded",
        Phase::Ready => "ok",
    };
    let version = env!("CARGO_PKG_VERSION");
    json(StatusCode::OK, &json!({ "status": status, "version": version, "components": components }))
}

/// `GET /ready`: 200 once the replay is done, degraded or not.
pub async fn ready(State(house): State<Shared>) -> Response {
    let phase = house.phase();
    let (code, status) = match phase {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        Phase::Ready => (StatusCode::OK, "ready"),
    };
    let degraded: Vec<String> =
        house.troubles().into_iter().map(|(part, why)| format!("{part}: {why}")).collect();
    json(code, &json!({ "ready": phase == Phase::Ready, "status": status, "degraded": degraded }))
}

/// `GET /-/healthy`, as Prometheus words it.
pub async fn prom_healthy() -> &'static str {
    "Barograph is healthy.\n"
}

/// `GET /-/ready`, as Prometheus words it.
pub async fn prom_ready(State(house): State<Shared>) -> (StatusCode, &'static str) {
    match house.phase() {
        Phase::Ready => (StatusCode::OK, "Barograph is ready.\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n"),
    }
}

/// `GET /api/status`, for the page's frame and its empty states.
pub async fn status(State(house): State<Shared>, Open(rooms): Open) -> Result<Response, Fail> {
    let now = house.clock.now();
    let engine = rooms.promql.clone();
    let job = Job { language: Language::Promql, text: "hosts".to_owned(), timeout: None };
    let hosts = rooms.gate.run(job, move |budget| {
        engine.label_values(HOST_TAG, &[], TimeRange::new(now - HOSTS_WITHIN, now), budget)
    });
    let hosts = hosts
        .await?
        .map_err(|error| Fail::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let started_at = jiff::Timestamp::from_nanosecond(house.started_at.0.into());
    let databases: Vec<String> =
        rooms.store.databases().iter().map(|name| name.to_string()).collect();
    Ok(json(
        StatusCode::OK,
        &json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started_at": started_at.map(|it| it.to_string()).unwrap_or_default(),
            "hosts": hosts,
            "databases": databases,
            "series": rooms.store.stats().series,
            "points_in": house.metrics.values_total(),
            "listen": house.url,
        }),
    ))
}
