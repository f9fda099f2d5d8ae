//! Random questions, answered by the store and, sample by sample, by what was read.

use super::cells::is_same;
use super::found::{Found, select};
use crate::Store;
use crate::disk::simulated::Random;
use model::limits::Budget;
use model::port::{Edge, Group, Reduction, Source, WindowFunction, Windows};
use model::value::is_stale;
use model::{Accumulator, Attribute, MatchOp, Matcher, Predicate, Span, TimeRange, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Asks a few questions; `all` is everything there is.
pub fn ask(store: &Store, all: &Found, now: i64, random: &mut Random) {
    for _ in 0..3 {
        check_select(store, all, now, random);
        check_aggregate(store, all, now, random);
    }
}

fn check_select(store: &Store, all: &Found, now: i64, random: &mut Random) {
    let (predicate, range) = (predicate(random, 2), range(random, now));
    let budget = Budget::unlimited();
    let found = select(store, &predicate, range, &budget).expect("select");
    let inside = |at: &i64| range.contains(Timestamp(*at));
    let mut expected = 0;
    for (place, read) in all.iter().filter(|(_, read)| predicate.matches(&read.meta)) {
        let samples: Vec<_> = read.samples.iter().filter(|(at, _)| inside(at)).collect();
        let answer = found.get(place).map(|read| &read.samples);
        let is_whole = answer.map_or(0, BTreeMap::len) == samples.len()
            && samples.iter().all(|(at, value)| {
                answer.and_then(|answer| answer.get(at)).is_some_and(|one| is_same(one, value))
            });
        assert!(
            is_whole,
            "select {predicate:?} {range:?}: {place:?}\nfound    {answer:?}\nexpected {samples:?}"
        );
        expected += usize::from(!samples.is_empty());
    }
    assert_eq!(found.len(), expected, "select {predicate:?} {range:?}: {:?}", found.keys());
}

fn check_aggregate(store: &Store, all: &Found, now: i64, random: &mut Random) {
    let (predicate, windows) = (predicate(random, 2), windows(random, now));
    let reduction = *random.pick(&[
        Reduction::Pooled,
        Reduction::Pooled,
        Reduction::PerSeries(WindowFunction::Mean),
        Reduction::PerSeries(WindowFunction::Sum),
        Reduction::PerSeries(WindowFunction::Max),
        Reduction::PerSeries(WindowFunction::Last),
        Reduction::PerSeries(WindowFunction::Count),
    ]);
    let group_by: Vec<Attribute> = (0..random.below(3)).map(|_| attribute(random)).collect();
    let budget = Budget::unlimited();
    let found = store.aggregate(&predicate, &windows, reduction, &group_by, &budget);
    let found = found.expect("aggregate");
    let expected = brute_force(all, &predicate, &windows, reduction, &group_by);
    let what = format!("aggregate {predicate:?} {windows:?} {reduction:?} by {group_by:?}");
    let keys = |groups: &[Group]| groups.iter().map(|g| g.key.clone()).collect::<Vec<_>>();
    let expected_groups: Vec<_> = expected.iter().map(|(group, _)| group.clone()).collect();
    assert_eq!(keys(&found), keys(&expected_groups), "{what}");
    for (found, (group, sizes)) in found.iter().zip(&expected) {
        assert_eq!(found.windows.len(), group.windows.len(), "{what}");
        for (index, size) in sizes.iter().enumerate() {
            let (a, b) = (&found.windows[index], &group.windows[index]);
            check_window(a, b, *size, || format!("{what}: {:?}, window {index}", found.key));
        }
    }
}

/// Equal but for the order of adding; `size` is the sum of all magnitudes.
fn check_window(a: &Accumulator, b: &Accumulator, size: f64, what: impl Fn() -> String) {
    let what = || format!("{}\nfound    {a:?}\nexpected {b:?}", what());
    assert_eq!(a.count, b.count, "{}", what());
    if a.count == 0 {
        return;
    }
    let is_equal = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan());
    // Where the sum may leave the finite numbers, the order decides.
    let is_close = |x: f64, y: f64| is_equal(x, y) || size > 1e300 || (x - y).abs() <= 1e-9 * size;
    assert!(is_close(a.sum(), b.sum()), "sum, {}", what());
    assert!(is_close(a.increase, b.increase), "increase, {}", what());
    assert!(is_equal(a.min, b.min) && is_equal(a.max, b.max), "extremes, {}", what());
    assert!(is_equal(a.first, b.first) && is_equal(a.last, b.last), "ends, {}", what());
    let ends = |w: &Accumulator| (w.first_at, w.last_at, w.resets);
    assert_eq!(ends(a), ends(b), "{}", what());
    if !b.min.is_nan() {
        assert_eq!((a.min_at, a.max_at), (b.min_at, b.max_at), "{}", what());
    }
}

/// The windows of a group, and for each the sum of all magnitudes.
type Weighed = (Vec<Accumulator>, Vec<f64>);

/// Groups, and for each of their windows the sum of all magnitudes.
fn brute_force(
    all: &Found,
    predicate: &Predicate,
    windows: &Windows,
    reduction: Reduction,
    group_by: &[Attribute],
) -> Vec<(Group, Vec<f64>)> {
    let mut groups: BTreeMap<Vec<Arc<str>>, Weighed> = BTreeMap::new();
    let numeric = all.values().filter(|r| predicate.matches(&r.meta) && r.meta.kind.is_numeric());
    for read in numeric {
        let value = |a: &Attribute| a.value(&read.meta.stream, &read.meta.field).as_ref().into();
        let key: Vec<Arc<str>> = group_by.iter().map(value).collect();
        for index in 0..windows.count {
            let range = windows.range(index);
            if range.is_empty() {
                continue;
            }
            let mut window = Accumulator::default();
            let mut size = 0.0;
            for (at, value) in read.samples.range(range.start.0..=range.end.0) {
                let number = value.as_ref().as_f64().expect("numeric");
                if !is_stale(number) {
                    window.push(*at, number);
                    size += if number.is_finite() { number.abs() } else { 1e301 };
                }
            }
            if window.count == 0 {
                continue;
            }
            let empty = || (vec![Accumulator::default(); windows.count], vec![0.0; windows.count]);
            let (group, sizes) = groups.entry(key.clone()).or_insert_with(empty);
            sizes[index] += size;
            match reduction {
                Reduction::Pooled => group[index].pool(&window),
                Reduction::PerSeries(function) => {
                    let mut one = Accumulator::default();
                    let value = function.of(&window).expect("not empty");
                    one.push(windows.anchor(index).0, value);
                    group[index].pool(&one);
                }
            }
        }
    }
    let group = |(key, (windows, sizes))| (Group { key, windows }, sizes);
    groups.into_iter().map(group).collect()
}

fn attribute(random: &mut Random) -> Attribute {
    random
        .pick(&[
            Attribute::Name,
            Attribute::Database,
            Attribute::Policy,
            Attribute::Measurement,
            Attribute::Field,
            Attribute::Tag("host".into()),
            Attribute::Tag("zone".into()),
            Attribute::Tag("none".into()),
        ])
        .clone()
}

fn predicate(random: &mut Random, depth: u32) -> Predicate {
    let parts = |random: &mut Random| {
        (0..random.below(3)).map(|_| predicate(random, depth - 1)).collect::<Vec<_>>()
    };
    match random.below(if depth > 0 { 8 } else { 4 }) {
        0 => Predicate::ALL,
        4 | 5 => Predicate::And(parts(random)),
        6 => Predicate::Or(parts(random)),
        7 => Predicate::Not(Box::new(predicate(random, depth - 1))),
        _ => Predicate::Match(matcher(random)),
    }
}

fn matcher(random: &mut Random) -> Matcher {
    const TEXTS: [&str; 12] =
        ["", "h0", "h1", "h5", "x", "cpu", "mem", "cpu_user", "user", "value", "d1", "autogen"];
    const PATTERNS: [&str; 7] = ["^h[0-2]$", "h", "^$", ".*", "^(cpu|mem)", "_user$", "^p1"];
    let op = match random.below(4) {
        0 | 1 => MatchOp::Equal((*random.pick(&TEXTS)).into()),
        2 => MatchOp::NotEqual((*random.pick(&TEXTS)).into()),
        _ => {
            let pattern = regex::Regex::new(PATTERNS[random.below(7) as usize]).expect("pattern");
            if random.chance(500) { MatchOp::Regex(pattern) } else { MatchOp::NotRegex(pattern) }
        }
    };
    Matcher { attribute: attribute(random), op }
}

fn range(random: &mut Random, now: i64) -> TimeRange {
    if random.chance(200) {
        return TimeRange::ALL;
    }
    let start = now - random.between(-2, 40) * *random.pick(&SCALES);
    TimeRange::new(
        Timestamp(start),
        Timestamp(start + random.between(0, 60) * random.pick(&SCALES)),
    )
}

/// Lengths that questions are about.
const SCALES: [i64; 4] = [10 * Span::SECOND.0, Span::MINUTE.0, Span::HOUR.0, Span::DAY.0];

fn windows(random: &mut Random, now: i64) -> Windows {
    let scale = *random.pick(&SCALES);
    let step = random.between(1, 6) * scale;
    let width = match random.below(3) {
        0 => step,
        1 => random.between(1, 12) * scale,
        _ => step * random.between(1, 4),
    };
    let count = random.below(40) as usize;
    let start = now - random.between(0, 50) * scale - random.between(0, 1);
    let edge = *random.pick(&[Edge::LeftOpen, Edge::RightOpen]);
    Windows { start: Timestamp(start), step: Span(step), width: Span(width), count, edge }
}
