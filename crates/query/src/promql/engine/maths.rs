//! Arithmetic whose corners (NaN, infinities, rounding) are those of Go.

use super::column::is_present;
use std::f64::consts::PI;

/// A running sum with Neumaier's compensation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub total: f64,
    pub compensation: f64,
}

impl Sum {
    /// Starts at `first`.
    pub fn from(first: f64) -> Self {
        Self { total: first, compensation: 0.0 }
    }

    /// With `value` added.
    pub fn plus(self, value: f64) -> Self {
        let total = self.total + value;
        let compensation = if total.is_infinite() {
            0.0
        } else if self.total.abs() >= value.abs() {
            self.compensation + ((self.total - total) + value)
        } else {
            self.compensation + ((value - total) + self.total)
        };
        Self { total, compensation }
    }

    /// Everything added.
    pub fn value(self) -> f64 {
        if self.total.is_infinite() { self.total } else { self.total + self.compensation }
    }

    fn scaled(self, factor: f64) -> Self {
        Self { total: self.total * factor, compensation: self.compensation * factor }
    }
}

/// A running mean: a sum divided at the end, unless the sum overflows; then the mean itself
/// is carried from value to value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    count: f64,
    sum: Sum,
    is_incremental: bool,
}

impl Mean {
    /// Adds `value`.
    pub fn push(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.sum = Sum::from(value);
            return;
        }
        if !self.is_incremental {
            let sum = self.sum.plus(value);
            if !sum.total.is_infinite() {
                self.sum = sum;
                return;
            }
            self.is_incremental = true;
            let before = self.count - 1.0;
            self.sum.total /= before;
            self.sum.compensation /= before;
        }
        let kept = (self.count - 1.0) / self.count;
        self.sum = self.sum.scaled(kept).plus(value / self.count);
    }

    /// The mean of all values pushed, of which there was at least one.
    pub fn value(&self) -> f64 {
        if self.is_incremental {
            self.sum.total + self.sum.compensation
        } else {
            self.sum.total / self.count + self.sum.compensation / self.count
        }
    }
}

/// The φ-quantile of `values`, which get sorted; values between two are interpolated.
pub(crate) fn quantile(phi: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| nan_first(*a, *b));
    let last = values.len() as f64 - 1.0;
    let rank = phi * last;
    let lower = rank.floor().max(0.0);
    let upper = (lower + 1.0).min(last);
    let weight = rank - rank.floor();
    values[lower as usize] * (1.0 - weight) + values[upper as usize] * weight
}

/// Ascending, NaN before everything.
fn nan_first(a: f64, b: f64) -> std::cmp::Ordering {
    b.is_nan().cmp(&a.is_nan()).then(a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal))
}

/// The lesser; NaN where either is.
pub(crate) fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// The greater; NaN where either is.
pub(crate) fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// Without its sign.
pub(crate) fn abs(value: f64) -> f64 {
    quiet(value.abs())
}

/// With the other sign.
pub(crate) fn negate(value: f64) -> f64 {
    quiet(-value)
}

/// Changing a sign is the one operation that could turn a stored NaN into the absent cell.
fn quiet(value: f64) -> f64 {
    if is_present(value) { value } else { f64::NAN }
}

/// 1, -1 or 0 by its sign; NaN stays.
pub(crate) fn sgn(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

/// Radians to degrees.
pub(crate) fn deg(radians: f64) -> f64 {
    radians * 180.0 / PI
}

/// Degrees to radians.
pub(crate) fn rad(degrees: f64) -> f64 {
    degrees * PI / 180.0
}

/// To the nearest multiple of `unit`, halves up. Multiplying by the inverse loses less.
pub(crate) fn round(value: f64, unit: f64) -> f64 {
    let inverse = 1.0 / unit;
    (value * inverse + 0.5).floor() / inverse
}
