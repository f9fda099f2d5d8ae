use super::*;
use crate::instance::Key;
use crate::notice::Notice;
use std::collections::BTreeMap;

fn notification(severity: Severity, target: &str, refused_by: Option<&str>) -> Notification {
    let at = Timestamp::from_secs(1_000);
    Notification {
        id: 7,
        key: Key { rule_id: "r".to_owned(), hash: "h".to_owned() },
        epoch: 1,
        kind: Kind::Trigger,
        target: target.to_owned(),
        channel: target.to_owned(),
        notice: Notice {
            rule_id: "r".to_owned(),
            rule_name: "r".to_owned(),
            severity,
            subject: "cpu".to_owned(),
            condition: "> 1".to_owned(),
            watched: "cpu".to_owned(),
            threshold: Some(1.0),
            labels: BTreeMap::new(),
            hash: "h".to_owned(),
            epoch: 1,
            value: Some(2.0),
            peak: None,
            fired_at: String::new(),
            resolved_at: None,
            cause: None,
            acknowledged_by: None,
            created_by: None,
            notify: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
            dedup_key: "k".to_owned(),
            refused_by: refused_by.map(str::to_owned),
        },
        status: Status::Claimed,
        reason: None,
        created_at: at,
        first_due_at: at,
        due_at: at,
        attempts: 1,
    }
}

fn channels() -> Channels {
    let webhook = |name: &str| {
        let config = serde_json::json!({ "type": "webhook", "url": "http://127.0.0.1:1/" });
        (name.to_owned(), serde_json::from_value(config).unwrap())
    };
    Channels::new(["a", "b", "c"].map(webhook).into(), "").unwrap()
}

#[test]
fn waits_double_are_capped_and_spread() {
    for attempts in 1..100 {
        let full = (1i64 << (attempts - 1).min(30)).min(300) * 1_000_000_000;
        for id in 0..50 {
            let wait = backoff(id, attempts).0;
            assert!(wait >= full / 2 && wait <= full, "attempt {attempts}: {wait}");
        }
    }
    let spread: std::collections::BTreeSet<_> = (0..50).map(|id| backoff(id, 5)).collect();
    assert!(spread.len() > 40);
}

#[test]
fn fallbacks_go_round_and_end() {
    let next = |target, refused_by| {
        let refused = notification(Severity::Critical, target, refused_by);
        fallback(&refused, &channels(), Timestamp::EPOCH)
            .map(|row| (row.target, row.notice.refused_by))
    };
    let to = |target: &str, by: &str| Some((target.to_owned(), Some(by.to_owned())));
    assert_eq!(next("a", None), to("b", "a"));
    assert_eq!(next("b", Some("a")), to("c", "a"));
    assert_eq!(next("c", Some("a")), None, "round once");
    assert_eq!(next("c", None), to("a", "c"));
    let info = notification(Severity::Info, "a", None);
    assert_eq!(fallback(&info, &channels(), Timestamp::EPOCH), None);
}

#[test]
fn only_critical_ones_are_retried_for_more_than_a_day() {
    let reply = Reply::Retry { after: None, receiver_down: true };
    let outcome = |severity, secs: i64| {
        let now = Timestamp::from_secs(1_000 + secs);
        verdict(&notification(severity, "a", None), &reply, now).1
    };
    assert_eq!(outcome(Severity::Warning, 86_399), Outcome::Retry);
    assert_eq!(outcome(Severity::Warning, 86_400), Outcome::Failed);
    assert_eq!(outcome(Severity::Critical, 864_000), Outcome::Retry);
}

#[test]
fn a_wait_that_was_asked_for_is_kept() {
    let wait = |after| {
        let reply = Reply::Retry { after, receiver_down: true };
        let now = Timestamp::from_secs(1_000);
        match verdict(&notification(Severity::Info, "a", None), &reply, now).0 {
            Verdict::Again(due) => due - now,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(wait(Some(Span::from_secs(77))), Span::from_secs(77));
    assert_eq!(wait(Some(Span::ZERO)), BACKOFF_FIRST);
    assert!(wait(None) <= BACKOFF_FIRST);
}
