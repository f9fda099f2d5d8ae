//! How fast the samples in a window change, and where they are going.

use super::maths::Sum;
use super::window::Window;
use model::change::{Change, Ends};

pub(crate) fn rate(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, Change::Rate)
}

pub(crate) fn increase(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, Change::Increase)
}

pub(crate) fn delta(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, Change::Delta)
}

/// The change between first and last sample, extended to the ends of the window.
fn extrapolated(window: &Window<'_>, change: Change) -> Option<f64> {
    let (times, values) = (window.times, window.values);
    let last = times.len().checked_sub(1)?;
    let (first, last) = ((times[0], values[0]), (times[last], values[last]));
    let ends = Ends { count: times.len() as u64, first, last };
    let before_falls = window.falls.iter().map(|fall| values[fall - 1]);
    change.of(&ends, (window.start, window.end), before_falls)
}

/// The change between the last two samples.
pub(crate) fn idelta(window: &Window<'_>) -> Option<f64> {
    let &[.., before, last] = window.values else { return None };
    Some(last - before)
}

/// The increase of a counter between the last two samples, each second.
pub(crate) fn irate(window: &Window<'_>) -> Option<f64> {
    let (&[.., before, last], &[.., from, to]) = (window.values, window.times) else {
        return None;
    };
    let increase = if last < before { last } else { last - before };
    Some(increase / span_secs(from, to))
}

/// The slope of the line through the samples, each second.
pub(crate) fn deriv(window: &Window<'_>) -> Option<f64> {
    (window.values.len() > 1).then(|| Line::through(window, window.times[0]).slope)
}

/// Where the line through the samples will be; the parameter is how many seconds from now.
pub(crate) fn predict_linear(window: &Window<'_>) -> Option<f64> {
    (window.values.len() > 1).then(|| {
        let line = Line::through(window, window.at);
        line.slope * window.params[0] + line.intercept
    })
}

/// The line of least squares.
struct Line {
    slope: f64,
    /// Its value at the time it was asked for.
    intercept: f64,
}

impl Line {
    fn through(window: &Window<'_>, origin: i64) -> Self {
        let first = window.values[0];
        if window.values.iter().all(|&value| value == first) {
            let finite = !first.is_infinite();
            let or_nan = |value| if finite { value } else { f64::NAN };
            return Self { slope: or_nan(0.0), intercept: or_nan(first) };
        }
        let zero = Sum::default();
        let (mut sum_x, mut sum_y, mut sum_xy, mut sum_xx) = (zero, zero, zero, zero);
        for (&at, &y) in window.times.iter().zip(window.values) {
            let x = span_secs(origin, at);
            sum_x = sum_x.plus(x);
            sum_y = sum_y.plus(y);
            sum_xy = sum_xy.plus(x * y);
            sum_xx = sum_xx.plus(x * x);
        }
        let total = |sum: Sum| sum.total + sum.compensation;
        let (x, y, xy, xx) = (total(sum_x), total(sum_y), total(sum_xy), total(sum_xx));
        let n = window.values.len() as f64;
        let slope = (xy - x * y / n) / (xx - x * x / n);
        Self { slope, intercept: y / n - slope * x / n }
    }
}

/// Smooths level and trend; the parameters are the smoothing and the trend factor, both
/// between 0 and 1 as the evaluator has made sure.
pub(crate) fn double_exponential_smoothing(window: &Window<'_>) -> Option<f64> {
    let &[smoothing, trend_factor] = window.params else { return None };
    let &[first, second, ..] = window.values else { return None };
    let (mut before, mut level, mut trend) = (0.0, first, second - first);
    for (index, value) in window.values.iter().enumerate().skip(1) {
        if index > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let smoothed = smoothing * value + (1.0 - smoothing) * (level + trend);
        (before, level) = (level, smoothed);
    }
    Some(level)
}

fn span_secs(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1e9
}
