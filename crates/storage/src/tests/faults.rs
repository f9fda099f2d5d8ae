//! What histories found once, and what must hold when single operations fail.

use super::rig::*;
use crate::disk::simulated::{Fault, Plan, Simulated};
use crate::{Options, Store};
use model::port::{Catalog, Policy, PolicyChange, WriteError};
use model::{Span, Value};
use std::collections::BTreeMap;
use std::sync::Barrier;

#[test]
fn a_read_that_fails_during_a_merge_costs_nothing() {
    let rig = Rig::with(Simulated::new(), Options { partitions: 1, ..options() }).expect("open");
    let mut expected = Expected::default();
    for n in 0..6 {
        let points = [float("cpu,host=a", NOW + n, n as f64), float("cpu,host=b", NOW + n, 1.0)];
        rig.put(&points);
        expected.add(&points);
        rig.store.flush().expect("flush");
    }
    let mut failed = 0;
    for seed in 0..20 {
        // What could not be read is tried again later.
        rig.clock.set(NOW + seed as i64 * Span::HOUR.0);
        let mut plan = Plan::new(seed);
        plan.reads = 300;
        rig.disk.set_plan(Some(plan));
        failed += u32::from(rig.store.maintain().is_err());
        rig.disk.set_plan(None);
        assert_eq!(rig.all(), expected.0, "seed {seed}");
    }
    assert!(failed > 0, "some read failed");
    rig.clock.set(NOW + 20 * Span::HOUR.0);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.store.stats().block_count, 1, "it is merged in the end");
    assert_eq!(rig.store.stats().blocks_unmerged, 0);
    assert_eq!(rig.all(), expected.0);
    assert!(rig.files("blocks").iter().all(|name| name.ends_with(".block")));
}

/// A kill leaves the name of a merged block where only the running system has it. The next
/// start removes what it was merged from, and then the power is cut.
#[test]
fn a_kill_during_a_merge_and_then_a_power_cut_cost_nothing() {
    let one = Options { partitions: 1, ..options() };
    let rig = Rig::with(Simulated::new(), one.clone()).expect("open");
    let mut expected = Expected::default();
    for n in 0..4 {
        let points = [float("cpu,host=a", NOW + n, n as f64)];
        rig.put(&points);
        expected.add(&points);
        rig.store.flush().expect("flush");
    }
    let flushed = rig.disk.after_power_cut(0);
    let mut merged = 0;
    for at in 0..40 {
        let rig = Rig::with(flushed.after_power_cut(0), one.clone()).expect("open");
        rig.disk.fail_at(rig.disk.operations() + at, Fault::Crash);
        merged += u32::from(rig.store.maintain().is_ok());
        let next = Rig::with(rig.disk.after_kill(), one.clone()).expect("open");
        for shape in 0..20 {
            let found = Rig::with(next.disk.after_power_cut(shape), one.clone()).expect("open");
            assert_eq!(found.all(), expected.0, "operation {at}, shape {shape}");
        }
    }
    assert!((1..40).contains(&merged), "some kills come in the merge, some after it: {merged}");
}

#[test]
fn rows_are_kept_as_long_as_their_policy_says_now() {
    let kept = Options { retention: Some(Span(2 * Span::DAY.0)), ..options() };
    let rig = Rig::with(Simulated::new(), kept).expect("open");
    let points = [float("cpu", NOW, 1.0)];
    let mut expected = Expected::default();
    expected.add(&points);
    rig.put(&points);
    rig.store.flush().expect("flush");
    let longer = Some(Some(Span(400 * Span::DAY.0)));
    let change = PolicyChange { duration: longer, ..PolicyChange::default() };
    rig.store.alter_policy("metrics", "autogen", change).expect("alter");
    rig.clock.set(NOW + 30 * Span::DAY.0);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.all(), expected.0);
    rig.clock.set(NOW + 402 * Span::DAY.0);
    assert_eq!(rig.store.maintain().expect("maintain").dropped, 1);
    assert_eq!(rig.all(), Map::new());
}

/// Whoever shares a failed sync is kept in another file; the one that failed gets no byte more.
#[test]
fn writers_that_share_a_failed_sync_are_kept_elsewhere() {
    for round in 0..40 {
        assert_eq!(write_together(round, Fault::Sync), 0, "nobody is refused");
    }
}

/// Where that fails too, nobody of the group is acknowledged, and who sends again is kept once.
#[test]
fn writers_that_share_a_sync_that_fails_elsewhere_too_are_all_refused() {
    for round in 0..40 {
        assert!(write_together(round, Fault::Syncs) > 0, "the syncs failed");
    }
}

/// Lets some write together while syncs fail; answers how many were refused.
fn write_together(round: u64, fault: Fault) -> usize {
    const WRITERS: usize = 4;
    let rig = Rig::new();
    let mut expected = Expected::default();
    let first = [float("cpu,host=first", NOW, 1.0)];
    rig.put(&first);
    expected.add(&first);
    rig.disk.fail_at(rig.disk.operations() + 1, fault);
    let bodies: Vec<_> = (0..WRITERS)
        .map(|w| [float(&format!("cpu,host=h{w}"), NOW + w as i64, round as f64)])
        .collect();
    let barrier = Barrier::new(WRITERS);
    let results: Vec<Result<_, WriteError>> = std::thread::scope(|scope| {
        let spawned: Vec<_> = bodies
            .iter()
            .map(|body| {
                scope.spawn(|| {
                    barrier.wait();
                    rig.write(body)
                })
            })
            .collect();
        spawned.into_iter().map(|thread| thread.join().expect("a writer")).collect()
    });
    rig.disk.fail_at(u64::MAX, fault);
    let refused = results.iter().filter(|result| result.is_err()).count();
    for (body, result) in bodies.iter().zip(&results) {
        match result {
            Ok(report) => {
                assert_eq!(report.rows, 1);
                expected.add(body);
            }
            Err(error) => assert!(matches!(error, WriteError::Failed { .. }), "{error}"),
        }
    }
    let abandoned = rig.files("wal").first().expect("a segment").clone();
    let size = |rig: &Rig| {
        let listed = crate::disk::Disk::list(&rig.disk, std::path::Path::new("/data/wal"));
        let listed = listed.expect("list");
        listed.iter().find(|entry| entry.name == abandoned).map(|entry| entry.bytes)
    };
    let before = size(&rig);
    // What was acknowledged is there whatever the disk kept of the rest.
    check_cuts(&rig.disk, &expected.0, &bodies);
    for body in bodies.iter().zip(&results).filter(|(_, r)| r.is_err()).map(|(b, _)| b) {
        rig.put(body);
        expected.add(body);
    }
    assert_eq!(size(&rig), before, "no byte more goes to the file that failed");
    assert_eq!(rig.all(), expected.0);
    check_cuts(&rig.disk, &expected.0, &[]);
    let found = rig.lose_power(0, options());
    assert_eq!(found.store.stats().corruption_found, 0, "no half frame is left");
    refused
}

/// After any power cut, everything acknowledged is there, and else only what was asked for.
fn check_cuts(disk: &Simulated, acknowledged: &Map, asked: &[[Point; 1]]) {
    let mut most = Expected(acknowledged.clone());
    asked.iter().for_each(|body| most.add(body));
    for shape in 0..6 {
        let rig = Rig::with(disk.after_power_cut(shape), options()).expect("open");
        let found = rig.all();
        let samples = |map: &Map| -> BTreeMap<(String, i64), Value> {
            let all = map.iter().flat_map(|(name, by)| {
                by.iter().map(|(at, value)| ((name.clone(), *at), value.clone()))
            });
            all.collect()
        };
        let (found, most) = (samples(&found), samples(&most.0));
        for (place, value) in samples(acknowledged) {
            assert_eq!(found.get(&place), Some(&value), "shape {shape}: {place:?} was lost");
        }
        for (place, value) in &found {
            assert_eq!(most.get(place), Some(value), "shape {shape}: {place:?} was made up");
        }
    }
}

#[test]
fn a_drop_that_failed_loses_no_later_write() {
    // Whichever operation of the drop fails.
    for at in 0..5 {
        let rig = Rig::new();
        rig.put(&[float("cpu", NOW, 1.0)]);
        let policy = Policy {
            name: "p".into(),
            duration: None,
            shard: Span::DAY,
            replication: 1,
            is_default: false,
        };
        rig.store.create_policy("metrics", policy).expect("create");
        let mut plan = Plan::new(at);
        plan.errors = 400;
        rig.disk.set_plan(Some(plan));
        let dropped = rig.store.drop_database("metrics");
        rig.disk.set_plan(None);
        if dropped.is_ok() {
            continue;
        }
        let later = [float("cpu", NOW + 1, 2.0)];
        rig.put(&later);
        for shape in 0..6 {
            let found = Rig::with(rig.disk.after_power_cut(shape), options()).expect("open").all();
            let value = found.get("cpu value").and_then(|samples| samples.get(&(NOW + 1)));
            assert_eq!(value, Some(&Value::F64(2.0)), "plan {at}, shape {shape}");
        }
    }
}

#[test]
fn a_new_folder_is_durable_before_anything_in_it() {
    for at in 0..12 {
        let disk = Simulated::new();
        disk.fail_at(at, Fault::Sync);
        let rig = match Rig::with(disk.clone(), options()) {
            Ok(rig) => rig,
            Err(_) => Rig::with(disk, options()).expect("the second time"),
        };
        let points = [float("cpu", NOW, 1.0)];
        let Ok(_) = rig.write(&points) else { continue };
        let mut expected = Expected::default();
        expected.add(&points);
        assert_eq!(rig.lose_power(0, options()).all(), expected.0, "sync {at} failed");
    }
}

/// The store of another process, as far as its lock tells.
#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().expect("tempdir");
    let open = || {
        let clock = std::sync::Arc::new(TestClock(NOW.into()));
        Store::open(folder.path(), std::sync::Arc::new(crate::RealDisk), clock, options())
    };
    let first = open().expect("open");
    write(&first, "metrics", None, &[float("cpu", NOW, 1.0)]).expect("write");
    let error = open().expect_err("it is in use");
    assert!(matches!(error, crate::Error::InUse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(folder.path().to_str().expect("utf-8")), "{text}");
    assert!(text.contains("--data-dir"), "it says what to do: {text}");
    write(&first, "metrics", None, &[float("cpu", NOW + 1, 2.0)]).expect("write");
    drop(first);
    let again = open().expect("open");
    let budget = model::limits::Budget::unlimited();
    let found = read(&again, &model::Predicate::ALL, model::TimeRange::ALL, &budget);
    assert_eq!(found["cpu value"].len(), 2, "the refused one harmed nothing");
}

#[test]
fn a_large_head_is_closed_by_all_cores_or_stays_in_the_log() {
    let many = || Options { partitions: 5, ..options() };
    let points: Vec<Point> =
        (0..12_000).map(|n| float(&format!("cpu,host=h{n}"), NOW, n as f64)).collect();
    let mut expected = Expected::default();
    expected.add(&points);
    for fails in [false, true] {
        let rig = Rig::with(Simulated::new(), many()).expect("open");
        rig.put(&points);
        assert!(rig.store.stats().head_bytes > 1 << 20, "enough for more than one core");
        if fails {
            rig.disk.fail_at(rig.disk.operations() + 12, Fault::Full);
        }
        assert_eq!(rig.store.close().is_err(), fails);
        rig.disk.set_full(false);
        assert_eq!(rig.store.stats().wal_segments == 0, !fails);
        let rig = rig.kill(many());
        assert_eq!(rig.store.stats().replayed_rows > 0, fails);
        assert_eq!(rig.all(), expected.0);
    }
}
