//! Firing again inside a cooldown: in history at once, told later or not at all.

use super::world::{World, at, rule};
use serde_json::json;

/// Fires at 0 and is over at 20.
fn fired_once(changes: serde_json::Value) -> World {
    let world = World::new();
    world.create(rule(changes));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    world.deliver();
    world.cpu("a", 20, 10.0);
    world.tick(20);
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "resolve"]);
    world
}

fn short() -> serde_json::Value {
    json!({ "duration": "0s", "cooldown": "10m" })
}

#[test]
fn a_firing_that_is_over_before_the_cooldown_is_not_told() {
    let world = fired_once(short());
    world.cpu("a", 60, 96.0);
    world.tick(60);
    assert_eq!(world.state("hot"), "firing");
    assert_eq!(world.history("hot").len(), 2, "it is in history at once");
    assert_eq!(world.deliver().delivered, 0);
    world.cpu("a", 120, 10.0);
    world.tick(120);
    world.go(1_000);
    assert_eq!(world.deliver().delivered, 0);
    let told = &world.standing("hot")[2..];
    assert_eq!(told, ["trigger pagerduty suppressed", "resolve pagerduty suppressed"]);
    let reasons: Vec<_> = world.outbox("hot").iter().filter_map(|row| row.reason.clone()).collect();
    assert_eq!(reasons, ["it was over before the cooldown was", "its trigger was never sent"]);
}

#[test]
fn a_firing_that_outlasts_the_cooldown_is_told_at_its_end() {
    let world = fired_once(short());
    world.cpu_from("a", 60, 700, 96.0);
    world.ticks(60, 595);
    assert_eq!(world.deliver().delivered, 0);
    world.go(600);
    assert_eq!(world.deliver().delivered, 1);
    world.cpu("a", 710, 10.0);
    world.ticks(700, 710);
    assert_eq!(world.deliver().delivered, 1);
    assert_eq!(world.actions(), ["trigger", "resolve", "trigger", "resolve"]);
    // The one that was told late began a cooldown of its own, from 600 to 1200.
    world.cpu("a", 1_190, 99.0);
    world.tick(1_190);
    assert_eq!(world.deliver().delivered, 0);
    world.go(1_200);
    assert_eq!(world.deliver().delivered, 1);
}

#[test]
fn after_the_cooldown_everything_is_as_at_first() {
    let world = fired_once(short());
    world.cpu("a", 600, 96.0);
    world.tick(600);
    assert_eq!(world.deliver().delivered, 1);
}

#[test]
fn cooldowns_are_of_one_instance() {
    let world = fired_once(short());
    world.cpu("b", 60, 96.0);
    world.tick(60);
    assert_eq!(world.deliver().delivered, 1);
}

#[test]
fn a_held_firing_survives_a_restart() {
    let mut world = fired_once(short());
    world.cpu_from("a", 60, 600, 96.0);
    world.ticks(60, 300);
    world.restart();
    world.ticks(305, 600);
    assert_eq!(world.deliver().delivered, 1);
    assert_eq!(world.actions(), ["trigger", "resolve", "trigger"]);
}

#[test]
fn a_cooldown_that_ended_while_we_were_away_is_told_late_with_its_resolve() {
    let mut world = fired_once(short());
    world.cpu_from("a", 60, 900, 96.0);
    world.cpu_from("a", 910, 950, 10.0);
    world.restart();
    world.tick(950);
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "resolve", "trigger", "resolve"]);
    assert_eq!(world.history("hot")[0].resolved_at, Some(crate::time::rfc3339(at(910))));
}
