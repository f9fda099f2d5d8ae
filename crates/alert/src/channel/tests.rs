use super::*;
use serde_json::{Value, json};

fn config(value: Value) -> Result<ChannelConfig, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn notice() -> Notice {
    let notice = json!({
        "rule_id": "hot", "rule_name": "High <CPU>", "severity": "critical",
        "subject": "cpu usage_user", "condition": "> 90 for 5m", "watched": "cpu_usage_user",
        "threshold": 90.0, "labels": { "host": "a", "region": "eu" },
        "hash": "00112233445566778899aabbccddeeff", "epoch": 3, "value": 95.2, "peak": null,
        "fired_at": "2026-01-02T03:04:05Z", "resolved_at": null, "cause": null,
        "acknowledged_by": null, "created_by": "ann", "notify": ["x"],
        "dedup_key": "barograph/hot/0011/3", "refused_by": null,
    });
    serde_json::from_value(notice).unwrap()
}

fn resolved() -> Notice {
    let mut notice = notice();
    notice.resolved_at = Some("2026-01-02T03:14:05Z".to_owned());
    (notice.value, notice.peak) = (Some(12.0), Some(99.0));
    notice.cause = Some("recovered".to_owned());
    notice
}

fn envelope<'a>(notice: &'a Notice, kind: Kind, target: &'a str) -> Envelope<'a> {
    Envelope { notice, kind, target, external_url: "https://baro.example" }
}

#[test]
fn configurations_are_read_and_unknown_keys_named() {
    assert!(config(json!({ "type": "slack", "url": "https://x/" })).is_ok());
    let pagerduty = config(json!({ "type": "pagerduty", "routing_key": "R" })).unwrap();
    assert_eq!(pagerduty.url(), "https://events.pagerduty.com/v2/enqueue");
    let said = config(json!({ "type": "slack", "url": "https://x/", "colour": 1 })).unwrap_err();
    assert!(said.contains("unknown field `colour`, expected one of `url`, `channel`"), "{said}");
    let said = config(json!({ "type": "mail" })).unwrap_err();
    assert!(said.contains("unknown variant `mail`, expected one of `slack`"), "{said}");
    let said = config(json!({ "type": "pagerduty" })).unwrap_err();
    assert!(said.contains("missing field `routing_key`"), "{said}");
}

#[test]
fn what_cannot_work_is_refused_without_its_secret() {
    let open = |name: &str, value: Value| {
        let configs = [(name.to_owned(), config(value).unwrap())].into();
        Channels::new(configs, "").err().map(|error| error.to_string()).unwrap_or_default()
    };
    let said = open("slack", json!({ "type": "slack", "url": "ftp://SECRET" }));
    assert!(
        said.contains("channel \"slack\": url must begin with http") && !said.contains("SECRET")
    );
    let said = open("pd", json!({ "type": "pagerduty", "routing_key": " " }));
    assert!(said.contains("routing_key is empty"), "{said}");
    let headers = json!({ "type": "webhook", "url": "http://x/", "headers": { "a b": "c" } });
    assert!(open("hook", headers).contains("header \"a b\""));
    assert!(open("#x", json!({ "type": "slack", "url": "http://x/" })).contains("letters"));
    let secret = config(json!({ "type": "slack", "url": "https://SECRET/" })).unwrap();
    assert_eq!(format!("{secret:?}"), "slack(…)");
}

#[test]
fn rooms_lead_to_the_slack_channel() {
    let slack = |name: &str| {
        (name.to_owned(), config(json!({ "type": "slack", "url": "http://x/" })).unwrap())
    };
    let of = |names: &[&str]| Channels::new(names.iter().map(|n| slack(n)).collect(), "").unwrap();
    assert_eq!(of(&["ops"]).resolve("#room"), Some("ops"));
    assert_eq!(of(&["ops", "slack"]).resolve("#room"), Some("slack"));
    assert_eq!(of(&["ops", "dev"]).resolve("#room"), None);
    assert_eq!(of(&["ops"]).resolve("#"), None);
    assert_eq!(of(&["ops"]).resolve("slack"), None);
    assert!(of(&[]).unknown("slack").contains("no channel is configured; add [channels.slack]"));
}

#[test]
fn slack_gets_text_and_blocks() {
    let config = SlackConfig {
        url: String::new(),
        channel: Some("#all".to_owned()),
        username: Some("Barograph".to_owned()),
    };
    let notice = notice();
    let body = slack::request(&config, &envelope(&notice, Kind::Trigger, "#ops")).body;
    let text = ":red_circle: High &lt;CPU&gt;: cpu usage_user is 95.2 (&gt; 90 for 5m) on host a (region=eu)";
    assert_eq!(body["text"], text);
    assert_eq!((&body["channel"], &body["username"]), (&json!("#ops"), &json!("Barograph")));
    assert_eq!(body["blocks"][0]["text"]["type"], "mrkdwn");
    let context = body["blocks"][1]["elements"][0]["text"].as_str().unwrap();
    assert!(context.contains("<https://baro.example/alerts/hot|open>"), "{context}");
    let resolved = resolved();
    let body = slack::request(&config, &envelope(&resolved, Kind::Resolve, "slack")).body;
    assert_eq!(body["channel"], "#all");
    let text = body["text"].as_str().unwrap();
    assert!(
        text.contains("Resolved: cpu usage_user is 12 (was &gt; 90 for 5m, worst 99) on host a")
    );
}

#[test]
fn pagerduty_gets_events_of_one_key() {
    let config = PagerdutyConfig { routing_key: "R0".to_owned(), url: String::new() };
    let mut notice = notice();
    notice.subject = "x".repeat(5_000);
    let body = pagerduty::request(&config, &envelope(&notice, Kind::Trigger, "pd")).body;
    assert_eq!((&body["routing_key"], &body["event_action"]), (&json!("R0"), &json!("trigger")));
    assert_eq!(body["dedup_key"], "barograph/hot/0011/3");
    assert_eq!(body["payload"]["summary"].as_str().unwrap().len(), 1_024);
    assert_eq!(body["payload"]["source"], "a");
    assert_eq!(body["payload"]["severity"], "critical");
    assert_eq!(body["payload"]["timestamp"], "2026-01-02T03:04:05Z");
    assert_eq!(body["payload"]["custom_details"]["value"], "95.2");
    assert_eq!(
        (&body["client"], &body["client_url"]),
        (&json!("Barograph"), &json!("https://baro.example/alerts/hot"))
    );
    for (kind, action) in [(Kind::Resolve, "resolve"), (Kind::Acknowledge, "acknowledge")] {
        let body = pagerduty::request(&config, &envelope(&notice, kind, "pd")).body;
        let expected = json!({
            "routing_key": "R0", "event_action": action, "dedup_key": "barograph/hot/0011/3",
        });
        assert_eq!(body, expected);
    }
}

#[test]
fn webhooks_get_alertmanagers_version_4() {
    let headers = [("Authorization".to_owned(), "Bearer t".to_owned())].into();
    let config = WebhookConfig { url: String::new(), headers };
    let resolved = resolved();
    let request = webhook::request(&config, &envelope(&resolved, Kind::Resolve, "hook"));
    assert_eq!(request.headers, [("Authorization".to_owned(), "Bearer t".to_owned())]);
    let summary =
        "Resolved: cpu usage_user is 12 (was > 90 for 5m, worst 99) on host a (region=eu)";
    let labels = json!({
        "alertname": "High <CPU>", "severity": "critical", "host": "a", "region": "eu",
    });
    let annotations = json!({
        "summary": summary, "value": "12", "condition": "> 90 for 5m", "rule_id": "hot",
        "dedup_key": "barograph/hot/0011/3",
    });
    let expected = json!({
        "version": "4",
        "groupKey": "{}:{rule_id=\"hot\", instance=\"00112233445566778899aabbccddeeff\"}",
        "truncatedAlerts": 0, "status": "resolved", "receiver": "hook",
        "groupLabels": { "alertname": "High <CPU>" }, "commonLabels": labels,
        "commonAnnotations": annotations, "externalURL": "https://baro.example",
        "alerts": [{
            "status": "resolved", "labels": labels, "annotations": annotations,
            "startsAt": "2026-01-02T03:04:05Z", "endsAt": "2026-01-02T03:14:05Z",
            "generatorURL": "https://baro.example/alerts/hot", "fingerprint": "0011223344556677",
        }],
    });
    assert_eq!(request.body, expected);
    let mut notice = notice();
    notice.labels.insert("__name__".to_owned(), "cpu_usage_user".to_owned());
    let body = webhook::request(&config, &envelope(&notice, Kind::Trigger, "hook")).body;
    assert_eq!(body["alerts"][0]["labels"], labels);
    assert_eq!(body["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
}

#[test]
fn answers_mean_what_each_receiver_says() {
    let slack = config(json!({ "type": "slack", "url": "http://x/" })).unwrap();
    let pagerduty = config(json!({ "type": "pagerduty", "routing_key": "R" })).unwrap();
    let check = |config: &ChannelConfig, status, body: &str, expected: Reply| {
        let response = Response { status, retry_after: None, body: body.to_owned() };
        assert_eq!(reply(config, &response, Timestamp::EPOCH), expected, "{status} {body}");
    };
    let retry = |receiver_down| Reply::Retry { after: None, receiver_down };
    check(&slack, 200, "ok\n", Reply::Delivered);
    check(&slack, 200, r#"{"success":true}"#, Reply::Delivered);
    check(&slack, 204, "", Reply::Delivered);
    check(&slack, 200, r#"{"ok":false}"#, retry(false));
    check(&slack, 200, "invalid_token", retry(false));
    check(&slack, 200, "\n<!DOCTYPE html>", retry(false));
    check(&slack, 404, "no_service", Reply::Refused);
    check(&pagerduty, 202, "{}", Reply::Delivered);
    check(&pagerduty, 400, "invalid", Reply::Refused);
    check(&pagerduty, 408, "", retry(false));
    check(&pagerduty, 429, "", retry(true));
    check(&pagerduty, 503, "", retry(false));
    check(&pagerduty, 301, "", retry(false));
}

#[test]
fn nobody_makes_us_wait_for_ever() {
    let slack = config(json!({ "type": "slack", "url": "http://x/" })).unwrap();
    let retry_after = Some("999999".to_owned());
    let response = Response { status: 429, retry_after, body: String::new() };
    let expected = Reply::Retry { after: Some(Span::HOUR), receiver_down: true };
    assert_eq!(reply(&slack, &response, Timestamp::EPOCH), expected);
}
