//! Power cuts at every write and sync, `kill -9` under load, full and failing disks.

use super::rig::*;
use crate::disk::simulated::{Fault, Simulated};
use crate::{Fsync, Options, RealDisk};
use model::limits::Budget;
use model::port::{Catalog, PolicyChange, Source, SystemClock, WriteError};
use model::{Attribute, Matcher, Predicate, Span, TimeRange, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What was asked for, in its order, and whether it was acknowledged.
#[derive(Default)]
struct Asked(Vec<(Vec<Point>, bool)>);

impl Asked {
    fn write(&mut self, rig: &Rig, points: Vec<Point>) {
        let is_acknowledged = rig.write(&points).is_ok();
        self.0.push((points, is_acknowledged));
    }

    /// For each series and time the values that may be found: the last acknowledged one, or
    /// any that was asked for after it. None is allowed where nothing was acknowledged.
    fn allowed(&self) -> BTreeMap<(String, i64), Vec<Option<Value>>> {
        let mut allowed: BTreeMap<_, Vec<Option<Value>>> = BTreeMap::new();
        for (points, is_acknowledged) in &self.0 {
            let mut body = Expected::default();
            body.add(points);
            for (series, samples) in body.0 {
                for (at, value) in samples {
                    let values = allowed.entry((series.clone(), at)).or_insert(vec![None]);
                    if *is_acknowledged {
                        values.clear();
                    }
                    values.push(Some(value));
                }
            }
        }
        allowed
    }

    /// Everything acknowledged is found, and nothing that nobody asked for.
    fn check(&self, found: &Map, what: &str) {
        let allowed = self.allowed();
        for ((series, at), values) in &allowed {
            let stored = found.get(series).and_then(|samples| samples.get(at)).cloned();
            assert!(
                values.contains(&stored),
                "{what}: {series} at {at} is {stored:?}, allowed are {values:?}"
            );
        }
        for (series, samples) in found {
            for at in samples.keys() {
                let was_asked = allowed.contains_key(&(series.clone(), *at));
                assert!(was_asked, "{what}: {series} at {at} was never written");
            }
        }
    }
}

/// A history that passes every kind of file operation.
fn history(rig: &Rig) -> Asked {
    let mut asked = Asked::default();
    for round in 0..7i64 {
        let mut points = vec![];
        for host in ["a", "b", "c"] {
            let key = format!("cpu,host={host}");
            let at = NOW + round * 10 * Span::SECOND.0;
            let note = Value::Str(format!("round {round}"));
            points.push(point(&key, at, &[("user", Value::F64(round as f64)), ("note", note)]));
            // Far away, and rewritten in every round.
            points.push(float(&key, Span::DAY.0, round as f64));
        }
        asked.write(rig, points);
        match round {
            1 | 3 | 4 => drop(rig.store.flush()),
            2 => drop(rig.store.maintain()),
            5 => {
                for n in 0..4 {
                    asked.write(rig, vec![float("cpu,host=a", NOW, n as f64)]);
                    let _ = rig.store.flush();
                    let _ = rig.store.create_database(&format!("db{n}"), None);
                }
                let _ = rig.store.maintain();
            }
            _ => {}
        }
    }
    let _ = rig.store.close();
    asked
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_acknowledged() {
    let whole = Rig::new();
    history(&whole);
    let operations = whole.disk.operations();
    assert!(operations > 60, "the history is worth it: {operations}");
    for at in 0..operations {
        let disk = Simulated::new();
        disk.fail_at(at, Fault::Crash);
        // A cut while the folder is made leaves nothing to lose.
        let opened = Rig::with(disk.clone(), options());
        let asked = opened.map(|rig| history(&rig)).unwrap_or_default();
        for torn in 0..5 {
            let what = format!("operation {at}, torn {torn}");
            let found = disk.after_power_cut(torn);
            let rig = Rig::with(found, options()).unwrap_or_else(|e| panic!("{what}: {e}"));
            asked.check(&rig.all(), &what);
            // It goes on as if nothing had been, and a second start finds the same.
            let all = rig.all();
            assert_eq!(rig.kill(options()).all(), all, "{what}");
        }
    }
}

#[test]
fn a_failed_sync_at_any_time_loses_nothing_acknowledged() {
    let whole = Rig::new();
    history(&whole);
    for at in 0..whole.disk.operations() {
        let disk = Simulated::new();
        disk.fail_at(at, Fault::Sync);
        let Ok(rig) = Rig::with(disk.clone(), options()) else { continue };
        let asked = history(&rig);
        let what = format!("failed sync at operation {at}");
        asked.check(&rig.all(), &what);
        for torn in 0..2 {
            let rig = Rig::with(disk.after_power_cut(torn), options()).expect("open");
            asked.check(&rig.all(), &what);
        }
    }
}

#[test]
fn a_full_disk_refuses_writes_and_serves_queries() {
    let rig = Rig::new();
    let mut expected = Expected::default();
    let first = [float("cpu", NOW, 1.0)];
    rig.put(&first);
    expected.add(&first);
    rig.disk.set_full(true);
    let second = [float("cpu", NOW + 1, 2.0)];
    for _ in 0..3 {
        let error = rig.write(&second).expect_err("full");
        assert!(matches!(error, WriteError::DiskFull { .. }), "{error}");
    }
    assert_eq!(rig.all()["cpu value"][&NOW], Value::F64(1.0));
    assert!(rig.store.flush().is_err());
    rig.disk.set_full(false);
    rig.put(&second);
    expected.add(&second);
    assert_eq!(rig.all(), expected.0);
    let rig = rig.lose_power(0, options());
    assert_eq!(rig.all(), expected.0);
    rig.store.flush().expect("flush");
    assert_eq!(rig.all(), expected.0);
    assert!(rig.files("blocks").iter().all(|name| name.ends_with(".block")));
}

#[test]
fn a_full_disk_at_any_operation_loses_nothing_acknowledged() {
    let whole = Rig::new();
    history(&whole);
    for at in 0..whole.disk.operations() {
        let disk = Simulated::new();
        disk.fail_at(at, Fault::Full);
        let Ok(rig) = Rig::with(disk.clone(), options()) else { continue };
        let mut asked = history(&rig);
        let what = format!("full at operation {at}");
        asked.check(&rig.all(), &what);
        disk.set_full(false);
        asked.write(&rig, vec![float("cpu,host=z", NOW, 9.0)]);
        let rig = Rig::with(disk.after_power_cut(0), options()).expect("open");
        asked.check(&rig.all(), &what);
    }
}

#[test]
fn after_a_failed_sync_the_next_body_goes_to_a_fresh_file() {
    let rig = Rig::new();
    rig.put(&[float("cpu", NOW, 1.0)]);
    let before = rig.files("wal");
    rig.disk.fail_at(rig.disk.operations() + 1, Fault::Syncs);
    let error = rig.write(&[float("cpu", NOW + 1, 2.0)]).expect_err("every sync fails");
    assert!(matches!(error, WriteError::Failed { .. }), "{error}");
    rig.disk.fail_at(u64::MAX, Fault::Syncs);
    rig.put(&[float("cpu", NOW + 2, 3.0)]);
    assert_eq!(rig.files("wal").len(), before.len() + 1);
    // The stream is defined again in the fresh file.
    let found = rig.lose_power(0, options()).all();
    assert_eq!(found["cpu value"][&(NOW + 2)], Value::F64(3.0));
    assert_eq!(found["cpu value"][&NOW], Value::F64(1.0));
}

/// What defines a stream is written elsewhere with its rows, and known to those that follow.
#[test]
fn after_one_failed_sync_streams_are_still_defined() {
    let rig = Rig::new();
    rig.put(&[float("cpu", NOW, 1.0)]);
    rig.disk.fail_at(rig.disk.operations() + 1, Fault::Sync);
    rig.put(&[float("fresh", NOW, 1.0), float("cpu", NOW + 1, 2.0)]);
    rig.put(&[float("fresh", NOW + 1, 2.0), float("cpu", NOW + 2, 3.0)]);
    assert_eq!(rig.files("wal").len(), 2, "the one that failed, and the next");
    let expected = rig.all();
    for shape in 0..8 {
        let found = Rig::with(rig.disk.after_power_cut(shape), options()).expect("open");
        assert_eq!(found.all(), expected, "shape {shape}");
        assert_eq!(found.store.stats().corruption_found, 0, "shape {shape}");
    }
    rig.store.flush().expect("flush");
    assert_eq!(rig.files("wal"), Vec::<String>::new(), "both leave with their run");
}

#[test]
fn lazy_syncs_lose_at_most_their_interval() {
    let lazy = Options { fsync: Fsync::Every(Span::SECOND), ..options() };
    let rig = Rig::with(Simulated::new(), lazy.clone()).expect("open");
    rig.put(&[float("cpu", NOW, 1.0)]);
    rig.clock.set(NOW + 2 * Span::SECOND.0);
    rig.store.maintain().expect("maintain");
    rig.put(&[float("cpu", NOW + 1, 2.0)]);
    let rig = rig.lose_power(0, lazy);
    assert_eq!(rig.all()["cpu value"].len(), 1, "what maintain synced is there");

    let off = Options { fsync: Fsync::Off, ..options() };
    let rig = Rig::with(Simulated::new(), off.clone()).expect("open");
    rig.put(&[float("cpu", NOW, 1.0)]);
    rig.store.close().expect("close");
    assert_eq!(rig.lose_power(0, off).all()["cpu value"].len(), 1, "a clean stop keeps all");
}

/// Many writers on a real disk, flushes and merges meanwhile; then the store is dropped as
/// `kill -9` would, and every acknowledged point is found.
#[test]
fn writers_flushes_and_queries_get_along() {
    let folder = tempfile::tempdir().expect("tempdir");
    let open = || {
        let options = Options { partitions: 3, head_age_max: Span(1), ..options() };
        crate::Store::open(folder.path(), Arc::new(RealDisk), Arc::new(SystemClock), options)
            .expect("open")
    };
    let store = open();
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    const WRITERS: i64 = 4;
    const BODIES: i64 = 30;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, acknowledged) = (&store, &acknowledged);
                scope.spawn(move || {
                    for body in 0..BODIES {
                        let row = |host: i64| {
                            // Streams are shared, times are not.
                            let at = NOW + (body * WRITERS + writer) * Span::SECOND.0;
                            float(&format!("cpu,host=h{host}"), at, body as f64)
                        };
                        let points: Vec<_> = (0..50).map(row).collect();
                        let report = write(store, "metrics", None, &points).expect("write");
                        acknowledged.fetch_add(report.rows, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                store.maintain().expect("maintain");
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let before = acknowledged.load(Ordering::SeqCst);
                let budget = model::limits::Budget::unlimited();
                let range = model::TimeRange::ALL;
                let found = read(&store, &model::Predicate::ALL, range, &budget);
                let count: usize = found.values().map(|samples| samples.len()).sum();
                assert!(count as u64 >= before, "{before} were acknowledged, {count} are seen");
            }
        });
        for writer in writers {
            writer.join().expect("writer");
        }
        stop.store(true, Ordering::SeqCst);
    });
    drop(store);
    let store = open();
    let budget = model::limits::Budget::unlimited();
    let found = read(&store, &model::Predicate::ALL, model::TimeRange::ALL, &budget);
    let count: usize = found.values().map(|samples| samples.len()).sum();
    assert_eq!(count as i64, WRITERS * BODIES * 50);
    assert_eq!(count as u64, acknowledged.load(Ordering::SeqCst));
}

/// Rows move from head to blocks while queries run: none may be missed on its way.
#[test]
fn a_query_never_misses_rows_that_are_being_flushed() {
    let options = Options { partitions: 16, ..options() };
    let rig = Rig::with(Simulated::new(), options).expect("open");
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..300 {
                let row = |host| float(&format!("cpu,host=h{host}"), NOW + round, 1.0);
                let points: Vec<_> = (0..16).map(row).collect();
                rig.put(&points);
                acknowledged.fetch_add(16, Ordering::SeqCst);
                rig.store.maintain().expect("maintain");
                rig.store.flush().expect("flush");
            }
            stop.store(true, Ordering::SeqCst);
        });
        let windows = model::port::Windows {
            start: model::Timestamp(NOW),
            step: Span::HOUR,
            width: Span::HOUR,
            count: 1,
            edge: model::port::Edge::RightOpen,
        };
        while !stop.load(Ordering::SeqCst) {
            let before = acknowledged.load(Ordering::SeqCst);
            let budget = model::limits::Budget::unlimited();
            let asked = model::port::Aggregation {
                predicate: &model::Predicate::ALL,
                windows,
                reduction: model::port::Reduction::Pooled,
                needs: model::Needs::COUNT,
                group_by: &[],
            };
            let groups = rig.store.aggregate(&asked, &budget).expect("aggregate");
            let count = groups
                .iter()
                .next()
                .map_or(0, |group| group.windows().map(|window| window.count).sum());
            assert!(count >= before, "{before} were acknowledged, {count} are seen");
            let after = acknowledged.load(Ordering::SeqCst) + 16;
            assert!(count <= after, "{count} are seen, at most {after} were written");
        }
    });
}

#[test]
fn streams_that_an_earlier_segment_defines_are_known_in_later_ones() {
    let rig = Rig::new();
    let mut expected = Expected::default();
    for body in 0..12i64 {
        let points: Vec<_> = (0..40)
            .map(|n| {
                let text = Value::Str("x".repeat(400));
                point(&format!("cpu,host={n}"), NOW + body, &[("v", Value::I64(body)), ("t", text)])
            })
            .collect();
        rig.put(&points);
        expected.add(&points);
        if body == 5 {
            rig.store.flush().expect("flush");
        }
    }
    assert!(rig.store.stats().wal_segments > 1, "several segments are one run");
    assert_eq!(rig.all(), expected.0);
    let rig = rig.kill(options());
    assert_eq!(rig.all(), expected.0);
    assert_eq!(rig.store.stats().corruption_found, 0);
    assert_eq!(rig.lose_power(0, options()).all(), expected.0);
}

/// Blocks of one slice are removed one after the other, and a newer one may be gone first.
#[test]
fn a_kill_while_retention_drops_blocks_shows_nothing_that_was_overwritten() {
    let kept = Options { retention: Some(Span(2 * Span::DAY.0)), partitions: 1, ..options() };
    for at in 0..20 {
        let rig = Rig::with(Simulated::new(), kept.clone()).expect("open");
        for value in [1.0, 2.0, 3.0] {
            rig.put(&[float("cpu", NOW, value)]);
            rig.store.flush().expect("flush");
        }
        rig.clock.set(NOW + 5 * Span::DAY.0);
        rig.disk.fail_at(rig.disk.operations() + at, Fault::Crash);
        let _ = rig.store.maintain();
        let disk = rig.disk.after_kill();
        let clock = Arc::new(TestClock((NOW + 5 * Span::DAY.0).into()));
        let store = open(Arc::new(disk), clock, kept.clone()).expect("a start");
        let found = read(&store, &Predicate::ALL, TimeRange::ALL, &Budget::unlimited());
        let value = found.get("cpu value").and_then(|samples| samples.get(&NOW));
        assert!(value.is_none_or(|value| *value == Value::F64(3.0)), "operation {at}: {value:?}");
    }
}

/// A block is kept as long as a policy keeps some rows of it, and with it those that overwrote others.
#[test]
fn a_block_that_overwrites_rows_of_one_that_is_kept_is_kept() {
    let kept = Options { retention: Some(Span(2 * Span::DAY.0)), partitions: 1, ..options() };
    let rig = Rig::with(Simulated::new(), kept).expect("open");
    let at = NOW - Span::DAY.0;
    rig.put(&[float("cpu", at, 1.0)]);
    rig.write_to("other", None, &[float("cpu", at, 7.0)]).expect("write");
    rig.store.flush().expect("flush");
    rig.put(&[float("cpu", at, 2.0)]);
    rig.store.flush().expect("flush");
    let duration = Some(Some(Span(400 * Span::DAY.0)));
    let longer = PolicyChange { duration, ..PolicyChange::default() };
    rig.store.alter_policy("other", "autogen", longer).expect("alter");
    rig.clock.set(NOW + 5 * Span::DAY.0);
    rig.store.maintain().expect("maintain");
    let database = Matcher::equal(Attribute::Database, "metrics");
    let (budget, of) = (Budget::unlimited(), Predicate::Match(database));
    let found = read(&rig.store, &of, TimeRange::ALL, &budget);
    let value = found.get("cpu value").and_then(|samples| samples.get(&at));
    assert!(value.is_none_or(|value| *value == Value::F64(2.0)), "{value:?}");
}
