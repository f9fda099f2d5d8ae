//! Plain slices to bytes and back, lossless bit for bit.
//!
//! A leaf of the house: it imports no other room, and knows neither chunks nor files, neither
//! time nor disk. Each kind of value has a module with one `encode`, which appends a
//! self-describing run of bytes (its first byte is the mode), and one `decode`, which takes
//! exactly those bytes and how many values are in them. `FORMAT.md` draws the bytes.
//!
//! Invariants: `decode(encode(x)) == x` in every bit, NaN payloads and negative zero
//! included; `decode` of any bytes whatever returns, without a panic, either values or an
//! [`Error`] that says what and where, and never makes more than `count` values.

pub mod bools;
pub mod checksum;
pub mod cursor;
mod dispatch;
mod error;
pub mod floats;
pub mod integers;
mod packing;
pub mod strings;
pub mod timestamps;
pub mod varint;

pub use error::Error;

/// How much time an encoder takes to save space.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Effort {
    /// For what is written once a second and soon again: forms that are quick both ways.
    #[default]
    Hot,
    /// For what is merged and then kept: a code of the run's own as well, where it is
    /// shorter by 1/32 or more.
    Cold,
}

/// The most values one run of bytes may hold.
///
/// Chunks hold at most 8,192; the room above is for tests and tools. It bounds what a
/// damaged count can make a decoder allocate: 128 MiB.
pub const COUNT_MAX: usize = 1 << 24;

/// How many values a decoder makes room for before it has seen them: eight cold chunks.
const RESERVE_MAX: usize = 1 << 16;

/// Refuses counts that no encoder has written.
fn check_count(count: usize) -> Result<(), Error> {
    if count > COUNT_MAX { Err(Error::TooMany { count }) } else { Ok(()) }
}

/// Empties `out` and makes room for `count` values, as far as that can be trusted.
fn prepare<T>(out: &mut Vec<T>, count: usize) -> Result<(), Error> {
    check_count(count)?;
    out.clear();
    out.reserve(count.min(RESERVE_MAX));
    Ok(())
}

/// Refuses to write what [`check_count`] would refuse to read.
fn assert_count(count: usize) {
    assert!(count <= COUNT_MAX, "{count} values in one run, at most {COUNT_MAX} are allowed");
}
