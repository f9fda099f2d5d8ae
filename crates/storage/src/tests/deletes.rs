//! Deletes: gone at once, gone after every way to stop, and space back with the next merge.

use super::rig::*;
use crate::Options;
use crate::disk::simulated::{Fault, Simulated};
use model::limits::Budget;
use model::port::{Aggregation, Catalog, Edge, Outline, Reduction, Selection, Source, Windows};
use model::{Attribute, Matcher, Needs, Predicate, Span, TimeRange, Timestamp, Value};

const SECOND: i64 = Span::SECOND.0;

fn equal(attribute: Attribute, value: &str) -> Predicate {
    Predicate::Match(Matcher::equal(attribute, value))
}

fn host(value: &str) -> Predicate {
    equal(Attribute::Tag("host".into()), value)
}

fn delete(rig: &Rig, predicate: Predicate, range: TimeRange) {
    rig.store.delete(&Selection { predicate, range }).expect("delete");
}

fn seconds(from: i64, to: i64) -> TimeRange {
    TimeRange::new(Timestamp(NOW + from * SECOND), Timestamp(NOW + to * SECOND))
}

/// Ten seconds of two fields of three hosts.
fn rows() -> Vec<Point> {
    let row = |host: &str, n: i64| {
        let fields = [("user", Value::F64(n as f64 / 4.0)), ("idle", Value::I64(n))];
        point(&format!("cpu,host={host}"), NOW + n * SECOND, &fields)
    };
    ["a", "b", "c"].iter().flat_map(|host| (0..10).map(move |n| row(host, n))).collect()
}

fn expected(keep: impl Fn(&str, i64) -> bool) -> Map {
    let mut all = Expected::default();
    all.add(&rows());
    all.0.retain(|name, samples| {
        samples.retain(|at, _| keep(name, (*at - NOW) / SECOND));
        !samples.is_empty()
    });
    all.0
}

/// Counts over all series, asked of windows of one second and of one hour.
fn counts(rig: &Rig) -> [u64; 2] {
    [(Span::SECOND, 10), (Span::HOUR, 1)].map(|(step, count)| {
        let start = Timestamp(NOW);
        let windows = Windows { start, step, width: step, count, edge: Edge::RightOpen };
        let asked = Aggregation {
            predicate: &Predicate::ALL,
            windows,
            reduction: Reduction::Pooled,
            needs: Needs::COUNT,
            group_by: &[],
        };
        let groups = rig.store.aggregate(&asked, &Budget::unlimited()).expect("aggregate");
        groups.iter().flat_map(|group| group.windows().map(|w| w.count).collect::<Vec<_>>()).sum()
    })
}

fn outline(rig: &Rig) -> Outline {
    let all = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
    rig.store.outline(&all, &Budget::unlimited()).expect("outline")
}

fn check(rig: &Rig, expected: &Map, what: &str) {
    assert_eq!(rig.all(), *expected, "{what}");
    let count = expected.values().map(|samples| samples.len() as u64).sum();
    assert_eq!(counts(rig), [count; 2], "{what}");
    let listed = |field: &str| outline(rig).columns.iter().any(|of| of.field.as_ref() == field);
    for field in ["user", "idle"] {
        let is_there = expected.keys().any(|name| name.ends_with(field));
        assert_eq!(listed(field), is_there, "{what}: {field} is listed");
    }
}

/// Deletes from rows in the head, in blocks, and in both, and looks at once, after a kill, a
/// power cut and a merge.
fn check_delete(predicate: &Predicate, range: TimeRange, keep: impl Fn(&str, i64) -> bool) {
    let expected = expected(keep);
    for flushes in [&[][..], &[15], &[7, 30]] {
        let rig = Rig::new();
        let mut start = 0;
        for end in flushes.iter().copied().chain([30]) {
            rig.put(&rows()[start..end]);
            if flushes.contains(&end) {
                rig.store.flush().expect("flush");
            }
            start = end;
        }
        delete(&rig, predicate.clone(), range);
        check(&rig, &expected, "at once");
        let rig = rig.kill(options());
        check(&rig, &expected, "after a kill");
        let rig = rig.lose_power(0, options());
        check(&rig, &expected, "after a power cut");
        // One block of a slice is written again at a time.
        for _ in 0..3 {
            rig.store.maintain().expect("maintain");
            check(&rig, &expected, "after a merge");
        }
        assert_eq!(rig.store.stats().tombstones, 0, "nothing is left to hide");
        let rig = rig.lose_power(0, options());
        check(&rig, &expected, "after a merge and a power cut");
        assert_eq!(rig.store.stats().block_values, expected.values().map(|s| s.len() as u64).sum());
    }
}

#[test]
fn whole_series() {
    check_delete(&host("b"), TimeRange::ALL, |name, _| !name.contains("host=b"));
}

#[test]
fn a_time_of_some_series() {
    check_delete(&host("b"), seconds(3, 5), |name, n| {
        !name.contains("host=b") || !(3..=5).contains(&n)
    });
}

#[test]
fn a_time_of_everything() {
    check_delete(&Predicate::ALL, seconds(-100, 4), |_, n| n > 4);
}

#[test]
fn everything() {
    check_delete(&Predicate::ALL, TimeRange::ALL, |_, _| false);
}

#[test]
fn one_field() {
    let name = equal(Attribute::Name, "cpu_user");
    check_delete(&name, TimeRange::ALL, |name, _| !name.ends_with("user"));
}

#[test]
fn a_time_of_one_field() {
    let name = Predicate::And(vec![equal(Attribute::Field, "user"), host("c")]);
    check_delete(&name, seconds(9, 20), |name, n| {
        !name.ends_with("user") || !name.contains("host=c") || n < 9
    });
}

#[test]
fn what_is_written_later_stays() {
    let rig = Rig::new();
    rig.put(&rows());
    delete(&rig, Predicate::ALL, TimeRange::ALL);
    rig.put(&rows()[4..6]);
    let mut fresh = Expected::default();
    fresh.add(&rows()[4..6]);
    check(&rig, &fresh.0, "in the head");
    let rig = rig.kill(options());
    check(&rig, &fresh.0, "after a kill");
    rig.store.flush().expect("flush");
    check(&rig, &fresh.0, "beside the block it was deleted from");
    rig.store.maintain().expect("maintain");
    check(&rig, &fresh.0, "after a merge");
    let rig = rig.lose_power(0, options());
    check(&rig, &fresh.0, "after a power cut");
}

/// Blocks from both sides of a delete are merged, and the rows of the later ones stay.
#[test]
fn a_merge_across_a_delete_leaves_out_only_what_was_before() {
    let rig = Rig::new();
    for n in 0..3 {
        rig.put(&rows()[n * 10..n * 10 + 10]);
        rig.store.flush().expect("flush");
    }
    delete(&rig, Predicate::ALL, seconds(0, 7));
    for n in 0..3 {
        rig.put(&rows()[n * 10..n * 10 + 2]);
        rig.store.flush().expect("flush");
    }
    let expected = expected(|_, n| !(2..=7).contains(&n));
    check(&rig, &expected, "before the merge");
    let merges = rig.store.maintain().expect("maintain").merged;
    assert!(merges > 0, "the blocks are merged");
    check(&rig, &expected, "after the merge");
    delete(&rig, host("a"), seconds(1, 1));
    let less =
        self::expected(|name, n| !((2..=7).contains(&n) || name.contains("host=a") && n == 1));
    check(&rig, &less, "a second delete hits the merged block");
    rig.store.maintain().expect("maintain");
    check(&rig.lose_power(0, options()), &less, "and its merge");
}

#[test]
fn dropped_streams_leave_the_head_and_fields_may_change_their_type() {
    let rig = Rig::new();
    rig.put(&rows());
    rig.put(&[float("mem", NOW, 1.0)]);
    assert_eq!(rig.store.stats().series, 7);
    delete(&rig, equal(Attribute::Measurement, "cpu"), TimeRange::ALL);
    assert_eq!((rig.store.stats().series, rig.store.stats().streams), (1, 1));
    let other = [point("cpu,host=a", NOW, &[("user", Value::Str("text".into()))])];
    rig.put(&other);
    let refused = rig.write(&[point("mem", NOW, &[("value", Value::Bool(true))])]).expect("write");
    assert_eq!(refused.refused_count, 1, "what was not deleted keeps its type");
    let mut kept = Expected::default();
    kept.add(&other);
    kept.add(&[float("mem", NOW, 1.0)]);
    assert_eq!(rig.all(), kept.0);
    // The block still has floats there, and nobody knows of them any more.
    let rig = rig.kill(options());
    assert_eq!(rig.all(), kept.0);
    rig.put(&other);
    rig.store.flush().expect("flush");
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.lose_power(0, options()).all(), kept.0);
}

#[test]
fn a_type_is_kept_as_long_as_anything_has_it() {
    let rig = Rig::new();
    rig.put(&rows());
    delete(&rig, host("a"), TimeRange::ALL);
    let other = [point("cpu,host=a", NOW, &[("user", Value::Bool(true))])];
    assert_eq!(rig.write(&other).expect("write").refused_count, 1);
    delete(&rig, Predicate::ALL, seconds(0, 3));
    assert_eq!(rig.write(&other).expect("write").refused_count, 1);
}

#[test]
fn a_database_is_not_hit_by_a_delete_in_another() {
    let rig = Rig::new();
    rig.put(&rows());
    rig.write_to("other", None, &rows()[..10]).expect("write");
    delete(&rig, equal(Attribute::Database, "metrics"), TimeRange::ALL);
    let mut kept = Expected::default();
    kept.add(&rows()[..10]);
    assert_eq!(rig.all(), kept.0);
    // One of the same name that is made later is another database.
    rig.store.drop_database("metrics").expect("drop");
    rig.store.drop_database("other").expect("drop");
    rig.put(&rows());
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.all(), expected(|_, _| true));
}

/// Sequences and segments go on behind a delete, though nothing is left that has them.
#[test]
fn an_empty_folder_remembers_where_it_was() {
    let mut rig = Rig::new();
    for round in 0..4 {
        rig.put(&rows());
        delete(&rig, Predicate::ALL, TimeRange::ALL);
        check(&rig, &Map::new(), "deleted");
        if round % 2 == 0 {
            rig.store.maintain().expect("maintain");
            rig.store.close().expect("close");
        }
        rig = rig.kill(options());
        check(&rig, &Map::new(), "deleted and started again");
        rig.put(&rows()[..3]);
        rig = rig.kill(options());
        let mut kept = Expected::default();
        kept.add(&rows()[..3]);
        check(&rig, &kept.0, "written after it");
        rig.store.flush().expect("flush");
        check(&rig, &kept.0, "and flushed");
        rig = rig.lose_power(0, options());
        check(&rig, &kept.0, "and power lost");
    }
}

/// Power is lost at every operation of a history with a delete: it happened as a whole or not
/// at all, and if it was acknowledged it happened.
#[test]
fn a_power_cut_at_any_operation_leaves_all_of_a_delete_or_nothing() {
    let run = |disk: Simulated| -> Option<(bool, bool, bool)> {
        let rig = Rig::with(disk, Options { partitions: 2, ..options() }).ok()?;
        let first = rig.write(&rows()[..15]).is_ok();
        let _ = rig.store.flush();
        let second = rig.write(&rows()[15..]).is_ok();
        if !first || !second {
            return Some((false, false, false));
        }
        let what = Selection { predicate: host("b"), range: seconds(2, 6) };
        let is_deleted = rig.store.delete(&what).is_ok();
        let late = rig.write(&[rows()[13].clone()]).is_ok();
        let _ = rig.store.maintain();
        let _ = rig.store.flush();
        let _ = rig.store.maintain();
        let _ = rig.store.close();
        Some((true, is_deleted, late))
    };
    let whole = Simulated::new();
    assert_eq!(run(whole.clone()), Some((true, true, true)));
    let gone = |name: &str, n: i64| name.contains("host=b") && (2..=6).contains(&n);
    let (mut happened, mut did_not) = (0, 0);
    for at in 0..whole.operations() {
        let disk = Simulated::new();
        disk.fail_at(at, Fault::Crash);
        let Some((true, is_deleted, is_late)) = run(disk.clone()) else { continue };
        for torn in 0..3 {
            let what = format!("operation {at}, torn {torn}");
            let rig = Rig::with(disk.after_power_cut(torn), options()).expect("open");
            let after = expected(|name, n| !gone(name, n));
            let late = expected(|name, n| !gone(name, n) || n == 3);
            let found = rig.all();
            let is_after = found == after || found == late;
            assert!(is_after || (!is_deleted && found == expected(|_, _| true)), "{what}");
            assert!(!is_late || found == late, "{what}: what came later is there");
            if is_after {
                happened += 1
            } else {
                did_not += 1
            }
            rig.store.flush().expect("flush");
            rig.store.maintain().expect("maintain");
            let rig = rig.kill(options());
            assert_eq!(rig.all(), found, "{what}: it stays so");
        }
    }
    assert!(happened > 0 && did_not > 0, "{happened} {did_not}");
}

#[test]
fn a_query_that_has_a_deleted_block_open_does_not_bring_it_back() {
    let rig = Rig::new();
    rig.put(&rows());
    let all = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
    rig.store.flush().expect("flush");
    let held = rig.store.select(&all, &Budget::unlimited()).expect("select");
    delete(&rig, Predicate::ALL, TimeRange::ALL);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.store.stats().block_count, 0);
    let rig = Rig::with(rig.disk.after_kill(), options()).expect("open");
    check(&rig, &Map::new(), "after a kill in the middle of a query");
    drop(held);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.files("blocks"), Vec::<String>::new());
}

/// Blocks hold the streams of all databases, and those of the other one keep the old kind.
#[test]
fn a_field_that_is_written_again_with_another_kind_keeps_that_over_a_restart() {
    for is_flushed in [true, false] {
        let rig =
            Rig::with(Simulated::new(), Options { partitions: 1, ..options() }).expect("open");
        let old = [point("cpu,host=a", NOW, &[("shape", Value::I64(1)), ("user", Value::I64(1))])];
        let of = |database: &str| equal(Attribute::Database, database);
        for database in ["kept", "gone"] {
            assert!(rig.write_to(database, None, &old).expect("write").refused.is_empty());
        }
        delete(&rig, of("gone"), TimeRange::ALL);
        let bool = |n, value| [point("cpu,host=b", NOW + n, &[("shape", Value::Bool(value))])];
        assert!(rig.write_to("gone", None, &bool(0, true)).expect("write").refused.is_empty());
        if is_flushed {
            rig.store.flush().expect("flush");
        }
        let rig = rig.kill(Options { partitions: 1, ..options() });
        let refused = |database: &str, points: &[Point]| {
            rig.write_to(database, None, points).expect("write").refused_count
        };
        assert_eq!(refused("gone", &old), 1, "its kind is the new one");
        assert_eq!(refused("gone", &bool(1, false)), 0);
        assert_eq!(refused("kept", &bool(1, false)), 1);
        assert_eq!(refused("kept", &old), 0);
        let text = [point("cpu,host=c", NOW, &[("user", Value::Str("x".into()))])];
        assert_eq!(refused("gone", &text), 0, "a field that is gone may be of any kind");
        assert_eq!(refused("kept", &text), 1);
        let budget = Budget::unlimited();
        let found = read(&rig.store, &of("gone"), TimeRange::ALL, &budget);
        let values: Vec<_> = found["cpu,host=b shape"].values().cloned().collect();
        assert_eq!(values, [Value::Bool(true), Value::Bool(false)], "flushed: {is_flushed}");
    }
}
