//! What every store must do, whatever it is made of. A store's tests call [`check`] with
//! an empty database, and run this whole suite.

use super::{
    Acknowledgement, Attempt, Audit, Checkpoint, Claim, FiringRecord, Guard, Notification, Outcome,
    Status, Store, Transaction, Verdict, read, write,
};
use crate::Error;
use crate::decide::Cause;
use crate::instance::{Health, Instance, Key, Progress, State};
use crate::notice::{Kind, Notice};
use crate::rule::{Condition, Query, Rule, Severity};
use model::port::Compare;
use model::{Labels, Span, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};

/// Runs every check on `store`, which must be empty.
pub(crate) fn check(store: &dyn Store) {
    rules_are_kept_replaced_and_deleted(store);
    a_failed_write_leaves_no_trace(store);
    // Before others leave something behind.
    the_backlog_is_counted(store);
    instances_move_only_from_where_they_stand(store);
    checkpoints_move_no_state(store);
    a_firing_is_there_once(store);
    a_notification_is_there_once(store);
    lanes_are_first_in_first_out(store);
    claims_are_exclusive_until_their_lease_ends(store);
    released_claims_are_due_at_once(store);
    attempts_settle_only_what_is_claimed(store);
    suppression_spares_what_is_under_way(store);
    changes_are_logged_and_versioned(store);
    deleting_a_rule_keeps_its_history(store);
    writers_take_turns(store);
}

fn at(secs: i64) -> Timestamp {
    // Microseconds are what a store promises to keep.
    Timestamp::from_secs(1_700_000_000 + secs) + Span(123_456_000)
}

pub(crate) fn rule(id: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        name: format!("{id}'s \"name\""),
        query: Query::Metric("cpu_usage".to_owned()),
        condition: Some(Condition {
            word: "greater_than".to_owned(),
            compare: Compare::Gt,
            threshold: 0.1 + 0.2,
        }),
        recovery_threshold: Some(0.1),
        duration: Span::from_secs(90),
        severity: Severity::Critical,
        tags_filter: [("region".to_owned(), "us-east-1".to_owned())].into(),
        notify: vec!["pagerduty".to_owned(), "#ops".to_owned()],
        cooldown: Span::from_millis(1_500),
        enabled: true,
        created_by: Some("user_123".to_owned()),
        created_at: at(0),
        updated_at: at(1),
        revision: 1,
        judged_at: at(0) + Span(7),
    }
}

fn add_rule(store: &dyn Store, id: &str) {
    assert!(write(store, |tx| tx.insert_rule(&rule(id))).unwrap());
}

fn instance(rule_id: &str, host: &str) -> Instance {
    let labels = Labels::from_pairs([("host", host), ("quote", "\"'\\")]);
    Instance {
        key: Key::new(rule_id, &labels),
        labels,
        progress: Progress {
            state: State::Pending,
            since: at(5),
            epoch: 0,
            fired_at: None,
            judged_at: Some(at(6) + Span(1)),
            interval: Some(Span::from_secs(10)),
            value: Some(0.1 + 0.7),
            peak: None,
            health: Health::Ok,
        },
        cooldown_until: None,
    }
}

fn firing(instance: &Instance, epoch: i64) -> FiringRecord {
    FiringRecord {
        key: instance.key.clone(),
        epoch,
        rule_name: "name".to_owned(),
        severity: Severity::Warning,
        labels: instance.labels.clone(),
        value: Some(1.5),
        peak_value: Some(1.5),
        fired_at: at(10 + epoch),
        resolved: None,
        acknowledged: None,
    }
}

fn notification(instance: &Instance, epoch: i64, kind: Kind, target: &str) -> Notification {
    let notice = Notice {
        rule_id: instance.key.rule_id.clone(),
        rule_name: "name".to_owned(),
        severity: Severity::Warning,
        subject: "cpu".to_owned(),
        condition: "> 1".to_owned(),
        watched: "cpu".to_owned(),
        threshold: Some(1.0),
        labels: [("host".to_owned(), "ü\n".to_owned())].into(),
        hash: instance.key.hash.clone(),
        epoch,
        value: Some(0.1 + 0.2),
        peak: None,
        fired_at: String::new(),
        resolved_at: None,
        cause: None,
        acknowledged_by: None,
        created_by: None,
        notify: vec![target.to_owned()],
        dedup_key: instance.key.dedup_key(epoch),
        refused_by: None,
    };
    Notification {
        id: 0,
        key: instance.key.clone(),
        epoch,
        kind,
        target: target.to_owned(),
        channel: target.to_owned(),
        notice,
        status: Status::Queued,
        reason: None,
        created_at: at(10),
        first_due_at: at(10),
        due_at: at(10),
        attempts: 0,
    }
}

/// A fired instance of a rule of its own, with these notifications in the outbox.
fn outbox(store: &dyn Store, id: &str, rows: &[(Kind, &str)]) -> Instance {
    add_rule(store, id);
    let instance = instance(id, "a");
    write(store, |tx| {
        assert!(tx.open_firing(&firing(&instance, 1))?);
        for (kind, target) in rows {
            assert!(tx.enqueue(&notification(&instance, 1, *kind, target))?);
        }
        Ok(())
    })
    .unwrap();
    instance
}

fn claim<'a>(channel: &'a str, owner: &'a str, now: Timestamp) -> Claim<'a> {
    Claim { channel, now, until: now + Span::from_secs(20), owner, count_max: 10 }
}

fn claimed(store: &dyn Store, claim: &Claim<'_>) -> Vec<Notification> {
    write(store, |tx| tx.claim(claim)).unwrap()
}

fn attempt(notification: i64, outcome: Outcome) -> Attempt {
    Attempt {
        notification,
        at: at(20),
        outcome,
        status: Some(202),
        latency: Span::from_millis(12),
        response: "said".to_owned(),
    }
}

fn settle(store: &dyn Store, id: i64, verdict: &Verdict, owner: &str) -> bool {
    let outcome = match verdict {
        Verdict::Sent => Outcome::Delivered,
        Verdict::Again(_) => Outcome::Retry,
        Verdict::Failed(_) => Outcome::Failed,
    };
    write(store, |tx| tx.settle(&attempt(id, outcome), verdict, owner)).unwrap()
}

fn rules_are_kept_replaced_and_deleted(store: &dyn Store) {
    let first = rule("rules-a");
    assert!(write(store, |tx| tx.insert_rule(&first)).unwrap());
    assert!(!write(store, |tx| tx.insert_rule(&first)).unwrap(), "an id is there once");
    let plain = Rule {
        query: Query::Expr("up == 0".to_owned()),
        condition: None,
        recovery_threshold: None,
        created_by: None,
        enabled: false,
        created_at: at(3),
        ..rule("rules-b")
    };
    assert!(write(store, |tx| tx.insert_rule(&plain)).unwrap());
    let all = read(store, |reader| reader.rules()).unwrap();
    assert_eq!(all, [first.clone(), plain.clone()], "the oldest first, bit for bit");
    let changed = Rule { revision: 2, name: "new".to_owned(), ..first };
    write(store, |tx| tx.update_rule(&changed)).unwrap();
    assert_eq!(read(store, |reader| reader.rule("rules-a")).unwrap(), Some(changed));
    for id in ["rules-a", "rules-b"] {
        write(store, |tx| tx.delete_rule(id)).unwrap();
    }
    assert_eq!(read(store, |reader| reader.rule("rules-a")).unwrap(), None);
}

fn a_failed_write_leaves_no_trace(store: &dyn Store) {
    let failed = write(store, |tx| {
        tx.insert_rule(&rule("undone"))?;
        assert!(tx.rule("undone")?.is_some(), "a transaction sees what it has done");
        Err::<(), _>(Error::Channel { name: "x".to_owned(), what: "stop here".to_owned() })
    });
    assert!(failed.is_err());
    assert_eq!(read(store, |reader| reader.rule("undone")).unwrap(), None);
}

fn instances_move_only_from_where_they_stand(store: &dyn Store) {
    let orphan = instance("nobody", "a");
    assert!(!write(store, |tx| tx.insert_instance(&orphan)).unwrap(), "its rule is gone");
    add_rule(store, "moves");
    let before = instance("moves", "a");
    assert!(write(store, |tx| tx.insert_instance(&before)).unwrap());
    assert!(!write(store, |tx| tx.insert_instance(&before)).unwrap());
    assert_eq!(
        read(store, |r| r.instances("moves")).unwrap(),
        std::slice::from_ref(&before),
        "bit for bit"
    );
    let mut after = before.clone();
    after.progress.state = State::Firing;
    after.progress.epoch = 1;
    after.progress.since = at(65);
    after.progress.fired_at = Some(at(65));
    after.progress.peak = Some(99.0);
    after.progress.health = Health::NoData;
    after.cooldown_until = Some(at(1_000));
    let right = Guard::of(&before.progress);
    let wrong = [
        Guard { epoch: 1, ..right.clone() },
        Guard { state: State::Firing, ..right.clone() },
        Guard { since: at(4), ..right.clone() },
    ];
    for guard in &wrong {
        assert!(!write(store, |tx| tx.update_instance(guard, &after)).unwrap(), "{guard:?}");
    }
    assert!(write(store, |tx| tx.update_instance(&right, &after)).unwrap());
    assert!(!write(store, |tx| tx.update_instance(&right, &after)).unwrap(), "not twice");
    assert_eq!(read(store, |reader| reader.instances("moves")).unwrap(), [after]);
    write(store, |tx| tx.delete_instances("moves")).unwrap();
    assert!(read(store, |reader| reader.instances("moves")).unwrap().is_empty());
}

fn checkpoints_move_no_state(store: &dyn Store) {
    add_rule(store, "points");
    let mut instance = instance("points", "a");
    instance.progress.state = State::Firing;
    instance.progress.epoch = 1;
    write(store, |tx| {
        tx.insert_instance(&instance)?;
        tx.open_firing(&firing(&instance, 1))
    })
    .unwrap();
    let guard = Guard::of(&instance.progress);
    let point = |guard: &Guard, judged: i64, peak: f64| {
        let judged_at = Some(at(judged));
        let progress = Progress {
            judged_at,
            peak: Some(peak),
            state: State::Resolved,
            ..instance.progress.clone()
        };
        let (guard, progress, key) = (guard.clone(), &progress, &instance.key);
        write(store, |tx| {
            tx.checkpoint(&Checkpoint::Instance { key, guard: guard.clone(), progress })
        })
        .unwrap();
        let found = read(store, |reader| reader.instances("points")).unwrap();
        assert_eq!(found[0].progress.state, State::Firing);
        (found[0].progress.judged_at, found[0].progress.peak)
    };
    let peak = || read(store, |r| r.open_firings("points")).unwrap()[0].peak_value;
    assert_eq!(point(&guard, 100, 7.0), (Some(at(100)), Some(7.0)));
    assert_eq!(peak(), Some(7.0), "history hears of the peak");
    assert_eq!(point(&guard, 90, 8.0).0, Some(at(100)), "judging never goes back");
    assert_eq!(point(&Guard { epoch: 2, ..guard }, 200, 8.0).0, Some(at(100)));
    assert_eq!(peak(), Some(7.0));
    let judge = |secs| Checkpoint::Rule { id: "points", judged_at: at(secs) };
    write(store, |tx| tx.checkpoint(&judge(50))).unwrap();
    write(store, |tx| tx.checkpoint(&judge(40))).unwrap();
    let rule = read(store, |reader| reader.rule("points")).unwrap().unwrap();
    assert_eq!((rule.judged_at, rule.revision), (at(50), 1));
}

fn a_firing_is_there_once(store: &dyn Store) {
    add_rule(store, "once");
    let instance = instance("once", "a");
    let (first, second) = (firing(&instance, 1), firing(&instance, 2));
    assert_eq!(read(store, |reader| reader.last_epoch(&instance.key)).unwrap(), 0);
    assert!(write(store, |tx| tx.open_firing(&first)).unwrap());
    assert!(!write(store, |tx| tx.open_firing(&first)).unwrap());
    let closed = FiringRecord {
        resolved: Some((at(50), Cause::Expired)),
        peak_value: Some(77.0),
        ..first.clone()
    };
    assert!(write(store, |tx| tx.close_firing(&closed)).unwrap());
    assert!(!write(store, |tx| tx.close_firing(&closed)).unwrap());
    assert!(!write(store, |tx| tx.open_firing(&first)).unwrap(), "an epoch never comes back");
    assert!(write(store, |tx| tx.open_firing(&second)).unwrap());
    let by = Acknowledgement { at: at(60), by: Some("ann".to_owned()), comment: None };
    write(store, |tx| tx.acknowledge(&instance.key, 2, &by)).unwrap();
    let second = FiringRecord { acknowledged: Some(by), ..second };
    assert_eq!(read(store, |reader| reader.last_epoch(&instance.key)).unwrap(), 2);
    assert_eq!(read(store, |r| r.firings("once", 9)).unwrap(), [second.clone(), closed]);
    assert_eq!(read(store, |r| r.firings("once", 1)).unwrap(), std::slice::from_ref(&second));
    assert_eq!(read(store, |r| r.open_firings("once")).unwrap(), [second]);
}

fn a_notification_is_there_once(store: &dyn Store) {
    let instance = outbox(store, "unique", &[(Kind::Trigger, "unique-x")]);
    let again = notification(&instance, 1, Kind::Trigger, "unique-x");
    assert!(!write(store, |tx| tx.enqueue(&again)).unwrap());
    let mut handed_on = again.clone();
    handed_on.notice.refused_by = Some("other".to_owned());
    assert!(write(store, |tx| tx.enqueue(&handed_on)).unwrap());
    assert!(!write(store, |tx| tx.enqueue(&handed_on)).unwrap());
    let rows = read(store, |reader| reader.notifications(&instance.key, 1)).unwrap();
    let kept = Notification { id: rows[0].id, ..again };
    assert_eq!(rows[0], kept, "bit for bit");
    assert_eq!(rows.len(), 2);
    let unheard_of = notification(&instance, 9, Kind::Trigger, "unique-x");
    assert!(write(store, |tx| tx.enqueue(&unheard_of)).is_err(), "it tells of a firing");
}

fn lanes_are_first_in_first_out(store: &dyn Store) {
    let rows = [(Kind::Trigger, "lane-x"), (Kind::Resolve, "lane-x"), (Kind::Trigger, "lane-y")];
    outbox(store, "lanes", &rows);
    let now = at(10);
    let first = claimed(store, &claim("lane-x", "me", now));
    assert_eq!(first.iter().map(|row| row.kind).collect::<Vec<_>>(), [Kind::Trigger]);
    assert_eq!(read(store, |r| r.next_due("lane-x")).unwrap(), Some(now + Span::from_secs(20)));
    assert!(settle(store, first[0].id, &Verdict::Again(at(30)), "me"));
    assert!(claimed(store, &claim("lane-x", "me", at(29))).is_empty(), "the trigger is in front");
    assert_eq!(read(store, |r| r.next_due("lane-x")).unwrap(), Some(at(30)));
    let again = claimed(store, &claim("lane-x", "me", at(30)));
    assert_eq!((again[0].kind, again[0].attempts), (Kind::Trigger, 2));
    assert!(settle(store, again[0].id, &Verdict::Sent, "me"));
    let next = claimed(store, &claim("lane-x", "me", at(30)));
    assert_eq!(next.iter().map(|row| row.kind).collect::<Vec<_>>(), [Kind::Resolve]);
    assert!(settle(store, next[0].id, &Verdict::Sent, "me"));
    assert_eq!(read(store, |r| r.next_due("lane-x")).unwrap(), None);
    let other = claimed(store, &claim("lane-y", "me", now));
    assert_eq!(other.len(), 1, "targets are lanes of their own");
    assert!(settle(store, other[0].id, &Verdict::Sent, "me"));
}

fn claims_are_exclusive_until_their_lease_ends(store: &dyn Store) {
    outbox(store, "leases", &[(Kind::Trigger, "lease-x")]);
    let due = |secs| read(store, |reader| reader.due_channels(at(secs))).unwrap();
    assert!(!due(9).contains(&"lease-x".to_owned()));
    assert!(due(10).contains(&"lease-x".to_owned()));
    assert!(claimed(store, &claim("lease-x", "me", at(9))).is_empty(), "it is not due");
    let mine = claimed(store, &claim("lease-x", "me", at(10)));
    assert!(!due(10).contains(&"lease-x".to_owned()));
    assert!(claimed(store, &claim("lease-x", "you", at(29))).is_empty());
    let yours = claimed(store, &claim("lease-x", "you", at(30)));
    assert_eq!((yours[0].id, yours[0].attempts), (mine[0].id, 2));
    assert!(!settle(store, mine[0].id, &Verdict::Failed("late".to_owned()), "me"));
    assert!(settle(store, mine[0].id, &Verdict::Sent, "you"));
}

fn released_claims_are_due_at_once(store: &dyn Store) {
    outbox(store, "released", &[(Kind::Trigger, "released-x"), (Kind::Resolve, "released-x")]);
    let dead = claimed(store, &claim("released-x", "dead", at(10)));
    assert!(claimed(store, &claim("released-x", "me", at(11))).is_empty());
    assert_eq!(write(store, |tx| tx.release_claims()).unwrap(), 1);
    assert_eq!(write(store, |tx| tx.release_claims()).unwrap(), 0);
    let mine = claimed(store, &claim("released-x", "me", at(11)));
    assert_eq!((mine.len(), mine[0].id, mine[0].attempts), (1, dead[0].id, 2), "in its order");
    assert!(!settle(store, dead[0].id, &Verdict::Failed("late".to_owned()), "dead"));
    assert!(settle(store, mine[0].id, &Verdict::Sent, "me"));
}

fn attempts_settle_only_what_is_claimed(store: &dyn Store) {
    let instance = outbox(store, "settles", &[(Kind::Trigger, "settle-x")]);
    let id = claimed(store, &claim("settle-x", "me", at(10)))[0].id;
    assert!(settle(store, id, &Verdict::Failed("refused".to_owned()), "me"));
    assert!(!settle(store, id, &Verdict::Sent, "me"));
    let row = read(store, |r| r.notifications(&instance.key, 1)).unwrap().remove(0);
    assert_eq!((row.status, row.reason.as_deref()), (Status::Failed, Some("refused")));
    let attempts = read(store, |reader| reader.attempts(id)).unwrap();
    let expected = [attempt(id, Outcome::Failed), attempt(id, Outcome::Delivered)];
    assert_eq!(attempts, expected, "every attempt is written down");
}

fn suppression_spares_what_is_under_way(store: &dyn Store) {
    let rows = [(Kind::Trigger, "sup-x"), (Kind::Trigger, "sup-y")];
    let instance = outbox(store, "suppresses", &rows);
    let ids = || -> Vec<_> {
        let rows = read(store, |r| r.notifications(&instance.key, 1)).unwrap();
        rows.into_iter().map(|row| (row.id, row.status)).collect()
    };
    claimed(store, &claim("sup-x", "me", at(10)));
    let (x, y) = (ids()[0].0, ids()[1].0);
    assert!(!write(store, |tx| tx.suppress(x, "why")).unwrap());
    assert!(write(store, |tx| tx.suppress(y, "why")).unwrap());
    assert_eq!(ids(), [(x, Status::Claimed), (y, Status::Suppressed)]);
    assert!(claimed(store, &claim("sup-y", "me", at(99))).is_empty());
    assert!(settle(store, x, &Verdict::Sent, "me"));
}

fn the_backlog_is_counted(store: &dyn Store) {
    assert_eq!(read(store, |reader| reader.backlog(at(10))).unwrap(), Default::default());
    let instance = outbox(store, "backlog", &[(Kind::Trigger, "back-x")]);
    let held = Notification {
        status: Status::Held,
        first_due_at: at(100),
        due_at: at(100),
        ..notification(&instance, 1, Kind::Trigger, "back-y")
    };
    assert!(write(store, |tx| tx.enqueue(&held)).unwrap());
    let backlog = read(store, |reader| reader.backlog(at(25))).unwrap();
    assert_eq!((backlog.queued, backlog.held), (1, 1));
    assert_eq!(backlog.oldest, Some(Span::from_secs(15)));
    assert!(claimed(store, &claim("back-y", "me", at(99))).is_empty());
    let due = claimed(store, &claim("back-y", "me", at(100)));
    assert_eq!(due.len(), 1, "what was held is sent when it is due");
    let other = claimed(store, &claim("back-x", "me", at(100)));
    for row in [&due[0], &other[0]] {
        assert!(settle(store, row.id, &Verdict::Sent, "me"));
    }
}

fn changes_are_logged_and_versioned(store: &dyn Store) {
    let version = || read(store, |reader| reader.rules_version()).unwrap();
    let before = version();
    let row = |id: &str, secs| Audit {
        at: at(secs),
        who: Some("ann".to_owned()),
        action: "create".to_owned(),
        rule_id: id.to_owned(),
        before: None,
        after: Some(serde_json::json!({ "threshold": 0.30000000000000004, "text": "\"" })),
    };
    for (id, secs) in [("log-a", 1), ("log-b", 2), ("log-a", 3)] {
        write(store, |tx| tx.append_audit(&row(id, secs))).unwrap();
    }
    assert_ne!(version(), before);
    let of_a = read(store, |reader| reader.audit(Some("log-a"), 9)).unwrap();
    assert_eq!(of_a, [row("log-a", 3), row("log-a", 1)]);
    assert_eq!(read(store, |reader| reader.audit(None, 1)).unwrap(), [row("log-a", 3)]);
}

fn deleting_a_rule_keeps_its_history(store: &dyn Store) {
    let instance = outbox(store, "gone", &[(Kind::Trigger, "gone-x")]);
    write(store, |tx| {
        tx.insert_instance(&instance)?;
        tx.delete_rule("gone")
    })
    .unwrap();
    assert!(read(store, |reader| reader.instances("gone")).unwrap().is_empty());
    assert_eq!(read(store, |reader| reader.firings("gone", 9)).unwrap().len(), 1);
    let sent = claimed(store, &claim("gone-x", "me", at(10)));
    assert_eq!(sent.len(), 1, "and what it had to say is still said");
    assert!(settle(store, sent[0].id, &Verdict::Sent, "me"));
}

fn writers_take_turns(store: &dyn Store) {
    const ROUNDS: i64 = 10;
    add_rule(store, "turns");
    let won = AtomicI64::new(0);
    let raise = |tx: &mut dyn Transaction| {
        let mut rule = tx.rule("turns")?.expect("nobody deletes it");
        rule.revision += 1;
        tx.update_rule(&rule)
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    write(store, raise).unwrap();
                    won.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let revision = read(store, |reader| reader.rule("turns")).unwrap().unwrap().revision;
    assert_eq!(revision, 1 + won.into_inner(), "no write was lost");
}
