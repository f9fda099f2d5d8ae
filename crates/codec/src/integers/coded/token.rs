//! Numbers split into a token, which is coded, and raw bits.
//!
//! The token says how many bits a number has and which are its first three; the bits below
//! those are raw: equally likely, or nearly. Numbers below 8 are tokens themselves. With two
//! bits in place of three, runs of decimals take 0.3 % more.

/// The first bits of a number, of which the highest is set in numbers that have raw bits.
const LEAD_BITS: u32 = 3;
/// How many tokens there are for each count of raw bits.
const LEADS: u32 = 1 << (LEAD_BITS - 1);

/// How many tokens there are: a number has at most 61 raw bits.
pub(super) const TOKENS: usize = (LEADS * (u64::BITS - LEAD_BITS + 2)) as usize;
// A token is a byte.
const _: () = assert!(TOKENS == 252);

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(u8);

impl Token {
    /// The token of a number.
    #[inline(always)]
    pub(super) fn of(number: u64) -> Self {
        let raw_bits = (number | u64::from(LEADS)).ilog2() - (LEAD_BITS - 1);
        Self((LEADS * raw_bits + (number >> raw_bits) as u32) as u8)
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
        (u32::from(self.0) / LEADS).saturating_sub(1)
    }

    /// What stands above the raw bits: the number is `lead << raw_bits | raw`.
    pub(super) fn lead(self) -> u8 {
        self.0 - (LEADS * self.raw_bits()) as u8
    }
}

#[cfg(test)]
mod tests;
