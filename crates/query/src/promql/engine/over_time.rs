//! What `*_over_time`, `changes` and `resets` make of the samples in a window.

use super::grid::secs;
use super::maths::{self, Mean, Sum};
use super::window::Window;

pub(crate) fn avg(window: &Window<'_>) -> Option<f64> {
    let mut mean = Mean::default();
    window.values.iter().for_each(|&value| mean.push(value));
    Some(mean.value())
}

pub(crate) fn sum(window: &Window<'_>) -> Option<f64> {
    Some(window.values.iter().fold(Sum::default(), |sum, &value| sum.plus(value)).value())
}

pub(crate) fn count(window: &Window<'_>) -> Option<f64> {
    Some(window.values.len() as f64)
}

pub(crate) fn present(_: &Window<'_>) -> Option<f64> {
    Some(1.0)
}

pub(crate) fn first(window: &Window<'_>) -> Option<f64> {
    window.values.first().copied()
}

pub(crate) fn last(window: &Window<'_>) -> Option<f64> {
    window.values.last().copied()
}

pub(crate) fn min(window: &Window<'_>) -> Option<f64> {
    best(window, |value, best| value < best).map(|(_, value)| value)
}

pub(crate) fn max(window: &Window<'_>) -> Option<f64> {
    best(window, |value, best| value > best).map(|(_, value)| value)
}

/// When the least value stood last.
pub(crate) fn ts_of_min(window: &Window<'_>) -> Option<f64> {
    best(window, |value, best| value <= best).map(|(at, _)| secs(at))
}

/// When the greatest value stood last.
pub(crate) fn ts_of_max(window: &Window<'_>) -> Option<f64> {
    best(window, |value, best| value >= best).map(|(at, _)| secs(at))
}

pub(crate) fn ts_of_first(window: &Window<'_>) -> Option<f64> {
    window.times.first().map(|&at| secs(at))
}

pub(crate) fn ts_of_last(window: &Window<'_>) -> Option<f64> {
    window.times.last().map(|&at| secs(at))
}

/// The sample that `beats` all before it; anything beats NaN.
fn best(window: &Window<'_>, beats: impl Fn(f64, f64) -> bool) -> Option<(i64, f64)> {
    let samples = window.times.iter().copied().zip(window.values.iter().copied());
    samples.reduce(
        |best, sample| {
            if beats(sample.1, best.1) || best.1.is_nan() { sample } else { best }
        },
    )
}

pub(crate) fn stdvar(window: &Window<'_>) -> Option<f64> {
    let (mut count, mut mean, mut squares) = (0.0, Sum::default(), Sum::default());
    for &value in window.values {
        count += 1.0;
        let before = value - (mean.total + mean.compensation);
        mean = mean.plus(before / count);
        squares = squares.plus(before * (value - (mean.total + mean.compensation)));
    }
    Some((squares.total + squares.compensation) / count)
}

pub(crate) fn stddev(window: &Window<'_>) -> Option<f64> {
    stdvar(window).map(f64::sqrt)
}

/// The parameter is φ.
pub(crate) fn quantile(window: &Window<'_>) -> Option<f64> {
    let mut values = window.values.to_vec();
    Some(maths::quantile(window.params[0], &mut values))
}

/// The median of the distances from the median.
pub(crate) fn mad(window: &Window<'_>) -> Option<f64> {
    let mut values = window.values.to_vec();
    let median = maths::quantile(0.5, &mut values);
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    Some(maths::quantile(0.5, &mut values))
}

pub(crate) fn resets(window: &Window<'_>) -> Option<f64> {
    Some(window.falls.len() as f64)
}

pub(crate) fn changes(window: &Window<'_>) -> Option<f64> {
    let differ = |pair: &&[f64]| pair[0] != pair[1] && !(pair[0].is_nan() && pair[1].is_nan());
    Some(window.values.windows(2).filter(differ).count() as f64)
}
