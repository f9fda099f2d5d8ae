//! Several blocks of one slice into one: streams in their order, the newest value wins.
//!
//! It goes through all inputs at once, stream by stream, and holds the rows of some chunks
//! of one stream at a time.

mod input;
mod rows;

use super::Store;
use crate::block::{Block, Name, Sequences, Writer};
use crate::error::Error;
use crate::shape::ColumnDef;
use input::{Current, Input};
use rows::RowReader;
use std::sync::Arc;

impl Store {
    /// Merges blocks of one slice, from the oldest to the newest, and lets go of them.
    pub(super) fn merge(&self, inputs: &[Arc<Block>]) -> Result<(), Error> {
        let (Some(oldest), Some(newest)) = (inputs.first(), inputs.last()) else { return Ok(()) };
        let level = inputs.iter().map(|block| block.name.level).max().unwrap_or(0);
        let sequences =
            Sequences { first: oldest.name.sequences.first, last: newest.name.sequences.last };
        let name = Name { sequences, level: level.saturating_add(1), ..oldest.name };
        if name.level == level {
            return Ok(());
        }
        let mut merging = Merging {
            store: self,
            inputs: inputs.iter().map(|block| Input::new(block)).collect(),
            reader: RowReader::default(),
            writer: Writer::create(&self.disk, self.blocks.folder(), name)?,
        };
        while let Some(sources) = merging.next_stream() {
            merging.write(&sources)?;
            merging.check_refusals()?;
        }
        merging.check_refusals()?;
        let Merging { inputs: looked_at, writer, .. } = merging;
        for input in looked_at.iter().filter(|input| input.is_damaged) {
            let kept = input.block.keep_aside()?;
            tracing::error!(kept = %kept.display(), "a damaged block is merged without what is damaged, and a copy of it is put aside");
        }
        drop(looked_at);
        let fresh = writer.finish()?;
        self.blocks.replace(fresh.as_slice(), inputs)
    }
}

/// A merge that runs.
struct Merging<'a> {
    store: &'a Store,
    inputs: Vec<Input<'a>>,
    reader: RowReader,
    writer: Writer,
}

impl Merging<'_> {
    /// The next stream in the order of blocks, in every input that has it, by the inputs'
    /// places. Streams of dropped policies are passed over, which is how their space is
    /// given back.
    fn next_stream(&mut self) -> Option<Vec<(usize, Current)>> {
        let state = self.store.catalog.state();
        let counters = &self.store.counters;
        let mut least: Option<&Current> = None;
        for input in &mut self.inputs {
            let Some(current) = input.current(&state, counters) else { continue };
            if least.is_none_or(|least| current.order(least).is_lt()) {
                least = Some(current);
            }
        }
        let least = least?.id();
        let mut sources = Vec::new();
        for (index, input) in self.inputs.iter_mut().enumerate() {
            sources.extend(input.take(least).map(|current| (index, current)));
        }
        Some(sources)
    }

    /// # Errors
    /// When the disk refused to read what may be sound: the next round tries again.
    fn check_refusals(&mut self) -> Result<(), Error> {
        match self.inputs.iter_mut().find_map(|input| input.refusal.take()) {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    fn write(&mut self, sources: &[(usize, Current)]) -> Result<(), Error> {
        let Some((_, first)) = sources.first() else { return Ok(()) };
        let columns = joined_columns(sources.iter().map(|(_, current)| current));
        let shape = self.store.shapes.intern(&columns);
        self.writer.begin_stream(&first.key.measurement)?;
        let pieces = self.reader.pieces(sources, &columns, &mut self.inputs, &self.store.counters);
        for batch in rows::batches(&pieces) {
            let rows = self.reader.rows(batch, &columns, &mut self.inputs, &self.store.counters);
            self.writer.add(&rows, 0..rows.timestamps.len(), &shape)?;
        }
        self.writer.end_stream(&first.key, first.hash, first.policy);
        Ok(())
    }
}

/// The columns of a stream over all inputs, from the oldest to the newest.
fn joined_columns<'a>(sources: impl Iterator<Item = &'a Current>) -> Vec<ColumnDef> {
    let mut columns: Vec<ColumnDef> = Vec::new();
    for current in sources {
        for (guess, column) in current.shape().columns().iter().enumerate() {
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
