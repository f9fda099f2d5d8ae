//! Numbers and texts as the tables of a block hold them: side by side, so that what entries
//! have in common costs next to nothing.

use crate::error::Damage;
pub use crate::notation::{get_bytes, get_text, number, put_bytes};
use codec::cursor::Cursor;

/// Appends numbers, their length in bytes before them.
pub fn put(out: &mut Vec<u8>, numbers: &[i64]) {
    let mut bytes = Vec::new();
    codec::integers::encode(numbers, &mut bytes);
    put_bytes(out, &bytes);
}

/// Reads `count` numbers.
///
/// # Errors
/// Where they are damaged.
pub fn get(from: &mut Cursor<'_>, count: usize) -> Result<Vec<i64>, Damage> {
    let mut numbers = Vec::new();
    codec::integers::decode(get_bytes(from)?, count, &mut numbers)?;
    Ok(numbers)
}

/// Reads `count` numbers that were of another type when they were written.
///
/// # Errors
/// Where they are damaged or too large.
pub fn get_as<N: TryFrom<i64>>(from: &mut Cursor<'_>, count: usize) -> Result<Vec<N>, Damage> {
    let at = from.offset() as u64;
    let narrow = |number: i64| {
        N::try_from(number).map_err(|_| Damage::new(at, format!("number {number} is too large")))
    };
    get(from, count)?.into_iter().map(narrow).collect()
}

/// Appends doubles, their length in bytes before them.
pub fn put_floats(out: &mut Vec<u8>, values: &[f64]) {
    let mut bytes = Vec::new();
    codec::floats::Encoder::new().encode(values, &mut bytes);
    put_bytes(out, &bytes);
}

/// Reads `count` doubles.
///
/// # Errors
/// Where they are damaged.
pub fn get_floats(from: &mut Cursor<'_>, count: usize) -> Result<Vec<f64>, Damage> {
    let mut values = Vec::new();
    codec::floats::decode(get_bytes(from)?, count, &mut values)?;
    Ok(values)
}
