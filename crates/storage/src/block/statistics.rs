//! Statistics of many chunks side by side: what windows that cover a chunk need.
//!
//! While they are gathered and as they are stored, times are rows of their chunk; whoever
//! knows its timestamps puts them in place. Of text there are none, and none where a value
//! is not finite or the chunk is short.

use model::value::is_stale;
use model::{Accumulator, Column};
use std::ops::Range;

pub use stored::{get, put};

mod stored;

/// Shorter chunks are decoded as fast as their statistics would be read, which would take
/// more space than the values.
pub const ROWS_MIN: usize = 128;

/// Statistics of some values, staleness markers left out; times are rows, counted from the
/// first of them.
pub fn of(values: &Column, at: Range<usize>) -> Option<Accumulator> {
    if at.len() < ROWS_MIN {
        return None;
    }
    match values {
        Column::F64(v) => of_numbers(v[at].iter().copied()),
        Column::I64(v) => of_numbers(v[at].iter().map(|value| *value as f64)),
        Column::U64(v) => of_numbers(v[at].iter().map(|value| *value as f64)),
        Column::Bool(v) => of_numbers(v[at].iter().map(|value| f64::from(*value))),
        Column::Str(_) | Column::Histogram(_) => None,
    }
}

fn of_numbers(values: impl Iterator<Item = f64> + Clone) -> Option<Accumulator> {
    let mut window = Accumulator::default();
    let mut is_finite = true;
    for (row, value) in (0..).zip(values.clone()) {
        is_finite &= value.is_finite() || is_stale(value);
        if !is_stale(value) {
            window.push(row, value);
        }
    }
    // Sums of finite values may still overflow, and then no longer merge.
    if !is_finite || !window.sum().is_finite() {
        return None;
    }
    Some(match decimals(values.filter(|value| !is_stale(*value))) {
        Some(decimals) => of_decimals(window, decimals),
        None => window,
    })
}

/// The most digits behind the point that are looked for.
const DECIMALS_MAX: usize = 9;
/// Below this, the whole numbers that stand for decimals are exact.
const DECIMAL_MAX: f64 = (1u64 << 51) as f64;

/// How many digits behind the point write all of the values; none where these are too many.
fn decimals(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut decimals = 0;
    for value in values {
        // What fewer digits write is written by more of them, too.
        while rounded(value, decimals) != Some(value) {
            decimals += 1;
            if decimals > DECIMALS_MAX {
                return None;
            }
        }
    }
    Some(decimals)
}

/// Sum and increase of decimals are decimals too, but for what rounding has left behind:
/// that is taken away, as it would take more space than everything else.
fn of_decimals(mut window: Accumulator, decimals: usize) -> Accumulator {
    let greatest = window.min.abs().max(window.max.abs());
    let nearest = |sum: f64| {
        // As far as so many additions may lead astray.
        let error = window.count as f64 * f64::EPSILON * sum.abs().max(greatest);
        let decimal = rounded(sum, decimals);
        decimal.filter(|decimal| (decimal - sum).abs() <= error).unwrap_or(sum)
    };
    let (sum, increase) = (nearest(window.sum()), nearest(window.increase));
    window.increase = increase;
    window.with_sum_parts(sum, 0.0)
}

/// The double nearest to what `value` is with so many digits behind the point; none where it
/// has too many before.
fn rounded(value: f64, decimals: usize) -> Option<f64> {
    /// Added to a number below [`DECIMAL_MAX`], this leaves no digits behind the point.
    const WHOLE: f64 = 3.0 * (1u64 << 51) as f64;
    let power = POWERS[decimals];
    let scaled = value * power;
    (scaled.abs() < DECIMAL_MAX).then(|| (scaled + WHOLE - WHOLE) / power)
}

/// Powers of ten.
const POWERS: [f64; DECIMALS_MAX + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Replaces rows by the times that stand there; none where a row is not there.
pub fn at_times(
    mut window: Accumulator,
    time: impl Fn(usize) -> Option<i64>,
) -> Option<Accumulator> {
    if window.count > 0 {
        let places =
            [&mut window.min_at, &mut window.max_at, &mut window.first_at, &mut window.last_at];
        for place in places {
            *place = time(usize::try_from(*place).ok()?)?;
        }
    }
    Some(window)
}

#[cfg(test)]
mod tests;
