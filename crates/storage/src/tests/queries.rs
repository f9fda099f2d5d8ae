//! Select with predicates and ranges, and aggregate against brute force.

use super::rig::*;
use crate::Options;
use crate::disk::simulated::Simulated;
use model::limits::Budget;
use model::port::{Edge, Group, Reduction, Selection, Source, WindowFunction, Windows};
use model::value::{STALE_NAN_BITS, is_stale};
use model::{
    Accumulator, Attribute, Kind, MatchOp, Matcher, Predicate, Samples, Span, TimeRange, Timestamp,
    Value,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const SECOND: i64 = Span::SECOND.0;

fn tag(name: &str) -> Attribute {
    Attribute::Tag(name.into())
}

fn equal(attribute: Attribute, value: &str) -> Predicate {
    Predicate::Match(Matcher::equal(attribute, value))
}

fn regex(attribute: Attribute, pattern: &str) -> Predicate {
    let op = MatchOp::Regex(regex::Regex::new(pattern).expect("pattern"));
    Predicate::Match(Matcher { attribute, op })
}

/// A store whose rows lie in blocks of several slices, in sealed chunks and in open rows,
/// with overlaps, gaps, rewrites, stale markers, NaN and infinities.
fn mixed() -> Rig {
    let rig = Rig::with(Simulated::new(), Options { partitions: 3, ..options() }).expect("open");
    let mut seed = 7u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for round in 0..6i64 {
        let mut points = vec![];
        for host in 0..12i64 {
            let zone = ["x", "y"][host as usize % 2];
            let key = format!("cpu,host=h{host},zone={zone}");
            for n in 0..150i64 {
                let late = if random(10) == 0 { random(4000) as i64 } else { 0 };
                let at = NOW + (round * 600 + n * 4 - late) * SECOND;
                let user = match (host, random(40)) {
                    (3, 0) => f64::NAN,
                    (4, 0) => f64::INFINITY,
                    (_, 1) => f64::from_bits(STALE_NAN_BITS),
                    _ => random(1000) as f64 / 8.0,
                };
                let mut fields = vec![("user", Value::F64(user))];
                if random(3) > 0 {
                    fields.push(("count", Value::I64(random(100) as i64 - 50)));
                }
                if host == 5 {
                    fields.push(("note", Value::Str(format!("n{n}"))));
                }
                points.push(point(&key, at, &fields));
            }
        }
        rig.put(&points);
        if round != 3 {
            rig.store.flush().expect("flush");
        }
        if round == 4 {
            rig.store.maintain().expect("maintain");
        }
    }
    rig.put(&[float("mem", NOW, 1.0), float("cpu_user", NOW, 5.0)]);
    rig
}

/// All series with their metas, without asking the index anything.
fn everything(rig: &Rig) -> Vec<(model::SeriesMeta, Vec<(i64, Value)>)> {
    let budget = Budget::unlimited();
    let selection = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
    let series = rig.store.select(&selection, &budget).expect("select");
    let read = |series: Box<dyn model::port::Series>| {
        let mut samples = Samples::new(Kind::F64);
        series.read(TimeRange::ALL, &budget, &mut samples).expect("read");
        let of = |at: usize| (samples.timestamps[at], samples.values.get(at).to_value());
        (series.meta().clone(), (0..samples.len()).map(of).collect())
    };
    series.into_iter().map(read).collect()
}

fn predicates() -> Vec<Predicate> {
    let host = equal(tag("host"), "h3");
    let zone = regex(tag("zone"), "^(x|z)$");
    let name = equal(Attribute::Name, "cpu_user");
    let count = equal(Attribute::Field, "count");
    vec![
        Predicate::ALL,
        host.clone(),
        zone.clone(),
        name.clone(),
        equal(tag("host"), ""),
        Predicate::And(vec![zone.clone(), count.clone()]),
        Predicate::And(vec![name, regex(tag("host"), "h1")]),
        Predicate::Or(vec![host.clone(), count]),
        Predicate::Not(Box::new(Predicate::Or(vec![host, zone]))),
        equal(Attribute::Measurement, "mem"),
        equal(Attribute::Database, "metrics"),
        equal(Attribute::Database, "other"),
        equal(tag("none"), "x"),
    ]
}

#[test]
fn select_finds_what_fits_and_nothing_else() {
    let rig = mixed();
    let everything = everything(&rig);
    for predicate in predicates() {
        for (from, to) in [(-5000, 5000), (0, 100), (1200, 1200), (10_000, 20_000)] {
            let range =
                TimeRange::new(Timestamp(NOW + from * SECOND), Timestamp(NOW + to * SECOND));
            let mut expected = Map::new();
            for (meta, samples) in everything.iter().filter(|(meta, _)| predicate.matches(meta)) {
                let key = &meta.stream;
                let name = series_name(&key.measurement, &key.tags, &meta.field);
                let inside = samples.iter().filter(|(at, _)| range.contains(Timestamp(*at)));
                let inside: BTreeMap<_, _> = inside.cloned().collect();
                if !inside.is_empty() {
                    expected.insert(name, inside);
                }
            }
            let found = read(&rig.store, &predicate, range, &Budget::unlimited());
            let text = |map: &Map| format!("{map:?}");
            assert_eq!(text(&found), text(&expected), "{predicate:?} {range:?}");
        }
    }
}

/// What `aggregate` must answer, sample by sample.
fn brute_force(
    rig: &Rig,
    predicate: &Predicate,
    windows: &Windows,
    reduction: Reduction,
    group_by: &[Attribute],
) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<Arc<str>>, Vec<Accumulator>> = BTreeMap::new();
    for (meta, samples) in everything(rig) {
        if !predicate.matches(&meta) || !meta.kind.is_numeric() {
            continue;
        }
        let key: Vec<Arc<str>> =
            group_by.iter().map(|a| a.value(&meta.stream, &meta.field).as_ref().into()).collect();
        for index in 0..windows.count {
            let range = windows.range(index);
            let mut window = Accumulator::default();
            for (at, value) in &samples {
                let number = value.as_ref().as_f64().expect("numeric");
                if range.contains(Timestamp(*at)) && !is_stale(number) {
                    window.push(*at, number);
                }
            }
            if window.count == 0 {
                continue;
            }
            let empty = || vec![Accumulator::default(); windows.count];
            let group = &mut groups.entry(key.clone()).or_insert_with(empty)[index];
            match reduction {
                Reduction::Pooled => group.pool(&window),
                Reduction::PerSeries(function) => {
                    let mut one = Accumulator::default();
                    one.push(windows.anchor(index).0, function.of(&window).expect("not empty"));
                    group.pool(&one);
                }
            }
        }
    }
    groups.into_iter().map(|(key, windows)| Group { key, windows }).collect()
}

/// Equal but for the last digits of sums, whose order of adding may differ.
fn assert_close(found: &[Group], expected: &[Group], what: &str) {
    let keys = |groups: &[Group]| groups.iter().map(|g| g.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(found), keys(expected), "{what}");
    for (a, b) in found.iter().zip(expected) {
        for (index, (a, b)) in a.windows.iter().zip(&b.windows).enumerate() {
            let close = |x: f64, y: f64| {
                x.to_bits() == y.to_bits()
                    || (x.is_nan() && y.is_nan())
                    || (x - y).abs() <= 1e-9 * x.abs().max(1.0)
            };
            let what = format!("{what}, window {index}: {a:?} against {b:?}");
            assert_eq!(a.count, b.count, "{what}");
            if a.count > 0 {
                assert!(close(a.sum(), b.sum()), "sum: {what}");
                assert!(close(a.min, b.min) && close(a.max, b.max), "extremes: {what}");
                assert!(close(a.first, b.first) && close(a.last, b.last), "ends: {what}");
                assert!(close(a.increase, b.increase), "increase: {what}");
                let times = |w: &Accumulator| {
                    let extremes = if w.min.is_nan() { (0, 0) } else { (w.min_at, w.max_at) };
                    (w.first_at, w.last_at, extremes, w.resets)
                };
                assert_eq!(times(a), times(b), "times: {what}");
            }
        }
    }
}

#[test]
fn aggregate_is_brute_force_made_fast() {
    let rig = mixed();
    let grids = [
        // One window over everything: statistics of whole chunks.
        (-5000, 20_000, 20_000, 1),
        // Side by side, with gaps, overlapping by panes, overlapping oddly.
        (0, 300, 300, 15),
        (0, 300, 70, 15),
        (-3600, 3600, 3600, 4),
        (0, 60, 300, 60),
        (0, 70, 200, 40),
        (0, 1, 1, 50),
        (90_000, 300, 300, 3),
        (0, 300, 300, 0),
    ];
    let reductions = [
        Reduction::Pooled,
        Reduction::PerSeries(WindowFunction::Mean),
        Reduction::PerSeries(WindowFunction::Last),
        Reduction::PerSeries(WindowFunction::Count),
    ];
    let groupings: [&[Attribute]; 3] =
        [&[], &[tag("zone")], &[Attribute::Field, tag("host"), Attribute::Measurement]];
    for (start, step, width, count) in grids {
        for edge in [Edge::LeftOpen, Edge::RightOpen] {
            let (step, width) = (Span(step * SECOND), Span(width * SECOND));
            let start = Timestamp(NOW + start * SECOND);
            let windows = Windows { start, step, width, count, edge };
            for (at, reduction) in reductions.into_iter().enumerate() {
                let predicate = &predicates()[[0, 2, 5, 8][at]];
                let group_by = groupings[at % groupings.len()];
                let budget = Budget::unlimited();
                let found = rig
                    .store
                    .aggregate(predicate, &windows, reduction, group_by, &budget)
                    .expect("aggregate");
                let expected = brute_force(&rig, predicate, &windows, reduction, group_by);
                let what = format!("{windows:?} {reduction:?} {group_by:?}");
                assert_close(&found, &expected, &what);
            }
        }
    }
}

#[test]
fn whole_chunks_are_answered_by_their_statistics() {
    let rig = Rig::new();
    let points: Vec<_> = (0..1000).map(|n| float("cpu", NOW + n * SECOND, n as f64)).collect();
    rig.put(&points);
    rig.store.flush().expect("flush");
    let windows = Windows {
        start: Timestamp(NOW),
        step: Span::HOUR,
        width: Span::HOUR,
        count: 1,
        edge: Edge::RightOpen,
    };
    let budget = Budget::new(0);
    let groups = rig
        .store
        .aggregate(&Predicate::ALL, &windows, Reduction::Pooled, &[], &budget)
        .expect("no sample is decoded");
    let window = groups[0].windows[0];
    assert_eq!((window.count, window.sum()), (1000, 499_500.0));
    assert_eq!((window.first, window.last, window.increase), (0.0, 999.0, 999.0));
}

#[test]
fn windows_without_extent_are_refused() {
    let rig = Rig::new();
    let windows = Windows {
        start: Timestamp(NOW),
        step: Span::ZERO,
        width: Span::HOUR,
        count: 1,
        edge: Edge::LeftOpen,
    };
    let budget = Budget::unlimited();
    rig.store
        .aggregate(&Predicate::ALL, &windows, Reduction::Pooled, &[], &budget)
        .expect_err("a step of zero");
}
