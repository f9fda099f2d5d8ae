//! Numbers in as few bytes as they need: LEB128, and zigzag for signed ones.
//!
//! Seven bits a byte, least significant first, the top bit set on all but the last byte.
//! Read them back with [`crate::cursor::Cursor`].

/// Appends an unsigned number: 1 to 10 bytes.
#[inline]
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number so that small magnitudes stay short: 0, -1, 1, -2 … as 0, 1, 2, 3 ….
#[inline]
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, fold(value));
}

/// The zigzag number of `value`.
#[inline]
pub(crate) fn fold(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The value of a zigzag number.
#[inline]
pub(crate) fn unfold(folded: u64) -> i64 {
    (folded >> 1) as i64 ^ -((folded & 1) as i64)
}

/// How many bytes [`put_u64`] writes.
#[inline]
pub(crate) fn len_u64(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// How many bytes [`put_i64`] writes.
#[inline]
pub(crate) fn len_i64(value: i64) -> usize {
    len_u64(fold(value))
}

#[cfg(test)]
mod tests;
