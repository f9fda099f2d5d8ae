//! Signed 64-bit integers: the layer under timestamps, floats and lengths too.
//!
//! The encoder looks at the whole run and takes the shortest of: one value, an
//! arithmetic progression, runs of equal values, *frame* (distances from a reference), *delta*
//! (differences of neighbours) or raw. Frame and delta first divide out what all distances
//! have in common, so that milliseconds kept in nanoseconds, pages kept in bytes and floats
//! born as `f32` cost nothing extra, and then pack in groups of 128, each with its own
//! reference and width, outliers patched. With [`Effort::Cold`] it tries *coded* as well:
//! distances from a prediction in a Huffman code of the run's own. All arithmetic wraps at 64 bits, on both sides,
//! so no range of values is special. Unsigned integers pass through as `u64 as i64`.

use crate::cursor::Cursor;
use crate::dispatch::{self, Processor, Work};
pub(crate) use crate::packing::GROUP;
use crate::varint::{len_i64, len_u64, put_i64, put_u64};
use crate::{Effort, Error, assert_count, prepare};
use coded::Numbers;
use divisor::Divisor;
use group::Plan;

pub use mode::mode;
pub(crate) use reader::Reader;

mod coded;
mod divisor;
mod group;
mod mode;
mod reader;

/// One value, as often as the count says. An empty run is written so, too.
const CONSTANT: u8 = 0;
/// A first value and a step.
const LINEAR: u8 = 1;
/// Runs of equal values.
const RUNS: u8 = 2;
/// Groups of distances from a base.
const FRAME: u8 = 3;
/// Groups of differences of neighbours.
const DELTA: u8 = 4;
/// Eight bytes a value.
const RAW: u8 = 5;
/// Distances from predictions, in a code.
const CODED: u8 = 6;

/// How many values there must be to each change before runs are tried: a change costs
/// two bytes and more, which packing undercuts where changes are denser.
const RUN_LENGTH_MIN: usize = 8;

/// Delta must save this share (1/32) to be preferred to frame, which decodes faster.
const FRAME_BONUS: usize = 32;

/// Appends `values`. [`Encoder`] does the same and keeps its scratch memory.
///
/// # Panics
/// Where there are more than [`crate::COUNT_MAX`] values.
pub fn encode(values: &[i64], out: &mut Vec<u8>) {
    Encoder::new().encode(values, out);
}

/// Reads back `count` values into `out`, which is emptied first.
///
/// # Errors
/// Where `bytes` are not what [`encode`] appends for `count` values.
pub fn decode(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Result<(), Error> {
    prepare(out, count)?;
    let mut cursor = Cursor::new(bytes);
    read_into(&mut cursor, count, out)?;
    cursor.finish()
}

/// The same from a cursor, which is left behind the run: a run tells where it ends.
///
/// # Errors
/// Where what follows is not what [`encode`] appends for `count` values.
pub fn read(cursor: &mut Cursor<'_>, count: usize, out: &mut Vec<i64>) -> Result<(), Error> {
    prepare(out, count)?;
    read_into(cursor, count, out)
}

/// Whether an encoded run is one value or an arithmetic progression, which nothing shortens.
pub(crate) fn is_regular(encoded: &[u8]) -> bool {
    matches!(encoded.first(), Some(&(CONSTANT | LINEAR)))
}

/// The first value and the step, where the run is written as one value or as an arithmetic
/// progression.
pub(crate) fn progression(encoded: &[u8]) -> Result<Option<(i64, i64)>, Error> {
    let mut cursor = Cursor::new(encoded);
    let progression = match cursor.u8()? {
        CONSTANT => (cursor.zigzag()?, 0),
        LINEAR => (cursor.zigzag()?, cursor.zigzag()?),
        _ => return Ok(None),
    };
    cursor.finish()?;
    Ok(Some(progression))
}

/// Encodes runs of integers; it keeps its scratch memory between them.
#[derive(Debug, Default)]
pub struct Encoder {
    effort: Effort,
    /// Distances from the least value, divided.
    frames: Vec<i64>,
    /// Differences of neighbours, divided.
    deltas: Vec<i64>,
    frame_plans: Vec<Plan>,
    delta_plans: Vec<Plan>,
}

impl Encoder {
    /// An encoder of hot runs, without scratch memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for this effort.
    pub fn with_effort(effort: Effort) -> Self {
        Self { effort, ..Self::default() }
    }

    /// Appends `values`.
    ///
    /// # Panics
    /// Where there are more than [`crate::COUNT_MAX`] values.
    pub fn encode(&mut self, values: &[i64], out: &mut Vec<u8>) {
        assert_count(values.len());
        let first = values.first().copied().unwrap_or(0);
        let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if changes == 0 {
            out.push(CONSTANT);
            return put_i64(out, first);
        }
        if let Some(step) = common_step(values) {
            out.push(LINEAR);
            put_i64(out, first);
            return put_i64(out, step);
        }
        let runs = if changes <= values.len() / RUN_LENGTH_MIN {
            runs_len(values, changes)
        } else {
            usize::MAX
        };
        self.choose(values, changes, runs, out);
    }

    /// Writes the shortest of runs (which would take `runs_len` bytes), frame, delta, raw and,
    /// with some saving, coded.
    fn choose(&mut self, values: &[i64], changes: usize, runs_len: usize, out: &mut Vec<u8>) {
        let base = dispatch::run(Least { values });
        let divisor = Divisor::common(values, base);
        self.divide(values, base, &divisor);
        let head = 1 + len_u64(divisor.get());
        let frame_len = head + len_i64(base) + plan_groups(&self.frames, &mut self.frame_plans);
        let before = values[0].wrapping_sub(self.deltas[0].wrapping_mul(divisor.get() as i64));
        let delta_len = head + len_i64(before) + plan_groups(&self.deltas, &mut self.delta_plans);
        let raw_len = 1 + size_of_val(values);

        let is_frame = frame_len <= delta_len + delta_len / FRAME_BONUS;
        let packed_len = if is_frame { frame_len } else { delta_len };
        if self.effort == Effort::Cold {
            let plain = Numbers { numbers: &self.frames, base };
            let deltas = Numbers { numbers: &self.deltas, base: before };
            let rival_len = runs_len.min(packed_len).min(raw_len);
            if let Some(plan) = coded::Plan::of(plain, deltas, divisor.get(), rival_len) {
                out.push(CODED);
                return plan.write(plain, deltas, divisor.get(), out);
            }
        }
        if runs_len <= packed_len.min(raw_len) {
            write_runs(values, changes, out);
        } else if raw_len <= packed_len {
            out.push(RAW);
            out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        } else if is_frame {
            write_groups(FRAME, &divisor, base, &self.frames, &self.frame_plans, out);
        } else {
            write_groups(DELTA, &divisor, before, &self.deltas, &self.delta_plans, out);
        }
    }

    fn divide(&mut self, values: &[i64], base: i64, divisor: &Divisor) {
        self.frames.clear();
        self.frames.extend(values.iter().map(|value| divisor.divide(value.wrapping_sub(base))));
        self.deltas.clear();
        // The difference before the first value is free to choose: it repeats the next one,
        // so that it is no outlier in its group.
        let second = self.frames[1].wrapping_sub(self.frames[0]);
        self.deltas.push(second);
        self.deltas.extend(self.frames.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])));
    }
}

/// The least of some values; `i64::MAX` of none.
struct Least<'a> {
    values: &'a [i64],
}

impl Work for Least<'_> {
    type Output = i64;

    #[inline(always)]
    fn on<P: Processor>(self) -> i64 {
        self.values.iter().fold(i64::MAX, |least, value| least.min(*value))
    }
}

/// The step, where `values` (two or more) are an arithmetic progression.
fn common_step(values: &[i64]) -> Option<i64> {
    let step = values[1].wrapping_sub(values[0]);
    values.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step).then_some(step)
}

/// Each change of value: how long the value before it stood, and by how much it changes.
fn changes_of(values: &[i64]) -> impl Iterator<Item = (usize, i64)> {
    let edges = (1..values.len()).filter(|&at| values[at] != values[at - 1]);
    edges.scan(0, |start, edge| {
        let run = edge - std::mem::replace(start, edge);
        Some((run, values[edge].wrapping_sub(values[edge - 1])))
    })
}

fn runs_len(values: &[i64], changes: usize) -> usize {
    let each = changes_of(values).map(|(run, change)| len_u64(run as u64) + len_i64(change));
    1 + len_i64(values[0]) + len_u64(changes as u64) + each.sum::<usize>()
}

fn write_runs(values: &[i64], changes: usize, out: &mut Vec<u8>) {
    out.push(RUNS);
    put_i64(out, values[0]);
    put_u64(out, changes as u64);
    for (run, change) in changes_of(values) {
        put_u64(out, run as u64);
        put_i64(out, change);
    }
}

/// Plans every group; the bytes they will take together.
fn plan_groups(numbers: &[i64], plans: &mut Vec<Plan>) -> usize {
    dispatch::run(PlanGroups { numbers, plans })
}

struct PlanGroups<'a> {
    numbers: &'a [i64],
    plans: &'a mut Vec<Plan>,
}

impl Work for PlanGroups<'_> {
    type Output = usize;

    #[inline(always)]
    fn on<P: Processor>(self) -> usize {
        self.plans.clear();
        let mut len = 0;
        for group in self.numbers.chunks(GROUP) {
            let plan = Plan::of(group);
            len += plan.len();
            self.plans.push(plan);
        }
        len
    }
}

fn write_groups(
    mode: u8,
    divisor: &Divisor,
    base: i64,
    numbers: &[i64],
    plans: &[Plan],
    out: &mut Vec<u8>,
) {
    out.push(mode);
    put_u64(out, divisor.get());
    put_i64(out, base);
    for (group, plan) in numbers.chunks(GROUP).zip(plans) {
        plan.write(group, out);
    }
}

/// Reads one run from the cursor and appends its `count` values to `out`.
pub(crate) fn read_into(
    cursor: &mut Cursor<'_>,
    count: usize,
    out: &mut Vec<i64>,
) -> Result<(), Error> {
    dispatch::run(ReadInto { cursor, count, out })
}

/// Reads one run from the cursor into the place of `values`, which are as many. Where it fails,
/// some of them are of the run.
pub(crate) fn read_over(cursor: &mut Cursor<'_>, values: &mut [i64]) -> Result<(), Error> {
    dispatch::run(ReadOver { cursor, values })
}

struct ReadOver<'a, 'b> {
    cursor: &'a mut Cursor<'b>,
    values: &'a mut [i64],
}

impl Work for ReadOver<'_, '_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn on<P: Processor>(self) -> Self::Output {
        let Self { cursor, values } = self;
        let mut reader = Reader::new(cursor, values.len())?;
        let (groups, rest) = values.as_chunks_mut::<GROUP>();
        for group in groups {
            reader.next(group)?;
        }
        if !rest.is_empty() {
            let mut room = [0; GROUP];
            rest.copy_from_slice(reader.next(&mut room)?);
        }
        reader.finish()
    }
}

struct ReadInto<'a, 'b> {
    cursor: &'a mut Cursor<'b>,
    count: usize,
    out: &'a mut Vec<i64>,
}

impl Work for ReadInto<'_, '_> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn on<P: Processor>(self) -> Self::Output {
        let Self { cursor, count, out } = self;
        let mut reader = Reader::new(cursor, count)?;
        let mut room = [0; GROUP];
        for _ in 0..count.div_ceil(GROUP) {
            out.extend_from_slice(reader.next(&mut room)?);
        }
        reader.finish()
    }
}

#[cfg(test)]
mod tests;
