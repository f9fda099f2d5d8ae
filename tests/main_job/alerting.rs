//! A rule fires once on each channel, resolves, and survives `kill -9`.

use barograph_tests::binary::{self, Barograph};
use barograph_tests::eventually;
use barograph_tests::receiver::{Manner, Receiver};
use serde_json::{Value, json};
use std::time::Duration;

fn config(receiver: &Receiver) -> String {
    format!("evaluation_interval = \"500ms\"\n\n{}", receiver.channels())
}

fn rule(name: &str, duration: &str) -> Value {
    json!({
        "name": name, "metric_name": "cpu_usage", "condition": "greater_than", "threshold": 90.0,
        "duration": duration, "severity": "critical", "tags_filter": {"region": "us-east-1"},
        "notify": ["pagerduty", "slack", "webhook"], "cooldown": "30m", "created_by": "test",
    })
}

fn create(server: &Barograph, rule: &Value) -> String {
    let answer = server.post("/api/alerts", &rule.to_string());
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["id"].as_str().expect("a rule has an id").to_owned()
}

/// Writes `value` for two hosts, one of them outside the rule's filter.
fn report(server: &Barograph, value: f64) {
    server.write(&format!(
        "cpu,host=web-1,region=us-east-1 usage={value}\ncpu,host=web-2,region=eu-west-1 usage=99"
    ));
}

fn state(server: &Barograph, id: &str) -> String {
    let rules = server.get("/api/alerts").json();
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).cloned();
    rule.expect("the rule is listed")["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_breach_tells_every_channel_once_and_recovery_resolves_it() {
    let receiver = Receiver::start(Manner::Accept);
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), &config(&receiver), &["--no-collect"]);
    let id = create(&server, &rule("CPU is hot", "1s"));
    eventually("the rule fires", || {
        report(&server, 95.5);
        (state(&server, &id) == "firing").then_some(())
    });
    for path in ["/pagerduty", "/slack", "/webhook"] {
        eventually(path, || (!receiver.accepted_at(path).is_empty()).then_some(()));
    }
    check_triggers(&receiver);

    eventually("the rule resolves", || {
        report(&server, 10.0);
        (state(&server, &id) != "firing").then_some(())
    });
    for path in ["/pagerduty", "/slack", "/webhook"] {
        eventually(path, || (receiver.accepted_at(path).len() == 2).then_some(()));
    }
    let events = receiver.accepted_at("/pagerduty");
    assert_eq!(events[1]["event_action"], "resolve");
    assert_eq!(events[1]["dedup_key"], events[0]["dedup_key"]);
    assert_eq!(receiver.accepted_at("/webhook")[1]["status"], "resolved");

    let history = server.get(&format!("/api/alerts/{id}/history")).json();
    assert_eq!(history.as_array().map(Vec::len), Some(1), "{history}");
    assert_eq!(history[0]["peak_value"], 95.5);
    assert!(history[0]["fired_at"].is_string() && history[0]["resolved_at"].is_string());
    // Some evaluations later still nothing was sent twice.
    std::thread::sleep(Duration::from_secs(2));
    for path in ["/pagerduty", "/slack", "/webhook"] {
        assert_eq!(receiver.sent_to(path).len(), 2, "{path}");
    }
}

fn check_triggers(receiver: &Receiver) {
    let event = &receiver.accepted_at("/pagerduty")[0];
    assert_eq!(event["event_action"], "trigger");
    assert_eq!(event["routing_key"], "0123456789abcdef0123456789abcdef");
    assert_eq!(event["payload"]["severity"], "critical");
    assert!(event["payload"]["summary"].as_str().unwrap().contains("CPU is hot"), "{event}");
    let message = &receiver.accepted_at("/slack")[0];
    assert!(message["text"].as_str().unwrap().contains("web-1"), "{message}");
    let hook = &receiver.accepted_at("/webhook")[0];
    assert_eq!((&hook["version"], &hook["status"]), (&json!("4"), &json!("firing")));
    assert_eq!(hook["alerts"].as_array().map(Vec::len), Some(1));
    assert_eq!(hook["alerts"][0]["labels"]["host"], "web-1", "{hook}");
    assert!(
        !receiver.sent_to("/webhook").iter().any(|sent| sent.body.to_string().contains("web-2"))
    );
}

#[test]
fn kill_9_between_transition_and_delivery_still_tells() {
    let receiver = Receiver::start(Manner::Hang);
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), &config(&receiver), &["--no-collect"]);
    let id = create(&server, &rule("CPU is hot", "0s"));
    eventually("a first attempt hangs", || {
        report(&server, 95.0);
        (!receiver.sent_to("/pagerduty").is_empty()).then_some(())
    });
    let first = receiver.sent_to("/pagerduty")[0].body["dedup_key"].clone();
    server.kill();
    assert!(receiver.accepted_at("/pagerduty").is_empty());

    receiver.behave(Manner::Accept);
    let server = Barograph::start(folder.path(), &config(&receiver), &["--no-collect"]);
    for path in ["/pagerduty", "/slack", "/webhook"] {
        eventually(path, || (!receiver.accepted_at(path).is_empty()).then_some(()));
    }
    assert_eq!(receiver.accepted_at("/pagerduty")[0]["dedup_key"], first);
    assert_eq!(state(&server, &id), "firing");
    let history = server.get(&format!("/api/alerts/{id}/history")).json();
    assert_eq!(history.as_array().map(Vec::len), Some(1), "{history}");
}

#[test]
fn a_refused_notification_is_tried_again() {
    let receiver = Receiver::start(Manner::Refuse(503));
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), &config(&receiver), &["--no-collect"]);
    create(&server, &rule("CPU is hot", "0s"));
    eventually("an attempt is refused", || {
        report(&server, 95.0);
        (!receiver.sent_to("/slack").is_empty()).then_some(())
    });
    receiver.behave(Manner::Accept);
    eventually("it is delivered", || (!receiver.accepted_at("/slack").is_empty()).then_some(()));
    assert_eq!(receiver.accepted_at("/slack").len(), 1);
}

#[test]
fn the_founding_rule_is_accepted_as_it_stands() {
    let receiver = Receiver::start(Manner::Accept);
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), &config(&receiver), &["--no-collect"]);
    let founding = json!({
        "alert_id": "alert_001", "metric_name": "cpu_usage", "condition": "greater_than",
        "threshold": 90.0, "duration": "5 minutes", "severity": "critical",
        "notify": ["pagerduty", "slack", "#ops-channel"], "cooldown": "30 minutes",
        "created_by": "user_123", "enabled": true,
    });
    let answer = server.post("/api/alerts", &founding.to_string());
    assert_eq!(answer.status, 201, "{}", answer.body);
    let stored = answer.json();
    assert_eq!((&stored["id"], &stored["alert_id"]), (&json!("alert_001"), &json!("alert_001")));
    assert_eq!((&stored["duration"], &stored["matches"]), (&json!("5m"), &json!(0)));
    assert_eq!(server.post("/api/alerts", &founding.to_string()).status, 409);

    let mut odd = founding.clone();
    odd["treshold"] = json!(1);
    odd["alert_id"] = json!("alert_002");
    let answer = server.post("/api/alerts", &odd.to_string());
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("treshold"), "{}", answer.body);
    let mut odd = founding;
    odd["notify"] = json!(["pager"]);
    let answer = server.post("/api/alerts", &odd.to_string());
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("pager"), "{}", answer.body);
}

#[test]
fn a_file_of_rules_may_be_applied_again_and_again() {
    let receiver = Receiver::start(Manner::Accept);
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), &config(&receiver), &["--no-collect"]);
    let file = folder.path().join("rules.json");
    let apply = |rules: &Value| {
        std::fs::write(&file, rules.to_string()).unwrap();
        let (status, out, err) =
            binary::run(&["rules", "apply", file.to_str().unwrap(), "--url", &server.url]);
        assert!(status.success(), "{err}");
        out.split(' ').next().unwrap_or_default().to_owned()
    };
    let mut hot = rule("CPU is hot", "5m");
    assert_eq!(apply(&json!([hot])), "created");
    assert_eq!(apply(&json!([hot])), "unchanged");
    hot["threshold"] = json!(95);
    assert_eq!(apply(&json!([hot])), "changed");
    let rules = server.get("/api/alerts").json();
    assert_eq!((rules.as_array().map(Vec::len), &rules[0]["threshold"]), (Some(1), &json!(95.0)));
}
