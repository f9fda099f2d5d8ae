//! What stands around every path: the request's id, who is let in, what every answer carries.
//!
//! Plain calls in one place. As middleware of the router the same cost a write of 20 lines a
//! sixth of its time, in boxed services that are cloned for each request. Writes, which are
//! nearly all that comes, pass by the router altogether.

use super::linger::{Inflow, linger};
use super::write::Way;
use super::{Shared, guard, router};
use crate::house::REQUEST_IDS;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request};
use axum::response::Response;
use tower::ServiceExt;

/// The version InfluxDB's clients look for; what they may ask follows from it.
const INFLUXDB_VERSION: &str = concat!("1.8-barograph-", env!("CARGO_PKG_VERSION"));

/// What every answer carries.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-influxdb-version"), HeaderValue::from_static(INFLUXDB_VERSION)),
    (HeaderName::from_static("x-influxdb-build"), HeaderValue::from_static("OSS")),
];

/// The whole server, as a connection sees it.
#[derive(Clone)]
pub struct Front {
    house: Shared,
    router: Router,
}

impl Front {
    pub fn new(house: Shared) -> Self {
        let router = router(house.clone());
        Self { house, router }
    }

    /// Answers a request.
    pub async fn answer(&self, request: Request<impl Inflow>) -> Response {
        let id = self.house.request_id(request.headers());
        let request = linger(request);
        let way = Way::of(request.method(), request.uri().path());
        let mut response = match (guard::refuse(&self.house, &request), way) {
            (Some(denied), _) => denied,
            (None, Some(way)) => way.write(&self.house, request).await,
            (None, None) => self.route(request.map(Body::new)).await,
        };
        self.stamp(&mut response, id);
        response
    }

    async fn route(&self, request: Request<Body>) -> Response {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Counts an answer, and puts on it what every answer carries.
    fn stamp(&self, response: &mut Response, id: HeaderValue) {
        let class = match response.status().as_u16() {
            100..=199 => "1xx",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.house.metrics.http_requests.add([class], 1);
        let headers = response.headers_mut();
        headers.reserve(HEADERS.len() + REQUEST_IDS.len());
        headers.extend(HEADERS);
        headers.extend(REQUEST_IDS.map(|name| (name, id.clone())));
    }
}
