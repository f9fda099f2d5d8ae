//! The threads on a real clock: they wake at once, hold nobody up, and end when told to.

use super::receiver::{Answer, Receiver};
use super::world::{Memory, Scripted, channels, rule};
use crate::{Options, RuleInput, Service, Sqlite};
use model::Span;
use model::port::{Clock, SystemClock};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Live {
    service: Service,
    memory: Arc<Memory>,
    receiver: Receiver,
    _folder: tempfile::TempDir,
}

fn live() -> Live {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&folder.path().join("alerts.db")).unwrap());
    let (memory, receiver) = (Arc::new(Memory::default()), Receiver::start());
    let options = Options { evaluation_interval: Span::from_millis(50), ..Options::default() };
    let service = Service::open(
        store,
        memory.clone(),
        Arc::new(Scripted::default()),
        Arc::new(SystemClock),
        channels(&receiver),
        options,
    )
    .unwrap();
    Live { service, memory, receiver, _folder: folder }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < until, "{what} within ten seconds");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_breach_is_told_soon_and_a_slow_channel_holds_nobody_up() {
    let live = live();
    let running = live.service.start().unwrap();
    live.receiver.plan("/slack", Answer::Slow(Duration::from_secs(2)));
    let input = rule(json!({ "duration": "0s", "notify": ["slack", "pagerduty", "webhook"] }));
    live.service.create(RuleInput::from_value(input).unwrap()).unwrap();
    let begun = Instant::now();
    live.memory.write("cpu.usage_user,host=a", SystemClock.now(), 95.0);
    eventually("pagerduty hears", || !live.receiver.requests("/pagerduty").is_empty());
    eventually("the webhook hears", || !live.receiver.requests("/webhook").is_empty());
    assert!(live.receiver.requests("/slack").is_empty(), "Slack is still busy");
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(running.stop(Duration::from_secs(10)), "it waits for what is being sent");
    assert_eq!(live.receiver.requests("/slack").len(), 1);
    assert_eq!(live.service.stats().unwrap().backlog.queued, 0, "and it is marked");
}

#[test]
fn stopping_is_quick_when_there_is_nothing_to_do() {
    let live = live();
    let running = live.service.start().unwrap();
    eventually("a tick", || live.service.stats().unwrap().ticks > 1);
    let begun = Instant::now();
    assert!(running.stop(Duration::from_secs(5)));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_deadline_that_passes_is_said() {
    let live = live();
    let running = live.service.start().unwrap();
    live.receiver.plan("/slack", Answer::Slow(Duration::from_secs(3)));
    let input = rule(json!({ "duration": "0s", "notify": ["slack", "pagerduty"] }));
    live.service.create(RuleInput::from_value(input).unwrap()).unwrap();
    live.memory.write("cpu.usage_user,host=a", SystemClock.now(), 95.0);
    eventually("pagerduty hears", || !live.receiver.requests("/pagerduty").is_empty());
    std::thread::sleep(Duration::from_millis(200));
    assert!(!running.stop(Duration::from_millis(50)));
    assert_eq!(live.service.stats().unwrap().backlog.queued, 1, "its claim outlives us");
}

#[test]
fn what_is_for_a_channel_that_is_gone_is_handed_on() {
    let live = live();
    let input = rule(json!({ "duration": "0s", "notify": ["pagerduty", "slack"] }));
    live.service.create(RuleInput::from_value(input).unwrap()).unwrap();
    live.memory.write("cpu.usage_user,host=a", SystemClock.now(), 95.0);
    live.service.tick(SystemClock.now()).unwrap();
    let store = live.service.inner.store.clone();
    let mut fewer = channels(&live.receiver);
    fewer.remove("pagerduty");
    let service = Service::open(
        store,
        live.memory.clone(),
        Arc::new(Scripted::default()),
        Arc::new(SystemClock),
        fewer,
        Options::default(),
    )
    .unwrap();
    let running = service.start().unwrap();
    eventually("Slack hears both", || live.receiver.requests("/slack").len() == 2);
    assert!(running.stop(Duration::from_secs(10)));
}
