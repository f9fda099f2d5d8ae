//! Doubles by their bit patterns, as integers that are near each other where the values are.
//!
//! The order is that of IEEE 754's total order. A double that was a `f32` before is kept as
//! that: its 29 lowest bits are zero, but where negative ones count downwards they are not,
//! and one stranger, such as a staleness marker, would cost all others those bits.

/// The bits of a double as an integer that is ordered as IEEE 754's total order is.
#[inline(always)]
pub(super) fn order(value: f64) -> i64 {
    flip(value.to_bits() as i64)
}

/// The double of such an integer.
#[inline(always)]
pub(super) fn unorder(ordered: i64) -> f64 {
    f64::from_bits(flip(ordered) as u64)
}

/// Negative doubles count downwards: all bits but the sign are inverted. Its own inverse.
#[inline(always)]
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The same order of the `f32` nearest to a double.
#[inline(always)]
fn order_single(value: f64) -> i64 {
    i64::from(flip_single((value as f32).to_bits() as i32))
}

/// The double of the `f32` of such an integer, of which the lower half counts.
#[inline(always)]
pub(super) fn unorder_single(ordered: i64) -> f64 {
    f64::from(f32::from_bits(flip_single(ordered as i32) as u32))
}

#[inline(always)]
fn flip_single(bits: i32) -> i32 {
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

/// Whether a double comes back from its `f32`. NaNs are not tried: what becomes of their
/// bits is the processor's choice.
#[inline(always)]
fn is_single(value: f64) -> bool {
    f64::from(value as f32).to_bits() == value.to_bits() && !value.is_nan()
}

/// How many values show whether a run may be made of singles.
const SAMPLES: usize = 16;

/// Where one in so many values is none, patterns of doubles are as short: an exception costs
/// about ten bytes, and each other value saves 29 bits.
const EXCEPTION_SHARE: usize = 4;

/// Fills `ints` with singles and `exceptions` with the places of values that are none, which
/// repeat the integer before. False where too many are none.
pub(super) fn fill_singles(values: &[f64], ints: &mut Vec<i64>, exceptions: &mut Vec<i64>) -> bool {
    ints.clear();
    exceptions.clear();
    let step = (values.len() / SAMPLES).max(1);
    let strangers = values.iter().step_by(step).filter(|value| !is_single(**value)).count();
    if strangers > SAMPLES / 2 {
        return false;
    }
    let mut last = 0;
    for (at, value) in values.iter().enumerate() {
        if is_single(*value) {
            last = order_single(*value);
        } else {
            exceptions.push(at as i64);
        }
        ints.push(last);
    }
    exceptions.len() <= values.len() / EXCEPTION_SHARE
}

#[cfg(test)]
mod tests;
