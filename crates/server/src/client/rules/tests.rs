use super::*;
use serde_json::json;

#[test]
fn a_rule_that_is_so_already_is_seen_to_be() {
    let view = json!({
        "id": "a", "alert_id": "a", "name": "a", "metric_name": "cpu", "expr": null,
        "condition": "gt", "threshold": 90.0, "recovery_threshold": null, "duration": "5m",
        "severity": "warning", "tags_filter": {}, "notify": ["ops"], "cooldown": "0s",
        "enabled": true, "created_by": "me", "state": "firing", "matches": 3,
    });
    let rule = alert::RuleInput {
        alert_id: Some("a".to_owned()),
        metric_name: Some("cpu".to_owned()),
        condition: Some("gt".to_owned()),
        threshold: Some(90.0),
        duration: Some("5 minutes".to_owned()),
        notify: Some(vec!["ops".to_owned()]),
        ..alert::RuleInput::default()
    };
    assert!(is_so(&rule, &view));
    let changes: [fn(&mut alert::RuleInput); 6] = [
        |rule| rule.threshold = Some(91.0),
        |rule| rule.duration = None,
        |rule| rule.notify = None,
        |rule| rule.enabled = Some(false),
        |rule| rule.name = Some("other".to_owned()),
        |rule| rule.created_by = Some("you".to_owned()),
    ];
    for change in changes {
        let mut other = rule.clone();
        change(&mut other);
        assert!(!is_so(&other, &view), "{other:?}");
    }
}

#[test]
fn rules_are_listed_with_their_state() {
    let rules = json!([{ "id": "a", "state": "firing", "severity": "critical", "name": "CPU",
        "enabled": true, "instances": [{ "state": "firing" }, { "state": "inactive" }] }]);
    assert_eq!(
        table(&rules).csv(),
        "id,state,severity,name,firing,enabled\na,firing,critical,CPU,1,yes\n"
    );
}

#[test]
fn a_file_is_checked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = folder.path().join("rules.json");
        std::fs::write(&file, text).unwrap();
        run(&Rules::Check { file }).map_err(|error| error.to_string())
    };
    assert_eq!(check(r#"[{"alert_id": "a", "expr": "sum(rate(x[5m])) > 1"}]"#), Ok(()));
    let error = check(r#"[{"alert_id": "a", "expr": "sum(rate(x[5m]) > 1"}]"#).unwrap_err();
    assert!(error.contains("rule 1: expr: 1:"), "{error}");
    let error = check(r#"{"alert_id": "a", "treshold": 1}"#).unwrap_err();
    assert!(error.contains("treshold"), "{error}");
}

#[test]
fn a_rule_without_an_id_is_known_by_its_name() {
    let rules = json!([{ "id": "a", "name": "CPU" }, { "id": "b", "name": "disk" },
        { "id": "c", "name": "disk" }]);
    let found = |name| present_by_name(name, &rules).map(|view| view.map(|view| id_of(&view)));
    assert_eq!(found(Some("CPU")), Ok(Some("a".to_owned())));
    assert_eq!(found(Some("memory")), Ok(None));
    assert!(found(Some("disk")).unwrap_err().contains("alert_id"));
    assert!(found(None).unwrap_err().contains("neither"));
}
