//! Rules through the API: what is accepted, what is refused and in which words, and what
//! is answered.

use super::world::{World, at, rule};
use crate::time::rfc3339;
use crate::{AckInput, ApiError, RuleInput};
use serde_json::{Value, json};

fn refused(world: &World, rule: Value) -> String {
    match world.try_create(rule) {
        Err(ApiError::BadRequest(said)) => said,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_founding_rule_is_accepted_as_it_stands() {
    let world = World::new();
    let view = world.create(json!({
        "alert_id": "alert_001", "metric_name": "cpu_usage", "condition": "greater_than",
        "threshold": 90.0, "duration": "5 minutes", "severity": "critical",
        "notify": ["pagerduty", "slack", "#ops-channel"], "cooldown": "30 minutes",
        "created_by": "user_123", "enabled": true,
    }));
    let made = rfc3339(at(0));
    let expected = json!({
        "id": "alert_001", "alert_id": "alert_001", "name": "alert_001",
        "metric_name": "cpu_usage", "expr": null, "condition": "greater_than",
        "threshold": 90.0, "recovery_threshold": null, "duration": "5m", "severity": "critical",
        "tags_filter": {}, "notify": ["pagerduty", "slack", "#ops-channel"], "cooldown": "30m",
        "enabled": true, "created_by": "user_123", "created_at": made, "updated_at": made,
        "matches": 0, "state": "inactive", "health": "no_data", "last_error": null,
        "instances": [], "instances_total": 0,
    });
    assert_eq!(serde_json::to_value(&view).unwrap(), expected);
    assert_eq!(world.service.list().unwrap(), [view]);
    let again = world.try_create(rule(json!({ "alert_id": "alert_001" })));
    assert!(matches!(again, Err(ApiError::Conflict(said)) if said.contains("alert_001")));
}

#[test]
fn ids_are_made_up_and_sort_by_time() {
    let world = World::new();
    let ids: Vec<_> = (0..5)
        .map(|secs| {
            world.go(secs);
            world.create(rule(json!({ "alert_id": null, "name": null }))).id
        })
        .collect();
    assert!(ids.is_sorted() && ids[0].len() < 20, "{ids:?}");
    let view = world.service.get(&ids[0]).unwrap();
    assert_eq!(view.name, "cpu_usage_user > 90 for 1m");
}

#[test]
fn bad_rules_are_refused_in_words() {
    let world = World::new();
    let check = |changes: Value, part: &str| {
        let said = refused(&world, rule(changes));
        assert!(said.contains(part), "{said:?} lacks {part:?}");
    };
    check(json!({ "colour": "red" }), "unknown field `colour`, expected one of `alert_id`");
    check(json!({ "notify": ["mail"] }), "unknown channel \"mail\" in notify: known are");
    check(json!({ "notify": ["mail"] }), "pagerduty, slack, webhook");
    check(json!({ "duration": "5 parsecs" }), "duration: \"5 parsecs\" is not a duration");
    check(json!({ "cooldown": "soon" }), "cooldown: \"soon\"");
    check(json!({ "condition": "over" }), "unknown condition \"over\": known are greater_than");
    check(json!({ "severity": "fatal" }), "unknown severity \"fatal\": known are critical");
    check(json!({ "threshold": "NaN" }), "invalid type: string \"NaN\", expected f64");
    check(json!({ "threshold": null }), "threshold is missing");
    check(json!({ "condition": null }), "condition is missing");
    check(json!({ "expr": "up" }), "not both");
    check(json!({ "metric_name": null }), "metric_name or expr is missing");
    check(json!({ "metric_name": " " }), "is empty");
    check(json!({ "alert_id": "a/b" }), "alert_id \"a/b\" cannot be one");
    check(json!({ "alert_id": "audit" }), "path of the API");
    check(json!({ "recovery_threshold": 95 }), "wrong side of the threshold 90");
    check(json!({ "condition": "eq", "recovery_threshold": 90 }), "goes with greater or less");
    let broken =
        json!({ "metric_name": null, "condition": null, "threshold": null, "expr": "rate(x" });
    check(broken, "expr: unexpected end of input (line 1, column 7)");
    assert!(matches!(RuleInput::from_json(b"{"), Err(ApiError::BadRequest(_))));
    assert!(matches!(RuleInput::from_json(b"[]"), Err(ApiError::BadRequest(_))));
    assert!(world.service.list().unwrap().is_empty());
}

#[test]
fn every_condition_word_is_known() {
    let world = World::new();
    for word in [
        "greater_than",
        "gt",
        "less_than",
        "lt",
        "gte",
        "lte",
        "eq",
        "ne",
        "greater_than_or_equal",
        "less_than_or_equal",
        "equal",
        "not_equal",
    ] {
        let view = world.create(rule(json!({ "alert_id": null, "condition": word })));
        assert_eq!(view.condition.as_deref(), Some(word), "answered as it was given");
    }
}

#[test]
fn put_replaces_everything_but_the_beginning() {
    let world = World::new();
    world.create(rule(json!({ "cooldown": "1h", "created_by": "ann" })));
    world.go(10);
    let new = RuleInput::from_value(rule(json!({ "threshold": 99, "alert_id": null }))).unwrap();
    let view = world.service.replace("hot", new.clone()).unwrap();
    assert_eq!((view.threshold, view.cooldown), (Some(99.0), model::Span::ZERO));
    assert_eq!((view.created_at, view.updated_at), (rfc3339(at(0)), rfc3339(at(10))));
    assert_eq!(view.created_by.as_deref(), Some("ann"));
    assert!(matches!(world.service.replace("cold", new.clone()), Err(ApiError::NotFound(_))));
    let renamed = RuleInput { alert_id: Some("cold".to_owned()), ..new };
    assert!(matches!(world.service.replace("hot", renamed), Err(ApiError::BadRequest(_))));
}

#[test]
fn a_new_threshold_judges_from_the_samples_there_are() {
    let world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 300, 95.0);
    world.ticks(0, 30);
    let higher = RuleInput::from_value(rule(json!({ "threshold": 99 }))).unwrap();
    world.service.replace("hot", higher).unwrap();
    world.ticks(35, 120);
    assert_eq!(world.state("hot"), "inactive", "95 is fine now");
    let lower = RuleInput::from_value(rule(json!({ "threshold": 80 }))).unwrap();
    world.service.replace("hot", lower).unwrap();
    assert_eq!(world.tick(125).fired, 1, "it has been above 80 for long enough");
}

#[test]
fn a_firing_goes_on_under_new_terms_and_ends_with_another_query() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu_from("a", 0, 60, 95.0);
    world.tick(0);
    world.deliver();
    let replace = |changes| {
        let input = RuleInput::from_value(rule(changes)).unwrap();
        world.service.replace("hot", input).unwrap();
    };
    replace(json!({ "duration": "0s", "notify": ["slack"] }));
    world.tick(5);
    assert_eq!((world.state("hot").as_str(), world.history("hot").len()), ("firing", 1));
    replace(json!({ "duration": "0s", "notify": ["slack"], "metric_name": "mem_used" }));
    world.tick(10);
    assert_eq!(world.history("hot")[0].cause, Some("replaced"));
    assert!(world.service.get("hot").unwrap().instances.is_empty());
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "resolve"], "told where the trigger was told");
    assert!(world.heard("/slack").is_empty());
}

#[test]
fn deleting_and_disabling_close_what_fires() {
    for disable in [false, true] {
        let world = World::new();
        world.create(rule(json!({ "duration": "0s" })));
        world.cpu("a", 0, 95.0);
        world.tick(0);
        world.deliver();
        if disable {
            let off = json!({ "duration": "0s", "enabled": false, "created_by": "bob" });
            world.service.replace("hot", RuleInput::from_value(rule(off)).unwrap()).unwrap();
            assert_eq!(world.state("hot"), "inactive");
        } else {
            world.service.delete("hot").unwrap();
            assert!(matches!(world.service.get("hot"), Err(ApiError::NotFound(_))));
            assert!(matches!(world.service.delete("hot"), Err(ApiError::NotFound(_))));
        }
        world.cpu("a", 10, 96.0);
        world.tick(10);
        world.deliver();
        assert_eq!(world.actions(), ["trigger", "resolve"]);
        let history = world.history("hot");
        assert_eq!(history.len(), 1, "history stays");
        assert_eq!(world.service.stats().unwrap().resolved, 1, "it is counted");
        assert_eq!(history[0].cause, Some(if disable { "disabled" } else { "deleted" }));
    }
}

#[test]
fn enabling_again_starts_afresh() {
    let world = World::new();
    let put = |changes| {
        let input = RuleInput::from_value(rule(changes)).unwrap();
        world.service.replace("hot", input).unwrap();
    };
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu_from("a", 0, 600, 95.0);
    world.tick(0);
    put(json!({ "duration": "0s", "enabled": false }));
    world.ticks(5, 500);
    put(json!({ "duration": "0s" }));
    assert_eq!(world.tick(505).fired, 1);
    let history = world.history("hot");
    assert_eq!((history[0].epoch, history[0].fired_at.as_str()), (2, &*rfc3339(at(500))));
    let actions: Vec<_> =
        world.service.audit(Some("hot")).unwrap().into_iter().map(|row| row.action).collect();
    assert_eq!(actions, ["enable", "disable", "create"]);
}

#[test]
fn acknowledging_takes_what_fires() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s", "notify": ["pagerduty", "slack"] })));
    let ack = |labels: Value| {
        let input = json!({ "labels": labels, "author": "ann", "comment": "on it" });
        world.service.ack("hot", AckInput::from_json(input.to_string().as_bytes()).unwrap())
    };
    let none = ack(json!({}));
    assert!(matches!(none, Err(ApiError::Conflict(said)) if said.contains("nothing of alert")));
    assert!(matches!(world.service.ack("cold", AckInput::default()), Err(ApiError::NotFound(_))));
    world.cpu("a", 0, 95.0);
    world.cpu("b", 0, 95.0);
    world.tick(0);
    world.deliver();
    assert!(ack(json!({ "host": "c" })).is_err());
    let taken = ack(json!({ "host": "a" })).unwrap().acknowledged;
    assert_eq!(taken.len(), 1);
    world.deliver();
    ack(json!({ "host": "a" })).unwrap();
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "trigger", "acknowledge"], "told once");
    assert_eq!(world.heard("/slack").len(), 2, "Slack knows no acknowledgement");
    let history = world.history("hot");
    let a = history.iter().find(|firing| firing.labels["host"] == "a").unwrap();
    assert_eq!(a.acknowledged_by.as_deref(), Some("ann"));
    assert_eq!(a.acknowledged_comment.as_deref(), Some("on it"));
    assert_eq!(a.acknowledged_at.as_deref(), Some(&*rfc3339(at(0))));
    let b = history.iter().find(|firing| firing.labels["host"] == "b").unwrap();
    assert_eq!(b.acknowledged_at, None);
    assert_eq!(AckInput::from_json(b"").unwrap(), AckInput::default());
    assert!(AckInput::from_json(b"{\"who\":1}").is_err());
}

#[test]
fn every_change_is_in_the_audit_log() {
    let world = World::new();
    world.create(rule(json!({ "created_by": "ann" })));
    let input = rule(json!({ "threshold": 80, "created_by": "bob" }));
    world.service.replace("hot", RuleInput::from_value(input).unwrap()).unwrap();
    world.service.delete("hot").unwrap();
    let rows = world.service.audit(None).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.who.as_deref())).collect();
    assert_eq!(told, [("delete", None), ("replace", Some("bob")), ("create", Some("ann"))]);
    let thresholds = |value: &Option<Value>| value.as_ref().map(|rule| rule["threshold"].clone());
    assert_eq!(thresholds(&rows[1].before), Some(json!(90.0)));
    assert_eq!(thresholds(&rows[1].after), Some(json!(80.0)));
    assert!(rows[2].before.is_none() && rows[0].after.is_none());
    assert!(world.service.audit(Some("cold")).unwrap().is_empty());
}

#[test]
fn channels_are_named_without_their_secrets() {
    let world = World::new();
    let channels = serde_json::to_value(world.service.channels()).unwrap();
    let expected = json!([
        { "name": "pagerduty", "type": "pagerduty" },
        { "name": "slack", "type": "slack" },
        { "name": "webhook", "type": "webhook" },
    ]);
    assert_eq!(channels, expected);
}

#[test]
fn matches_are_counted_at_once() {
    let world = World::new();
    world.cpu("a", 0, 1.0);
    world.cpu("b", 0, 1.0);
    let view = world.create(rule(json!({})));
    assert_eq!((view.matches, view.health), (2, "ok"));
    world.tick(5);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.matches, view.instances_total, view.state), (2, 2, "inactive"));
}
