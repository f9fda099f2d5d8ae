//! Sizes in bytes, and their text form: a whole number with a unit, such as `256 MiB`.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ByteSize(pub u64);

/// Units from the longest name, so that `MiB` is not read as `B`; binary ones first.
const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];
/// How many of the units are binary.
const BINARY_UNITS: usize = 3;

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a size: write a whole number and a unit, such as 256 MiB")]
pub struct ByteSizeError {
    text: String,
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    /// Reads a whole number of bytes, or one with a unit.
    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        parse(text.trim()).ok_or_else(|| ByteSizeError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<ByteSize> {
    let unit = UNITS.iter().find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)));
    let (number, size) = unit.unwrap_or((text, 1));
    number.trim().parse::<u64>().ok()?.checked_mul(size).map(ByteSize)
}

impl fmt::Display for ByteSize {
    /// Prints the largest binary unit that divides it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binary = UNITS[..BINARY_UNITS].iter().rev();
        match binary.into_iter().find(|(_, size)| self.0.is_multiple_of(*size)) {
            Some((name, size)) if self.0 > 0 => write!(out, "{} {name}", self.0 / size),
            _ => write!(out, "{} B", self.0),
        }
    }
}

#[cfg(test)]
mod tests;
