//! One instance on its way: pending, firing, recovering, resolved, silent, expired.

use super::world::{World, at, rule};
use serde_json::json;
use std::sync::atomic::Ordering;

fn time(secs: i64) -> String {
    crate::time::rfc3339(at(secs))
}

#[test]
fn a_breach_that_lasts_fires_once_and_recovery_resolves_it() {
    let world = World::new();
    world.create(rule(json!({ "notify": ["pagerduty", "slack", "webhook"] })));
    world.cpu_from("a", 0, 20, 50.0);
    world.cpu_from("a", 30, 90, 95.25);
    world.ticks(5, 25);
    assert_eq!(world.state("hot"), "inactive");
    world.ticks(30, 85);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.state, view.instances[0].since.as_str()), ("pending", &*time(30)));
    assert_eq!(view.instances[0].labels["host"], "a");
    let fired = world.tick(90);
    assert_eq!((fired.fired, world.state("hot").as_str()), (1, "firing"));
    assert_eq!(world.deliver().delivered, 3);
    world.cpu("a", 100, 99.5);
    world.cpu("a", 110, 91.0);
    world.ticks(95, 115);
    assert_eq!(world.deliver().delivered, 0, "a firing is told once");
    assert_eq!(world.history("hot")[0].peak_value, Some(99.5), "before any checkpoint");
    world.cpu("a", 120, 42.0);
    world.ticks(120, 130);
    assert_eq!(world.state("hot"), "resolved");
    assert_eq!(world.deliver().delivered, 3);

    let history = world.history("hot");
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].fired_at, time(90));
    assert_eq!(history[0].resolved_at, Some(time(120)));
    assert_eq!((history[0].peak_value, history[0].cause), (Some(99.5), Some("recovered")));

    let heard = world.heard("/pagerduty");
    assert_eq!(heard.len(), 2);
    let key = heard[0].strip_prefix("trigger ").unwrap();
    assert_eq!(heard[1], format!("resolve {key}"));
    let slack = world.heard("/slack");
    let fired = "cpu usage_user is 95.25 (&gt; 90 for 1m) on host a";
    assert!(slack[0].contains(fired), "{slack:?}");
    assert!(slack[1].contains("Resolved: cpu usage_user is 42"), "{slack:?}");
    let webhook = world.receiver.requests("/webhook");
    assert_eq!(webhook[0].body["status"], "firing");
    assert_eq!(webhook[1].body["alerts"][0]["endsAt"], time(120));
    assert_eq!(webhook[0].headers["x-key"], "k");
}

#[test]
fn without_a_duration_one_sample_is_enough() {
    let world = World::new();
    world.create(rule(json!({ "duration": null })));
    world.cpu("a", 3, 91.0);
    assert_eq!(world.tick(5).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, time(3));
}

#[test]
fn one_good_sample_starts_the_duration_again() {
    let world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 50, 95.0);
    world.cpu("a", 55, 20.0);
    world.cpu_from("a", 60, 120, 95.0);
    world.ticks(5, 115);
    assert_eq!(world.state("hot"), "pending");
    assert_eq!(world.tick(120).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, time(120));
}

#[test]
fn one_burning_host_does_not_hide_another() {
    let world = World::new();
    world.create(rule(json!({ "tags_filter": { "region": "eu" } })));
    for (host, region) in [("a", "eu"), ("b", "eu"), ("c", "us")] {
        for secs in (0..=60).step_by(10) {
            let series = format!("cpu.usage_user,host={host},region={region}");
            world.memory.write(&series, at(secs), 95.0);
        }
    }
    assert_eq!(world.tick(60).fired, 2);
    world.deliver();
    let hosts: Vec<_> = world.history("hot").iter().map(|f| f.labels["host"].clone()).collect();
    assert_eq!(hosts.len(), 2);
    assert!(!hosts.contains(&"c".to_owned()));
    let keys = world.heard("/pagerduty");
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_host_that_falls_silent_is_neither_fine_nor_forgotten() {
    let world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 60, 95.0);
    world.ticks(5, 60);
    assert_eq!((world.state("hot"), world.health("hot")), ("firing".into(), "ok".into()));
    world.ticks(65, 120);
    assert_eq!(world.health("hot"), "ok", "60 s are not silence yet");
    world.tick(125);
    assert_eq!((world.state("hot"), world.health("hot")), ("firing".into(), "no_data".into()));
    world.tick(60 + 86_399);
    assert_eq!(world.state("hot"), "firing");
    world.tick(60 + 86_400);
    assert_eq!(world.state("hot"), "resolved");
    assert_eq!(world.history("hot")[0].cause, Some("expired"));
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "resolve"]);
}

#[test]
fn a_gap_is_no_evidence() {
    let world = World::new();
    world.create(rule(json!({ "duration": "5m" })));
    world.cpu_from("a", 0, 60, 95.0);
    world.ticks(5, 400);
    assert_eq!(world.state("hot"), "pending", "silence does not make it mature");
    world.cpu_from("a", 400, 700, 95.0);
    world.ticks(405, 695);
    assert_eq!(world.state("hot"), "pending", "the time of the gap does not count");
    assert_eq!(world.tick(700).fired, 1);
    assert_eq!(world.history("hot")[0].fired_at, time(700));
}

#[test]
fn a_rhythm_of_minutes_is_no_gap() {
    let world = World::new();
    world.create(rule(json!({ "duration": "10m" })));
    (0..=20).step_by(5).for_each(|minute| world.cpu("a", minute * 60, 95.0));
    world.ticks(5, 1_300);
    assert_eq!(world.history("hot").len(), 1);
    assert_eq!(world.health("hot"), "ok");
}

#[test]
fn late_samples_rewrite_nothing() {
    let world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 60, 95.0);
    world.ticks(5, 60);
    world.deliver();
    (5..60).step_by(10).for_each(|secs| world.cpu("a", secs, 1.0));
    world.cpu("a", 70, 95.0);
    world.ticks(65, 75);
    assert_eq!(world.state("hot"), "firing");
    assert_eq!(world.history("hot").len(), 1);
}

#[test]
fn a_recovery_threshold_keeps_it_open() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s", "recovery_threshold": 70 })));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    world.cpu("a", 10, 80.0);
    world.tick(10);
    assert_eq!(world.state("hot"), "recovering");
    world.cpu("a", 20, 92.0);
    world.tick(20);
    assert_eq!(world.state("hot"), "firing");
    world.cpu("a", 30, 70.0);
    world.tick(30);
    assert_eq!(world.state("hot"), "resolved");
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "resolve"]);
}

#[test]
fn an_error_changes_health_and_nothing_else() {
    let world = World::new();
    world.create(rule(json!({})));
    world.cpu_from("a", 0, 60, 95.0);
    world.ticks(5, 60);
    world.memory.is_broken.store(true, Ordering::SeqCst);
    world.cpu_from("a", 70, 100, 95.0);
    world.ticks(65, 100);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.state, view.health), ("firing", "error"));
    assert_eq!(view.last_error.as_deref(), Some("read failed: the disk is on fire"));
    world.memory.is_broken.store(false, Ordering::SeqCst);
    world.cpu("a", 105, 10.0);
    world.tick(110);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.state, view.health, view.last_error), ("resolved", "ok", None));
}

#[test]
fn a_new_rule_sees_what_is_already_burning_but_not_what_is_over() {
    let world = World::new();
    world.cpu_from("a", 0, 600, 95.0);
    world.cpu_from("b", 0, 500, 95.0);
    world.cpu_from("b", 510, 600, 10.0);
    world.go(601);
    assert_eq!(world.create(rule(json!({}))).matches, 2);
    world.tick(602);
    let history = world.history("hot");
    assert_eq!(history.len(), 1, "what was over before the rule stood is none of its business");
    assert_eq!(history[0].labels["host"], "a");
    assert_eq!(history[0].fired_at, time(601), "not before the rule stood");
}

#[test]
fn nan_says_nothing_and_staleness_marks_are_no_samples() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    world.cpu("a", 10, f64::NAN);
    world.cpu("a", 20, f64::from_bits(model::value::STALE_NAN_BITS));
    world.tick(20);
    assert_eq!(world.state("hot"), "firing");
    world.tick(65);
    assert_eq!(world.health("hot"), "no_data");
}

#[test]
fn samples_ahead_of_the_clock_wait_for_their_time() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu("a", 100, 95.0);
    assert_eq!(world.tick(50).fired, 0);
    assert_eq!(world.tick(100).fired, 1);
}

#[test]
fn databases_keep_their_instances_apart() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s", "tags_filter": { "db": "telegraf" } })));
    world.memory.write("cpu.usage_user,host=a", at(0), 95.0);
    world.memory.write("telegraf/cpu.usage_user,host=a", at(0), 96.0);
    assert_eq!(world.tick(0).fired, 1);
    assert_eq!(world.history("hot")[0].labels["db"], "telegraf");
}

#[test]
fn streams_with_the_same_labels_are_one_instance() {
    let world = World::new();
    world.create(rule(json!({ "metric_name": "cpu_usage_user" })));
    for secs in (0..=60).step_by(20) {
        world.memory.write("cpu.usage_user,host=a", at(secs), 95.0);
        world.memory.write("cpu_usage_user,host=a", at(secs + 10), 95.0);
    }
    assert_eq!(world.tick(60).fired, 1);
    assert_eq!(world.service.get("hot").unwrap().instances.len(), 1);
}

#[test]
fn many_instances_are_answered_worst_first_and_counted() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s", "notify": [] })));
    let count = crate::view::INSTANCES_SHOWN_MAX + 20;
    for host in 0..count {
        let value = if host % 100 == 7 { 95.0 } else { 5.0 };
        world.cpu(&format!("{host:05}"), 0, value);
    }
    let report = world.tick(0);
    assert_eq!(report.fired, 11);
    let view = world.service.get("hot").unwrap();
    assert_eq!((view.matches, view.instances_total), (count, count));
    assert_eq!(view.instances.len(), crate::view::INSTANCES_SHOWN_MAX);
    let firing = view.instances.iter().take_while(|instance| instance.state == "firing").count();
    assert_eq!(firing, 11);
    assert_eq!(view.instances[0].labels["host"], "00007");
}

#[test]
fn a_storm_is_written_in_batches() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    (0..1_200).for_each(|host| world.cpu(&host.to_string(), 0, 95.0));
    let begun = std::time::Instant::now();
    assert_eq!(world.tick(0).fired, 1_200);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    assert_eq!(world.outbox("hot").len(), 1_000, "as many as the history shows");
    assert_eq!(world.service.stats().unwrap().backlog.queued, 1_200);
}

#[test]
fn what_could_not_be_read_is_not_taken_for_silence() {
    let world = World::new();
    world.create(rule(json!({ "duration": "1m" })));
    world.cpu_from("a", 0, 50, 95.0);
    world.ticks(0, 55);
    world.memory.is_broken.store(true, Ordering::SeqCst);
    assert_eq!(world.tick(60).fired, 0, "nothing fires on what was not read");
    assert_eq!(world.state("hot"), "pending");
}

#[test]
fn one_series_that_cannot_be_read_keeps_its_place_and_holds_nobody_up() {
    let world = World::new();
    world.create(rule(json!({})));
    for host in ["a", "b"] {
        world.cpu_from(host, 0, 50, 95.0);
    }
    world.ticks(0, 50);
    *world.memory.unreadable.lock() = Some("a".to_owned());
    world.cpu("a", 55, 5.0);
    assert_eq!(world.tick(60).fired, 1, "host b");
    let view = world.service.get("hot").unwrap();
    let states: Vec<_> = view.instances.iter().map(|i| (&*i.labels["host"], i.state)).collect();
    assert_eq!(states, [("b", "firing"), ("a", "pending")]);
    let said = "read failed: block 42: checksum mismatch";
    assert_eq!((view.health, view.last_error.as_deref()), ("error", Some(said)));
    *world.memory.unreadable.lock() = None;
    assert_eq!(world.tick(65).fired, 0, "what was not read is read now");
}
