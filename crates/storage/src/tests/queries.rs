//! Select with predicates and ranges, and aggregate against brute force.

use super::rig::*;
use crate::Options;
use crate::disk::simulated::Simulated;
use model::change::{Change, Ends};
use model::limits::Budget;
use model::port::{
    Aggregation, Edge, Groups, Reduction, Selection, Source, WindowFunction, Windows,
};
use model::value::{STALE_NAN_BITS, is_stale};
use model::{
    Accumulator, Attribute, Kind, MatchOp, Matcher, Needs, Predicate, Samples, Span, TimeRange,
    Timestamp, Value,
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

/// Windows side by side from the test's present on, as InfluxQL has them.
fn windows_of(width: Span, count: usize) -> Windows {
    Windows { start: Timestamp(NOW), step: width, width, count, edge: Edge::RightOpen }
}

/// A question about all series, whose samples count alike.
fn pooled(windows: Windows, needs: Needs, group_by: &[Attribute]) -> Aggregation<'_> {
    static ALL: Predicate = Predicate::ALL;
    Aggregation { predicate: &ALL, windows, reduction: Reduction::Pooled, needs, group_by }
}

fn regex(attribute: Attribute, pattern: &str) -> Predicate {
    let op = MatchOp::Regex(model::Pattern::new(pattern).expect("pattern"));
    Predicate::Match(Matcher { attribute, op })
}

/// A store whose rows lie in blocks of several slices, in sealed chunks and in open rows,
/// with overlaps, gaps, rewrites, stale markers, NaN and infinities.
fn mixed() -> Rig {
    mixed_with(options())
}

fn mixed_with(options: Options) -> Rig {
    let rig = Rig::with(Simulated::new(), Options { partitions: 3, ..options }).expect("open");
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

type Accumulated = BTreeMap<Vec<Arc<str>>, Vec<Accumulator>>;

/// What `aggregate` must answer, sample by sample; whatever is asked for, everything is
/// answered.
fn brute_force(rig: &Rig, asked: &Aggregation<'_>) -> Accumulated {
    let mut groups = Accumulated::new();
    let windows = &asked.windows;
    for (meta, samples) in everything(rig) {
        if !asked.predicate.matches(&meta) || !meta.kind.is_numeric() {
            continue;
        }
        let value = |a: &Attribute| a.value(&meta.stream, &meta.field).as_ref().into();
        let key: Vec<Arc<str>> = asked.group_by.iter().map(value).collect();
        for index in 0..windows.count {
            let range = windows.range(index);
            let (mut window, mut falls) = (Accumulator::default(), Vec::new());
            for (at, value) in &samples {
                let number = value.as_ref().as_f64().expect("numeric");
                if range.contains(Timestamp(*at)) && !is_stale(number) {
                    if window.count > 0 && number < window.last {
                        falls.push(window.last);
                    }
                    window.push(*at, number);
                }
            }
            if window.count == 0 {
                continue;
            }
            let empty = || vec![Accumulator::default(); windows.count];
            match asked.reduction {
                Reduction::Pooled => {
                    groups.entry(key.clone()).or_insert_with(empty)[index].pool(&window);
                }
                Reduction::PerSeries(function) => {
                    let value = match function {
                        WindowFunction::Count => window.count as f64,
                        WindowFunction::Sum => window.sum(),
                        WindowFunction::Mean => window.mean(),
                        WindowFunction::Min => window.min,
                        WindowFunction::Max => window.max,
                        WindowFunction::First => window.first,
                        WindowFunction::Last => window.last,
                        WindowFunction::Change(change) => {
                            let (count, first) = (window.count, (window.first_at, window.first));
                            let ends = Ends { count, first, last: (window.last_at, window.last) };
                            match change.of(&ends, windows.ends(index), falls.into_iter()) {
                                Some(value) => value,
                                None => continue,
                            }
                        }
                    };
                    let mut one = Accumulator::default();
                    one.push(windows.anchor(index).0, value);
                    groups.entry(key.clone()).or_insert_with(empty)[index].pool(&one);
                }
            }
        }
    }
    groups
}

/// Equal in what was asked for, but for the last digits of sums.
fn assert_close(found: &Groups, expected: &Accumulated, needs: Needs, what: &str) {
    let keys: Vec<_> = found.iter().map(|group| group.key.to_vec()).collect();
    assert_eq!(keys, expected.keys().cloned().collect::<Vec<_>>(), "{what}");
    let close = |x: f64, y: f64| {
        x.to_bits() == y.to_bits()
            || (x.is_nan() && y.is_nan())
            || (x - y).abs() <= 1e-12 * x.abs().max(1.0)
    };
    for (group, expected) in found.iter().zip(expected.values()) {
        assert_eq!(group.windows().len(), expected.len(), "{what}");
        for (index, (a, b)) in group.windows().zip(expected).enumerate() {
            let what = format!("{what}, window {index}: {a:?} against {b:?}");
            assert_eq!(a.count, b.count, "{what}");
            if a.count == 0 {
                continue;
            }
            let is_needed = |need: Needs| needs.has(need);
            if is_needed(Needs::SUM) {
                assert!(close(a.sum(), b.sum()), "sum: {what}");
            }
            for (need, a, b) in [
                (Needs::MIN, (a.min, a.min_at), (b.min, b.min_at)),
                (Needs::MAX, (a.max, a.max_at), (b.max, b.max_at)),
            ] {
                if is_needed(need) {
                    assert!(close(a.0, b.0), "{need:?}: {what}");
                }
                if is_needed(need | Needs::EXTREME_TIMES) && !b.0.is_nan() {
                    assert_eq!(a.1, b.1, "time of {need:?}: {what}");
                }
            }
            if is_needed(Needs::FIRST) {
                assert!(close(a.first, b.first) && a.first_at == b.first_at, "first: {what}");
            }
            if is_needed(Needs::LAST) {
                assert!(close(a.last, b.last) && a.last_at == b.last_at, "last: {what}");
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
    let questions = [
        (Reduction::Pooled, Needs::ALL),
        (Reduction::Pooled, Needs::SUM),
        (Reduction::Pooled, Needs::LAST),
        (Reduction::Pooled, Needs::MIN | Needs::EXTREME_TIMES),
        (Reduction::PerSeries(WindowFunction::Mean), Needs::SUM),
        (Reduction::PerSeries(WindowFunction::Last), Needs::MIN | Needs::MAX),
        (Reduction::PerSeries(WindowFunction::First), Needs::SUM),
        (Reduction::PerSeries(WindowFunction::Max), Needs::MAX),
        (Reduction::PerSeries(WindowFunction::Count), Needs::ALL),
        (Reduction::PerSeries(WindowFunction::Change(Change::Rate)), Needs::SUM),
        (Reduction::PerSeries(WindowFunction::Change(Change::Increase)), Needs::MAX),
        (Reduction::PerSeries(WindowFunction::Change(Change::Delta)), Needs::MIN | Needs::LAST),
    ];
    let groupings: [&[Attribute]; 3] =
        [&[], &[tag("zone")], &[Attribute::Field, tag("host"), Attribute::Measurement]];
    for (start, step, width, count) in grids {
        for edge in [Edge::LeftOpen, Edge::RightOpen] {
            let (step, width) = (Span(step * SECOND), Span(width * SECOND));
            let start = Timestamp(NOW + start * SECOND);
            let windows = Windows { start, step, width, count, edge };
            for (at, (reduction, needs)) in questions.into_iter().enumerate() {
                let predicate = &predicates()[[0, 2, 5, 8][at % 4]];
                let group_by = groupings[at % groupings.len()];
                let asked = Aggregation { predicate, windows, reduction, needs, group_by };
                let found = rig.store.aggregate(&asked, &Budget::unlimited()).expect("aggregate");
                let what = format!("{windows:?} {reduction:?} {needs:?} {group_by:?}");
                assert_close(&found, &brute_force(&rig, &asked), needs, &what);
            }
        }
    }
}

#[test]
fn sums_are_the_same_each_time() {
    let rig = Rig::new();
    let points: Vec<_> = (0..40_000)
        .map(|n| {
            let value = f64::from(n).sqrt() * [1e-9, 1.0, 1e12, -1e12][n as usize % 4];
            float(&format!("cpu,host=h{}", n % 500), NOW + i64::from(n) * SECOND, value)
        })
        .collect();
    rig.put(&points);
    let windows = windows_of(Span::HOUR, 12);
    let asked = pooled(windows, Needs::SUM, &[]);
    let ask = || {
        let groups = rig.store.aggregate(&asked, &Budget::unlimited()).expect("aggregate");
        let sums = groups.iter().flat_map(|group| group.windows()).map(|w| w.sum().to_bits());
        sums.collect::<Vec<_>>()
    };
    let first = ask();
    assert_eq!(first.len(), 12);
    (0..20).for_each(|_| assert_eq!(ask(), first));
}

#[test]
fn groups_are_held_by_the_query() {
    let rig = Rig::new();
    let points: Vec<_> = (0..200).map(|n| float(&format!("cpu,host=h{n}"), NOW, 1.0)).collect();
    rig.put(&points);
    let windows = windows_of(Span::SECOND, 1000);
    let host = [tag("host")];
    let asked = pooled(windows, Needs::SUM, &host);
    let budget = Budget::unlimited().holding(1 << 20);
    rig.store.aggregate(&asked, &budget).expect_err("200,000 windows of 24 bytes");
    let asked = Aggregation { group_by: &[], ..asked };
    let budget = Budget::unlimited().holding(1 << 20);
    rig.store.aggregate(&asked, &budget).expect("one group fits");
    let asked = Aggregation { windows: Windows { count: 1, ..windows }, group_by: &host, ..asked };
    let budget = Budget::unlimited().holding(200 * 24 + 200 * 24);
    rig.store.aggregate(&asked, &budget).expect_err("200 keys are held beside 200 windows");
}

#[test]
fn sums_of_integers_are_the_doubles_nearest_to_them() {
    let rig = Rig::new();
    let most = (1i64 << 53) - 1;
    let of = |host: &str, n: i64, value: i64| {
        point(&format!("net,host={host}"), NOW + n * SECOND, &[("bytes", Value::I64(value))])
    };
    rig.put(&[of("a", 0, most), of("a", 1, -most), of("a", 2, 7)]);
    rig.put(&[of("b", 0, most), of("b", 1, most)]);
    let windows = windows_of(Span::HOUR, 1);
    let host = [tag("host")];
    let asked = pooled(windows, Needs::SUM, &host);
    for is_flushed in [false, true] {
        let groups = rig.store.aggregate(&asked, &Budget::unlimited()).expect("aggregate");
        let sums: Vec<f64> =
            groups.iter().flat_map(|group| group.windows()).map(|w| w.sum()).collect();
        assert_eq!(sums[0], 7.0, "flushed: {is_flushed}");
        assert_eq!(sums[1], (2 * most) as f64, "flushed: {is_flushed}");
        rig.store.flush().expect("flush");
    }
}

#[test]
fn whole_chunks_are_answered_by_their_statistics() {
    let rig = Rig::new();
    let points: Vec<_> = (0..1000).map(|n| float("cpu", NOW + n * SECOND, n as f64)).collect();
    rig.put(&points);
    rig.store.flush().expect("flush");
    let windows = windows_of(Span::HOUR, 1);
    let asked = pooled(windows, Needs::ALL, &[]);
    let groups = rig.store.aggregate(&asked, &Budget::new(0)).expect("no sample is decoded");
    let window = groups.iter().flat_map(|group| group.windows()).next().expect("a window");
    assert_eq!((window.count, window.sum()), (1000, 499_500.0));
    assert_eq!((window.first, window.last, window.max_at), (0.0, 999.0, NOW + 999 * SECOND));
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
    let asked = pooled(windows, Needs::SUM, &[]);
    rig.store.aggregate(&asked, &Budget::unlimited()).expect_err("a step of zero");
}

/// Threads that look through partitions side by side find what one finds, in the same order.
#[test]
fn looking_on_many_threads_finds_what_one_does() {
    let with = |streams_per_thread| mixed_with(Options { streams_per_thread, ..options() });
    let (alone, shared) = (with(u64::MAX), with(1));
    let budget = Budget::unlimited();
    let keys = [vec![], vec![tag("zone")], vec![tag("host"), Attribute::Name]];
    for predicate in predicates() {
        for group_by in &keys {
            let windows = windows_of(Span(500 * SECOND), 9);
            let asked =
                Aggregation { predicate: &predicate, ..pooled(windows, Needs::ALL, group_by) };
            let ask = |rig: &Rig| rig.store.aggregate(&asked, &budget).expect("aggregate");
            // NaN is equal to itself here.
            let text = |rig: &Rig| format!("{:?}", ask(rig));
            assert_eq!(text(&alone), text(&shared), "{predicate:?} {group_by:?}");
        }
        let selection = Selection { predicate, range: TimeRange::ALL };
        let names = |rig: &Rig| -> Vec<String> {
            let found = rig.store.select(&selection, &budget).expect("select");
            found.iter().map(|series| format!("{:?}", series.meta())).collect()
        };
        assert_eq!(names(&alone), names(&shared), "{selection:?}");
        let outline = |rig: &Rig| rig.store.outline(&selection, &budget).expect("outline");
        assert_eq!(outline(&alone), outline(&shared), "{selection:?}");
    }
}
