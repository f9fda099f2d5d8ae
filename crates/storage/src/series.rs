//! Series of an answer: who they are, and their samples when they are asked for.

use crate::piece::{Open, Reader, StreamParts, clusters};
use crate::stats::Counters;
use model::limits::Budget;
use model::port::{Series, SourceError};
use model::{Kind, Predicate, Samples, SeriesMeta, TimeRange};
use parking_lot::Mutex;
use std::sync::Arc;

/// One series of an answer.
#[derive(Debug)]
pub struct Stored {
    meta: SeriesMeta,
    stream: Arc<StreamParts>,
    shared: Arc<Shared>,
}

/// What the series of one answer share.
#[derive(Debug)]
pub struct Shared {
    counters: Arc<Counters>,
    /// Tables of blocks that were read for other series, one set for each thread at most.
    open: Mutex<Vec<Open>>,
}

impl Shared {
    /// Nothing read yet.
    pub fn new(counters: Arc<Counters>) -> Self {
        Self { counters, open: Mutex::default() }
    }
}

impl Series for Stored {
    fn meta(&self) -> &SeriesMeta {
        &self.meta
    }

    fn read(
        &self,
        range: TimeRange,
        budget: &Budget,
        out: &mut Samples,
    ) -> Result<(), SourceError> {
        out.reset(self.meta.kind);
        let range = range.intersect(&self.stream.visible);
        let open = self.shared.open.lock().pop().unwrap_or_default();
        let mut reader = Reader::with_open(open, budget, &self.shared.counters);
        let pieces = reader.pieces(&self.stream, &self.meta.field, range);
        let read = clusters(&pieces).try_for_each(|cluster| reader.read(cluster, range, out));
        self.shared.open.lock().push(reader.into_open());
        Ok(read?)
    }
}

/// The series of `stream` that fit.
pub fn of_stream(
    stream: StreamParts,
    predicate: &Predicate,
    shared: &Arc<Shared>,
    out: &mut Vec<Stored>,
) {
    let stream = Arc::new(stream);
    for (field, kind) in fields(&stream) {
        if predicate.matches_column(&stream.key, &field) {
            let meta = SeriesMeta { stream: stream.key.clone(), field, kind };
            out.push(Stored { meta, stream: stream.clone(), shared: shared.clone() });
        }
    }
}

/// The columns of a stream over all its parts. One that changed its type counts as a float
/// where all its types are numbers, else as what it is now.
fn fields(stream: &StreamParts) -> Vec<(Arc<str>, Kind)> {
    let mut fields: Vec<(Arc<str>, Kind)> = Vec::new();
    let mut last = std::ptr::null();
    for part in &stream.parts {
        let Some(shape) = part.shape() else { continue };
        // Most parts of a stream share one shape.
        if std::ptr::eq(last, Arc::as_ptr(shape)) {
            continue;
        }
        last = if part.is_cut() { std::ptr::null() } else { Arc::as_ptr(shape) };
        for (guess, column) in shape.columns().iter().enumerate() {
            if part.is_deleted(&column.name) {
                continue;
            }
            let is_it = |field: &(Arc<str>, Kind)| field.0 == column.name;
            let at = match fields.get(guess).filter(|field| is_it(field)) {
                Some(_) => Some(guess),
                None => fields.iter().position(is_it),
            };
            match at.map(|at| &mut fields[at].1) {
                None => fields.push((column.name.clone(), column.kind)),
                Some(kind) => *kind = joined(*kind, column.kind),
            }
        }
    }
    fields
}

/// The kind of a column that was `old` and is `new`.
pub fn joined(old: Kind, new: Kind) -> Kind {
    if old != new && old.is_numeric() && new.is_numeric() { Kind::F64 } else { new }
}
