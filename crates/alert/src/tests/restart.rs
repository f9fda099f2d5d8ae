//! The service ends and begins again at every point of an instance's way.

use super::world::{World, at, rule};
use crate::time::rfc3339;
use serde_json::json;

#[test]
fn pending_goes_on_where_it_was() {
    for duration in ["1m", "30m"] {
        let secs = if duration == "1m" { 60 } else { 1_800 };
        let mut world = World::new();
        world.create(rule(json!({ "duration": duration })));
        world.cpu_from("a", 0, secs, 95.0);
        world.ticks(0, 30);
        world.restart();
        assert_eq!(world.state("hot"), "pending", "before the first tick");
        world.ticks(35, secs - 5);
        assert_eq!(world.state("hot"), "pending");
        assert_eq!(world.tick(secs).fired, 1);
        assert_eq!(world.history("hot")[0].fired_at, rfc3339(at(secs)));
    }
}

#[test]
fn what_matured_while_we_were_away_fires_at_once_and_is_dated_right() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "5m" })));
    world.cpu_from("a", 0, 1_200, 95.0);
    world.ticks(0, 30);
    world.restart();
    assert_eq!(world.tick(1_200).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, rfc3339(at(300)));
}

#[test]
fn what_began_and_matured_while_we_were_away_fires_too() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "5m" })));
    world.cpu_from("a", 0, 100, 5.0);
    world.cpu_from("a", 110, 3_600, 95.0);
    world.ticks(0, 100);
    world.restart();
    assert_eq!(world.tick(3_600).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, rfc3339(at(410)));
}

#[test]
fn a_good_sample_in_the_gap_is_seen() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "5m" })));
    world.cpu_from("a", 0, 600, 95.0);
    world.cpu("a", 150, 5.0);
    world.ticks(0, 30);
    world.restart();
    assert_eq!(world.tick(459).fired, 0);
    assert_eq!(world.tick(460).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, rfc3339(at(460)));
}

#[test]
fn a_gap_without_samples_does_not_mature() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "5m" })));
    world.cpu_from("a", 0, 30, 95.0);
    world.cpu("a", 1_000, 95.0);
    world.ticks(0, 30);
    world.restart();
    assert_eq!(world.tick(1_000).fired, 0);
    assert_eq!(world.service.get("hot").unwrap().instances[0].since, rfc3339(at(1_000)));
}

#[test]
fn a_firing_that_ended_while_we_were_away_is_resolved_at_its_time() {
    let mut world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 90, 95.0);
    world.cpu_from("a", 100, 600, 5.0);
    world.ticks(0, 65);
    world.deliver();
    world.restart();
    assert_eq!(world.state("hot"), "firing");
    world.tick(600);
    world.deliver();
    assert_eq!(world.history("hot")[0].resolved_at, Some(rfc3339(at(100))));
    assert_eq!(world.actions(), ["trigger", "resolve"]);
}

#[test]
fn a_firing_of_the_gap_is_told_from_its_beginning_to_its_end() {
    let mut world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 100, 5.0);
    world.cpu_from("a", 110, 300, 95.0);
    world.cpu_from("a", 310, 600, 5.0);
    world.ticks(0, 100);
    world.restart();
    world.tick(600);
    world.deliver();
    let history = world.history("hot");
    assert_eq!(history[0].fired_at, rfc3339(at(170)));
    assert_eq!(history[0].resolved_at, Some(rfc3339(at(310))));
    assert_eq!(world.actions(), ["trigger", "resolve"]);
}

#[test]
fn restarting_at_every_tick_changes_nothing() {
    let story = |restarts: bool| {
        let mut world = World::new();
        world.create(rule(json!({ "duration": "30s", "cooldown": "2m" })));
        for (index, secs) in (0..1_200).step_by(10).enumerate() {
            world.cpu("a", secs, if (index / 7) % 2 == 0 { 95.0 } else { 5.0 });
        }
        for secs in (0..1_200).step_by(5) {
            world.tick(secs);
            world.deliver();
            if restarts && secs % 35 == 0 {
                world.restart();
            }
        }
        (world.history("hot"), world.actions(), world.standing("hot"))
    };
    let (without, with) = (story(false), story(true));
    assert!(without.0.len() > 5);
    assert_eq!(with, without);
}

#[test]
fn epochs_go_on_after_a_rule_comes_back_under_its_old_id() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    world.service.delete("hot").unwrap();
    world.tick(5);
    world.go(10);
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu("a", 11, 95.0);
    world.tick(15);
    let epochs: Vec<_> = world.history("hot").iter().map(|firing| firing.epoch).collect();
    assert_eq!(epochs, [2, 1]);
}

#[test]
fn a_rule_for_a_channel_that_is_gone_still_loads_and_falls_back() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "0s", "notify": ["pagerduty", "slack"] })));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    let mut channels = super::world::channels(&world.receiver);
    channels.remove("pagerduty");
    world.service = crate::Service::open(
        world.store.clone(),
        world.memory.clone(),
        world.scripted.clone(),
        world.clock.clone(),
        channels,
        crate::Options::default(),
    )
    .unwrap();
    world.deliver();
    assert!(world.heard("/slack").iter().any(|text| text.contains("pagerduty refused this")));
    let standing = world.standing("hot");
    assert!(standing.contains(&"trigger pagerduty queued".to_owned()), "{standing:?}");
    // The channel comes back, and what was kept for it goes out.
    world.restart();
    world.go(3_600);
    world.deliver();
    assert_eq!(world.actions(), ["trigger"]);
}
