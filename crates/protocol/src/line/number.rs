//! Numbers of line protocol: floats, and integers with the suffix `i` or `u`.
//!
//! Floats are rounded exactly, to the double nearest to the decimal. Up to 2^53 and 22
//! decimal places both the digits and the power of ten are doubles themselves, so that one
//! division rounds once and is exact (Clinger 1990); all else goes to the full algorithm
//! (Lemire, "Number parsing at a gigabyte per second", 2021).

use super::{Flaw, ends_at};
use model::ValueRef;

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Powers of ten by the digits that one word can add.
const SHIFTS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Below this every integer is a double.
const EXACT_MAX: u64 = 1 << 53;

/// As many decimal digits always fit 64 bits.
const DIGITS_MAX: usize = 19;

const INVALID: Flaw = Flaw::Borrowed("invalid number");

/// Reads the number that `bytes` starts with, up to a comma, a space or the end of the line;
/// gives it with its length.
#[inline]
pub(super) fn number(bytes: &[u8]) -> Result<(ValueRef<'static>, usize), Flaw> {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut mantissa = 0;
    let whole = digits(&bytes[start..], &mut mantissa);
    let mut at = start + whole;
    let mut scale = 0;
    if bytes.get(at) == Some(&b'.') {
        scale = digits(&bytes[at + 1..], &mut mantissa);
        at += 1 + scale;
    } else if let Some(suffix @ (b'i' | b'u')) = bytes.get(at)
        && ends_at(bytes, at + 1)
    {
        let number = &bytes[..at];
        let value = match suffix {
            b'i' => signed(number, negative, mantissa, whole),
            _ => unsigned(number, negative, mantissa, whole),
        };
        return Ok((value?, at + 1));
    }
    let count = whole + scale;
    if !ends_at(bytes, at) || count == 0 {
        return unusual(bytes);
    }
    let value = if count <= DIGITS_MAX && mantissa <= EXACT_MAX && scale < POWERS.len() {
        let magnitude = mantissa as f64 / POWERS[scale];
        if negative { -magnitude } else { magnitude }
    } else {
        float(&bytes[..at])?
    };
    Ok((ValueRef::F64(value), at))
}

/// Reads a timestamp: digits with perhaps a minus sign. Gives it with its length; `None` as
/// the number where it does not fit.
pub(super) fn timestamp(bytes: &[u8]) -> (Option<i64>, usize) {
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut magnitude = 0;
    let count = digits(&bytes[start..], &mut magnitude);
    let end = start + count;
    if count == 0 {
        return (None, 0);
    }
    (signed(&bytes[..end], negative, magnitude, count).ok().and_then(|v| as_i64(&v)), end)
}

fn as_i64(value: &ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::I64(value) => Some(*value),
        _ => None,
    }
}

/// Appends the decimal digits that `bytes` starts with to `mantissa`, which wraps past
/// [`DIGITS_MAX`]; says how many they are.
#[inline]
fn digits(bytes: &[u8], mantissa: &mut u64) -> usize {
    let mut count = 0;
    while let Some(word) = bytes[count..].first_chunk() {
        let (value, found) = leading_digits(u64::from_le_bytes(*word));
        *mantissa = mantissa.wrapping_mul(SHIFTS[found]).wrapping_add(value);
        count += found;
        if found < 8 {
            return count;
        }
    }
    // Fewer than eight bytes are left of the whole body.
    while let Some(digit) = bytes.get(count).filter(|byte| byte.is_ascii_digit()) {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        count += 1;
    }
    count
}

/// The value of the decimal digits that a word starts with (its lowest byte is the first
/// character), and how many they are.
#[inline]
fn leading_digits(word: u64) -> (u64, usize) {
    // A digit becomes its value; of any other byte, bit 7 is set in itself or after adding
    // 0x76. A carry can only start at such a byte, and everything above it is ignored.
    let values = word ^ 0x3030_3030_3030_3030;
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    let count = (others.trailing_zeros() / 8) as usize;
    if count == 0 {
        return (0, 0);
    }
    // Moved to the top, the digits stand behind leading zeros. Neighbours are then joined:
    // digits to pairs, pairs to fours, fours to eight.
    let aligned = values << (64 - 8 * count);
    let pairs = (aligned.wrapping_mul(10).wrapping_add(aligned >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    let eight = (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0x0000_0000_FFFF_FFFF;
    (eight, count)
}

fn signed(
    number: &[u8],
    negative: bool,
    magnitude: u64,
    count: usize,
) -> Result<ValueRef<'static>, Flaw> {
    if count == 0 {
        return Err(INVALID);
    }
    let value = if count > DIGITS_MAX {
        plain(number).parse().ok()
    } else if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    value.map(ValueRef::I64).ok_or_else(|| out_of_range("integer", "ParseInt", number))
}

fn unsigned(
    number: &[u8],
    negative: bool,
    magnitude: u64,
    count: usize,
) -> Result<ValueRef<'static>, Flaw> {
    if count == 0 || negative {
        return Err(INVALID);
    }
    let value = if count > DIGITS_MAX { plain(number).parse().ok() } else { Some(magnitude) };
    value.map(ValueRef::U64).ok_or_else(|| out_of_range("unsigned", "ParseUint", number))
}

/// InfluxDB's words, which name the function of Go's library.
fn out_of_range(kind: &str, function: &str, number: &[u8]) -> Flaw {
    let number = plain(number);
    // A number of a whole body's length must not be printed back in full.
    let shown = number.get(..64).unwrap_or(number);
    Flaw::Owned(format!(
        "unable to parse {kind} {shown}: strconv.{function}: parsing \"{shown}\": value out of range"
    ))
}

/// Digits and a sign as text.
fn plain(number: &[u8]) -> &str {
    std::str::from_utf8(number).unwrap_or_default()
}

/// A float of any length that was found to be well formed.
fn float(number: &[u8]) -> Result<f64, Flaw> {
    match fast_float2::parse::<f64, _>(number) {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(Flaw::Borrowed("invalid float")),
    }
}

/// Numbers with an exponent, and everything that is none.
#[cold]
fn unusual(bytes: &[u8]) -> Result<(ValueRef<'static>, usize), Flaw> {
    let length = (0..).find(|at| ends_at(bytes, *at)).unwrap_or(bytes.len());
    let number = &bytes[..length];
    let Some(exponent) = number.iter().position(|byte| matches!(byte, b'e' | b'E')) else {
        return Err(INVALID);
    };
    let (mantissa, power) = (&number[..exponent], &number[exponent + 1..]);
    let mantissa = mantissa.strip_prefix(b"-").unwrap_or(mantissa);
    let points = mantissa.iter().filter(|byte| **byte == b'.').count();
    let count = mantissa.iter().filter(|byte| byte.is_ascii_digit()).count();
    if points > 1 || count == 0 || points + count != mantissa.len() {
        return Err(INVALID);
    }
    let power = power.strip_prefix(b"-").or(power.strip_prefix(b"+")).unwrap_or(power);
    if power.is_empty() {
        return Err(Flaw::Borrowed("invalid float"));
    }
    if !power.iter().all(u8::is_ascii_digit) {
        return Err(INVALID);
    }
    Ok((ValueRef::F64(float(number)?), length))
}

#[cfg(test)]
mod tests;
