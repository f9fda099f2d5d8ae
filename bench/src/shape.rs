//! The values that series take: how they move from one report to the next, and how many
//! digits they are written with.

use crate::random::Random;
use std::io::Write as _;

/// What the values of a field look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Shape {
    /// TSBS's: an integer that walks between 0 and 100.
    Integer,
    /// A percentage with one decimal that swings around a slow level.
    OneDecimal,
    /// A walk that is written with all its digits.
    Full,
    /// Seven integers, two fields of one decimal, and one with all digits.
    Mixed,
    /// A walk with 2 to 6 decimals.
    Gauge,
    /// An integer that only rises.
    Counter,
}

impl Shape {
    /// The shape of one field of a host.
    pub fn of_field(self, field: usize) -> Self {
        match self {
            Self::Mixed if field < 7 => Self::Integer,
            Self::Mixed if field < 9 => Self::OneDecimal,
            Self::Mixed => Self::Full,
            one => one,
        }
    }

    /// How tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "TSBS integers",
            Self::OneDecimal => "one decimal",
            Self::Full => "full precision",
            Self::Mixed => "mixed",
            Self::Gauge => "gauges, 2-6 decimals",
            Self::Counter => "integer counters",
        }
    }
}

/// One series on its way.
#[derive(Clone, Debug)]
pub struct Walk {
    shape: Shape,
    /// The value, or for a counter its total.
    at: f64,
    /// The slow part: a level, or a counter's load beside `rate`.
    level: f64,
    rate: f64,
    decimals: u8,
}

impl Walk {
    /// A series that starts anywhere its shape may be; `index` spreads the decimals.
    pub fn start(shape: Shape, index: usize, random: &mut Random) -> Self {
        let (at, level, rate, decimals) = match shape {
            Shape::Gauge => (20.0 + 100.0 * random.uniform(), 0.0, 0.0, 2 + (index % 5) as u8),
            Shape::Counter => {
                let rate = 10f64.powf(random.uniform() * 4.0 + 0.5);
                ((random.uniform() * 1e9).floor(), 1.0, rate, 0)
            }
            Shape::OneDecimal => (0.0, 5.0 + 90.0 * random.uniform(), 0.0, 1),
            _ => (100.0 * random.uniform(), 0.0, 0.0, 0),
        };
        Self { shape, at, level, rate, decimals }
    }

    /// The next value, exactly as its text reads.
    pub fn step(&mut self, random: &mut Random) -> f64 {
        let normal = random.normal();
        match self.shape {
            Shape::OneDecimal => {
                self.level = (self.level + 0.05 * normal).clamp(2.0, 98.0);
                rounded((self.level + random.normal()).clamp(0.0, 100.0), 1)
            }
            Shape::Gauge => {
                self.at += 0.3 * normal;
                rounded(self.at, self.decimals)
            }
            Shape::Counter => {
                self.level = (self.level + 0.02 * normal).clamp(0.3, 3.0);
                let mean = self.rate * self.level;
                let spread = (mean.sqrt() + 0.05 * mean) * random.normal();
                self.at += (mean + spread).max(0.0).round();
                self.at
            }
            shape => {
                self.at = (self.at + normal).clamp(0.0, 100.0);
                if shape == Shape::Full { self.at } else { self.at.trunc() }
            }
        }
    }

    /// Appends a value of this series as line protocol has it.
    pub fn write(&self, value: f64, out: &mut Vec<u8>) {
        match self.shape {
            Shape::Integer | Shape::Counter | Shape::Mixed => write!(out, "{}i", value as i64),
            Shape::Full => write!(out, "{value}"),
            Shape::OneDecimal | Shape::Gauge => {
                write!(out, "{value:.*}", usize::from(self.decimals))
            }
        }
        .expect("writing to memory");
    }
}

/// The nearest double of a decimal, as a parser reads it.
fn rounded(value: f64, decimals: u8) -> f64 {
    let power = 10f64.powi(i32::from(decimals));
    (value * power).round() / power
}

#[cfg(test)]
mod tests;
