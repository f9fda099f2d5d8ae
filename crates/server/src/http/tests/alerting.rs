//! Rules over HTTP: statuses and the shape of errors; what rules do is the alert room's.

use super::*;

const RULE: &str = r#"{"alert_id": "hot", "metric_name": "cpu_usage", "condition": "gt", "threshold": 90.0, "duration": "5 minutes", "severity": "critical"}"#;

#[tokio::test]
async fn rules_are_made_read_replaced_and_deleted() {
    let site = Site::new();
    let made = site.post("/api/alerts", RULE).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let json = made.json();
    assert_eq!(
        (&json["id"], &json["duration"], &json["matches"]),
        (&json!("hot"), &json!("5m"), &json!(0))
    );
    assert_eq!(site.post("/api/alerts", RULE).await.status, 409);
    assert_eq!(site.get("/api/alerts").await.json().as_array().unwrap().len(), 1);
    assert_eq!(site.get("/api/alerts/hot").await.json()["state"], "inactive");
    let changed = RULE.replace("90.0", "95.5");
    let replaced = site.ask(Method::PUT, "/api/alerts/hot", changed).await;
    assert_eq!((replaced.status, &replaced.json()["threshold"]), (200, &json!(95.5)));
    assert_eq!(site.get("/api/alerts/hot/history").await.json(), json!([]));
    assert_eq!(site.ask(Method::DELETE, "/api/alerts/hot", "").await.status, 204);
    let audit = site.get("/api/alerts/audit").await.json();
    assert_eq!(audit.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_refused_names_why() {
    let site = Site::new();
    for (method, path) in [
        (Method::GET, "/api/alerts/no"),
        (Method::DELETE, "/api/alerts/no"),
        (Method::GET, "/api/alerts/no/history"),
        (Method::POST, "/api/alerts/no/ack"),
    ] {
        let got = site.ask(method, path, "").await;
        assert_eq!((got.status, got.json()["error"].is_string()), (404, true), "{path}");
    }
    let check = async |body: &str, part: &str| {
        let got = site.post("/api/alerts", body.to_owned()).await;
        let error = got.json()["error"].as_str().unwrap().to_owned();
        assert!(got.status == 400 && error.contains(part), "{error}");
    };
    check("not json", "JSON").await;
    check(r#"{"alert_id": "x", "treshold": 1}"#, "treshold").await;
    check(&RULE.replace("\"severity\"", "\"notify\": [\"pigeon\"], \"severity\""), "pigeon").await;
    check(r#"{"expr": "sum("}"#, "expr").await;
}

#[tokio::test]
async fn channels_are_named_without_their_secrets() {
    let site =
        Site::configured("[channels.ops]\ntype = \"slack\"\nurl = \"http://127.0.0.1:1/secret\"\n");
    let got = site.get("/api/channels").await;
    assert_eq!(got.json(), json!([{ "name": "ops", "type": "slack" }]));
}
