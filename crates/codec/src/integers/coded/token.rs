//! Numbers split into a token, which is coded, and raw bits.
//!
//! Numbers below 16 are tokens themselves. Larger ones have a token for their length in bits
//! and the two bits after the leading one, and the bits below those are raw: equally likely,
//! or nearly. With one bit in place of two, runs of decimals take 0.3 % more.

/// Numbers below it are their own tokens.
const OWN: u64 = 16;
/// The length in bits, less one, of the first number that is not.
const OWN_BITS: u32 = OWN.ilog2();

/// How many tokens there are: four for each length from 5 to 64 bits.
pub(super) const TOKENS: usize = OWN as usize + 4 * (u64::BITS - OWN_BITS) as usize;
// A token is a byte.
const _: () = assert!(TOKENS == 1 << u8::BITS);

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(u8);

impl Token {
    /// The token of a number.
    #[inline(always)]
    pub(super) fn of(number: u64) -> Self {
        // Which numbers are small is for no processor to guess: both ways are taken.
        let bits = (number | OWN).ilog2();
        let next = (number >> (bits - 2)) as u32 & 3;
        let above = OWN as u32 + 4 * (bits - OWN_BITS) + next;
        Self(if number < OWN { number as u8 } else { above as u8 })
    }

    /// The token of an index below [`TOKENS`].
    pub(super) fn from_index(index: usize) -> Self {
        debug_assert!(index < TOKENS);
        Self(index as u8)
    }

    /// Its index, below [`TOKENS`].
    #[inline(always)]
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// How many raw bits follow it.
    #[inline(always)]
    pub(super) fn raw_bits(self) -> u32 {
        let bits = OWN_BITS - 2 + (u32::from(self.0).wrapping_sub(OWN as u32) & 0xff) / 4;
        if u64::from(self.0) < OWN { 0 } else { bits }
    }

    /// What stands above the raw bits: the number is `lead << raw_bits | raw`.
    pub(super) fn lead(self) -> u8 {
        if u64::from(self.0) < OWN { self.0 } else { 4 | (self.0 & 3) }
    }
}

#[cfg(test)]
mod tests;
