//! What is refused, and how that is said.

use super::rig::*;
use crate::disk::Space;
use crate::disk::simulated::Simulated;
use crate::{Options, Store};
use model::limits::Budget;
use model::port::{Selection, Sink, Source, WriteError};
use model::row::{Dialect, Identify, Rows};
use model::{Predicate, Refusal, Refused, Row, Span, TimeRange, Timestamp, Value};
use std::path::Path;
use std::sync::Arc;

fn with(options: Options) -> Rig {
    Rig::with(Simulated::new(), options).expect("open")
}

#[test]
fn a_field_keeps_its_kind_in_a_measurement() {
    let rig = with(options());
    rig.put(&[point("cpu,host=a", NOW, &[("v", Value::I64(1))])]);
    let conflict = |key: &str| {
        let points = [
            float("fine", NOW, 1.0),
            point(key, NOW + 1, &[("w", Value::F64(1.0)), ("v", Value::F64(1.0))]),
            float("fine", NOW + 1, 1.0),
        ];
        let report = rig.write(&points).expect("write");
        assert_eq!((report.rows, report.values, report.refused_count), (2, 2, 1));
        assert_eq!(report.refused[0].line, 2);
        assert_eq!(report.reasons, [("type_conflict", 1)]);
        report.refused[0].why.to_string()
    };
    let text = "field type conflict: input field \"v\" on measurement \"cpu\" is type float, already exists as type integer";
    assert_eq!(conflict("cpu,host=a"), text);
    assert_eq!(conflict("cpu,host=b"), text);
    assert!(!rig.all().contains_key("cpu,host=a w"), "a refused row leaves nothing behind");
    // Also after it has gone to a block, and after a restart.
    rig.store.close().expect("close");
    let rig = rig.kill(options());
    let report = rig.write(&[point("cpu,host=c", NOW, &[("v", Value::Bool(true))])]);
    assert_eq!(report.expect("write").refused_count, 1);
    // Two kinds in one new row conflict with each other.
    let both = point("new", NOW, &[("x", Value::I64(1)), ("x", Value::F64(1.0))]);
    assert_eq!(rig.write(&[both]).expect("write").refused_count, 1);
    // Of one kind, the last wins.
    rig.put(&[point("new", NOW, &[("x", Value::I64(1)), ("x", Value::I64(2))])]);
    assert_eq!(rig.all()["new x"][&NOW], Value::I64(2));
}

#[test]
fn points_outside_the_time_that_is_kept_are_refused() {
    let fifteen = Options::default();
    let rig = with(Options { partitions: 1, ..fifteen });
    let day = Span::DAY.0;
    let refusal = |at: i64| {
        let report = rig.write(&[float("cpu", at, 1.0)]).expect("write");
        report.refused.first().map(|refused| refused.why.clone())
    };
    assert_eq!(refusal(NOW), None);
    assert_eq!(refusal(NOW - 15 * day), None);
    assert_eq!(refusal(NOW + day), None);
    let old = NOW - 15 * day - 1;
    assert_eq!(refusal(old), Some(Refusal::TooOld { timestamp: old, retention: "15d".into() }));
    let new = NOW + day + 1;
    assert_eq!(refusal(new), Some(Refusal::TooNew { timestamp: new, allowed: "1d".into() }));

    let rig = with(options());
    rig.put(&[float("cpu", 0, 1.0), float("cpu", i64::MAX, 2.0)]);
    let report = rig.write(&[float("cpu", -1, 1.0)]).expect("write");
    assert!(report.refused[0].why.to_string().contains("before 1970"), "{report:?}");
    assert_eq!(rig.all()["cpu value"].len(), 2);
    rig.store.flush().expect("flush");
    assert_eq!(rig.all()["cpu value"].len(), 2);
}

#[test]
fn the_series_limit_is_said_and_known_series_go_on() {
    let rig = with(Options { series_max: 3, ..options() });
    let points: Vec<_> = (0..5).map(|n| float(&format!("cpu,n={n}"), NOW, 1.0)).collect();
    let report = rig.write(&points).expect("write");
    assert_eq!((report.rows, report.refused_count), (3, 2));
    let text = report.refused[0].why.to_string();
    assert!(text.contains("limit of 3 series") && text.contains("series_max"), "{text}");
    rig.put(&[float("cpu,n=0", NOW + 1, 2.0)]);
    // After a restart, what is known is spelled for the first time.
    let rig = rig.kill(Options { series_max: 3, ..options() });
    rig.put(&[float("cpu,n=1", NOW + 1, 2.0)]);
}

/// Writes `bad` between two good points; answers why it was refused, and by which limit.
fn refused_alone(options: Options, bad: Point) -> (String, &'static str) {
    let rig = with(options);
    let points = [float("fine", NOW, 1.0), bad, float("fine", NOW + 1, 1.0)];
    let report = rig.write(&points).expect("write");
    assert_eq!((report.rows, report.refused_count), (2, 1), "{report:?}");
    assert_eq!(rig.all().len(), 1, "a refused row leaves nothing behind");
    (report.refused[0].why.to_string(), report.limits[0].0)
}

#[test]
fn a_measurement_has_its_share_of_the_series() {
    let rig = with(Options { series_per_measurement_max: 2, ..options() });
    let points = |name: &str| (0..4).map(|n| float(&format!("{name},n={n}"), NOW, 1.0)).collect();
    let (cpu, mem): (Vec<_>, Vec<_>) = (points("cpu"), points("mem"));
    let report = rig.write(&cpu).expect("write");
    assert_eq!((report.rows, report.refused_count), (2, 2));
    assert_eq!(report.limits, [("series_per_measurement_max", 2)]);
    let text = report.refused[0].why.to_string();
    assert!(text.contains("limit of 2 series of the measurement \"cpu\""), "{text}");
    assert_eq!(rig.write(&mem).expect("write").rows, 2, "another has its own");
    // A new field is a new series as well.
    let wider = point("cpu,n=0", NOW, &[("value", Value::F64(2.0)), ("w", Value::F64(2.0))]);
    assert_eq!(rig.write(&[wider]).expect("write").refused_count, 1);
    // After a restart as before it, and again once they are written to no more.
    let rig = rig.kill(Options { series_per_measurement_max: 2, ..options() });
    assert_eq!(rig.write(&cpu).expect("write").rows, 2);
    for _ in 0..4 {
        rig.put(&[float("other", NOW, 1.0)]);
        rig.clock.0.fetch_add(2 * Span::HOUR.0, std::sync::atomic::Ordering::Relaxed);
        rig.store.maintain().expect("maintain");
    }
    let others = [float("cpu,n=8", NOW, 1.0), float("cpu,n=9", NOW, 1.0)];
    assert_eq!(rig.write(&others).expect("write").rows, 2);
}

/// A point with one field, whose name ends with a number.
fn nth(key: &str, n: usize) -> Point {
    point(key, NOW + n as i64, &[(&format!("field{n}"), Value::F64(n as f64))])
}

#[test]
fn a_series_key_has_so_many_fields() {
    let small = Options { columns_max: 3, ..options() };
    let rig = with(small.clone());
    let points: Vec<_> = (0..5).map(|n| nth("cpu", n)).collect();
    let report = rig.write(&points).expect("write");
    assert_eq!((report.rows, report.limits.as_slice()), (3, &[("columns_max", 2)][..]));
    let text = report.refused[0].why.to_string();
    assert!(text.starts_with("limit of 3 fields of one series key reached: \"cpu\""), "{text}");
    rig.put(&[nth("cpu,host=a", 4)]);
    let wide: Vec<_> = (0..5).map(|n| (format!("w{n}"), Value::I64(1))).collect();
    let wide = Point { key: "cpu,host=b".into(), at: NOW, fields: wide };
    assert_eq!(rig.write(&[wide]).expect("write").limits, [("columns_max", 1)]);
    // What has more from before goes on, however it is spelled, but gains none.
    let rig = rig.kill(Options { columns_max: 2, ..small });
    rig.put(&points[..3]);
    assert_eq!(rig.write(&points[3..]).expect("write").refused_count, 2);
    assert_eq!(rig.all().len(), 4);
}

#[test]
fn fields_that_come_one_by_one_cost_what_they_are() {
    let rig = with(Options { columns_max: 4_000, ..options() });
    // Each host in another order, as maps of programs have it.
    let points: Vec<_> = [1, 3, 7]
        .iter()
        .flat_map(|step| (0..2_000).map(move |n| nth(&format!("m,h={step}"), n * step % 2_000)))
        .collect();
    rig.put(&points);
    let bytes = rig.store.stats().shape_bytes;
    assert!(bytes < 6_000 * 48, "{bytes} bytes for 6,000 columns");
    assert_eq!(rig.all().len(), 6_000);
}

#[test]
fn labels_have_limits() {
    let long = "x".repeat(11);
    let short =
        Options { labels_max: 2, label_name_bytes_max: 10, label_value_bytes_max: 10, ..options() };
    let check = |bad: Point, limit: &str| {
        let (text, name) = refused_alone(short.clone(), bad);
        assert_eq!(name, limit);
        assert!(text.contains(limit) && text.starts_with("limit of "), "{text}");
    };
    check(float("cpu,a=1,b=2,c=3", NOW, 1.0), "labels_max");
    check(float(&format!("cpu,{long}=1"), NOW, 1.0), "label_name_bytes_max");
    check(float(&format!("cpu,a={long}"), NOW, 1.0), "label_value_bytes_max");
    check(float(&long, NOW, 1.0), "label_value_bytes_max");
    check(point("cpu", NOW, &[(&long, Value::F64(1.0))]), "label_name_bytes_max");
    let rig = with(short);
    let just = "y".repeat(10);
    rig.put(&[point(&format!("{just},{just}={just},b=2"), NOW, &[(&just, Value::F64(1.0))])]);
}

#[test]
fn writes_are_refused_before_the_disk_is_full() {
    let rig = with(Options { disk_free_min: Some(100), ..options() });
    let second = || rig.clock.0.fetch_add(Span::SECOND.0, std::sync::atomic::Ordering::Relaxed);
    let set_free = |free| rig.disk.set_space(Space { free, total: 1_000_000 });
    rig.put(&[float("cpu", NOW, 1.0)]);
    set_free(99);
    rig.put(&[float("cpu", NOW + 1, 1.0)]);
    second();
    let error = rig.write(&[float("cpu", NOW + 2, 1.0)]).expect_err("no room");
    let WriteError::DiskFull { what } = &error else { panic!("{error}") };
    assert!(what.starts_with("99 B are free") && what.contains("disk_free_min"), "{what}");
    // Everything else goes on.
    assert_eq!(rig.all()["cpu value"].len(), 2);
    rig.store.flush().expect("flush");
    rig.store.maintain().expect("maintain");
    set_free(100);
    second();
    rig.put(&[float("cpu", NOW + 2, 1.0)]);
    // Where nobody says how much, a small disk keeps a twentieth of itself.
    let rig = with(Options { disk_free_min: None, ..options() });
    let second = || rig.clock.0.fetch_add(Span::SECOND.0, std::sync::atomic::Ordering::Relaxed);
    rig.disk.set_space(Space { free: 5, total: 100 });
    second();
    rig.put(&[float("cpu", NOW + 3, 1.0)]);
    rig.disk.set_space(Space { free: 4, total: 100 });
    second();
    rig.write(&[float("cpu", NOW + 4, 1.0)]).expect_err("no room");
}

#[test]
fn a_full_head_refuses_for_a_while() {
    let rig = with(Options { head_bytes_max: 100, ..options() });
    rig.put(&[point("cpu", NOW, &[("text", Value::Str("x".repeat(500)))])]);
    let more = [float("cpu2", NOW, 1.0)];
    let error = rig.write(&more).expect_err("overloaded");
    assert!(matches!(error, WriteError::Overloaded { .. }), "{error}");
    assert!(rig.store.wait_for_work(std::time::Duration::ZERO), "a flush was asked for");
    assert_eq!(rig.store.maintain().expect("maintain").flushed, 1);
    rig.put(&more);
}

#[test]
fn a_flush_makes_room_for_those_who_wait() {
    let rig = with(Options { head_bytes_max: 100, ..options() });
    rig.put(&[point("cpu", NOW, &[("text", Value::Str("x".repeat(500)))])]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| rig.write(&[float("cpu2", NOW, 1.0)]));
        assert!(rig.store.wait_for_work(std::time::Duration::from_secs(10)));
        rig.store.maintain().expect("maintain");
        waiting.join().expect("thread").expect("written after the flush");
    });
}

#[test]
fn a_closed_store_refuses_writes_and_answers_queries() {
    let rig = with(options());
    rig.put(&[float("cpu", NOW, 1.0)]);
    rig.store.close().expect("close");
    assert_eq!(rig.write(&[float("cpu", NOW, 2.0)]), Err(WriteError::ShuttingDown));
    assert_eq!(rig.all()["cpu value"][&NOW], Value::F64(1.0));
}

#[test]
fn a_query_stops_at_its_budget() {
    let rig = with(options());
    let points: Vec<_> = (0..100).map(|n| float("cpu", NOW + n, 1.0)).collect();
    rig.put(&points);
    for _ in 0..2 {
        let budget = Budget::new(50);
        let selection = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
        let series = rig.store.select(&selection, &budget).expect("select");
        let mut out = model::Samples::new(model::Kind::F64);
        series[0].read(TimeRange::ALL, &budget, &mut out).expect_err("too many");
        rig.store.flush().expect("flush");
    }
    let budget = Budget::unlimited();
    budget.end(model::limits::End::Killed);
    let selection = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
    assert!(rig.store.select(&selection, &budget).is_err());
}

/// A decoder that refuses every other row by itself, and lends a key nobody can parse.
struct Odd(u64);

impl Rows for Odd {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        self.0 += 1;
        let line = self.0;
        const FIELDS: &[model::Field<'static>] =
            &[model::Field { name: "v", value: model::ValueRef::F64(1.0) }];
        let key: &[u8] = if line == 3 { b",x=y" } else { b"ok" };
        match line {
            1 | 3 => Some(Ok(Row { line, key, timestamp: Timestamp(NOW), fields: FIELDS })),
            2 => {
                let why = Refusal::Malformed { text: "x".into(), reason: "y".into() };
                Some(Err(Refused { line, why }))
            }
            4 => Some(Ok(Row { line, key, timestamp: Timestamp(NOW), fields: &[] })),
            _ => None,
        }
    }

    fn identify(&self) -> Identify {
        identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Plain
    }
}

#[test]
fn refusals_keep_their_lines_and_the_rest_is_kept() {
    let rig = with(options());
    let target = model::Target { database: "metrics".into(), policy: None };
    let report = rig.store.write(&target, &mut Odd(0)).expect("write");
    let lines: Vec<_> = report.refused.iter().map(|refused| refused.line).collect();
    assert_eq!((report.rows, lines), (1, vec![2, 3, 4]));
}

#[test]
fn one_folder_opens_once() {
    let rig = with(options());
    let clock = rig.clock.clone();
    let disk = Arc::new(rig.disk.clone());
    let error = Store::open(Path::new(DATA), disk, clock, options()).expect_err("in use");
    assert!(error.to_string().contains("in use by another process"), "{error}");
}

#[test]
fn a_store_is_shared_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Store>();
}
