//! What a number is expected to be, from those before it.
//!
//! Either one level for the whole run, or a *leaky* level that moves by a part, 1 in 2^shift,
//! of each residual: at shift 0 it is the number before, at higher ones an average that
//! forgets. The numbers are values or their differences, so that shift 0 of differences
//! is what is called delta of delta. A level that no number is below is a *floor*: it saves
//! the sign, where durations and sizes lie close above their least and some far away.

use crate::varint::{fold, unfold};

/// The shift that stands for a level that does not move.
const FIXED: u8 = 0x0f;
/// The same for a level that no number is below.
const FLOOR: u8 = 0x2f;
/// The bit of the byte that says that numbers are differences of values.
const DIFFERENCES: u8 = 0x10;

/// Predictors worth trying, without their level at the start.
///
/// Noise around a level that wanders is best averaged over about as many numbers as the
/// noise is larger than the steps: 4 and 16 cover the gauges and rates that were measured.
pub(super) const CANDIDATES: [Predictor; 10] = [
    Predictor { differences: false, shift: FIXED, start: 0 },
    Predictor { differences: false, shift: FLOOR, start: 0 },
    Predictor { differences: false, shift: 0, start: 0 },
    Predictor { differences: false, shift: 2, start: 0 },
    Predictor { differences: false, shift: 4, start: 0 },
    Predictor { differences: true, shift: FIXED, start: 0 },
    Predictor { differences: true, shift: FLOOR, start: 0 },
    Predictor { differences: true, shift: 0, start: 0 },
    Predictor { differences: true, shift: 2, start: 0 },
    Predictor { differences: true, shift: 4, start: 0 },
];

/// How numbers are predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Predictor {
    differences: bool,
    shift: u8,
    start: i64,
}

impl Predictor {
    /// The same with the level at the start that suits these numbers.
    pub(super) fn fitted(self, numbers: &[i64]) -> Self {
        let start = match self.shift {
            FIXED => mean(numbers),
            FLOOR => numbers.iter().copied().min().unwrap_or(0),
            _ => numbers[0],
        };
        Self { start, ..self }
    }

    /// Whether the numbers are differences of values.
    pub(super) fn differences(self) -> bool {
        self.differences
    }

    /// The level at the start.
    pub(super) fn start(self) -> i64 {
        self.start
    }

    /// The byte that tells it, without its start.
    pub(super) fn byte(self) -> u8 {
        self.shift | if self.differences { DIFFERENCES } else { 0 }
    }

    /// The predictor of such a byte, if it is one.
    pub(super) fn from_byte(byte: u8, start: i64) -> Option<Self> {
        let differences = byte & DIFFERENCES != 0;
        let shift = byte & !DIFFERENCES;
        (shift <= FIXED || shift == FLOOR).then_some(Self { differences, shift, start })
    }

    /// Before the first number.
    pub(super) fn begin(self) -> State {
        let is_moving = self.shift < FIXED;
        State {
            shift: self.shift,
            level: if is_moving { self.start << self.shift } else { self.start },
        }
    }

    /// How far each number is from its prediction. Above a floor that is a number without a
    /// sign, which is told as what [`fold`] makes it of.
    #[inline(always)]
    pub(super) fn each_residual(self, numbers: &[i64], mut each: impl FnMut(i64)) {
        let State { shift, mut level } = self.begin();
        let distances = numbers.iter().map(|number| number.wrapping_sub(level));
        match shift {
            FIXED => return distances.for_each(each),
            FLOOR => return distances.for_each(|above| each(unfold(above.cast_unsigned()))),
            _ => {}
        }
        for number in numbers {
            let residual = number.wrapping_sub(level >> shift);
            level = level.wrapping_add(residual);
            each(residual);
        }
    }
}

/// A predictor between two numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    shift: u8,
    /// The level, times 2^shift where it moves.
    level: i64,
}

impl State {
    /// Turns residuals into the numbers.
    #[inline(always)]
    pub(super) fn restore(&mut self, residuals: &mut [i64]) {
        let Self { shift, level } = *self;
        if shift == FIXED {
            residuals.iter_mut().for_each(|residual| *residual = residual.wrapping_add(level));
            return;
        }
        if shift == FLOOR {
            for residual in residuals {
                *residual = fold(*residual).cast_signed().wrapping_add(level);
            }
            return;
        }
        let mut level = level;
        for residual in residuals {
            let expected = level >> shift;
            level = level.wrapping_add(*residual);
            *residual = residual.wrapping_add(expected);
        }
        self.level = level;
    }
}

/// The mean; where sums overflow it is some other number, which costs space only.
fn mean(numbers: &[i64]) -> i64 {
    let first = numbers[0];
    let sum = numbers.iter().fold(0i64, |sum, n| sum.wrapping_add(n.wrapping_sub(first)));
    first.wrapping_add(sum / numbers.len() as i64)
}

#[cfg(test)]
mod tests;
