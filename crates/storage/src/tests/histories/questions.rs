//! Random questions, answered by the store and, sample by sample, by what was read.

use super::cells::is_alike;
use super::found::{Found, select};
use crate::Store;
use crate::disk::simulated::Random;
use model::change::{Change, Ends};
use model::limits::Budget;
use model::port::{
    Aggregation, Edge, Reduction, Selection, Source, TagValues, WindowFunction, Windows, newest_of,
};
use model::value::is_stale;
use model::{
    Accumulator, Attribute, Kind, MatchOp, Matcher, Needs, Predicate, Samples, Span, TimeRange,
    Timestamp,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Asks a few questions; `all` is everything there is.
pub fn ask(store: &Store, all: &Found, now: i64, random: &mut Random) {
    for _ in 0..3 {
        check_select(store, all, now, random);
        check_aggregate(store, all, now, random);
        check_values(store, all, now, random);
        check_ends(store, now, random);
    }
}

/// The newest sample and the bounds of a series are those of what is read of it.
fn check_ends(store: &Store, now: i64, random: &mut Random) {
    let selection = Selection { predicate: predicate(random, 1), range: range(random, now) };
    let (range, budget) = (selection.range, Budget::unlimited());
    let (mut samples, mut scratch) = (Samples::new(Kind::F64), Samples::new(Kind::F64));
    for series in store.select(&selection, &budget).expect("select") {
        let what = || format!("{selection:?} {:?}", series.meta());
        series.read(range, &budget, &mut samples).expect("read");
        let newest = series.newest(range, &budget, &mut scratch).expect("newest");
        let bits = |it: Option<(Timestamp, f64)>| it.map(|(at, value)| (at, value.to_bits()));
        assert_eq!(bits(newest), bits(newest_of(&samples)), "{}", what());
        let Some((low, high)) = series.bounds(range, &budget).expect("bounds") else { continue };
        for at in 0..samples.len() {
            let Some(value) = samples.get(at).1.as_f64() else { continue };
            let is_inside = is_stale(value) || low <= value && value <= high;
            assert!(is_inside, "{value} is not within {low} and {high}: {}", what());
        }
    }
}

/// Every value that a sample asked for stands under, and none that no series has.
fn check_values(store: &Store, all: &Found, now: i64, random: &mut Random) {
    let (predicate, range) = (predicate(random, 2), range(random, now));
    let tag = *random.pick(&["host", "zone", "none"]);
    let selection = Selection { predicate, range };
    let kinds = if random.chance(500) { Kind::is_numeric } else { |kind: Kind| kind == Kind::Str };
    let asked = TagValues { tag, selection: &selection, kinds };
    let budget = Budget::unlimited();
    let found = store.values(&asked, &budget).expect("values");
    assert!(found.is_sorted_by(|a, b| a < b), "{asked:?}: {found:?}");
    for read in all.values().filter(|read| selection.predicate.matches(&read.meta)) {
        let is_there = read.samples.range(range.start.0..).next();
        let is_there = is_there.is_some_and(|(at, _)| range.contains(Timestamp(*at)));
        let value = read.meta.stream.tags.get(tag);
        if is_there && kinds(read.meta.kind) && !value.is_empty() {
            assert!(found.iter().any(|it| it == value), "{asked:?} lacks {value}: {found:?}");
        }
    }
    let anywhen = Selection { range: TimeRange::ALL, ..selection.clone() };
    let every = store.select(&anywhen, &budget).expect("select");
    for value in &found {
        let has = every.iter().any(|one| one.meta().stream.tags.get(tag) == value);
        assert!(has, "{asked:?} has {value}, which no series has: {found:?}");
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
                answer.and_then(|answer| answer.get(at)).is_some_and(|one| is_alike(one, value))
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
        Reduction::PerSeries(WindowFunction::Change(Change::Rate)),
        Reduction::PerSeries(WindowFunction::Change(Change::Increase)),
    ]);
    let needs = *random.pick(&[Needs::ALL, Needs::ALL, Needs::SUM, Needs::LAST, Needs::MAX]);
    let group_by: Vec<Attribute> = (0..random.below(3)).map(|_| attribute(random)).collect();
    let group_by = &group_by;
    let asked = Aggregation { predicate: &predicate, windows, reduction, needs, group_by };
    let found = store.aggregate(&asked, &Budget::unlimited()).expect("aggregate");
    let expected = brute_force(all, &asked);
    let keys: Vec<_> = found.iter().map(|group| group.key.to_vec()).collect();
    assert_eq!(keys, expected.keys().cloned().collect::<Vec<_>>(), "{asked:?}");
    for (group, (windows, sizes)) in found.iter().zip(expected.values()) {
        assert_eq!(group.windows().len(), windows.len(), "{asked:?}");
        for (index, (a, b)) in group.windows().zip(windows).enumerate() {
            check_window(&a, b, sizes[index], &asked, index);
        }
    }
}

/// Equal in what was asked for, but for the rounding of sums; `size` is the sum of all
/// magnitudes.
fn check_window(a: &Accumulator, b: &Accumulator, size: f64, asked: &Aggregation<'_>, at: usize) {
    let needs = asked.needs;
    let what = || format!("{asked:?}, window {at}");
    assert_eq!(a.count, b.count, "{}", what());
    if a.count == 0 {
        return;
    }
    let is_equal = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan());
    // Where the sum may leave the finite numbers, the order decides.
    let is_close = |x: f64, y: f64| is_equal(x, y) || size > 1e300 || (x - y).abs() <= 1e-9 * size;
    // What sums became may differ as they do, and so may the place of their extremes.
    let is_summed =
        matches!(asked.reduction, Reduction::PerSeries(WindowFunction::Sum | WindowFunction::Mean));
    let is_same = |x: f64, y: f64| if is_summed { is_close(x, y) } else { is_equal(x, y) };
    let is_time = |x: i64, y: i64| !needs.has(Needs::EXTREME_TIMES) || x == y || b.min.is_nan();
    for (need, is_right) in [
        (Needs::SUM, is_close(a.sum(), b.sum())),
        (Needs::MIN, is_same(a.min, b.min) && is_time(a.min_at, b.min_at)),
        (Needs::MAX, is_same(a.max, b.max) && is_time(a.max_at, b.max_at)),
        (Needs::FIRST, is_same(a.first, b.first) && a.first_at == b.first_at),
        (Needs::LAST, is_same(a.last, b.last) && a.last_at == b.last_at),
    ] {
        let text = || format!("{need:?}, {}\nfound    {a:?}\nexpected {b:?}", what());
        assert!(is_right || !needs.has(need), "{}", text());
    }
}

/// The windows of a group, and for each the sum of all magnitudes.
type Weighed = (Vec<Accumulator>, Vec<f64>);

/// What `aggregate` must answer, sample by sample.
fn brute_force(all: &Found, asked: &Aggregation<'_>) -> BTreeMap<Vec<Arc<str>>, Weighed> {
    let mut groups: BTreeMap<Vec<Arc<str>>, Weighed> = BTreeMap::new();
    let Aggregation { predicate, windows, reduction, group_by, .. } = asked;
    let numeric = all.values().filter(|r| predicate.matches(&r.meta) && r.meta.kind.is_numeric());
    for read in numeric {
        let value = |a: &Attribute| a.value(&read.meta.stream, &read.meta.field).as_ref().into();
        let key: Vec<Arc<str>> = group_by.iter().map(value).collect();
        for index in 0..windows.count {
            let range = windows.range(index);
            if range.is_empty() {
                continue;
            }
            let (mut window, mut falls) = (Accumulator::default(), Vec::new());
            let mut size = 0.0;
            for (at, value) in read.samples.range(range.start.0..=range.end.0) {
                let number = value.as_ref().as_f64().expect("numeric");
                if !is_stale(number) {
                    if window.count > 0 && number < window.last {
                        falls.push(window.last);
                    }
                    window.push(*at, number);
                    size += if number.is_finite() { number.abs() } else { 1e301 };
                }
            }
            if window.count == 0 {
                continue;
            }
            let value = match reduction {
                Reduction::Pooled => None,
                Reduction::PerSeries(WindowFunction::Change(change)) => {
                    let (count, first) = (window.count, (window.first_at, window.first));
                    let ends = Ends { count, first, last: (window.last_at, window.last) };
                    match change.of(&ends, windows.ends(index), falls.into_iter()) {
                        None => continue,
                        value => value,
                    }
                }
                Reduction::PerSeries(function) => Some(value_of(*function, &window)),
            };
            let empty = || (vec![Accumulator::default(); windows.count], vec![0.0; windows.count]);
            let (group, sizes) = groups.entry(key.clone()).or_insert_with(empty);
            sizes[index] += size;
            match value {
                None => group[index].pool(&window),
                Some(value) => {
                    let mut one = Accumulator::default();
                    one.push(windows.anchor(index).0, value);
                    group[index].pool(&one);
                }
            }
        }
    }
    groups
}

fn value_of(function: WindowFunction, window: &Accumulator) -> f64 {
    match function {
        WindowFunction::Count => window.count as f64,
        WindowFunction::Sum => window.sum(),
        WindowFunction::Mean => window.mean(),
        WindowFunction::Min => window.min,
        WindowFunction::Max => window.max,
        WindowFunction::First => window.first,
        WindowFunction::Last => window.last,
        WindowFunction::Change(_) => unreachable!("a change is more than an accumulator tells"),
    }
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
            let pattern = model::Pattern::new(PATTERNS[random.below(7) as usize]).expect("pattern");
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
