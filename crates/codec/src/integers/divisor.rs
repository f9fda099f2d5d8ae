//! What the distances of all values have in common.
//!
//! Invariant: a [`Divisor`] is at least 1 and divides every distance it was made from, so
//! that division is exact: a shift and a multiplication by the inverse modulo 2^64
//! (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994).

/// A number that divides all distances of some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divisor {
    shift: u32,
    odd: u64,
    inverse: u64,
}

impl Divisor {
    /// The greatest common divisor of `value - least` over all values; 1 where there is none.
    pub(super) fn common(values: &[i64], least: i64) -> Self {
        let distance = |value: &i64| value.wrapping_sub(least) as u64;
        let bits = values.iter().fold(0, |bits, value| bits | distance(value));
        if bits == 0 {
            return Self { shift: 0, odd: 1, inverse: 1 };
        }
        let shift = bits.trailing_zeros();
        // Zero is divisible by anything, and only it by this: the greatest of all divisors.
        let (mut odd, mut inverse, mut quotient_max) = (0, 1, 0);
        for value in values {
            let distance = distance(value) >> shift;
            // The inverse takes multiples, and only them, to quotients in range.
            if distance.wrapping_mul(inverse) > quotient_max {
                odd = gcd_odd(odd, distance);
                if odd == 1 {
                    return Self { shift, odd, inverse: 1 };
                }
                inverse = inverse_of(odd);
                quotient_max = u64::MAX / odd;
            }
        }
        Self { shift, odd, inverse }
    }

    /// The divisor itself.
    pub(super) fn get(&self) -> u64 {
        self.odd << self.shift
    }

    /// The exact quotient of one of the distances.
    #[inline]
    pub(super) fn divide(&self, distance: i64) -> i64 {
        (distance as u64 >> self.shift).wrapping_mul(self.inverse) as i64
    }
}

/// The odd part of the greatest common divisor; `a` is odd or 0, `b` is not 0.
fn gcd_odd(mut a: u64, mut b: u64) -> u64 {
    while a != 0 {
        b >>= b.trailing_zeros();
        (a, b) = (a.min(b), a.max(b));
        b -= a;
        if b == 0 {
            return a;
        }
    }
    b >> b.trailing_zeros()
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the
/// number of right bits, of which the first guess has five.
fn inverse_of(odd: u64) -> u64 {
    let mut inverse = odd.wrapping_mul(3) ^ 2;
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse
}

#[cfg(test)]
mod tests;
