//! Functions that go from point to point.

use super::gather::Point;
use super::grid::Grid;
use crate::influxql::answer::Cell;
use crate::influxql::plan::Step;

/// What `step` makes of the points of one series, which stand in the order of the query.
/// Points without a value are passed over.
pub(crate) fn apply(
    step: Step,
    points: Vec<Point>,
    grid: &Grid<'_>,
    ascending: bool,
) -> Vec<Point> {
    let points: Vec<Point> = points.into_iter().filter(|point| !point.value.is_null()).collect();
    match step {
        Step::Derivative { unit, non_negative } => pairs(&points, |before, after| {
            let change = change(&before.value, &after.value)?;
            let elapsed = elapsed(before.at, after.at, ascending);
            let rate = change / (elapsed as f64 / unit as f64);
            (!non_negative || change >= 0.0).then_some(Cell::Float(rate))
        }),
        Step::Difference { non_negative } => pairs(&points, |before, after| {
            let falls = change(&before.value, &after.value)? < 0.0;
            let difference = difference(&before.value, &after.value)?;
            (!non_negative || !falls).then_some(difference)
        }),
        Step::MovingAverage(size) => moving_average(&points, size),
        Step::CumulativeSum => cumulative_sum(points),
        Step::Elapsed { unit } => points
            .windows(2)
            .map(|pair| {
                let elapsed = elapsed(pair[0].at, pair[1].at, ascending);
                point(pair[1].at, Cell::Integer(elapsed / unit))
            })
            .collect(),
        Step::Integral { unit } => integral(&points, unit, grid, ascending),
    }
}

fn point(at: i64, value: Cell) -> Point {
    Point { at, value, aux: None }
}

fn elapsed(before: i64, after: i64, ascending: bool) -> i64 {
    if ascending { after.saturating_sub(before) } else { before.saturating_sub(after) }
}

/// Visits each point with the one before it; of several at one time only the first.
fn pairs(points: &[Point], value: impl Fn(&Point, &Point) -> Option<Cell>) -> Vec<Point> {
    let mut made = Vec::new();
    let mut before: Option<&Point> = None;
    for after in points {
        if let Some(before) = before {
            if before.at == after.at {
                continue;
            }
            if let Some(cell) = value(before, after) {
                made.push(point(after.at, cell));
            }
        }
        before = Some(after);
    }
    made
}

/// How much a value changed; integers are subtracted before they become floats.
fn change(before: &Cell, after: &Cell) -> Option<f64> {
    Some(match (before, after) {
        (Cell::Integer(before), Cell::Integer(after)) => after.wrapping_sub(*before) as f64,
        (Cell::Unsigned(before), Cell::Unsigned(after)) if after >= before => {
            (after - before) as f64
        }
        (Cell::Unsigned(before), Cell::Unsigned(after)) => -((before - after) as f64),
        _ => after.as_f64()? - before.as_f64()?,
    })
}

/// The same as a value of the kind the points have, integers wrapping around.
fn difference(before: &Cell, after: &Cell) -> Option<Cell> {
    Some(match (before, after) {
        (Cell::Integer(before), Cell::Integer(after)) => Cell::Integer(after.wrapping_sub(*before)),
        (Cell::Unsigned(before), Cell::Unsigned(after)) => {
            Cell::Unsigned(after.wrapping_sub(*before))
        }
        _ => Cell::Float(after.as_f64()? - before.as_f64()?),
    })
}

fn moving_average(points: &[Point], size: usize) -> Vec<Point> {
    let mut made = Vec::new();
    let mut whole = 0i64;
    let mut float = 0.0;
    for (index, current) in points.iter().enumerate() {
        let leaving = index.checked_sub(size).map(|gone| &points[gone].value);
        match (&current.value, leaving) {
            (Cell::Integer(value), leaving) => {
                if let Some(Cell::Integer(gone)) = leaving {
                    whole = whole.wrapping_sub(*gone);
                }
                whole = whole.wrapping_add(*value);
            }
            (value, leaving) => {
                if let Some(gone) = leaving.and_then(Cell::as_f64) {
                    float -= gone;
                }
                float += value.as_f64().unwrap_or_default();
            }
        }
        if index + 1 >= size {
            let sum = if matches!(current.value, Cell::Integer(_)) { whole as f64 } else { float };
            made.push(point(current.at, Cell::Float(sum / size as f64)));
        }
    }
    made
}

fn cumulative_sum(points: Vec<Point>) -> Vec<Point> {
    let mut sum = Cell::Null;
    let mut made = Vec::with_capacity(points.len());
    for current in points {
        sum = match (sum, current.value) {
            (Cell::Integer(sum), Cell::Integer(value)) => Cell::Integer(sum.wrapping_add(value)),
            (Cell::Unsigned(sum), Cell::Unsigned(value)) => Cell::Unsigned(sum.wrapping_add(value)),
            (Cell::Float(sum), Cell::Float(value)) => Cell::Float(sum + value),
            (_, first) => first,
        };
        made.push(point(current.at, sum.clone()));
    }
    made
}

/// The area under the line through the points, in units of time, cut at window ends.
fn integral(points: &[Point], unit: i64, grid: &Grid<'_>, ascending: bool) -> Vec<Point> {
    let mut made = Vec::new();
    let Some(first) = points.first() else { return made };
    let area = |from: (i64, f64), to: (i64, f64)| {
        0.5 * (from.1 + to.1) * ((to.0 - from.0) as f64 / unit as f64)
    };
    // The end a window is left by is its start where time runs backwards.
    let window = |at: i64| {
        let (start, end) = grid.window(at);
        if ascending { (start, end) } else { (end, start) }
    };
    let value = |point: &Point| point.value.as_f64().unwrap_or_default();
    let (mut start, mut end) = window(first.at);
    let mut previous = (first.at, value(first));
    let mut sum = 0.0;
    for current in &points[1..] {
        let next = (current.at, value(current));
        if previous.0 == next.0 {
            previous = next;
            continue;
        }
        let left = if ascending { next.0 >= end } else { next.0 <= end };
        if grid.interval.is_some() && left {
            if previous.0 != end {
                let slope = (next.1 - previous.1) / (next.0 - previous.0) as f64;
                let cut = (end, previous.1 + slope * (end - previous.0) as f64);
                sum += area(previous, cut);
                previous = cut;
            }
            made.push(point(grid.window(start.min(end)).0, Cell::Float(sum)));
            (start, end) = window(next.0);
            sum = 0.0;
        }
        sum += area(previous, next);
        previous = next;
    }
    if grid.interval.is_none() {
        // InfluxDB stamps an integral over everything with the epoch.
        made.push(point(0, Cell::Float(sum)));
    } else if previous.0 != start {
        made.push(point(grid.window(start.min(end)).0, Cell::Float(sum)));
    }
    made
}

#[cfg(test)]
mod tests;
