//! Numbers and texts as the tables of a block hold them: side by side, so that what entries
//! have in common costs next to nothing.

use crate::error::Damage;
use codec::cursor::Cursor;
use codec::varint::put_u64;

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

/// Appends bytes, their length before them.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads bytes, whose length stands before them.
///
/// # Errors
/// Where they are cut short.
pub fn get_bytes<'a>(from: &mut Cursor<'a>) -> Result<&'a [u8], Damage> {
    let count = number(from)?;
    Ok(from.bytes(count)?)
}

/// Reads a text, whose length stands before it.
///
/// # Errors
/// Where it is cut short or no UTF-8.
pub fn get_text<'a>(from: &mut Cursor<'a>) -> Result<&'a str, Damage> {
    let at = from.offset() as u64;
    let bytes = get_bytes(from)?;
    std::str::from_utf8(bytes).map_err(|_| Damage::new(at, "a text is not UTF-8"))
}

/// Reads one number.
///
/// # Errors
/// Where it is damaged or too large.
pub fn number<N: TryFrom<u64>>(from: &mut Cursor<'_>) -> Result<N, Damage> {
    let at = from.offset() as u64;
    let number = from.varint()?;
    N::try_from(number).map_err(|_| Damage::new(at, format!("number {number} is too large")))
}
