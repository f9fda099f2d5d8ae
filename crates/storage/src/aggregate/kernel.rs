//! What is made of the samples of one window, in loops that run in vector registers.
//!
//! Integers of one scale are added exactly and scaled once. Doubles are added with the
//! error of each addition kept, so that a sum is within `2^-53 * |sum| + n^2 * 2^-106 *
//! Σ|value|` of the exact one (Ogita, Rump and Oishi 2005): for any window that a sane
//! question has, the nearest double or the one beside it.

use super::cut::Times;
use codec::floats::Scaled;
use model::accumulators::two_sum;
use model::value::is_stale;
use model::{Accumulator, Needs};
use std::ops::Range;

/// Sums that are built side by side: as many as fill two small vector registers.
const LANES: usize = 4;

/// The values of a run; what is made of them must be without staleness markers.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// Any doubles.
    Floats(&'a [f64]),
    /// Integers of one scale.
    Scaled(Scaled<'a>),
    /// Integers.
    Whole(&'a [i64]),
}

impl Numbers<'_> {
    /// The value at `index`.
    #[inline]
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Self::Floats(values) => values[index],
            Self::Scaled(scaled) => scaled.scale.value(scaled.integers[index]),
            Self::Whole(values) => values[index] as f64,
        }
    }

    /// The samples `inside` of them as far as `needs` says; there is at least one.
    #[inline]
    pub fn summarize(&self, times: Times<'_>, inside: Range<usize>, needs: Needs) -> Accumulator {
        let mut summary = Accumulator::default();
        summary.count = inside.len() as u64;
        if needs.has(Needs::SUM) {
            let (sum, compensation) = self.sum(inside.clone());
            summary = summary.with_sum_parts(sum, compensation);
        }
        if needs.has(Needs::FIRST) {
            summary.first = self.at(inside.start);
            summary.first_at = times.at(inside.start);
        }
        if needs.has(Needs::LAST) {
            summary.last = self.at(inside.end - 1);
            summary.last_at = times.at(inside.end - 1);
        }
        if needs.has(Needs::MIN) {
            let (value, place) = self.extreme::<false>(inside.clone(), needs);
            (summary.min, summary.min_at) = (value, times.at(place));
        }
        if needs.has(Needs::MAX) {
            let (value, place) = self.extreme::<true>(inside, needs);
            (summary.max, summary.max_at) = (value, times.at(place));
        }
        summary
    }

    /// Whether any of those `inside` is a staleness marker.
    pub fn has_stale(&self, inside: Range<usize>) -> bool {
        match self {
            Self::Floats(values) => values[inside].iter().any(|value| is_stale(*value)),
            Self::Scaled(_) | Self::Whole(_) => false,
        }
    }

    /// The sum and its compensation.
    #[inline]
    pub fn sum(&self, inside: Range<usize>) -> (f64, f64) {
        match self {
            Self::Floats(values) => sum_of_floats(&values[inside]),
            Self::Scaled(scaled) => (scaled.sum(inside), 0.0),
            Self::Whole(values) => sum_of_integers(&values[inside]),
        }
    }

    /// The least value, or the greatest, and where it first stood, which is right only
    /// where `needs` asks for times.
    #[inline]
    fn extreme<const GREATEST: bool>(&self, inside: Range<usize>, needs: Needs) -> (f64, usize) {
        let is_timed = needs.has(Needs::EXTREME_TIMES);
        let start = inside.start;
        let integers = match self {
            Self::Floats(values) => {
                let values = &values[inside];
                let (value, place) = extreme_of_floats::<GREATEST>(values, is_timed);
                return (value, start + place);
            }
            Self::Scaled(scaled) => &scaled.integers[inside],
            Self::Whole(values) => &values[inside],
        };
        let best = extreme_of::<i64, GREATEST>(integers, integers[0]);
        let place = if is_timed { integers.iter().position(|v| *v == best) } else { None };
        let value = match self {
            Self::Scaled(scaled) => scaled.scale.value(best),
            _ => best as f64,
        };
        (value, start + place.unwrap_or(0))
    }
}

/// The sum of doubles, and what rounding took from it.
fn sum_of_floats(values: &[f64]) -> (f64, f64) {
    let (mut sums, mut errors) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let (sum, error) = two_sum(sums[lane], chunk[lane]);
            sums[lane] = sum;
            errors[lane] += error;
        }
    }
    let mut total = (sums[0], errors[0]);
    let others = sums[1..].iter().zip(&errors[1..]);
    let rest = rest.iter().map(|value| (*value, 0.0));
    for (value, before) in others.map(|(sum, error)| (*sum, *error)).chain(rest) {
        let (sum, error) = two_sum(total.0, value);
        total = (sum, total.1 + (error + before));
    }
    total
}

/// The sum of integers, and what rounding it to a double took from it: together exact, so
/// that large sums that cancel out later leave an exact one.
fn sum_of_integers(values: &[i64]) -> (f64, f64) {
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    let rounded = sum as f64;
    (rounded, (sum - rounded as i128) as f64)
}

/// The least or greatest of `values`, which `start` is one of or does not beat.
#[inline(always)]
fn extreme_of<T: PartialOrd + Copy, const GREATEST: bool>(values: &[T], start: T) -> T {
    let better = |value: T, best: T| {
        let wins = if GREATEST { value > best } else { value < best };
        if wins { value } else { best }
    };
    let mut best = [start; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            best[lane] = better(chunk[lane], best[lane]);
        }
    }
    rest.iter().chain(&best[1..]).fold(best[0], |best, value| better(*value, best))
}

/// The least or greatest of doubles, and where it first stood where that is asked for. NaN
/// yields to numbers.
fn extreme_of_floats<const GREATEST: bool>(values: &[f64], is_timed: bool) -> (f64, usize) {
    let start = if GREATEST { f64::NEG_INFINITY } else { f64::INFINITY };
    let best = extreme_of::<f64, GREATEST>(values, start);
    // The start itself may stand there or not; and of two zeros the first counts.
    if !is_timed && best != start && best != 0.0 {
        return (best, 0);
    }
    match values.iter().position(|value| *value == best) {
        Some(place) => (values[place], place),
        None => (f64::NAN, 0),
    }
}

#[cfg(test)]
mod tests;
