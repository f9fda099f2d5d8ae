//! Truth values: constant, runs or a bitmap, whichever is shortest.

use crate::cursor::Cursor;
use crate::varint::{len_u64, put_u64};
use crate::{Error, assert_count, prepare};

/// Every value is false.
const ALL_FALSE: u8 = 0;
/// Every value is true.
const ALL_TRUE: u8 = 1;
/// One bit a value, least significant first.
const BITMAP: u8 = 2;
/// Lengths of runs that begin with false and take turns, up to the last but one.
const RUNS_FROM_FALSE: u8 = 3;
/// Lengths of runs that begin with true and take turns, up to the last but one.
const RUNS_FROM_TRUE: u8 = 4;

/// Appends `values`.
///
/// # Panics
/// Where there are more than [`crate::COUNT_MAX`] values.
pub fn encode(values: &[bool], out: &mut Vec<u8>) {
    assert_count(values.len());
    let first = values.first().copied().unwrap_or(false);
    let runs = closed_runs(values).count() as u64;
    if runs == 0 {
        return out.push(if first { ALL_TRUE } else { ALL_FALSE });
    }
    let lengths: usize = closed_runs(values).map(|run| len_u64(run as u64)).sum();
    if len_u64(runs) + lengths < values.len().div_ceil(8) {
        out.push(if first { RUNS_FROM_TRUE } else { RUNS_FROM_FALSE });
        put_u64(out, runs);
        closed_runs(values).for_each(|run| put_u64(out, run as u64));
    } else {
        out.push(BITMAP);
        out.extend(values.chunks(8).map(|eight| {
            eight.iter().enumerate().fold(0, |byte, (bit, &v)| byte | (u8::from(v) << bit))
        }));
    }
}

/// The lengths of all runs of equal values but the last, which the count closes.
fn closed_runs(values: &[bool]) -> impl Iterator<Item = usize> {
    let edges = (1..values.len()).filter(|&at| values[at] != values[at - 1]);
    edges.scan(0, |start, edge| Some(edge - std::mem::replace(start, edge)))
}

/// Reads back `count` values into `out`.
///
/// # Errors
/// Where `bytes` are not what [`encode`] appends for `count` values.
pub fn decode(bytes: &[u8], count: usize, out: &mut Vec<bool>) -> Result<(), Error> {
    prepare(out, count)?;
    let mut cursor = Cursor::new(bytes);
    match cursor.u8()? {
        ALL_FALSE => out.resize(count, false),
        ALL_TRUE => out.resize(count, true),
        BITMAP => read_bitmap(&mut cursor, count, out)?,
        RUNS_FROM_FALSE => read_runs(&mut cursor, false, count, out)?,
        RUNS_FROM_TRUE => read_runs(&mut cursor, true, count, out)?,
        mode => return Err(Error::Mode { what: "bools", offset: 0, mode }),
    }
    cursor.finish()
}

fn read_bitmap(cursor: &mut Cursor<'_>, count: usize, out: &mut Vec<bool>) -> Result<(), Error> {
    let bitmap = cursor.bytes(count.div_ceil(8))?;
    out.extend(bitmap.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)));
    if out[count..].contains(&true) {
        return Err(Error::Invalid { what: "padding of a bitmap", offset: cursor.offset() - 1 });
    }
    out.truncate(count);
    Ok(())
}

fn read_runs(
    cursor: &mut Cursor<'_>,
    mut value: bool,
    count: usize,
    out: &mut Vec<bool>,
) -> Result<(), Error> {
    for _ in 0..cursor.varint()? {
        let offset = cursor.offset();
        let run = cursor.varint()?;
        // A run that leaves nothing for the last one contradicts the count.
        if run == 0 || run >= (count - out.len()) as u64 {
            return Err(Error::Invalid { what: "length of a run", offset });
        }
        out.resize(out.len() + run as usize, value);
        value = !value;
    }
    out.resize(count, value);
    Ok(())
}

#[cfg(test)]
mod tests;
