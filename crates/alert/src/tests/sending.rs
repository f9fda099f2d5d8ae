//! Receivers that are slow, busy, broken or stubborn.

use super::receiver::Answer;
use super::world::{World, rule};
use crate::store::{Outcome, read};
use serde_json::json;

/// A rule that fires at once; it has fired for host a.
fn fired(changes: serde_json::Value) -> World {
    let world = World::new();
    let mut rule = rule(json!({ "duration": "0s" }));
    for (field, value) in changes.as_object().unwrap() {
        rule[field] = value.clone();
    }
    world.create(rule);
    world.cpu("a", 0, 95.0);
    world.tick(0);
    world
}

#[test]
fn a_busy_receiver_is_left_alone_for_as_long_as_it_asks() {
    let world = fired(json!({ "notify": ["slack"] }));
    world.receiver.plan("/slack", Answer::Http(429, "Retry-After: 30\r\n", "rate_limited"));
    assert_eq!(world.deliver().retried, 1);
    world.go(29);
    assert_eq!(world.deliver(), Default::default());
    world.go(30);
    assert_eq!(world.deliver().delivered, 1);
    let id = world.outbox("hot")[0].id;
    let attempts = read(&*world.store, |reader| reader.attempts(id));
    let attempts: Vec<_> =
        attempts.unwrap().into_iter().map(|a| (a.outcome, a.status, a.response)).collect();
    assert_eq!(
        attempts,
        [
            (Outcome::Retry, Some(429), "rate_limited".to_owned()),
            (Outcome::Delivered, Some(200), "ok".to_owned()),
        ]
    );
}

#[test]
fn a_rest_is_the_whole_receivers() {
    let world = fired(json!({ "notify": ["slack"] }));
    world.cpu("b", 1, 95.0);
    world.tick(1);
    world.receiver.plan("/slack", Answer::Http(429, "Retry-After: 30\r\n", ""));
    world.deliver();
    assert_eq!(world.receiver.requests("/slack").len(), 1, "host b is not tried meanwhile");
    world.go(31);
    assert_eq!(world.deliver().delivered, 2);
}

#[test]
fn a_page_in_slacks_place_is_no_delivery() {
    let world = fired(json!({ "notify": ["slack"] }));
    world.receiver.plan("/slack", Answer::Http(200, "", "<html>Welcome to the hotel</html>"));
    assert_eq!(world.deliver().retried, 1);
    world.go(10);
    assert_eq!(world.deliver().delivered, 1);
}

#[test]
fn many_go_out_side_by_side_once_the_first_went_well() {
    let world = fired(json!({ "notify": ["pagerduty"], "severity": "warning" }));
    for host in 0..40 {
        world.cpu(&format!("h{host}"), 1, 95.0);
    }
    world.tick(1);
    world.receiver.plan("/pagerduty", Answer::Http(503, "", "later"));
    // The first is answered 503 and waits; the others are not held up, and go out once.
    let report = world.deliver();
    assert_eq!((report.delivered, report.retried), (40, 1));
    world.go(10);
    assert_eq!(world.deliver().delivered, 1);
    let heard = world.heard("/pagerduty");
    assert_eq!(heard.len(), 42, "only the first is heard twice");
    assert_eq!(heard.iter().collect::<std::collections::BTreeSet<_>>().len(), 41);
}

#[test]
fn a_resolve_never_overtakes_its_trigger() {
    let world = fired(json!({}));
    world.receiver.plan("/pagerduty", Answer::HangUp);
    world.receiver.plan("/pagerduty", Answer::Http(503, "", "later"));
    assert_eq!(world.deliver().retried, 1);
    world.cpu("a", 1, 5.0);
    world.tick(1);
    world.go(3);
    world.deliver();
    assert!(world.actions().len() <= 1, "the resolve waits");
    world.go(60);
    world.deliver();
    assert_eq!(world.actions(), ["trigger", "trigger", "resolve"], "the first was answered 503");
}

#[test]
fn a_refusal_is_final_and_a_critical_page_goes_to_the_next_channel() {
    let world = fired(json!({ "notify": ["pagerduty", "slack"] }));
    world.receiver.plan("/pagerduty", Answer::Http(400, "", "invalid routing key"));
    let report = world.deliver();
    assert_eq!((report.failed, report.delivered), (1, 2));
    let heard = world.heard("/slack");
    assert!(heard[1].contains("pagerduty refused this: cpu usage_user is 95"), "{heard:?}");
    world.cpu("a", 10, 5.0);
    world.tick(10);
    world.deliver();
    assert_eq!(world.heard("/slack").len(), 3, "one resolve, however often it was told");
    assert_eq!(
        world.standing("hot"),
        [
            "trigger pagerduty failed",
            "trigger slack sent",
            "trigger slack sent",
            "resolve pagerduty suppressed",
            "resolve slack sent",
        ]
    );
}

#[test]
fn a_refusal_of_what_is_not_critical_is_only_written_down() {
    let world = fired(json!({ "severity": "warning", "notify": ["pagerduty", "slack"] }));
    world.receiver.plan("/pagerduty", Answer::Http(400, "", "no"));
    world.deliver();
    assert_eq!(world.heard("/slack").len(), 1);
}

#[test]
fn when_all_refuse_it_ends() {
    let world = fired(json!({ "notify": ["pagerduty", "slack", "webhook"] }));
    for path in ["/pagerduty", "/slack", "/webhook"] {
        (0..9).for_each(|_| world.receiver.plan(path, Answer::Http(404, "", "gone")));
    }
    world.deliver();
    assert!(world.standing("hot").len() <= 9);
    assert!(world.standing("hot").iter().all(|line| line.ends_with("failed")));
}

#[test]
fn a_resolve_that_waits_behind_a_refused_trigger_is_dropped() {
    let world = fired(json!({}));
    world.cpu("a", 10, 5.0);
    world.tick(10);
    world.receiver.plan("/pagerduty", Answer::Http(400, "", "no"));
    world.deliver();
    assert_eq!(world.standing("hot"), ["trigger pagerduty failed", "resolve pagerduty suppressed"]);
    assert_eq!(world.actions(), ["trigger"]);
}

#[test]
fn critical_pages_are_retried_without_end_and_others_for_a_day() {
    for (severity, last) in [("critical", "queued"), ("warning", "failed")] {
        let world = fired(json!({ "severity": severity }));
        for hour in 0..30 {
            world.receiver.plan("/pagerduty", Answer::Http(500, "", "down"));
            world.go(hour * 3_600);
            world.deliver();
        }
        assert_eq!(world.standing("hot"), [format!("trigger pagerduty {last}")]);
        world.go(31 * 3_600);
        world.deliver();
        let delivered = world.standing("hot")[0] == "trigger pagerduty sent";
        assert_eq!(delivered, severity == "critical");
    }
}

#[test]
fn one_broken_channel_does_not_keep_the_others_waiting() {
    let world = fired(json!({ "notify": ["pagerduty", "slack"] }));
    world.receiver.plan("/pagerduty", Answer::HangUp);
    let report = world.deliver();
    assert_eq!((report.delivered, report.retried), (1, 1));
    assert_eq!(world.heard("/slack").len(), 1);
}

#[test]
fn rooms_of_slack_are_told_through_the_slack_channel() {
    let world = fired(json!({ "notify": ["slack", "#ops-channel"] }));
    world.deliver();
    let requests = world.receiver.requests("/slack");
    assert_eq!(requests[0].body.get("channel"), None);
    assert_eq!(requests[1].body["channel"], "#ops-channel");
    assert_ne!(requests[0].headers["idempotency-key"], "");
}

#[test]
fn how_things_stand_is_counted() {
    let world = fired(json!({ "notify": ["pagerduty", "slack"] }));
    world.receiver.plan("/pagerduty", Answer::Http(500, "", ""));
    world.deliver();
    world.cpu("b", 2, 95.0);
    world.tick(7);
    let stats = world.service.stats().unwrap();
    assert_eq!((stats.fired, stats.resolved, stats.rules, stats.ticks), (2, 0, 1, 2));
    let attempts = [("pagerduty", "retry", 1), ("slack", "delivered", 1)];
    assert_eq!(stats.attempts, attempts.map(|(c, o, n)| (c.to_owned(), o, n)));
    assert_eq!(stats.backlog.queued, 3);
    assert_eq!(stats.backlog.oldest, Some(model::Span::from_secs(7)));
    assert!(stats.instances.contains(&("firing", 2)));
}

#[test]
fn a_room_is_told_once_its_slack_channel_is_back() {
    let mut world = fired(json!({ "notify": ["#ops-channel", "pagerduty"] }));
    world.deliver();
    let mut without = super::world::channels(&world.receiver);
    without.remove("slack");
    let open = |channels| {
        crate::Service::open(
            world.store.clone(),
            world.memory.clone(),
            world.scripted.clone(),
            world.clock.clone(),
            channels,
            crate::Options::default(),
        )
    };
    let without = open(without).unwrap();
    world.cpu("b", 5, 95.0);
    world.go(5);
    assert_eq!(without.tick(world.now()).unwrap().fired, 1);
    let report = without.deliver(world.now()).unwrap();
    assert_eq!((report.retried, report.delivered), (1, 2), "PagerDuty hears its own and this");
    world.restart();
    world.go(60);
    assert_eq!(world.deliver().delivered, 1);
    assert_eq!(world.receiver.requests("/slack")[1].body["channel"], "#ops-channel");
}

#[test]
fn a_receiver_that_was_down_for_long_is_tried_again_soon() {
    let world = fired(json!({}));
    (0..9).for_each(|_| world.receiver.plan("/pagerduty", Answer::HangUp));
    let mut now = 0;
    while world.outbox("hot")[0].attempts < 9 {
        now += 1;
        world.go(now);
        world.deliver();
    }
    world.cpu("b", now, 95.0);
    world.tick(now);
    world.go(now + 30);
    assert_eq!(world.deliver().delivered, 1, "host a waits longer, host b does not");
    assert!(world.heard("/pagerduty")[0].contains(&world.outbox("hot")[1].key.hash));
}
