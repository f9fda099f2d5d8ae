//! Signed lengths of time, and their text form.
//!
//! Text is a sequence of number and unit, `5m`, `1h30m`, `250ms`; words are read too
//! ("5 minutes"). Units: ns, us (µs, u), ms, s, m, h, d, w, y (365 days). Query languages
//! have literals of their own; this form serves configuration, rules and answers.

use std::fmt;
use std::str::FromStr;

/// A signed length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(pub i64);

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);
    /// One minute.
    pub const MINUTE: Self = Self(60_000_000_000);
    /// One hour.
    pub const HOUR: Self = Self(3_600_000_000_000);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400_000_000_000);

    /// From whole seconds, saturating.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// From whole milliseconds, saturating.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// Seconds with their fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whole milliseconds, rounded towards zero.
    pub const fn as_millis(self) -> i64 {
        self.0 / 1_000_000
    }

    /// As the standard library's duration; negative spans become zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0.max(0) as u64)
    }
}

impl From<std::time::Duration> for Span {
    fn from(duration: std::time::Duration) -> Self {
        Self(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Units from the longest, with their length in nanoseconds, as they are printed.
const UNITS: [(&str, i64); 8] = [
    ("w", 604_800_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for Span {
    /// Prints the exact compound form, `1h30m`; zero is `0s`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return out.write_str("0s");
        }
        if self.0 < 0 {
            out.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        // Whole weeks print as weeks, anything else starts at days, as people write it.
        let from = usize::from(!rest.is_multiple_of(UNITS[0].1 as u64));
        for (unit, length) in &UNITS[from..] {
            let count = rest / *length as u64;
            if count > 0 {
                write!(out, "{count}{unit}")?;
                rest -= count * *length as u64;
            }
        }
        Ok(())
    }
}

/// Why a text is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration: write number and unit, such as 30s, 5m, 1h30m or 15d")]
pub struct SpanError {
    text: String,
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        parse(text).ok_or_else(|| SpanError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Span> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Span::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0i128;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let unit = unit_ns(&tail[..end])?;
        total = total.checked_add(scale(number, unit)?)?;
        rest = tail[end..].trim_start();
    }
    i64::try_from(total).ok().map(Span)
}

/// `number` (digits, perhaps with a fraction) times `unit`, when it is a whole count.
fn scale(number: &str, unit: i64) -> Option<i128> {
    if let Ok(whole) = number.parse::<i64>() {
        return Some(whole as i128 * unit as i128);
    }
    let fraction: f64 = number.parse().ok()?;
    let scaled = fraction * unit as f64;
    (scaled.is_finite() && scaled.abs() < 9e18).then_some(scaled.round() as i128)
}

fn unit_ns(word: &str) -> Option<i64> {
    Some(match word {
        "ns" | "nanosecond" | "nanoseconds" => 1,
        "us" | "u" | "µs" | "µ" | "microsecond" | "microseconds" => 1_000,
        "ms" | "millisecond" | "milliseconds" => 1_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000_000,
        "h" | "hr" | "hour" | "hours" => 3_600_000_000_000,
        "d" | "day" | "days" => 86_400_000_000_000,
        "w" | "week" | "weeks" => 604_800_000_000_000,
        "y" | "year" | "years" => 31_536_000_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
