//! Several blocks of one slice into one: streams in their order, the newest value wins.

use super::Store;
use crate::block::{Block, Name, Place, Sequences, Writer};
use crate::catalog::State;
use crate::chunk::{self, Encoder, ROWS_MAX};
use crate::error::Error;
use crate::identity::Identity;
use crate::rowset::{RowSet, RowSource, merge};
use crate::series::joined;
use crate::shape::{ColumnDef, Shape};
use model::TimeRange;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// A stream of one of the inputs: which input, and which stream there.
type Source = (usize, u32);

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
        let writer = Writer::create(&self.disk, self.blocks.folder(), name)?;
        let mut merging = Merging {
            store: self,
            inputs,
            next: vec![0; inputs.len()],
            state: self.catalog.state(),
            damaged: BTreeSet::new(),
            encoder: Encoder::default(),
            bytes: Vec::new(),
            writer,
        };
        while let Some((identity, sources)) = merging.next_stream() {
            merging.write(&identity, &sources)?;
        }
        let Merging { writer, damaged, .. } = merging;
        for index in damaged {
            let kept = inputs[index].keep_aside()?;
            tracing::error!(kept = %kept.display(), "a damaged block is merged without its damaged chunks and put aside");
        }
        let fresh = writer.finish()?;
        self.blocks.replace(fresh.as_slice(), inputs, &|id| self.policy_name(id))
    }
}

/// A merge that runs.
struct Merging<'a> {
    store: &'a Store,
    inputs: &'a [Arc<Block>],
    /// The next stream of each input.
    next: Vec<u32>,
    state: Arc<State>,
    /// Inputs with chunks that could not be read.
    damaged: BTreeSet<usize>,
    encoder: Encoder,
    bytes: Vec<u8>,
    writer: Writer,
}

impl Merging<'_> {
    /// The next stream in the order of blocks, with every input that has it. Streams of
    /// dropped policies are passed over, which is how their space is given back.
    fn next_stream(&mut self) -> Option<(Arc<Identity>, Vec<Source>)> {
        let mut least: Option<Arc<Identity>> = None;
        for (input, next) in self.inputs.iter().zip(&mut self.next) {
            let identity = loop {
                let Some(stream) = input.streams.get(*next as usize) else { break None };
                let is_live =
                    |identity: &&Arc<Identity>| self.state.policy(identity.policy).is_some();
                match stream.identity.as_ref().filter(is_live) {
                    Some(identity) => break Some(identity),
                    None => *next += 1,
                }
            };
            let Some(identity) = identity else { continue };
            if least.as_ref().is_none_or(|least| identity.order(least).is_lt()) {
                least = Some(identity.clone());
            }
        }
        let least = least?;
        let mut sources = Vec::new();
        for (index, (input, next)) in self.inputs.iter().zip(&mut self.next).enumerate() {
            let stream = input.streams.get(*next as usize);
            let identity = stream.and_then(|stream| stream.identity.as_ref());
            if identity.is_some_and(|identity| Arc::ptr_eq(identity, &least)) {
                sources.push((index, *next));
                *next += 1;
            }
        }
        Some((least, sources))
    }

    fn write(&mut self, identity: &Identity, sources: &[Source]) -> Result<(), Error> {
        let shapes: Vec<&Shape> = sources
            .iter()
            .map(|(input, stream)| self.inputs[*input].streams[*stream as usize].shape.as_ref())
            .collect();
        let (columns, ordinals) = join(&shapes);
        let mut places: Vec<(usize, Place)> = Vec::new();
        for (source, (input, stream)) in sources.iter().enumerate() {
            let chunks = self.inputs[*input].chunks(*stream).iter();
            places.extend(chunks.map(|place| (source, *place)));
        }
        places.sort_by_key(|(_, place)| place.summary.range.start);
        for batch in batches(&places) {
            let rows = self.read(batch, sources, &columns, &ordinals)?;
            self.writer.add(&rows, 0..rows.timestamps.len(), &mut self.encoder)?;
        }
        self.writer.end_stream(identity, &self.store.shapes.intern(&columns));
        Ok(())
    }

    /// The rows of some chunks, each time once; what is damaged is left out.
    ///
    /// # Errors
    /// When the disk refuses to read: the bytes may be sound, so that nothing is left out.
    fn read(
        &mut self,
        batch: &[(usize, Place)],
        sources: &[Source],
        columns: &[ColumnDef],
        ordinals: &[Vec<Option<u32>>],
    ) -> Result<RowSet, Error> {
        let mut decoded: Vec<(usize, RowSet)> = Vec::with_capacity(batch.len());
        for (source, place) in batch {
            let input = sources[*source].0;
            let block = &self.inputs[input];
            let rows = match block.read_chunk(place, &mut self.bytes) {
                // A file that is cut short stays so.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Err(error.to_string())
                }
                other => Ok(other?),
            };
            let rows = rows.and_then(|()| {
                let rows = chunk::decode(&self.bytes, &place.summary, &ordinals[*source]);
                rows.map_err(|damage| damage.what)
            });
            match rows {
                Ok(rows) => decoded.push((*source, rows)),
                Err(what) => {
                    self.store.counters.corruption();
                    let (path, offset) = (block.path().display(), place.offset);
                    tracing::error!(%path, offset, what, "a chunk is damaged and is left out of a merge");
                    self.damaged.insert(input);
                }
            }
        }
        // From the oldest input to the newest; chunks of one input do not overlap.
        decoded.sort_by_key(|(source, _)| *source);
        let rows: Vec<&dyn RowSource> =
            decoded.iter().map(|(_, rows)| rows as &dyn RowSource).collect();
        Ok(merge(&rows, columns, TimeRange::ALL))
    }
}

/// The columns of all shapes, from the oldest to the newest, and where each shape's are.
fn join(shapes: &[&Shape]) -> (Vec<ColumnDef>, Vec<Vec<Option<u32>>>) {
    let mut columns: Vec<ColumnDef> = Vec::new();
    let mut ordinals = Vec::with_capacity(shapes.len());
    for shape in shapes {
        let mut places = Vec::with_capacity(shape.len());
        for (guess, column) in shape.columns().iter().enumerate() {
            let is_it = |other: &ColumnDef| other.name == column.name;
            let at = match columns.get(guess).filter(|other| is_it(other)) {
                Some(_) => Some(guess),
                None => columns.iter().position(is_it),
            };
            let at = at.unwrap_or_else(|| {
                columns.push(column.clone());
                columns.len() - 1
            });
            columns[at].kind = joined(columns[at].kind, column.kind);
            places.push(Some(at as u32));
        }
        ordinals.push(places);
    }
    (columns, ordinals)
}

/// Cuts chunks, which are in the order of time, where none overlaps the next and enough
/// rows are together for a long chunk.
fn batches(places: &[(usize, Place)]) -> Vec<&[(usize, Place)]> {
    let mut batches = Vec::new();
    let mut rest = places;
    while let Some((_, first)) = rest.first() {
        let (mut end, mut rows) = (first.summary.range.end, first.summary.rows as usize);
        let mut count = 1;
        while let Some((_, next)) = rest.get(count) {
            if next.summary.range.start > end && rows >= ROWS_MAX {
                break;
            }
            end = end.max(next.summary.range.end);
            rows += next.summary.rows as usize;
            count += 1;
        }
        let (batch, later) = rest.split_at(count);
        batches.push(batch);
        rest = later;
    }
    batches
}
