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
use codec::Effort;
use input::{Current, Input};
use rows::{Piece, RowReader};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// After this many streams, some milliseconds of work, a merge looks whether others wait.
const STREAMS_PER_CHECK: u64 = 16;

impl Store {
    /// Merges blocks of one slice, from the oldest to the newest, and lets go of them.
    /// Between streams it flushes where that is due and no thread sees to it, so that nobody
    /// waits for the end of a merge. Answers false where it gave up because the store is closed; then all is as
    /// before.
    pub(super) fn merge(
        &self,
        inputs: &[Arc<Block>],
        effort: Effort,
        done: &mut Maintained,
    ) -> Result<bool, Error> {
        let (Some(oldest), Some(newest)) = (inputs.first(), inputs.last()) else { return Ok(true) };
        let level = inputs.iter().map(|block| block.name.level).max().unwrap_or(0);
        let sequences =
            Sequences { first: oldest.name.sequences.first, last: newest.name.sequences.last };
        let name = Name { sequences, level: level.saturating_add(1), ..oldest.name };
        if name.level == level {
            return Ok(true);
        }
        // What is deleted from here on hits what is written here, too.
        let tombstones = self.tombstones.state();
        let state = self.catalog.state();
        let input = |block: &'_ Arc<Block>| -> Result<_, Error> {
            Ok((block.clone(), self.tombstones.hidden(&tombstones, block, &state)?))
        };
        let seen: Vec<_> = inputs.iter().map(input).collect::<Result<_, _>>()?;
        let mut merging = Merging {
            store: self,
            inputs: seen.iter().map(|(block, hidden)| Input::new(block, hidden)).collect(),
            reader: RowReader::default(),
            writer: Writer::create(&self.disk, self.blocks.folder(), name, effort)?,
            effort,
        };
        merging.writer.set_applied(tombstones.last_id);
        let bytes: u64 = inputs.iter().map(|block| block.bytes).sum();
        let all: u64 = inputs.iter().map(|block| u64::from(block.streams())).sum();
        let (mut streams, mut taken) = (0u64, 0u64);
        while let Some(sources) = merging.next_stream()? {
            merging.write(&sources)?;
            streams += 1;
            taken += sources.len() as u64;
            if streams.is_multiple_of(STREAMS_PER_CHECK) {
                if self.is_closing.load(Ordering::Acquire) {
                    return Ok(false);
                }
                let reached = (u128::from(bytes) * u128::from(taken)) / u128::from(all.max(1));
                self.counters.jobs.reach(JobKind::Merge, reached as u64, self.clock.now());
                self.flush_unless_kept(done)?;
            }
        }
        let Merging { inputs: looked_at, writer, .. } = merging;
        for input in looked_at.iter().filter(|input| input.is_damaged) {
            let kept = input.block.keep_aside()?;
            tracing::error!(kept = %kept.display(), "a damaged block is merged without what is damaged, and a copy of it is put aside");
        }
        drop(looked_at);
        let fresh = writer.finish()?;
        self.blocks.replace(fresh.as_slice(), inputs)?;
        Ok(true)
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
