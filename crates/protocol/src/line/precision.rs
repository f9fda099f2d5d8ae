//! The unit that timestamps of a body are written in.

use crate::Error;
use model::{Span, Timestamp};
use std::str::FromStr;

/// The unit of timestamps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Precision {
    /// Nanoseconds, which is what a body without a precision means.
    #[default]
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// Minutes.
    M,
    /// Hours.
    H,
}

/// The range InfluxDB allows; the ends of `i64` mean something else to it.
const NS_MAX: i64 = i64::MAX - 1;
const NS_MIN: i64 = i64::MIN + 2;

impl Precision {
    /// The length of the unit.
    pub fn span(self) -> Span {
        Span(match self {
            Self::Ns => 1,
            Self::Us => 1_000,
            Self::Ms => 1_000_000,
            Self::S => 1_000_000_000,
            Self::M => 60_000_000_000,
            Self::H => 3_600_000_000_000,
        })
    }

    /// The point in time that is this many units after the epoch, where InfluxDB has it.
    pub(super) fn timestamp(self, units: i64) -> Option<Timestamp> {
        let ns = units.checked_mul(self.span().0)?;
        (NS_MIN..=NS_MAX).contains(&ns).then_some(Timestamp(ns))
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "ns" | "n" => Self::Ns,
            "us" | "u" | "µs" | "µ" => Self::Us,
            "ms" => Self::Ms,
            "s" => Self::S,
            "m" => Self::M,
            "h" => Self::H,
            _ => return Err(Error::Precision(text.to_owned())),
        })
    }
}
