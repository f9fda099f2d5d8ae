//! Deletes over HTTP, in both languages.

use super::*;

async fn values(site: &Site, query: &str) -> Vec<Value> {
    let got = site.get(&format!("/api/v1/series?match[]={}", encoded(query))).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()["data"].as_array().unwrap().clone()
}

async fn written() -> Site {
    let site = Site::new();
    let at = an_hour_ago();
    let line = |host: &str, n: i64| {
        format!("up,host={host} value=1,note=\"x\" {}", (at + n) * 1_000_000_000)
    };
    let lines: Vec<String> =
        ["a", "b"].iter().flat_map(|h| (0..4).map(move |n| line(h, n))).collect();
    site.write(&lines.join("\n")).await;
    site
}

#[tokio::test]
async fn delete_series_takes_what_matches() {
    for method in [Method::POST, Method::PUT] {
        let site = written().await;
        let path =
            format!("/api/v1/admin/tsdb/delete_series?match[]={}", encoded("up{host=\"a\"}"));
        let got = site.ask(method.clone(), &path, "").await;
        assert_eq!((got.status, got.body.len()), (204, 0), "{method}");
        let left = values(&site, "up").await;
        assert_eq!(left, [json!({"__name__": "up", "host": "b"})]);
        let got = site.ask(method, "/api/v1/admin/tsdb/clean_tombstones", "").await;
        assert_eq!(got.status, 204);
        site.write(&format!("up,host=a value=2 {}", an_hour_ago() * 1_000_000_000)).await;
        assert_eq!(values(&site, "up").await.len(), 2, "what comes later stays");
    }
}

#[tokio::test]
async fn delete_series_keeps_to_its_time() {
    let site = written().await;
    let at = an_hour_ago();
    let form = format!("match[]=up&match[]=down&start={}&end={}&keep_rollups=true", at + 1, at + 2);
    let request = Request::builder()
        .method(Method::PUT)
        .uri("/api/v1/admin/tsdb/delete_series")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    assert_eq!(site.send(request).await.status, 204);
    let query = encoded("sum(count_over_time(up[2h]))");
    let got = site.get(&format!("/api/v1/query?query={query}")).await.json();
    assert_eq!(got["data"]["result"][0]["value"][1], "4", "{got}");
}

#[tokio::test]
async fn delete_series_says_what_is_wrong() {
    let site = Site::new();
    let check = async |query: &str, error: &str| {
        let got = site.post(&format!("/api/v1/admin/tsdb/delete_series{query}"), "").await;
        assert_eq!(got.status, 400, "{query}");
        let body = got.json();
        assert_eq!((&body["status"], &body["errorType"]), (&json!("error"), &json!("bad_data")));
        assert!(body["error"].as_str().unwrap().contains(error), "{query}: {body}");
    };
    check("", "no match[] parameter provided").await;
    check("?match[]=up%7B", "invalid parameter \"match[]\"").await;
    check("?match[]=rate(up)", "").await;
    check("?match[]=up&start=x", "invalid parameter \"start\"").await;
    check("?match[]=up&start=2&end=1", "invalid parameter \"end\"").await;
    assert_eq!(site.get("/api/v1/admin/tsdb/delete_series?match[]=up").await.status, 405);
}

#[tokio::test]
async fn a_token_is_wanted_for_deletes() {
    let site = Site::configured("token = \"secret\"");
    for path in ["delete_series?match[]=up", "clean_tombstones"] {
        let got = site.post(&format!("/api/v1/admin/tsdb/{path}"), "").await;
        assert_eq!(got.status, 401, "{path}");
    }
}

#[tokio::test]
async fn influxql_deletes_where_it_may_change_something() {
    let site = written().await;
    let query = encoded("DROP SERIES FROM up WHERE host = 'b'");
    let got = site.get(&format!("/query?db=metrics&q={query}")).await.json();
    let error = got["results"][0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("read only"), "{got}");
    assert_eq!(values(&site, "up").await.len(), 2);
    let got = site.post(&format!("/query?db=metrics&q={query}"), "").await.json();
    assert_eq!(got, json!({"results": [{"statement_id": 0}]}));
    assert_eq!(values(&site, "up").await, [json!({"__name__": "up", "host": "a"})]);
}
