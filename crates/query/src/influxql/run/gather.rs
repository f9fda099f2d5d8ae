//! Functions that look at all points of a window.

use super::grid::Grid;
use crate::influxql::answer::Cell;
use crate::influxql::plan::Gathered;
use std::cmp::Ordering;
use std::collections::HashSet;

/// A point a function looks at, or makes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Point {
    /// When.
    pub(crate) at: i64,
    /// What; null where the function has nothing to say.
    pub(crate) value: Cell,
    /// The columns shown beside it, for functions that pick points.
    pub(crate) aux: Option<Box<[Cell]>>,
}

/// What `gathered` makes of `points`, window by window.
///
/// `keys` are the places in `aux` of the columns of which only one point each may be
/// picked; `selects` says that picked points keep their own times.
pub(crate) fn gather(
    mut points: Vec<Point>,
    gathered: &Gathered,
    grid: &Grid<'_>,
    keys: &[usize],
    selects: bool,
) -> Vec<Point> {
    points.sort_by_key(|point| point.at);
    if *gathered == Gathered::Points {
        return points;
    }
    let mut made = Vec::new();
    let mut rest = points.into_iter().peekable();
    while let Some(first) = rest.next() {
        let (start, end) = grid.window(first.at);
        let mut window = vec![first];
        while let Some(point) = rest.next_if(|point| point.at < end) {
            window.push(point);
        }
        let stamp = grid.stamp(start);
        made.extend(of_window(window, gathered, keys, selects, stamp));
    }
    made
}

fn of_window(
    window: Vec<Point>,
    gathered: &Gathered,
    keys: &[usize],
    selects: bool,
    stamp: i64,
) -> Vec<Point> {
    let alone = |value: Cell| vec![Point { at: stamp, value, aux: None }];
    match gathered {
        Gathered::Points => window,
        Gathered::Distinct => {
            let values = distinct(window).into_iter();
            values.map(|value| Point { at: stamp, value, aux: None }).collect()
        }
        Gathered::CountDistinct => alone(Cell::Integer(distinct(window).len() as i64)),
        Gathered::Median => alone(median(window)),
        Gathered::Mode => alone(mode(window)),
        Gathered::Stddev => alone(stddev(&window)),
        Gathered::Percentile(percent) => {
            let Some(mut point) = percentile(window, *percent) else { return Vec::new() };
            if !selects {
                point.at = stamp;
            }
            vec![point]
        }
        Gathered::Sample(size) => sample(window, *size),
        Gathered::Extreme { greatest, count, .. } => extreme(window, *greatest, *count, keys),
    }
}

/// How two values of one kind are ordered.
pub(crate) fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Float(a), Cell::Float(b)) => a.total_cmp(b),
        (Cell::Integer(a), Cell::Integer(b)) => a.cmp(b),
        (Cell::Unsigned(a), Cell::Unsigned(b)) => a.cmp(b),
        (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

fn by_value(window: &mut [Point]) {
    window.sort_by(|a, b| compare(&a.value, &b.value));
}

/// Each value once, sorted.
fn distinct(mut window: Vec<Point>) -> Vec<Cell> {
    by_value(&mut window);
    let mut values: Vec<Cell> = window.into_iter().map(|point| point.value).collect();
    values.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
    values
}

fn median(mut window: Vec<Point>) -> Cell {
    by_value(&mut window);
    let middle = window.len() / 2;
    let value = |index: usize| window[index].value.as_f64();
    if window.len() % 2 == 1 {
        return value(middle).map_or(Cell::Null, Cell::Float);
    }
    match (value(middle - 1), value(middle)) {
        (Some(low), Some(high)) => Cell::Float(low + (high - low) / 2.0),
        _ => Cell::Null,
    }
}

/// The most frequent value; of equally frequent ones the one that stood first.
fn mode(mut window: Vec<Point>) -> Cell {
    by_value(&mut window);
    let mut best: Option<(usize, i64, Cell)> = None;
    let runs = window.chunk_by(|a, b| compare(&a.value, &b.value) == Ordering::Equal);
    for run in runs {
        let (count, at) = (run.len(), run[0].at);
        let better = best
            .as_ref()
            .is_none_or(|(most, earliest, _)| count > *most || (count == *most && at < *earliest));
        if better {
            best = Some((count, at, run[0].value.clone()));
        }
    }
    best.map_or(Cell::Null, |(_, _, value)| value)
}

/// The standard deviation of a sample; of a single point there is none.
fn stddev(window: &[Point]) -> Cell {
    let values = window.iter().filter_map(|point| point.value.as_f64());
    let values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    if values.len() < 2 {
        return Cell::Null;
    }
    // The mean is taken step by step, as InfluxDB does, so that the last digits agree.
    let mut mean = 0.0;
    for (index, value) in values.iter().enumerate() {
        mean += (value - mean) / (index + 1) as f64;
    }
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Cell::Float((squares / (values.len() - 1) as f64).sqrt())
}

/// The point of nearest rank; none where the rank is outside.
fn percentile(mut window: Vec<Point>, percent: f64) -> Option<Point> {
    by_value(&mut window);
    let rank = (window.len() as f64 * percent / 100.0 + 0.5).floor() as i64 - 1;
    let index = usize::try_from(rank).ok().filter(|index| *index < window.len())?;
    Some(window.swap_remove(index))
}

/// Picks `size` points, each with the same chance, in the order of time.
fn sample(mut window: Vec<Point>, size: usize) -> Vec<Point> {
    if window.len() <= size {
        return window;
    }
    // Reservoir sampling (Vitter's algorithm R). The chances come from the points' times,
    // so that the same query over the same data gives the same answer.
    let mut state = window[0].at as u64 ^ window.len() as u64;
    let mut picked: Vec<usize> = (0..size).collect();
    for index in size..window.len() {
        let at = (next_random(&mut state) % (index as u64 + 1)) as usize;
        if at < size {
            picked[at] = index;
        }
    }
    let picked: HashSet<usize> = picked.into_iter().collect();
    let mut index = 0;
    window.retain(|_| {
        index += 1;
        picked.contains(&(index - 1))
    });
    window
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The greatest or least points, in the order of time; of each combination of keys only
/// the best one.
fn extreme(mut window: Vec<Point>, greatest: bool, count: usize, keys: &[usize]) -> Vec<Point> {
    // The best first; of equal ones the earliest.
    window.sort_by(|a, b| {
        let order = compare(&a.value, &b.value);
        let order = if greatest { order.reverse() } else { order };
        order.then(a.at.cmp(&b.at))
    });
    if !keys.is_empty() {
        let mut seen = HashSet::new();
        window.retain(|point| {
            let aux = point.aux.as_deref().unwrap_or_default();
            let key: Vec<String> = keys.iter().map(|key| format!("{:?}", aux[*key])).collect();
            seen.insert(key)
        });
    }
    window.truncate(count);
    window.sort_by_key(|point| point.at);
    window
}

#[cfg(test)]
mod tests;
