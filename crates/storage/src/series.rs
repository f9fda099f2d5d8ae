//! Series of an answer: who they are, and their samples when they are asked for.

use crate::piece::{Open, Piece, Reader, StreamParts, clusters};
use crate::stats::Counters;
use model::limits::{Budget, Exceeded};
use model::port::{Series, SourceError, newest_of};
use model::{Kind, Predicate, Samples, SeriesMeta, TimeRange, Timestamp};
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
        Ok(self.look(range, budget, |reader, pieces| {
            clusters(pieces).try_for_each(|cluster| reader.read(cluster, range, out))
        })?)
    }

    fn newest(
        &self,
        range: TimeRange,
        budget: &Budget,
        scratch: &mut Samples,
    ) -> Result<Option<(Timestamp, f64)>, SourceError> {
        let range = range.intersect(&self.stream.visible);
        Ok(self.look(range, budget, |reader, pieces| {
            let all: Vec<_> = clusters(pieces).collect();
            for cluster in all.into_iter().rev() {
                if let [piece] = cluster
                    && range.contains(piece.range.end)
                    && let Some(known) = reader.statistics(piece)
                    && known.count > 0
                    && known.last_at == piece.range.end.0
                {
                    budget.charge(1)?;
                    return Ok(Some((piece.range.end, known.last)));
                }
                scratch.reset(self.meta.kind);
                reader.read(cluster, range, scratch)?;
                if !scratch.is_empty() {
                    return Ok(newest_of(scratch));
                }
            }
            Ok(None)
        })?)
    }

    fn bounds(&self, range: TimeRange, budget: &Budget) -> Result<Option<(f64, f64)>, SourceError> {
        let range = range.intersect(&self.stream.visible);
        Ok(self.look(range, budget, |reader, pieces| {
            // What is overwritten may still widen them, which harms nobody.
            let mut bounds = (f64::INFINITY, f64::NEG_INFINITY);
            for piece in pieces {
                let Some((least, greatest)) = reader.bounds(piece) else { return Ok(None) };
                bounds = (bounds.0.min(least), bounds.1.max(greatest));
            }
            Ok(Some(bounds))
        })?)
    }
}

impl Stored {
    /// Looks at the pieces inside `range`, with tables that other series left.
    fn look<T>(
        &self,
        range: TimeRange,
        budget: &Budget,
        look: impl FnOnce(&mut Reader<'_>, &[Piece<'_>]) -> Result<T, Exceeded>,
    ) -> Result<T, Exceeded> {
        let open = self.shared.open.lock().pop().unwrap_or_default();
        let mut reader = Reader::with_open(open, budget, &self.shared.counters);
        let pieces = reader.pieces(&self.stream, &self.meta.field, range);
        let found = look(&mut reader, &pieces);
        self.shared.open.lock().push(reader.into_open());
        found
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
