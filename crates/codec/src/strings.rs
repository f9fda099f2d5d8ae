//! Byte strings: every one, or the distinct ones and which is where.
//!
//! The module knows no text: that entries are UTF-8 is for the caller to see to, before it
//! writes and after it reads.

use crate::cursor::Cursor;
use crate::varint::{len_u64, put_u64};
use crate::{Error, assert_count, check_count, integers};
use std::collections::HashMap;

/// Lengths, then the entries end to end.
const PLAIN: u8 = 0;

/// The distinct entries, then which of them stands at each place.
const DICTIONARY: u8 = 1;

/// The most bytes that a dictionary may make of all entries together: 1 GiB.
///
/// Without it a few damaged bytes could repeat one long entry without end. A chunk of
/// 8,192 entries of 64 KiB is half of it. Plain entries cannot grow.
const EXPANDED_BYTES_MAX: usize = 1 << 30;

/// Appends `entries`.
///
/// # Panics
/// Where there are more than [`crate::COUNT_MAX`] entries.
pub fn encode<'a>(entries: impl ExactSizeIterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    assert_count(entries.len());
    let entries: Vec<&[u8]> = entries.collect();
    let mut numbers = HashMap::new();
    let mut distinct = Vec::new();
    let mut indices = Vec::with_capacity(entries.len());
    for entry in &entries {
        indices.push(*numbers.entry(*entry).or_insert_with(|| {
            distinct.push(*entry);
            distinct.len() as i64 - 1
        }));
    }
    let mut index_bytes = Vec::new();
    integers::encode(&indices, &mut index_bytes);
    let mut length_bytes = Vec::new();
    let lengths: Vec<i64> = entries.iter().map(|entry| entry.len() as i64).collect();
    integers::encode(&lengths, &mut length_bytes);

    let bytes_of = |entries: &[&[u8]]| entries.iter().map(|entry| entry.len()).sum::<usize>();
    let plain_len = length_bytes.len() + bytes_of(&entries);
    let heads = distinct.iter().map(|entry| len_u64(entry.len() as u64)).sum::<usize>();
    let dictionary_len =
        len_u64(distinct.len() as u64) + heads + bytes_of(&distinct) + index_bytes.len();
    if dictionary_len < plain_len && bytes_of(&entries) <= EXPANDED_BYTES_MAX {
        out.push(DICTIONARY);
        put_u64(out, distinct.len() as u64);
        for entry in distinct {
            put_u64(out, entry.len() as u64);
            out.extend_from_slice(entry);
        }
        out.extend_from_slice(&index_bytes);
    } else {
        out.push(PLAIN);
        out.extend_from_slice(&length_bytes);
        entries.iter().for_each(|entry| out.extend_from_slice(entry));
    }
}

/// Reads back `count` entries and hands each to `each`, in order, once all are known good.
///
/// # Errors
/// Where `bytes` are not what [`encode`] appends for `count` entries.
pub fn decode(bytes: &[u8], count: usize, each: impl FnMut(&[u8])) -> Result<(), Error> {
    check_count(count)?;
    let mut cursor = Cursor::new(bytes);
    match cursor.u8()? {
        PLAIN => read_plain(&mut cursor, count, each),
        DICTIONARY => read_dictionary(&mut cursor, count, each),
        mode => Err(Error::Mode { what: "strings", offset: 0, mode }),
    }
}

fn read_plain(
    cursor: &mut Cursor<'_>,
    count: usize,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let offset = cursor.offset();
    let mut lengths = Vec::new();
    integers::read_into(cursor, count, &mut lengths)?;
    let mut left = cursor.remaining();
    for length in &lengths {
        let shorter = usize::try_from(*length).ok().and_then(|length| left.checked_sub(length));
        left = shorter.ok_or(Error::Invalid { what: "length of an entry", offset })?;
    }
    if left > 0 {
        return Err(Error::Trailing { offset: cursor.offset() + cursor.remaining() - left, left });
    }
    for length in lengths {
        each(cursor.bytes(length as usize)?);
    }
    Ok(())
}

fn read_dictionary(
    cursor: &mut Cursor<'_>,
    count: usize,
    mut each: impl FnMut(&[u8]),
) -> Result<(), Error> {
    let mut distinct = Vec::new();
    for _ in 0..cursor.varint()? {
        let length = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
        distinct.push(cursor.bytes(length)?);
    }
    let offset = cursor.offset();
    let mut indices = Vec::new();
    integers::read_into(cursor, count, &mut indices)?;
    let mut entries: Vec<&[u8]> = Vec::with_capacity(indices.len());
    let mut expanded = 0usize;
    let mut is_inside = true;
    for index in indices {
        let entry = usize::try_from(index).ok().and_then(|index| distinct.get(index));
        is_inside &= entry.is_some();
        let entry = entry.copied().unwrap_or_default();
        expanded = expanded.saturating_add(entry.len());
        entries.push(entry);
    }
    if !is_inside {
        return Err(Error::Invalid { what: "index of an entry", offset });
    }
    if expanded > EXPANDED_BYTES_MAX {
        return Err(Error::Invalid { what: "size of all entries", offset });
    }
    cursor.finish()?;
    entries.into_iter().for_each(&mut each);
    Ok(())
}

#[cfg(test)]
mod tests;
