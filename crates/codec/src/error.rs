//! Why bytes are not what an encoder wrote. Offsets count from the first byte handed in.

use crate::COUNT_MAX;

/// What is wrong with the bytes, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The bytes end inside something.
    #[error("the bytes end at offset {offset}: {needed} more are needed, {left} are left")]
    Ended {
        /// Where the read began.
        offset: usize,
        /// How many bytes it needs.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// A variable-length number does not fit in 64 bits.
    #[error("the variable-length number at offset {offset} does not fit in 64 bits")]
    Overlong {
        /// Where the number begins.
        offset: usize,
    },
    /// The mode byte is none that this version writes.
    #[error("{what} at offset {offset}: mode {mode:#04x} is not known to this version")]
    Mode {
        /// What was to be decoded.
        what: &'static str,
        /// Where the mode byte is.
        offset: usize,
        /// The mode found.
        mode: u8,
    },
    /// A part is out of its bounds or contradicts another.
    #[error("{what} at offset {offset} is out of bounds")]
    Invalid {
        /// The part.
        what: &'static str,
        /// Where it is.
        offset: usize,
    },
    /// Bytes follow the last value.
    #[error("{left} bytes follow the last value at offset {offset}")]
    Trailing {
        /// Where they begin.
        offset: usize,
        /// How many they are.
        left: usize,
    },
    /// The caller's count is above [`COUNT_MAX`].
    #[error("{count} values are asked for, at most {COUNT_MAX} are in one run")]
    TooMany {
        /// The count.
        count: usize,
    },
}
