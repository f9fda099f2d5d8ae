//! The HTTP server: routes, and what stands around every one of them.
//!
//! One file for each family of paths. Handlers read parameters, hand the work to a blocking
//! thread, and write the answer; they decide nothing about metrics.

mod about;
mod admin;
mod alerts;
mod fail;
mod front;
mod guard;
mod influx;
mod ink;
mod linger;
mod page;
mod params;
mod prom;
mod telemetry;
mod write;

pub use fail::{Fail, POSITION_HEADER, Position};
pub use front::Front;
pub use guard::Door;
pub use params::Params;
pub use prom::moment;

use crate::house::House;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

/// What every handler has.
pub type Shared = Arc<House>;

/// When to try again while the store replays.
const STARTING_RETRY_AFTER_SECS: u32 = 1;

/// Every path but the page's, with its methods. `openapi.json` names the same.
fn routes() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/write", post(write::routed)),
        ("/api/v2/write", post(write::routed)),
        ("/api/v1/write", post(write::routed)),
        ("/ping", get(about::ping)),
        ("/query", get(influx::query).post(influx::query)),
        ("/api/v1/query", get(prom::instant).post(prom::instant)),
        ("/api/v1/query_range", get(prom::range).post(prom::range)),
        ("/api/v1/series", get(prom::series).post(prom::series)),
        ("/api/v1/labels", get(prom::labels).post(prom::labels)),
        ("/api/v1/label/{name}/values", get(prom::label_values)),
        ("/api/v1/metadata", get(prom::metadata)),
        ("/api/v1/status/buildinfo", get(prom::build_info)),
        ("/api/v1/admin/tsdb/delete_series", post(prom::delete_series).put(prom::delete_series)),
        (
            "/api/v1/admin/tsdb/clean_tombstones",
            post(prom::clean_tombstones).put(prom::clean_tombstones),
        ),
        ("/api/v1/status/runtimeinfo", get(prom::runtime_info)),
        ("/api/v1/status/tsdb", get(prom::tsdb)),
        ("/api/v1/admin/tsdb/snapshot", post(admin::snapshot)),
        ("/api/alerts", get(alerts::list).post(alerts::create)),
        ("/api/alerts/audit", get(alerts::audit)),
        ("/api/alerts/{id}", get(alerts::get).put(alerts::replace).delete(alerts::delete)),
        ("/api/alerts/{id}/history", get(alerts::history)),
        ("/api/alerts/{id}/ack", post(alerts::ack)),
        ("/api/channels", get(alerts::channels)),
        ("/api/status", get(about::status)),
        ("/health", get(about::health)),
        ("/ready", get(about::ready)),
        ("/-/healthy", get(about::prom_healthy)),
        ("/-/ready", get(about::prom_ready)),
        ("/metrics", get(telemetry::metrics)),
        ("/openapi.json", get(about::openapi)),
    ]
}

/// Every path.
fn router(house: Shared) -> Router {
    let router = routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    router.fallback(page::serve).method_not_allowed_fallback(wrong_method).with_state(house)
}

async fn wrong_method(request: Request) -> Fail {
    let (method, path) = (request.method(), request.uri().path());
    Fail::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not a method of {path}"))
}

/// The rooms, once the store has replayed; until then a handler that wants them answers 503.
pub struct Open(pub Arc<crate::house::Rooms>);

impl FromRequestParts<Shared> for Open {
    type Rejection = Fail;

    async fn from_request_parts(_: &mut Parts, house: &Shared) -> Result<Self, Fail> {
        Self::of(house)
    }
}

impl Open {
    fn of(house: &House) -> Result<Self, Fail> {
        house.rooms().map(Self).ok_or_else(|| {
            let text = "starting: the store reads its write-ahead log; /ready says when it is done";
            Fail::unavailable(text, STARTING_RETRY_AFTER_SECS)
        })
    }
}

/// An answer in JSON.
fn json(status: StatusCode, value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "write answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An answer whose JSON is written already.
fn json_body(body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}

/// Runs what blocks for a short time, such as a look at the rules.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fail> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        let text = "the request failed inside the server; its log says where";
        Fail::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    })
}

#[cfg(test)]
mod tests;
