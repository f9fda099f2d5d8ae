//! How numbers, bytes and texts stand in every file of the store; `FORMAT.md` draws them.

use crate::error::Damage;
use codec::cursor::Cursor;
use codec::varint::put_u64;

/// Reads a number that fits its place.
///
/// # Errors
/// Where it is damaged or too large.
pub fn number<N: TryFrom<u64>>(from: &mut Cursor<'_>) -> Result<N, Damage> {
    let at = from.offset() as u64;
    let number = from.varint()?;
    N::try_from(number).map_err(|_| Damage::new(at, format!("number {number} is too large")))
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

/// Appends a text, its length before it.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
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
