//! Numbers and texts as the tables of a block hold them: side by side, so that what entries
//! have in common costs next to nothing.

use crate::error::Damage;
pub use crate::notation::{get_bytes, get_text, number, put_bytes};
use codec::cursor::Cursor;
use codec::varint::put_u64;

/// Appends numbers. How many there are must be known where they are read.
pub fn put(out: &mut Vec<u8>, numbers: &[i64]) {
    codec::integers::encode(numbers, out);
}

/// Reads `count` numbers.
///
/// # Errors
/// Where they are damaged.
pub fn get(from: &mut Cursor<'_>, count: usize) -> Result<Vec<i64>, Damage> {
    let mut numbers = Vec::new();
    codec::integers::read(from, count, &mut numbers)?;
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

/// Appends doubles.
pub fn put_floats(out: &mut Vec<u8>, values: &[f64]) {
    codec::floats::Encoder::new().encode(values, out);
}

/// Reads `count` doubles.
///
/// # Errors
/// Where they are damaged.
pub fn get_floats(from: &mut Cursor<'_>, count: usize) -> Result<Vec<f64>, Damage> {
    let mut values = Vec::new();
    codec::floats::read(from, count, &mut values)?;
    Ok(values)
}

/// Appends a text by what it does not share with the one before.
pub fn put_text_after(out: &mut Vec<u8>, before: &str, text: &str) {
    let shared = before.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    put_u64(out, shared as u64);
    put_bytes(out, &text.as_bytes()[shared..]);
}

/// Reads such a text; `text` is the one before, and becomes this one.
///
/// # Errors
/// Where it is damaged.
pub fn get_text_after<'t>(from: &mut Cursor<'_>, text: &'t mut Vec<u8>) -> Result<&'t str, Damage> {
    let at = from.offset() as u64;
    let shared: usize = number(from)?;
    if shared > text.len() {
        return Err(Damage::new(at, "a text shares more than there is"));
    }
    text.truncate(shared);
    text.extend_from_slice(get_bytes(from)?);
    std::str::from_utf8(text).map_err(|_| Damage::new(at, "a text is not UTF-8"))
}
