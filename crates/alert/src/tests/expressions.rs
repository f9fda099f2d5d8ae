//! Rules on expressions: missing differs from false where a comparison was split off, and
//! means "well" where there is none.

use super::world::{World, at, rule};
use crate::time::rfc3339;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

fn expr(text: &str, changes: Value) -> Value {
    let mut rule = rule(json!({
        "metric_name": null, "condition": null, "threshold": null, "expr": text,
    }));
    for (field, value) in changes.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

#[test]
fn a_split_comparison_fires_and_resolves_by_value() {
    let world = World::new();
    world.create(expr("load > 5", json!({})));
    world.scripted.give("load", at(0), &[("host=a", 6.0), ("host=b", 1.0)], false);
    world.ticks(0, 55);
    assert_eq!(world.state("hot"), "pending");
    assert_eq!(world.tick(60).fired, 1);
    world.scripted.give("load", at(65), &[("host=a", 5.0), ("host=b", 1.0)], false);
    assert_eq!(world.tick(65).resolved, 1);
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "resolve"]);
    assert_eq!(world.service.get("hot").unwrap().instances.len(), 2);
}

#[test]
fn a_value_that_is_missing_is_not_false() {
    let world = World::new();
    world.create(expr("load > 5", json!({})));
    world.scripted.give("load", at(0), &[("host=a", 6.0)], false);
    world.ticks(0, 60);
    world.scripted.give("load", at(65), &[], false);
    world.ticks(65, 125);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.state, view.health), ("firing", "no_data"));
}

#[test]
fn without_a_comparison_absence_from_a_complete_answer_resolves() {
    let world = World::new();
    world.create(expr("failed_units", json!({})));
    world.scripted.give("failed_units", at(10), &[("unit=x", 1.0)], false);
    world.ticks(0, 5);
    assert_eq!(world.health("hot"), "ok", "nothing is what it gives while all is well");
    world.ticks(10, 70);
    assert_eq!(world.state("hot"), "firing");
    world.scripted.give("failed_units", at(75), &[], true);
    world.ticks(75, 200);
    assert_eq!(world.state("hot"), "firing", "a partial answer proves nothing");
    world.scripted.give("failed_units", at(205), &[], false);
    world.tick(205);
    assert_eq!(world.state("hot"), "resolved");
    world.ticks(210, 400);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.health, view.matches), ("ok", 0));
}

#[test]
fn a_condition_beside_the_expression_compares_its_value() {
    let world = World::new();
    let changes = json!({ "condition": "lt", "threshold": 2, "duration": "0s" });
    world.create(expr("load > 5", changes));
    world.scripted.give("load > 5", at(0), &[("host=a", 1.0)], false);
    assert_eq!(world.tick(0).fired, 1);
}

#[test]
fn an_error_keeps_everything_and_the_gap_is_judged_later() {
    let world = World::new();
    world.create(expr("load > 5", json!({})));
    world.scripted.give("load", at(0), &[("host=a", 6.0)], false);
    world.ticks(0, 30);
    world.scripted.is_broken.store(true, Ordering::SeqCst);
    world.ticks(35, 200);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.state, view.health), ("pending", "error"));
    assert_eq!(view.last_error.as_deref(), Some("query timed out"));
    world.scripted.is_broken.store(false, Ordering::SeqCst);
    assert_eq!(world.tick(205).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, rfc3339(at(60)));
}

#[test]
fn a_restart_judges_the_gap_from_what_the_expression_gave() {
    let mut world = World::new();
    world.create(expr("load > 5", json!({})));
    world.scripted.give("load", at(0), &[("host=a", 6.0)], false);
    world.scripted.give("load", at(100), &[("host=a", 1.0)], false);
    world.scripted.give("load", at(120), &[("host=a", 7.0)], false);
    world.ticks(0, 30);
    world.restart();
    world.tick(300);
    let history = world.history("hot");
    let dates: Vec<_> =
        history.iter().map(|f| (f.fired_at.clone(), f.resolved_at.clone())).collect();
    let expected = [(rfc3339(at(180)), None), (rfc3339(at(60)), Some(rfc3339(at(100))))];
    assert_eq!(dates, expected);
}

#[test]
fn a_long_gap_is_judged_up_to_a_limit_and_the_rest_is_no_evidence() {
    let mut world = World::new();
    world.create(expr("load > 5", json!({ "duration": "5m" })));
    world.scripted.give("load", at(0), &[("host=a", 6.0)], false);
    world.ticks(0, 30);
    world.restart();
    let now = 10 * 86_400;
    world.tick(now);
    let (start, end) = world.scripted.ranges.lock()[0];
    assert_eq!(end, at(now));
    assert_eq!((end - start).0 / 5_000_000_000, crate::observe::GAP_STEPS_MAX);
    assert_eq!(world.history("hot")[0].fired_at, rfc3339(start + model::Span::from_secs(300)));
}

#[test]
fn tags_filter_narrows_expressions_too() {
    let world = World::new();
    world.create(expr("load > 5", json!({ "tags_filter": { "host": "b" }, "duration": "0s" })));
    world.scripted.give("load", at(0), &[("host=a", 6.0), ("host=b", 7.0)], false);
    assert_eq!(world.tick(0).fired, 1);
    assert_eq!(world.history("hot")[0].labels["host"], "b");
}

#[test]
fn pending_is_restored_for_expressions() {
    let mut world = World::new();
    world.create(expr("failed_units", json!({ "duration": "10m" })));
    world.scripted.give("failed_units", at(0), &[("unit=x", 1.0)], false);
    world.ticks(0, 300);
    world.restart();
    world.ticks(305, 595);
    assert_eq!(world.state("hot"), "pending");
    assert_eq!(world.tick(600).fired, 1);
}

#[test]
fn a_gap_that_is_too_much_for_one_query_does_not_stop_the_rule() {
    let mut world = World::new();
    world.create(expr("load > 5", json!({ "duration": "5m" })));
    world.scripted.give("load", at(0), &[("host=a", 6.0)], false);
    world.ticks(0, 30);
    world.restart();
    world.scripted.cannot_range.store(true, Ordering::SeqCst);
    world.tick(1_000);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.state, view.health), ("pending", "ok"), "a gap is no evidence");
    world.ticks(1_005, 1_300);
    assert_eq!(world.history("hot")[0].fired_at, rfc3339(at(1_300)));
}
