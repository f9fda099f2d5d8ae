//! Both languages over HTTP: parameters, shapes, errors.

use super::*;

/// Two hosts with a value a minute for five minutes from `at` on.
async fn filled() -> (Site, i64) {
    let (site, at) = (Site::new(), an_hour_ago());
    let mut lines = String::new();
    for minute in 0..5 {
        for (host, base) in [("a", 10), ("b", 20)] {
            let ns = (at + 60 * minute) * 1_000_000_000;
            lines.push_str(&format!("cpu,host={host} usage={}.5 {ns}\n", base + minute));
        }
    }
    site.write(&lines).await;
    (site, at)
}

#[tokio::test]
async fn instant_and_range_are_answered_in_prometheus_json() {
    let (site, at) = filled().await;
    let path = format!("/api/v1/query?query={}&time={at}", encoded("cpu_usage{host=\"a\"}"));
    assert_eq!(
        site.get(&path).await.json(),
        json!({ "status": "success", "data": { "resultType": "vector", "result": [
            { "metric": { "__name__": "cpu_usage", "host": "a" }, "value": [at, "10.5"] }
        ]}})
    );
    let form = format!("query=sum(cpu_usage)&start={at}&end={}&step=1m", at + 120);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/query_range")
        .header("content-type", "application/x-www-form-urlencoded");
    let got = site.send(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(
        got.json()["data"],
        json!({ "resultType": "matrix", "result": [
            { "metric": {}, "values": [[at, "31"], [at + 60, "33"], [at + 120, "35"]] }
        ]})
    );
    let path = format!("/api/v1/query?query=1.5&time={}", encoded("1960-01-01T00:00:00.25Z"));
    assert_eq!(site.get(&path).await.json()["data"]["result"], json!([-315_619_199.75, "1.5"]));
}

async fn check_prom_error(site: &Site, path: &str, status: u16, kind: &str, error: &str) -> Value {
    let got = site.get(path).await;
    let json = got.json();
    assert_eq!((got.status, &json["status"]), (status, &json!("error")), "{path}: {json}");
    assert_eq!(json["errorType"], kind, "{path}: {json}");
    assert!(json["error"].as_str().unwrap().contains(error), "{path}: {json}");
    json
}

#[tokio::test]
async fn prometheus_errors_have_their_types() {
    let (site, at) = filled().await;
    let bad = "bad_data";
    let json = check_prom_error(&site, "/api/v1/query?query=sum(", 400, bad, "parse error").await;
    assert_eq!(json["position"]["line"], 1);
    assert!(json["error"].as_str().unwrap().starts_with("invalid parameter \"query\": 1:"));
    check_prom_error(&site, "/api/v1/query?query=", 400, bad, "\"query\"").await;
    check_prom_error(&site, "/api/v1/query?query=up&time=soon", 400, bad, "\"time\"").await;
    check_prom_error(&site, "/api/v1/query?query=up&limit=-1", 400, bad, "\"limit\"").await;
    check_prom_error(&site, "/api/v1/query?query=up&timeout=x", 400, bad, "\"timeout\"").await;
    let range = |rest: &str| format!("/api/v1/query_range?query=up&{rest}");
    check_prom_error(&site, &range("start=1&end=2"), 400, bad, "\"step\"").await;
    check_prom_error(&site, &range("start=2&end=1&step=1"), 400, bad, "before start").await;
    check_prom_error(&site, &range("start=1&end=2&step=0"), 400, bad, "zero or negative").await;
    check_prom_error(&site, &range("start=0&end=11001&step=1"), 400, bad, "11,000").await;
    check_prom_error(&site, "/api/v1/series", 400, bad, "match[]").await;
    check_prom_error(&site, "/api/v1/label/%ff/values", 400, bad, "UTF-8").await;
    let path = format!("/api/v1/series?match[]={}", encoded("{a="));
    check_prom_error(&site, &path, 400, bad, "\"match[]\"").await;
    let clash = encoded("cpu_usage * on() cpu_usage");
    let path = format!("/api/v1/query?query={clash}&time={at}");
    check_prom_error(&site, &path, 422, "execution", "many-to-many").await;
}

#[tokio::test]
async fn labels_and_series_are_listed() {
    let (site, _) = filled().await;
    let list = async |path: &str| site.get(path).await.json()["data"].clone();
    assert_eq!(list("/api/v1/labels").await, json!(["__name__", "host"]));
    assert_eq!(list("/api/v1/label/host/values").await, json!(["a", "b"]));
    assert_eq!(list("/api/v1/label/host/values?match[]=nothing").await, json!([]));
    assert_eq!(list("/api/v1/label/__name__/values").await, json!(["cpu_usage"]));
    let path = format!("/api/v1/series?match[]={}", encoded("{host=\"b\"}"));
    assert_eq!(list(&path).await, json!([{ "__name__": "cpu_usage", "host": "b" }]));
    let cut = site.get("/api/v1/label/host/values?limit=1").await.json();
    assert_eq!(cut["data"], json!(["a"]));
    assert_eq!(cut["warnings"], json!(["results truncated due to limit"]));
    assert_eq!(list("/api/v1/labels?start=1&end=2").await, json!([]));
    assert_eq!(list("/api/v1/metadata").await, json!({}));
    let version = list("/api/v1/status/buildinfo").await;
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn influxql_is_answered_in_influxdb_json() {
    let (site, at) = filled().await;
    let q = encoded("SELECT mean(usage) FROM cpu WHERE time >= 0 GROUP BY host; SHOW MEASUREMENTS");
    let got = site.get(&format!("/query?db=metrics&epoch=s&q={q}")).await.json();
    assert_eq!(got["results"][0]["statement_id"], 0);
    assert_eq!(
        got["results"][0]["series"][0],
        json!({ "name": "cpu", "tags": { "host": "a" }, "columns": ["time", "mean"], "values": [[0, 12.5]] })
    );
    assert_eq!(got["results"][1]["series"][0]["values"], json!([["cpu"]]));

    let q = encoded("SELECT usage FROM cpu WHERE host = 'a' LIMIT 1");
    let got = site.get(&format!("/query?db=metrics&q={q}")).await.json();
    let time = jiff::Timestamp::from_second(at).unwrap().to_string();
    assert_eq!(got["results"][0]["series"][0]["values"], json!([[time, 10.5]]));

    let got = site.get(&format!("/query?db=metrics&q={q}&pretty=true")).await.text();
    assert!(got.starts_with("{\n    \"results\": [\n"));
    let chunks = encoded("SELECT usage FROM cpu WHERE host = 'a'");
    let got = site.get(&format!("/query?db=metrics&q={chunks}&chunked=true&chunk_size=2")).await;
    assert_eq!(got.text().lines().count(), 3);
    assert!(got.text().lines().next().unwrap().contains("\"partial\":true"));
}

#[tokio::test]
async fn influxql_errors_name_their_place() {
    let site = Site::new();
    let got = site.get("/query?q=SELEC+x").await;
    let json = got.json();
    assert_eq!(got.status, 400);
    assert!(json["error"].as_str().unwrap().starts_with("error parsing query: found SELEC"));
    assert_eq!(json.as_object().unwrap().len(), 1, "{json}");
    assert_eq!(got.header("x-barograph-position"), r#"{"offset":0,"line":1,"column":1}"#);
    assert_eq!(site.get("/query").await.json()["error"], "missing required parameter \"q\"");
    assert_eq!(site.get("/query?q=SHOW+DATABASES&epoch=y").await.status, 400);
    assert_eq!(site.get("/query?q=SHOW+DATABASES&chunk_size=0").await.status, 400);
    let bound = format!("/query?q=SHOW+DATABASES&params={}", encoded("{\"h\":\"a\"}"));
    let error = site.get(&bound).await.json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("bound parameters are not supported"), "{error}");
    assert_eq!(site.get("/query?q=SHOW+DATABASES&params=%7B%7D").await.status, 200);
    let got = site.get("/query?db=nowhere&q=SELECT+x+FROM+y").await;
    assert_eq!(got.status, 200);
    assert_eq!(got.json()["results"][0]["error"], "database not found: nowhere");
}

#[tokio::test]
async fn databases_are_made_and_dropped_by_post() {
    let site = Site::new();
    let change = async |q: &str| {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/query?q={}", encoded(q)))
            .body(Body::empty());
        site.send(request.unwrap()).await.json()
    };
    let names = async || {
        let got = site.get("/query?q=SHOW+DATABASES").await.json();
        got["results"][0]["series"][0]["values"].to_string()
    };
    assert_eq!(change("CREATE DATABASE lab").await["results"], json!([{ "statement_id": 0 }]));
    assert!(names().await.contains("lab"));
    change("DROP DATABASE lab").await;
    assert!(!names().await.contains("lab"));
}

#[tokio::test]
async fn csv_is_answered_where_it_is_asked_for() {
    let (site, at) = filled().await;
    let q = encoded("SELECT usage FROM cpu WHERE host = 'b' LIMIT 1");
    let request = Request::builder()
        .uri(format!("/query?db=metrics&epoch=s&q={q}"))
        .header("accept", "application/csv");
    let got = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(got.header("content-type"), "text/csv");
    assert_eq!(got.text(), format!("name,tags,time,usage\ncpu,,{at},20.5\n"));
}

#[tokio::test]
async fn only_with_max_age_may_an_answer_be_old() {
    let (site, at) = filled().await;
    let path = format!("/api/v1/query_range?query=sum(cpu_usage)&start={at}&end={at}&step=60");
    let value = async |path: &str| {
        let got = site.get(path).await;
        let value = got.json()["data"]["result"][0]["values"][0][1].clone();
        (got.header("age").to_owned(), value)
    };
    let old = format!("{path}&max_age=30");
    assert_eq!(value(&old).await, ("0".to_owned(), json!("31")));
    site.write(&format!("cpu,host=c usage=100 {}\n", at * 1_000_000_000)).await;
    assert_eq!(value(&path).await, (String::new(), json!("131")));
    assert_eq!(value(&old).await, ("0".to_owned(), json!("31")));
    let q = encoded("SELECT count(usage) FROM cpu");
    let got = site.get(&format!("/query?db=metrics&q={q}&max_age=5")).await;
    assert_eq!((got.status, got.header("age")), (200, "0"));
}
