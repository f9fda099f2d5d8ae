//! Reads a run group by group, whatever its mode.
//!
//! Everything here is compiled into its callers, which are [`crate::dispatch::Work`].

use super::{CODED, CONSTANT, DELTA, FRAME, LINEAR, RAW, RUNS, coded, group};
use crate::Error;
use crate::cursor::Cursor;
use crate::packing::GROUP;

/// A run, of which some values have been read.
pub(crate) struct Reader<'a, 'b> {
    cursor: &'a mut Cursor<'b>,
    /// How many values are left.
    left: usize,
    mode: Mode<'b>,
}

/// What the next values come from.
enum Mode<'b> {
    Linear { value: i64, step: i64 },
    Runs(Runs),
    Frame { divisor: i64, base: i64 },
    Delta { divisor: i64, last: i64 },
    Raw,
    Coded(Box<coded::Reader<'b>>),
}

impl<'a, 'b> Reader<'a, 'b> {
    /// At the start of a run of `count` values.
    #[inline(always)]
    pub(crate) fn new(cursor: &'a mut Cursor<'b>, count: usize) -> Result<Self, Error> {
        let offset = cursor.offset();
        let mode = match cursor.u8()? {
            CONSTANT => Mode::Linear { value: cursor.zigzag()?, step: 0 },
            LINEAR => Mode::Linear { value: cursor.zigzag()?, step: cursor.zigzag()? },
            RUNS => Mode::Runs(Runs::new(cursor)?),
            FRAME => Mode::Frame { divisor: read_divisor(cursor)?, base: cursor.zigzag()? },
            DELTA => Mode::Delta { divisor: read_divisor(cursor)?, last: cursor.zigzag()? },
            RAW => {
                // All at once, so that bytes that end too soon are seen before values are made.
                let needed = count * size_of::<i64>();
                cursor.clone().bytes(needed)?;
                Mode::Raw
            }
            CODED => Mode::Coded(Box::new(coded::Reader::new(cursor, count)?)),
            mode => return Err(Error::Mode { what: "integers", offset, mode }),
        };
        Ok(Self { cursor, left: count, mode })
    }

    /// The next values, as many as there is room for or are left; none at the end.
    #[inline(always)]
    pub(crate) fn next<'v>(&mut self, room: &'v mut [i64; GROUP]) -> Result<&'v [i64], Error> {
        let values = &mut room[..self.left.min(GROUP)];
        let cursor = &mut *self.cursor;
        match &mut self.mode {
            Mode::Linear { value, step: 0 } => values.fill(*value),
            Mode::Linear { value, step } => {
                for (next, index) in values.iter_mut().zip(0..) {
                    *next = value.wrapping_add(step.wrapping_mul(index));
                }
                *value = value.wrapping_add(step.wrapping_mul(values.len() as i64));
            }
            Mode::Runs(runs) => runs.fill(cursor, self.left, values)?,
            Mode::Frame { divisor, base } => {
                let reference = group::read(cursor, values)?;
                scale(values, *divisor, base.wrapping_add(reference.wrapping_mul(*divisor)));
            }
            Mode::Delta { divisor, last } => {
                let reference = group::read(cursor, values)?;
                scale(values, *divisor, reference.wrapping_mul(*divisor));
                add_up(values, last);
            }
            Mode::Raw => {
                let bytes = cursor.bytes(size_of_val(values))?;
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = i64::from_le_bytes(*bytes);
                }
            }
            Mode::Coded(reader) => reader.fill(values),
        }
        self.left -= values.len();
        Ok(values)
    }

    /// Makes sure that the run ends with its last value.
    #[inline(always)]
    pub(crate) fn finish(self) -> Result<(), Error> {
        debug_assert_eq!(self.left, 0);
        match self.mode {
            Mode::Runs(runs) => runs.finish(),
            Mode::Coded(reader) => reader.finish(),
            _ => Ok(()),
        }
    }
}

/// What the distances are multiples of: 1 or more.
pub(super) fn read_divisor(cursor: &mut Cursor<'_>) -> Result<i64, Error> {
    let offset = cursor.offset();
    match cursor.varint()? {
        0 => Err(Error::Invalid { what: "divisor", offset }),
        divisor => Ok(divisor as i64),
    }
}

/// Multiplies all values, and adds to them.
#[inline(always)]
pub(super) fn scale(values: &mut [i64], divisor: i64, origin: i64) {
    if divisor == 1 {
        for value in values {
            *value = value.wrapping_add(origin);
        }
    } else {
        for value in values {
            *value = value.wrapping_mul(divisor).wrapping_add(origin);
        }
    }
}

/// Turns differences into values, the first one from the `last` before.
#[inline(always)]
pub(super) fn add_up(differences: &mut [i64], last: &mut i64) {
    if let Ok(group) = <&mut [i64; GROUP]>::try_from(&mut *differences) {
        return add_up_group(group, last);
    }
    let mut value = *last;
    for difference in differences {
        value = value.wrapping_add(*difference);
        *difference = value;
    }
    *last = value;
}

/// The same for a whole group: its quarters side by side, so that no addition waits for all
/// before it, and then what is before each quarter.
#[inline(always)]
fn add_up_group(group: &mut [i64; GROUP], last: &mut i64) {
    const QUARTER: usize = GROUP / 4;
    let quarters = group.as_chunks_mut::<QUARTER>().0;
    let mut sums = [0i64; 4];
    for index in 0..QUARTER {
        for (sum, quarter) in sums.iter_mut().zip(quarters.iter_mut()) {
            *sum = sum.wrapping_add(quarter[index]);
            quarter[index] = *sum;
        }
    }
    for (sum, quarter) in sums.iter().zip(quarters) {
        quarter.iter_mut().for_each(|value| *value = value.wrapping_add(*last));
        *last = last.wrapping_add(*sum);
    }
}

/// Runs of equal values.
struct Runs {
    value: i64,
    /// How often the value still stands, where that is known.
    run: usize,
    /// How many changes have not been read.
    changes: u64,
    /// Where the next one is.
    offset: usize,
}

impl Runs {
    fn new(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let (value, changes) = (cursor.zigzag()?, cursor.varint()?);
        let mut runs = Self { value, run: 0, changes, offset: 0 };
        runs.offset = cursor.offset();
        Ok(runs)
    }

    /// Fills in the next values, of which `left` are left in all.
    fn fill(
        &mut self,
        cursor: &mut Cursor<'_>,
        mut left: usize,
        mut values: &mut [i64],
    ) -> Result<(), Error> {
        while !values.is_empty() {
            if self.run == 0 {
                self.run = self.next_run(cursor, left)?;
            }
            let (filled, rest) = values.split_at_mut(self.run.min(values.len()));
            filled.fill(self.value);
            self.run -= filled.len();
            left -= filled.len();
            values = rest;
            if self.run == 0 && left > 0 {
                self.value = self.value.wrapping_add(cursor.zigzag()?);
                self.changes -= 1;
                self.offset = cursor.offset();
            }
        }
        Ok(())
    }

    /// How often the value stands, where `left` values are left.
    fn next_run(&self, cursor: &mut Cursor<'_>, left: usize) -> Result<usize, Error> {
        if self.changes == 0 {
            return Ok(left);
        }
        // A run that leaves nothing for the last one contradicts the count.
        match usize::try_from(cursor.varint()?) {
            Ok(run) if run > 0 && run < left => Ok(run),
            _ => Err(Error::Invalid { what: "length of a run", offset: self.offset }),
        }
    }

    fn finish(&self) -> Result<(), Error> {
        match self.changes {
            0 => Ok(()),
            _ => Err(Error::Invalid { what: "count of runs", offset: self.offset }),
        }
    }
}
