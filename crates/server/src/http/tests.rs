//! The whole front over real rooms in a temporary folder, without a socket.

use super::*;
use crate::cli;
use crate::house::Plan;
use crate::serve::open;
use crate::serve::settings::Settings;
use axum::http::{HeaderMap, Method};
use http_body_util::BodyExt;
use model::port::SystemClock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tempfile::TempDir;

mod alerting;
mod deletes;
mod document;
mod queries;
mod status;
mod writes;

/// A server without a socket.
struct Site {
    front: Front,
    house: Shared,
    settings: Settings,
    _folder: TempDir,
}

/// What it answered.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Got {
    fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    /// One that still replays, configured by `toml`.
    fn closed(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("barograph.toml");
        std::fs::write(&file, toml).unwrap();
        let flags = cli::Serve {
            config: Some(file),
            data_dir: Some(folder.path().join("data")),
            no_collect: true,
            ..cli::Serve::default()
        };
        let settings = Settings::new(&flags).unwrap();
        let door = Door {
            tokens: settings.config.token.0.clone(),
            is_loopback: true,
            external_authority: None,
        };
        let house = House::new(Plan {
            url: "http://127.0.0.1:7373".to_owned(),
            door,
            limits: settings.limits(),
            inflight_bytes_max: settings.config.inflight_bytes_max.0,
            clock: Arc::new(SystemClock),
        });
        Self { front: Front::new(house.clone()), house, settings, _folder: folder }
    }

    fn configured(toml: &str) -> Self {
        let site = Self::closed(toml);
        site.house.open(open::rooms(&site.settings, &site.house).unwrap());
        site
    }

    fn new() -> Self {
        Self::configured("")
    }

    async fn send(&self, request: Request) -> Got {
        let response = self.front.answer(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Got { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> Got {
        let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
        self.send(request).await
    }

    async fn get(&self, path: &str) -> Got {
        self.ask(Method::GET, path, "").await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Got {
        self.ask(Method::POST, path, body).await
    }

    async fn write(&self, lines: &str) {
        let got = self.post("/write", lines.to_owned()).await;
        assert_eq!(got.status, 204, "{}", got.text());
    }
}

/// Seconds since the epoch, an hour ago, rounded to a minute.
fn an_hour_ago() -> i64 {
    let now = jiff::Timestamp::now().as_second();
    (now - 3_600) / 60 * 60
}

/// A text as part of an address.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn while_the_store_replays_only_the_probes_answer() {
    let site = Site::closed("");
    assert_eq!(site.get("/health").await.json()["status"], "starting");
    let ready = site.get("/ready").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (503, &json!(false)));
    assert_eq!(site.get("/-/ready").await.status, 503);
    assert_eq!(site.get("/-/healthy").await.status, 200);
    assert!(site.get("/metrics").await.text().contains("barograph_ready 0\n"));
    for path in ["/query?q=SHOW+DATABASES", "/api/v1/query?query=up", "/api/alerts", "/api/status"]
    {
        let got = site.get(path).await;
        assert_eq!((got.status, got.header("retry-after")), (503, "1"), "{path}");
        assert!(got.json()["error"].as_str().unwrap().contains("starting"));
    }
    assert_eq!(site.post("/write", "m v=1").await.status, 503);
}

#[tokio::test]
async fn once_it_is_open_it_says_so() {
    let site = Site::new();
    let health = site.get("/health").await.json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["components"]["store"]["status"], "ok");
    assert_eq!(health["components"]["collector"]["status"], "off");
    let ready = site.get("/ready").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json(), json!({ "ready": true, "status": "ready", "degraded": [] }));
    site.house.note("store", Some("disk full".to_owned()));
    let ready = site.get("/ready").await;
    assert_eq!((ready.status, &ready.json()["degraded"][0]), (200, &json!("store: disk full")));
    assert_eq!(site.get("/health").await.json()["status"], "degraded");
    site.house.stop();
    assert_eq!(site.get("/ready").await.status, 503);
}

#[tokio::test]
async fn every_answer_carries_the_headers_clients_look_for() {
    let site = Site::new();
    let ping = site.get("/ping").await;
    assert_eq!(ping.status, 204);
    assert!(ping.header("x-influxdb-version").starts_with("1.8-barograph"));
    assert_eq!(ping.header("x-request-id").len(), 36);
    assert_eq!(ping.header("x-content-type-options"), "nosniff");
    let request = Request::builder().uri("/ping").header("x-request-id", "mine");
    let got = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(got.header("x-request-id"), "mine");
    assert_eq!(site.ask(Method::HEAD, "/ping", "").await.status, 204);
}

#[tokio::test]
async fn the_page_answers_where_no_route_does() {
    let site = Site::new();
    for path in ["/", "/explore", "/alerts/cpu"] {
        let page = site.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").starts_with("default-src 'self';"));
    }
    assert_eq!(site.get("/missing.js").await.status, 404);
    assert_eq!(site.get("/api/nothing").await.status, 404);
    assert!(site.get("/api/nothing").await.json()["error"].is_string());
    assert_eq!(site.post("/explore", "").await.status, 405);
    let wrong = site.ask(Method::DELETE, "/write", "").await;
    assert_eq!((wrong.status, wrong.json()["error"].is_string()), (405, true));
}

#[tokio::test]
async fn tokens_are_wanted_where_they_are_set() {
    let site = Site::configured("token = [\"one\", \"two\"]\n");
    for path in ["/health", "/ready", "/ping", "/metrics", "/"] {
        assert!(site.get(path).await.status < 300, "{path}");
    }
    for path in ["/api/alerts", "/query?q=SHOW+DATABASES", "/openapi.json", "/api/nothing"] {
        let got = site.get(path).await;
        assert_eq!((got.status, got.json()["error"].is_string()), (401, true), "{path}");
    }
    assert_eq!(site.post("/write", "m v=1").await.status, 401);
    assert_eq!(site.get("/api/alerts?p=two").await.status, 200);
    let with = |value: &str| {
        let request = Request::builder().uri("/api/alerts").header("authorization", value);
        site.send(request.body(Body::empty()).unwrap())
    };
    for good in ["Bearer one", "Token two", "Basic eDpvbmU="] {
        assert_eq!(with(good).await.status, 200, "{good}");
    }
    for bad in ["Bearer three", "Bearer ", "Basic eDp4", "one"] {
        assert_eq!(with(bad).await.status, 401, "{bad}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_not_ask() {
    let site = Site::new();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/write")
        .header("host", "127.0.0.1:7373")
        .header("origin", "http://evil.example");
    let got = site.send(request.body(Body::from("m v=1")).unwrap()).await;
    assert_eq!(got.status, 403);
    assert!(got.json()["error"].as_str().unwrap().contains("evil.example"));
}

#[tokio::test]
async fn the_status_tells_what_the_frame_shows() {
    let site = Site::new();
    site.write("cpu,host=alpha usage=1,idle=2\n").await;
    let status = site.get("/api/status").await.json();
    assert_eq!(status["hosts"], json!(["alpha"]));
    assert_eq!(status["databases"], json!(["metrics"]));
    assert_eq!((&status["series"], &status["points_in"]), (&json!(2), &json!(2)));
    assert_eq!(status["listen"], "http://127.0.0.1:7373");
    assert!(status["started_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let site = Site::new();
    site.write("cpu,host=a usage=1,idle=2\n").await;
    site.post("/write", "cpu,host=a usage=1i\nbroken\n").await;
    site.get("/api/v1/query?query=1").await;
    let got = site.get("/metrics").await;
    assert!(got.header("content-type").starts_with("text/plain; version=0.0.4"));
    let text = got.text();
    for line in [
        "barograph_points_total{protocol=\"line\"} 1",
        "barograph_values_total{protocol=\"line\"} 2",
        "barograph_points_refused_total{reason=\"malformed\"} 1",
        "barograph_points_refused_total{reason=\"type_conflict\"} 1",
        "barograph_write_requests_total{protocol=\"line\",status=\"204\"} 1",
        "barograph_write_requests_total{protocol=\"line\",status=\"400\"} 1",
        "barograph_query_seconds_count{language=\"promql\"} 1",
        "barograph_series 2",
        "barograph_streams 1",
        "barograph_ready 1",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is missing in:\n{text}");
    }
    check_exposition(&text);
}

/// Each family once, with its HELP and TYPE, and each sample under its family.
fn check_exposition(text: &str) {
    let mut families = BTreeSet::new();
    let mut family = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split(' ').next().unwrap().to_owned();
            assert!(families.insert(family.clone()), "{family} is there twice");
        } else if !line.starts_with("# HELP ") {
            assert!(line.starts_with(&family), "{line} is not of {family}");
            let (_, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
