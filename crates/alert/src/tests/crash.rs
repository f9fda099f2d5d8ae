//! The process dies at every write, before and after it is durable. What it leaves is
//! picked up: each transition is there once, each notification arrives at least once and
//! under one key.

use super::world::{Failing, World, rule};
use crate::store::{Claim, Store, write};
use model::Span;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Lives through one firing with its resolve; ends early when the store dies.
fn live(world: &World, service: &crate::Service, from: i64) {
    for secs in (from..=200).step_by(5) {
        world.go(secs);
        if service.tick(world.now()).is_err() || service.deliver(world.now()).is_err() {
            return;
        }
    }
}

fn seed(world: &World) {
    world.create(rule(json!({ "notify": ["pagerduty", "slack"], "cooldown": "5m" })));
    world.cpu_from("a", 0, 90, 95.0);
    world.cpu_from("a", 100, 300, 5.0);
}

fn check_outcome(world: &World, context: &str) {
    let history = world.history("hot");
    assert_eq!(history.len(), 1, "{context}: each transition once");
    assert!(history[0].resolved_at.is_some(), "{context}");
    for path in ["/pagerduty", "/slack"] {
        let heard = world.heard(path);
        let (first, last) = (&heard[0], &heard[heard.len() - 1]);
        let kind = |text: &String| text.starts_with("resolve ") || text.contains("Resolved");
        assert!(!kind(first) && kind(last), "{context}: {heard:?}");
        let switches = heard.windows(2).filter(|pair| kind(&pair[0]) != kind(&pair[1])).count();
        assert_eq!(switches, 1, "{context}: in order: {heard:?}");
        assert!(heard.len() <= 3, "{context}: at most the one in flight twice: {heard:?}");
    }
    let keys: BTreeSet<_> = world
        .heard("/pagerduty")
        .iter()
        .map(|text| text.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(keys.len(), 1, "{context}: one key for all");
}

#[test]
fn dying_at_any_write_loses_nothing_and_doubles_no_transition() {
    let mut died = 0;
    for after_commit in [false, true] {
        for fails_at in 0.. {
            let context = format!("write {fails_at}, after commit: {after_commit}");
            let mut world = World::new();
            seed(&world);
            let failing = Arc::new(Failing::new(world.store.clone(), fails_at, after_commit));
            let store: Arc<dyn Store> = failing.clone();
            let service = world.try_open(&store).unwrap();
            live(&world, &service, 0);
            let dead = failing.is_dead.load(Ordering::SeqCst);
            drop((service, store, failing));
            world.restart();
            let now = (world.now().0 / 1_000_000_000) - super::world::START;
            live(&world, &world.service.clone(), now);
            // What a dead process had claimed is due again after its lease.
            world.go(260);
            world.deliver();
            check_outcome(&world, &context);
            if !dead {
                break;
            }
            died += 1;
        }
    }
    assert!(died > 20, "the test dies often enough to mean something: {died}");
}

#[test]
fn a_claim_of_a_dead_process_is_taken_over_after_its_lease() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    let now = world.now();
    let claim = Claim {
        channel: "pagerduty",
        now,
        until: now + Span::from_secs(20),
        owner: "dead",
        count_max: 1,
    };
    assert_eq!(write(&*world.store, |tx| tx.claim(&claim)).unwrap().len(), 1);
    world.restart();
    world.go(19);
    assert_eq!(world.deliver().delivered, 0);
    world.go(20);
    assert_eq!(world.deliver().delivered, 1);
    assert_eq!(world.outbox("hot")[0].attempts, 2);
}

#[test]
fn who_owns_the_store_takes_over_at_once() {
    let mut world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    world.cpu("a", 0, 95.0);
    world.tick(0);
    let now = world.now();
    let until = now + Span::from_secs(20);
    let claim = Claim { channel: "pagerduty", now, until, owner: "dead", count_max: 1 };
    assert_eq!(write(&*world.store, |tx| tx.claim(&claim)).unwrap().len(), 1);
    world.service = crate::Service::open(
        world.store.clone(),
        world.memory.clone(),
        world.scripted.clone(),
        world.clock.clone(),
        super::world::channels(&world.receiver),
        crate::Options { owns_store: true, ..crate::Options::default() },
    )
    .unwrap();
    assert_eq!(world.deliver().delivered, 1, "long before the lease ends");
    assert_eq!(world.outbox("hot")[0].attempts, 2);
}

#[test]
fn two_services_on_one_database_double_nothing() {
    let world = World::new();
    world.create(rule(json!({ "duration": "30s" })));
    for host in 0..20 {
        world.cpu_from(&host.to_string(), 0, 90, 95.0);
        world.cpu_from(&host.to_string(), 100, 200, 5.0);
    }
    let services = [world.service.clone(), world.second()];
    for secs in (0..=200).step_by(5) {
        world.go(secs);
        let now = world.now();
        std::thread::scope(|scope| {
            for service in &services {
                scope.spawn(move || {
                    service.tick(now).unwrap();
                    service.deliver(now).unwrap();
                });
            }
        });
    }
    let history = world.history("hot");
    assert_eq!(history.len(), 20);
    assert!(history.iter().all(|firing| firing.epoch == 1 && firing.resolved_at.is_some()));
    let heard = world.heard("/pagerduty");
    assert_eq!(heard.len(), 40, "every key is told twice: trigger and resolve");
    assert_eq!(heard.iter().collect::<BTreeSet<_>>().len(), 40);
    let stats = services.map(|service| service.stats().unwrap());
    assert_eq!(stats[0].fired + stats[1].fired, 20);
}

#[test]
fn a_service_that_fell_behind_catches_up_and_does_not_repeat() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    let late = world.second();
    world.cpu("a", 0, 95.0);
    world.tick(0);
    world.cpu("a", 10, 5.0);
    world.tick(10);
    world.cpu("a", 20, 95.0);
    world.tick(20);
    for _ in 0..3 {
        late.tick(world.now()).unwrap();
    }
    assert_eq!(world.history("hot").len(), 2);
    assert_eq!(late.get("hot").unwrap().state, "firing");
}

#[test]
fn a_tick_that_read_an_old_rule_writes_nothing() {
    let world = World::new();
    world.create(rule(json!({ "duration": "0s" })));
    let other = world.second();
    world.cpu("a", 0, 95.0);
    // The other process replaces the rule after this one has loaded it; the tick notices,
    // whether at its start or at its commit.
    let calmer = crate::RuleInput::from_value(rule(json!({ "threshold": 99 }))).unwrap();
    other.replace("hot", calmer).unwrap();
    world.tick(0);
    assert!(world.history("hot").is_empty());
}
