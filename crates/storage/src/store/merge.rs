//! Several blocks of one slice into one: streams in their order, the newest value wins.
//!
//! It goes through all inputs at once, stream by stream, and holds the rows of some chunks
//! of one stream at a time.

mod input;
mod rows;

use super::Store;
use crate::block::{Block, Name, Sequences, Writer};
use crate::error::Error;
use crate::jobs::JobKind;
use crate::shape::ColumnDef;
use crate::stats::Maintained;
use crate::trouble::Kind;
use codec::Effort;
use input::{Current, Input};
use rows::{Piece, RowReader};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How a merge ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// The inputs are one block.
    Done,
    /// It gave up because the store is closed; all is as before.
    Closing,
    /// An input cannot be read, as was told before; all is as before.
    PutOff,
}

/// After this many streams, some milliseconds of work, a merge looks whether others wait.
const STREAMS_PER_CHECK: u64 = 16;

impl Store {
    /// Merges blocks of one slice, from the oldest to the newest, and lets go of them.
    /// Between streams it flushes where that is due and no thread sees to it, so that nobody
    /// waits for the end of a merge. An input that cannot be read is left alone for a while,
    /// so that the others are merged without it.
    ///
    /// # Errors
    /// When the disk refuses; of what cannot be read, the first time only.
    pub(super) fn merge(
        &self,
        inputs: &[Arc<Block>],
        effort: Effort,
        done: &mut Maintained,
    ) -> Result<Ended, Error> {
        let mut unread = None;
        let merged = self.merge_into_one(inputs, effort, done, &mut unread);
        let (Err(error), Some(at)) = (&merged, unread) else {
            inputs.iter().for_each(|block| self.troubles.end(Kind::Merge, block.name));
            return merged;
        };
        let (block, now) = (&inputs[at], self.clock.now());
        if self.troubles.note((Kind::Merge, block.name), block.range, error, now) {
            return merged;
        }
        tracing::debug!(block = %block.name, %error, "a block still cannot be merged");
        Ok(Ended::PutOff)
    }

    /// Does it; notes in `unread` which input could not be read where that made it fail.
    fn merge_into_one(
        &self,
        inputs: &[Arc<Block>],
        effort: Effort,
        done: &mut Maintained,
        unread: &mut Option<usize>,
    ) -> Result<Ended, Error> {
        let (Some(oldest), Some(newest)) = (inputs.first(), inputs.last()) else {
            return Ok(Ended::Done);
        };
        let level = inputs.iter().map(|block| block.name.level).max().unwrap_or(0);
        let sequences =
            Sequences { first: oldest.name.sequences.first, last: newest.name.sequences.last };
        let name = Name { sequences, level: level.saturating_add(1), ..oldest.name };
        if name.level == level {
            return Ok(Ended::Done);
        }
        // What is deleted from here on hits what is written here, too.
        let tombstones = self.tombstones.state();
        let state = self.catalog.state();
        let mut seen = Vec::with_capacity(inputs.len());
        for (at, block) in inputs.iter().enumerate() {
            *unread = Some(at);
            seen.push((block.clone(), self.tombstones.hidden(&tombstones, block, &state)?));
        }
        *unread = None;
        let mut merging = Merging {
            store: self,
            inputs: seen.iter().map(|(block, hidden)| Input::new(block, hidden)).collect(),
            reader: RowReader::default(),
            writer: Writer::create(&self.disk, self.blocks.folder(), name, effort)?,
            effort,
        };
        merging.writer.set_applied(tombstones.last_id);
        let ended = merging.run(done).and_then(|ended| {
            let kept = if ended == Ended::Done { merging.keep_aside()? } else { 0 };
            Ok((ended, kept))
        });
        *unread = merging.inputs.iter().position(|input| input.is_unread);
        let (ended, kept) = ended?;
        if ended == Ended::Done {
            let fresh = merging.writer.finish()?;
            self.blocks.replace(fresh.as_slice(), inputs)?;
        }
        if kept > 0 {
            self.look_aside()?;
        }
        Ok(ended)
    }
}

/// A merge that runs.
struct Merging<'a> {
    store: &'a Store,
    inputs: Vec<Input<'a>>,
    reader: RowReader,
    writer: Writer,
    effort: Effort,
}

impl Merging<'_> {
    /// Writes every stream.
    fn run(&mut self, done: &mut Maintained) -> Result<Ended, Error> {
        let store = self.store;
        let blocks = || self.inputs.iter().map(|input| input.block);
        let bytes: u64 = blocks().map(|block| block.bytes).sum();
        let all: u64 = blocks().map(|block| u64::from(block.streams())).sum();
        let (mut streams, mut taken) = (0u64, 0u64);
        while let Some(sources) = self.next_stream()? {
            self.write(&sources)?;
            streams += 1;
            taken += sources.len() as u64;
            if streams.is_multiple_of(STREAMS_PER_CHECK) {
                if store.is_closing.load(Ordering::Acquire) {
                    return Ok(Ended::Closing);
                }
                let reached = (u128::from(bytes) * u128::from(taken)) / u128::from(all.max(1));
                store.counters.jobs.reach(JobKind::Merge, reached as u64, store.clock.now());
                store.flush_unless_kept(done)?;
            }
        }
        Ok(Ended::Done)
    }

    /// Puts aside copies of those inputs of which something was left out; answers how many.
    fn keep_aside(&mut self) -> Result<u64, Error> {
        let mut kept = 0;
        for input in self.inputs.iter_mut().filter(|input| input.is_damaged) {
            let path = input.block.keep_aside().inspect_err(|_| input.is_unread = true)?;
            tracing::error!(kept = %path.display(), "a damaged block is merged without what is damaged, and a copy of it is put aside");
            kept += 1;
        }
        Ok(kept)
    }

    /// The next stream in the order of blocks, in every input that has it, by the inputs'
    /// places. Streams of dropped policies are passed over, which is how their space is
    /// given back.
    ///
    /// # Errors
    /// When the disk refuses to read.
    fn next_stream(&mut self) -> Result<Option<Vec<(usize, Current)>>, Error> {
        let state = self.store.catalog.state();
        let counters = &self.store.counters;
        let mut least: Option<&Current> = None;
        for input in &mut self.inputs {
            let Some(current) = input.current(&state, counters)? else { continue };
            if least.is_none_or(|least| current.order(least).is_lt()) {
                least = Some(current);
            }
        }
        let Some(least) = least.map(Current::id) else { return Ok(None) };
        let mut sources = Vec::new();
        for (index, input) in self.inputs.iter_mut().enumerate() {
            sources.extend(input.take(least).map(|current| (index, current)));
        }
        Ok(Some(sources))
    }

    fn write(&mut self, sources: &[(usize, Current)]) -> Result<(), Error> {
        let Some((_, first)) = sources.first() else { return Ok(()) };
        let columns = joined_columns(sources.iter().map(|(_, current)| current));
        let shape = self.store.shapes.intern(&columns);
        self.writer.begin_stream(&first.key.measurement)?;
        let pieces =
            self.reader.pieces(sources, &columns, &mut self.inputs, &self.store.counters)?;
        for batch in rows::batches(&pieces, self.writer.rows_aim()) {
            if self.copy(batch, &columns)? {
                continue;
            }
            let rows = self.reader.rows(batch, &columns, &mut self.inputs, &self.store.counters)?;
            // It adds nothing where all rows of them were deleted.
            self.writer.add(&rows, 0..rows.timestamps.len(), &shape)?;
        }
        self.writer.end_stream(&first.key, first.hash, first.policy);
        Ok(())
    }

    /// Takes chunks over as they are, where writing them again would change nothing but
    /// their bytes; answers whether it did.
    fn copy(&mut self, batch: &[Piece], columns: &[ColumnDef]) -> Result<bool, Error> {
        let Some(first) = batch.first() else { return Ok(true) };
        let block = self.inputs[first.input].block;
        let is_hot = self.effort == Effort::Hot;
        if is_hot == block.is_cold || !rows::stands_alone(batch, columns, self.writer.rows_aim()) {
            return Ok(false);
        }
        // What cannot be read is told where it is decoded, and the rest is kept there.
        let Ok(encoded) = self.reader.encoded(block, batch) else { return Ok(false) };
        for rows in &encoded {
            let chunks = rows.chunks.iter();
            let chunks = chunks.map(|one| (&columns[one.column], one.statistics, &*one.values));
            self.writer.copy(&rows.timestamps, chunks)?;
            self.store.counters.copied((rows.timestamps.len() * rows.chunks.len()) as u64);
        }
        Ok(true)
    }
}

/// The columns of a stream over all inputs, from the oldest to the newest.
fn joined_columns<'a>(sources: impl Iterator<Item = &'a Current>) -> Vec<ColumnDef> {
    let mut columns: Vec<ColumnDef> = Vec::new();
    for current in sources {
        for (guess, (_, column)) in current.columns().enumerate() {
            let is_it = |other: &ColumnDef| other.name == column.name;
            let at = match columns.get(guess).filter(|other| is_it(other)) {
                Some(_) => Some(guess),
                None => columns.iter().position(is_it),
            };
            match at {
                None => columns.push(column.clone()),
                Some(at) => columns[at].kind = crate::series::joined(columns[at].kind, column.kind),
            }
        }
    }
    columns
}
