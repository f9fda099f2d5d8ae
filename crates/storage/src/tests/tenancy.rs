//! Databases, policies, retention: who sees what, and for how long.

use super::rig::*;
use crate::Options;
use crate::disk::simulated::Simulated;
use model::port::{Catalog, CatalogError, Policy, PolicyChange, WriteError};
use model::{Span, Value};

const DAY: i64 = Span::DAY.0;

fn policy(name: &str, days: Option<i64>, is_default: bool) -> Policy {
    let duration = days.map(|days| Span(days * DAY));
    Policy { name: name.into(), duration, shard: Span::DAY, replication: 1, is_default }
}

#[test]
fn databases_appear_with_their_first_write() {
    let rig = Rig::new();
    assert!(rig.store.databases().is_empty());
    rig.put(&[float("cpu", NOW, 1.0)]);
    rig.write_to("other", None, &[float("cpu", NOW, 2.0)]).expect("write");
    assert_eq!(rig.store.databases(), ["metrics".into(), "other".into()]);
    let policies = rig.store.policies("other").expect("policies");
    assert_eq!(policies.len(), 1);
    assert_eq!(policies[0].name.as_ref(), "autogen");
    assert!(policies[0].is_default && policies[0].duration.is_none());
    let error = rig.store.policies("none").expect_err("no such");
    assert_eq!(error, CatalogError::NoDatabase("none".into()));
    let error = rig.write_to("other", Some("x"), &[float("cpu", NOW, 2.0)]).expect_err("no such");
    assert_eq!(error, WriteError::NoPolicy { name: "x".into() });
    let rig = rig.lose_power(0, Options { auto_create_databases: false, ..options() });
    assert_eq!(rig.store.databases().len(), 2);
    let error = rig.write_to("third", None, &[float("cpu", NOW, 2.0)]).expect_err("no such");
    assert_eq!(error, WriteError::NoDatabase { name: "third".into() });
}

/// What was dropped stays gone: at once, after a restart, and under the same name.
fn check_drop(is_flushed: bool, drop_it: impl Fn(&Rig), make_again: impl Fn(&Rig)) {
    let rig = Rig::new();
    rig.store.create_database("d", None).expect("create");
    rig.store.create_policy("d", policy("p", None, false)).expect("create");
    let other = [float("kept", NOW, 1.0)];
    rig.put(&other);
    let mut kept = Expected::default();
    kept.add(&other);
    rig.write_to("d", Some("p"), &[float("gone", NOW, 1.0)]).expect("write");
    if is_flushed {
        rig.store.flush().expect("flush");
    }
    assert_eq!(rig.all().len(), 2);
    drop_it(&rig);
    assert_eq!(rig.all(), kept.0, "gone at once");
    let rig = rig.lose_power(0, options());
    assert_eq!(rig.all(), kept.0, "gone after a restart");
    make_again(&rig);
    assert_eq!(rig.all(), kept.0, "gone under the same name");
    // Another type is no conflict: nothing of the old is left.
    let fresh = [point("gone", NOW, &[("value", Value::Str("new".into()))])];
    let report = rig.write_to("d", Some("p"), &fresh).expect("write");
    assert_eq!(report.refused, []);
    kept.add(&fresh);
    assert_eq!(rig.all(), kept.0);
    rig.store.maintain().expect("maintain");
    rig.store.flush().expect("flush");
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.all(), kept.0);
    assert_eq!(rig.store.stats().block_values, kept.0.len() as u64, "its space is given back");
    assert_eq!(rig.kill(options()).all(), kept.0);
}

#[test]
fn a_dropped_database_stays_gone() {
    for is_flushed in [false, true] {
        check_drop(
            is_flushed,
            |rig| rig.store.drop_database("d").expect("drop"),
            |rig| {
                rig.store.create_database("d", None).expect("create");
                rig.store.create_policy("d", policy("p", None, false)).expect("create");
            },
        );
    }
}

#[test]
fn a_dropped_policy_stays_gone() {
    for is_flushed in [false, true] {
        check_drop(
            is_flushed,
            |rig| rig.store.drop_policy("d", "p").expect("drop"),
            |rig| rig.store.create_policy("d", policy("p", None, false)).expect("create"),
        );
    }
}

#[test]
fn dropping_what_is_not_there_is_no_error() {
    let rig = Rig::new();
    rig.store.drop_database("none").expect("no error");
    rig.store.drop_policy("none", "none").expect("no error");
}

#[test]
fn a_writer_that_comes_after_the_drop_makes_it_anew() {
    let rig = Rig::new();
    rig.put(&[float("cpu", NOW, 1.0), float("cpu", NOW + 1, 1.0)]);
    rig.store.drop_database("metrics").expect("drop");
    assert!(rig.store.databases().is_empty());
    rig.put(&[float("cpu", NOW, 2.0)]);
    assert_eq!(rig.all()["cpu value"].len(), 1);
    assert_eq!(rig.lose_power(0, options()).all()["cpu value"].len(), 1);
}

#[test]
fn retention_drops_whole_slices() {
    let kept = Options { retention: Some(Span(3 * DAY)), ..options() };
    let rig = Rig::with(Simulated::new(), kept).expect("open");
    for day in 0..3 {
        rig.put(&[float("cpu", NOW - day * DAY, day as f64)]);
    }
    rig.store.flush().expect("flush");
    assert_eq!(rig.store.stats().block_count, 3);
    assert_eq!(rig.store.maintain().expect("maintain").dropped, 0);
    rig.clock.set(NOW + 2 * DAY);
    let done = rig.store.maintain().expect("maintain");
    assert_eq!(done.dropped, 1);
    assert_eq!(rig.files("blocks").len(), 2);
    assert_eq!(rig.store.stats().slices_dropped, 1);
    assert_eq!(rig.all()["cpu value"].len(), 2);
}

#[test]
fn a_field_that_has_expired_may_come_again_with_another_kind() {
    let kept = Options { retention: Some(Span(3 * DAY)), head_age_max: Span(1), ..options() };
    let rig = Rig::with(Simulated::new(), kept).expect("open");
    let integer = |at: i64| point("cpu", at, &[("value", Value::I64(1))]);
    rig.put(&[float("cpu", NOW, 1.0)]);
    let report = rig.write(&[integer(NOW + 1)]).expect("write");
    assert_eq!(report.reasons, [("type_conflict", 1)]);
    // The stream goes quiet, and leaves the head.
    for round in 1..6 {
        let now = NOW + round * DAY;
        rig.clock.set(now);
        rig.put(&[float("mem", now, 1.0)]);
        rig.clock.set(now + 2);
        rig.store.maintain().expect("maintain");
    }
    assert_eq!(rig.all().into_keys().collect::<Vec<_>>(), ["mem value"]);
    rig.put(&[integer(NOW + 5 * DAY)]);
    let report = rig.write(&[point("mem", NOW + 5 * DAY, &[("value", Value::I64(1))])]);
    assert_eq!(report.expect("write").reasons, [("type_conflict", 1)], "that of mem is there");
}

#[test]
fn policies_with_their_own_duration_have_their_own_blocks() {
    let kept = Options { retention: Some(Span(30 * DAY)), ..options() };
    let rig = Rig::with(Simulated::new(), kept).expect("open");
    rig.store.create_database("d", Some(policy("short", Some(1), true))).expect("create");
    rig.store.create_policy("d", policy("server", None, false)).expect("create");
    rig.write_to("d", None, &[float("short", NOW, 1.0)]).expect("write");
    rig.write_to("d", Some("server"), &[float("long", NOW, 1.0)]).expect("write");
    let report = rig.write_to("d", None, &[float("short", NOW - 2 * DAY, 1.0)]).expect("write");
    assert_eq!(report.reasons, [("too_old", 1)]);
    rig.store.flush().expect("flush");
    rig.clock.set(NOW + 3 * DAY);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.all().into_keys().collect::<Vec<_>>(), ["long value"]);
    assert_eq!(rig.files("blocks").len(), 1);
}

#[test]
fn an_altered_duration_counts_at_once() {
    let rig = Rig::new();
    rig.put(&[float("cpu", NOW - 10 * DAY, 1.0), float("cpu", NOW, 1.0)]);
    let change = |days: i64| PolicyChange {
        duration: Some(Some(Span(days * DAY))),
        ..PolicyChange::default()
    };
    rig.store.alter_policy("metrics", "autogen", change(5)).expect("alter");
    assert_eq!(rig.all()["cpu value"].len(), 1);
    let report = rig.write(&[float("cpu", NOW - 6 * DAY, 1.0)]).expect("write");
    assert_eq!(report.reasons, [("too_old", 1)]);
    rig.store.alter_policy("metrics", "autogen", change(20)).expect("alter");
    assert_eq!(rig.all()["cpu value"].len(), 2);
}
