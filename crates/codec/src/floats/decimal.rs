//! Doubles that are integers of one scale: over a power of ten, or whole.
//!
//! A decimal that was read from text is the double nearest to `i / 10^k`, which is what one
//! division of exact doubles gives. Programs also print what they computed: node_exporter
//! multiplies by 0.001 or divides by 1000 twice, which gives doubles a bit off, and sensors
//! and drivers hand out `f32`; so there are several *forms* of the way back. A value counts as a decimal only where its form gives every bit
//! back; the rest are exceptions, kept beside.
//!
//! Invariants: integers are below 2^51 in magnitude, so that they and their conversion by
//! adding 1.5 * 2^52 are exact; powers of ten are at most 10^15, below 10^22 and so exact.
//! Whole numbers beyond that are converted as they are.

use crate::dispatch::{self, Ordinary, Processor, Work};

/// The head of whole numbers. The next one is taken for other integers, and those from then
/// on are for decimals that became `f32`, by their exponent from 1 on.
const WHOLE: u8 = 0x31;
const _: () = assert!(WHOLE + 1 + SINGLE_EXPONENT_MAX == 0x3f);

/// Adding it to a double below 2^51 leaves the nearest integer in the lowest bits.
const SHIFTER: f64 = 6_755_399_441_055_744.0;

/// What integers stay below in magnitude: 2^51.
const INT_LIMIT: f64 = 2_251_799_813_685_248.0;

/// The same for decimals that became `f32`: with a digit more, most `f32` would be decimals.
const SINGLE_LIMIT: f64 = 1_048_576.0;

/// The greatest power of ten; it has to fit in the head's four bits.
const EXPONENT_MAX: u8 = 15;

/// The same for decimals that became `f32`.
const SINGLE_EXPONENT_MAX: u8 = 13;

const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The doubles nearest to the inverse powers, as programs write them down.
const INVERSES: [f64; 16] = [
    1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14,
    1e-15,
];

/// How many values show whether a form fits before all are tried.
const SAMPLES: usize = 16;

/// A form is dropped where one in so many samples does not fit at any exponent.
const MISFIT_SHARE: usize = 10;

/// With this share (1/50) of exceptions or fewer, no other form is tried and the exponent
/// is not raised for their sake.
const FEW_SHARE: usize = 50;

/// Nor is the exponent raised for more than this many values: every digit makes all
/// integers 3.3 bits longer, while an exception costs about ten bytes.
const FEW_MAX: usize = 4;

/// Decimals are given up where one in so many values is an exception.
const EXCEPTION_SHARE: usize = 2;

/// How an integer becomes a double again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `i / 10^k`: the nearest double, what every parser gives.
    Quotient,
    /// `i * 10^-k`.
    Product,
    /// `i / 1000 / 10^(k - 3)`.
    Thousandths,
    /// The `f32` nearest to `i / 10^k`.
    Single,
    /// `i` itself, of any magnitude.
    Whole,
}

impl Form {
    fn exponent_max(self) -> u8 {
        if self == Self::Single { SINGLE_EXPONENT_MAX } else { EXPONENT_MAX }
    }

    fn limit(self) -> f64 {
        if self == Self::Single { SINGLE_LIMIT } else { INT_LIMIT }
    }
}

/// How the integers of a run become doubles again: a form and a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    form: Form,
    exponent: u8,
}

impl Scale {
    /// The integers are the values.
    pub(super) const WHOLE: Self = Self { form: Form::Whole, exponent: 1 };

    /// The double of an integer, as decoding gives it.
    #[inline]
    pub fn value(self, integer: i64) -> f64 {
        match self.form {
            Form::Whole => integer as f64,
            _ => self.value_of_sum(shifted(integer)),
        }
    }

    /// The double of a sum of integers that has been rounded to a double.
    #[inline]
    pub(super) fn value_of_sum(self, sum: f64) -> f64 {
        match self.form {
            Form::Quotient => sum / POWERS[self.exponent as usize],
            Form::Product => sum * INVERSES[self.exponent as usize],
            Form::Thousandths => sum / 1e3 / POWERS[self.exponent as usize - 3],
            Form::Single => nearest_single(sum / POWERS[self.exponent as usize]),
            Form::Whole => sum,
        }
    }

    /// Whether a sum of integers tells the sum of the values: `f32` are too far from decimals.
    pub(super) fn is_additive(self) -> bool {
        self.form != Form::Single
    }

    /// Whether integers that an encoder wrote are below 2^51 in magnitude.
    #[inline]
    pub(super) fn is_bounded(self) -> bool {
        self.form != Form::Whole
    }

    /// The byte that names it.
    pub(super) fn head(self) -> u8 {
        let form = match self.form {
            Form::Quotient => 0,
            Form::Product => 1,
            Form::Thousandths => 2,
            Form::Whole => return WHOLE,
            Form::Single => return WHOLE + 1 + self.exponent,
        };
        form << 4 | self.exponent
    }

    /// The scale that `head` names, if it names one.
    pub(super) fn from_head(head: u8) -> Option<Self> {
        let exponent = head & 0xf;
        let form = match head >> 4 {
            0 => Form::Quotient,
            1 => Form::Product,
            2 if exponent >= 3 => Form::Thousandths,
            3 if head == WHOLE => Form::Whole,
            3 if head > WHOLE + 1 => {
                return Some(Self { form: Form::Single, exponent: head - WHOLE - 1 });
            }
            _ => return None,
        };
        Some(Self { form, exponent })
    }

    /// Turns integers into their doubles, of which there are as many.
    #[inline(always)]
    pub(super) fn convert<P: Processor>(self, ints: &[i64], doubles: &mut [f64]) {
        let power = Power::of(self.exponent);
        match self.form {
            _ if self.exponent == 0 => each(ints, doubles, shifted),
            Form::Quotient => each(ints, doubles, |int| power.divide::<P>(shifted(int))),
            Form::Product => each(ints, doubles, |int| shifted(int) * power.inverse),
            Form::Thousandths => {
                let (thousand, rest) = (Power::of(3), Power::of(self.exponent - 3));
                let divide = |x: f64| rest.divide::<P>(thousand.divide::<P>(x));
                each(ints, doubles, |int| divide(shifted(int)));
            }
            Form::Single => {
                each(ints, doubles, |int| nearest_single(power.divide::<P>(shifted(int))));
            }
            Form::Whole => each(ints, doubles, |int| int as f64),
        }
    }

    /// Fills `ints` from `values` and says whether every one comes back in all bits.
    #[inline(always)]
    fn try_convert<P: Processor>(self, values: &[f64], ints: &mut [i64]) -> bool {
        let power = Power::of(self.exponent);
        let scale = |value: f64| value * power.power;
        match self.form {
            Form::Single => {
                let single = |whole: f64| nearest_single(power.divide::<P>(whole));
                round_trip(values, ints, SINGLE_LIMIT, scale, single)
            }
            _ if self.exponent == 0 => {
                round_trip(values, ints, INT_LIMIT, |value| value, |whole| whole)
            }
            Form::Quotient => {
                round_trip(values, ints, INT_LIMIT, scale, |whole| power.divide::<P>(whole))
            }
            Form::Product => {
                round_trip(values, ints, INT_LIMIT, scale, |whole| whole * power.inverse)
            }
            Form::Thousandths => {
                let (thousand, rest) = (Power::of(3), Power::of(self.exponent - 3));
                let divide = |x: f64| rest.divide::<P>(thousand.divide::<P>(x));
                round_trip(values, ints, INT_LIMIT, scale, divide)
            }
            Form::Whole => values.iter().zip(ints).all(|(value, int)| {
                *int = *value as i64;
                (*int as f64).to_bits() == value.to_bits()
            }),
        }
    }

    /// Whether `value` comes back in all bits.
    fn fits(self, value: f64) -> bool {
        self.try_convert::<Ordinary>(&[value], &mut [0])
    }
}

/// A power of ten and the double nearest to its inverse.
#[derive(Clone, Copy, Debug)]
struct Power {
    power: f64,
    inverse: f64,
}

impl Power {
    #[inline(always)]
    fn of(exponent: u8) -> Self {
        Self { power: POWERS[exponent as usize], inverse: INVERSES[exponent as usize] }
    }

    /// `x` divided by the power, rounded to nearest even.
    ///
    /// Where there is a fused multiplication it is used, which takes a quarter of the time:
    /// the quotient `q` from the inverse is off by at most 3/2 of its last place, so the rest
    /// `x - q * power` has at most as many bits as `5^k` has and one or two more, and is exact.
    /// The correction by `rest * inverse` is then off by less than 2^-52 of a last place,
    /// while `x / power` is at least 2^-36 of one (a half of `1 / 5^15`) away from where
    /// rounding turns, because `x` is no half-way multiple of `5^k`: that needs 54 bits. So
    /// it rounds as a division does (Markstein, "Computation of elementary functions on the
    /// IBM RISC System/6000 processor", 1990). `x` is 0 or an integer below 2^51 in magnitude
    /// divided by 1 or 1000; for others, which only damage can bring, it may not.
    #[inline(always)]
    fn divide<P: Processor>(self, x: f64) -> f64 {
        if P::HAS_FMA {
            let quotient = x * self.inverse;
            let rest = (-quotient).mul_add(self.power, x);
            rest.mul_add(self.inverse, quotient)
        } else {
            x / self.power
        }
    }
}

/// The double of an integer below 2^51 in magnitude: it is added to the shifter's bits, and
/// the shifter is taken away as a double.
#[inline(always)]
fn shifted(int: i64) -> f64 {
    f64::from_bits(SHIFTER.to_bits().wrapping_add(int as u64)) - SHIFTER
}

/// The double of the nearest `f32`.
#[inline(always)]
fn nearest_single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// A plain loop, which, unlike what the library has for it, is compiled for the caller's
/// processor.
#[inline(always)]
pub(super) fn each(ints: &[i64], doubles: &mut [f64], double_of: impl Fn(i64) -> f64) {
    for (double, int) in doubles.iter_mut().zip(ints) {
        *double = double_of(*int);
    }
}

/// Converts without a branch in the loop, so that it runs in vector registers.
#[inline(always)]
fn round_trip(
    values: &[f64],
    ints: &mut [i64],
    limit: f64,
    scale: impl Fn(f64) -> f64,
    unscale: impl Fn(f64) -> f64,
) -> bool {
    let (mut differences, mut inside) = (0, true);
    for (value, int) in values.iter().zip(ints) {
        let scaled = scale(*value);
        let shifted = scaled + SHIFTER;
        *int = shifted.to_bits().wrapping_sub(SHIFTER.to_bits()) as i64;
        differences |= unscale(shifted - SHIFTER).to_bits() ^ value.to_bits();
        // A NaN is not below the limit either.
        inside &= scaled.abs() < limit;
    }
    differences == 0 && inside
}

/// The least exponent from `from` on at which `value` is a decimal of this form.
fn exponent_of(value: f64, form: Form, from: u8) -> Option<u8> {
    (from..=form.exponent_max())
        .take_while(|exponent| (value * POWERS[*exponent as usize]).abs() < form.limit())
        .find(|exponent| Scale { form, exponent: *exponent }.fits(value))
}

/// The integers and exceptions of the run at hand, in memory that is kept between runs.
#[derive(Debug, Default)]
pub(super) struct Decimals {
    /// One integer for each value; an exception repeats the integer before it.
    pub(super) ints: Vec<i64>,
    /// Places of values that are no decimals, rising.
    pub(super) exceptions: Vec<i64>,
    /// The same of another form, to compare with.
    other_ints: Vec<i64>,
    other_exceptions: Vec<i64>,
}

impl Decimals {
    /// Fills `ints` and `exceptions` at the scale with the fewest exceptions; none where
    /// these values are no decimals.
    pub(super) fn find(&mut self, values: &[f64]) -> Option<Scale> {
        let mut best = None;
        for form in [Form::Quotient, Form::Product, Form::Thousandths, Form::Single] {
            self.swap();
            let scale = self.try_form(values, form);
            let is_better =
                best.is_none() || self.exceptions.len() * 4 < self.other_exceptions.len();
            match scale {
                Some(scale) if is_better => best = Some(scale),
                _ => self.swap(),
            }
            if best.is_some() && self.exceptions.len() * FEW_SHARE <= values.len() {
                break;
            }
        }
        best
    }

    fn swap(&mut self) {
        std::mem::swap(&mut self.ints, &mut self.other_ints);
        std::mem::swap(&mut self.exceptions, &mut self.other_exceptions);
    }

    fn try_form(&mut self, values: &[f64], form: Form) -> Option<Scale> {
        let mut scale = Scale { form, exponent: sampled_exponent(values, form)? };
        if !self.fill(values, scale) {
            return None;
        }
        while let Some(exponent) = self.exponent_for_exceptions(values, scale) {
            let before = self.exceptions.len();
            let raised = Scale { form, exponent };
            if self.fill(values, raised) && self.exceptions.len() < before {
                scale = raised;
            } else {
                // More digits have pushed other values out of range.
                self.fill(values, scale);
                break;
            }
        }
        Some(scale)
    }

    /// A higher exponent that makes decimals of exceptions, where enough of them ask for it.
    fn exponent_for_exceptions(&self, values: &[f64], scale: Scale) -> Option<u8> {
        let mut needy = 0;
        let mut exponent_max = None;
        for at in &self.exceptions {
            let needed = exponent_of(values[*at as usize], scale.form, scale.exponent + 1);
            needy += usize::from(needed.is_some());
            exponent_max = exponent_max.max(needed);
        }
        let few = needy <= FEW_MAX && needy * FEW_SHARE < values.len();
        if few { None } else { exponent_max }
    }

    /// Converts all values; false where too many are no decimals at this scale.
    fn fill(&mut self, values: &[f64], scale: Scale) -> bool {
        let Self { ints, exceptions, .. } = self;
        dispatch::run(Fill { values, scale, ints, exceptions })
    }
}

/// Conversion of all values of a run.
struct Fill<'a> {
    values: &'a [f64],
    scale: Scale,
    ints: &'a mut Vec<i64>,
    exceptions: &'a mut Vec<i64>,
}

impl Work for Fill<'_> {
    type Output = bool;

    #[inline(always)]
    fn on<P: Processor>(self) -> bool {
        const GROUP: usize = 128;
        let Self { values, scale, ints, exceptions } = self;
        exceptions.clear();
        ints.resize(values.len(), 0);
        let mut last = 0;
        for (index, group) in values.chunks(GROUP).enumerate() {
            let start = index * GROUP;
            let ints = &mut ints[start..start + group.len()];
            if !scale.try_convert::<P>(group, ints) {
                for (at, (value, int)) in group.iter().zip(&mut *ints).enumerate() {
                    if scale.fits(*value) {
                        last = *int;
                    } else {
                        exceptions.push((start + at) as i64);
                        *int = last;
                    }
                }
                if exceptions.len() > values.len() / EXCEPTION_SHARE {
                    return false;
                }
            }
            last = ints[group.len() - 1];
        }
        true
    }
}

/// The exponent that all samples need; none where too many fit at no exponent.
fn sampled_exponent(values: &[f64], form: Form) -> Option<u8> {
    let mut exponent = match form {
        Form::Quotient => 0,
        // At lower exponents these forms give what the quotient gives.
        Form::Product | Form::Single => 1,
        Form::Thousandths => 4,
        Form::Whole => return None,
    };
    let step = (values.len() / SAMPLES).max(1);
    let mut misfits = 0;
    for value in values.iter().step_by(step).filter(|value| value.is_finite()) {
        if !(Scale { form, exponent }).fits(*value) {
            match exponent_of(*value, form, exponent) {
                Some(needed) => exponent = needed,
                None => misfits += 1,
            }
            if misfits * MISFIT_SHARE > SAMPLES.min(values.len()) {
                return None;
            }
        }
    }
    Some(exponent)
}

#[cfg(test)]
mod tests;
