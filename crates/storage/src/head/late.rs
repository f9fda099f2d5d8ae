//! Rows of one stream that came late: each was older than the newest when it came.
//!
//! Of the few that most streams have at most, each is packed alone, in the arena of all. Of
//! more, as where old data is written backwards, each is packed as what differs from the one
//! before, in memory of the stream's own that is free again when they are sealed.
//!
//! Whatever time they have, all rows in order of that time came before them: these only rise.

use super::arena::Arena;
use super::generation::{Owner, Tools};
use super::open::{self, Chain, Open, size};
use super::rows::gather;
use crate::chunk::{ROWS_MAX, Sealed, TEXT_BYTES_MAX};
use crate::error::Damage;
use crate::rowset::merge;
use crate::wal::entry::Entry;
use model::{TimeRange, Timestamp};
use std::sync::Arc;

/// So many rows are few.
const FEW: u32 = 16;

/// Rows of one stream that came late.
pub struct Late {
    /// The newest piece of the few.
    last: u32,
    /// How many are not sealed.
    rows: u32,
    /// Bytes of text of those.
    text_bytes: u32,
    /// The earliest and the latest time of those.
    first: i64,
    newest: i64,
    many: Option<Box<Many>>,
}

/// Rows after the few.
struct Many {
    /// Pieces behind those of the few.
    arena: Arena,
    last: u32,
    grown: usize,
    /// Open rows behind the pieces.
    region: Box<[u8]>,
    columns: usize,
    sealed: Vec<Arc<Sealed>>,
}

impl Default for Late {
    fn default() -> Self {
        let (first, newest) = (i64::MAX, i64::MIN);
        Self { last: 0, rows: 0, text_bytes: 0, first, newest, many: None }
    }
}

impl Late {
    /// How many are not sealed.
    pub fn rows(&self) -> usize {
        self.rows as usize
    }

    /// The earliest and the latest time of those that are not sealed.
    pub fn range(&self) -> TimeRange {
        TimeRange::new(Timestamp(self.first), Timestamp(self.newest))
    }

    /// The sealed ones, from the oldest to the newest; they came before the others.
    pub fn sealed(&self) -> &[Arc<Sealed>] {
        self.many.as_ref().map_or(&[], |many| &many.sealed)
    }

    /// Whether any row may be inside `range`.
    pub fn overlaps(&self, range: TimeRange) -> bool {
        self.rows > 0 && self.range().overlaps(&range)
            || self.sealed().iter().any(|one| one.summary.range.overlaps(&range))
    }

    /// The packed rows that are not sealed, in the order they came. `arena` has the few.
    pub fn pieces<'a>(&'a self, arena: &'a Arena) -> Vec<&'a [u8]> {
        let mut pieces: Vec<_> = arena.chain(self.last).iter().map(|piece| piece.bytes).collect();
        if let Some(many) = &self.many {
            pieces.extend(many.arena.chain(many.last).iter().map(|piece| piece.bytes));
            pieces.push(open::packed(&many.region, many.columns));
        }
        pieces
    }

    /// Takes in one row; `bytes` is how much memory rows take. `arena` has the few.
    ///
    /// # Errors
    /// When it is not what was written for its stream.
    pub fn push(
        &mut self,
        owner: &Owner<'_>,
        entry: &Entry<'_>,
        tools: &mut Tools,
        (arena, bytes): (&mut Arena, &mut usize),
    ) -> Result<(), Damage> {
        let columns = owner.shape.len();
        let Tools { scratch, region: spare, .. } = tools;
        if self.many.is_none() && self.rows < FEW {
            spare.resize(size(columns), 0);
            Open::new(spare, columns).pack_alone(entry, owner.shape, scratch)?;
            let (place, grown) = arena.put(self.last, scratch.row_alone());
            self.last = place;
            *bytes += grown;
        } else {
            let new = || Box::new(Many::new(columns, bytes));
            let many = self.many.get_or_insert_with(new);
            many.make_room(columns, bytes);
            let before = many.grown;
            let Many { arena, last, grown, region, .. } = &mut **many;
            let mut chain = Chain { arena, last, grown };
            let pushed = Open::new(region, columns).push(entry, owner.shape, scratch, &mut chain);
            *bytes += many.grown - before;
            pushed?;
        }
        self.rows += 1;
        self.first = self.first.min(entry.timestamp);
        self.newest = self.newest.max(entry.timestamp);
        if !owner.shape.is_words() {
            self.text_bytes = self.text_bytes.saturating_add(entry.values.len() as u32);
        }
        if self.rows() >= ROWS_MAX || self.text_bytes as usize >= TEXT_BYTES_MAX {
            self.seal(owner, tools, (arena, bytes));
        }
        Ok(())
    }

    /// Turns its rows into a chunk, in the order of time.
    fn seal(&mut self, owner: &Owner<'_>, tools: &mut Tools, (arena, bytes): (&Arena, &mut usize)) {
        let set = gather(&self.pieces(arena), owner.shape);
        let set = merge(&[&set], owner.shape.columns(), TimeRange::ALL);
        let sealed = tools.encoder.seal(&set, owner.shape);
        let columns = owner.shape.len();
        let mut many = self.many.take().unwrap_or_else(|| Box::new(Many::new(columns, bytes)));
        *bytes = *bytes + sealed.bytes.len() - many.grown;
        many.sealed.push(Arc::new(sealed));
        (many.arena, many.last, many.grown) = (Arena::default(), 0, 0);
        Open::new(&mut many.region, many.columns).begin_alone();
        *self = Self { many: Some(many), ..Self::default() };
    }
}

impl Many {
    fn new(columns: usize, bytes: &mut usize) -> Self {
        let mut region = vec![0; size(columns)].into_boxed_slice();
        let mut open = Open::new(&mut region, columns);
        open.clear();
        open.begin_alone();
        *bytes += size_of::<Self>() + region.len();
        Self { arena: Arena::default(), last: 0, grown: 0, region, columns, sealed: Vec::new() }
    }

    /// Takes memory for open rows of all columns, where they go on.
    fn make_room(&mut self, columns: usize, bytes: &mut usize) {
        if self.columns == columns {
            return;
        }
        let Self { arena, last, grown, region, .. } = self;
        let before = *grown;
        Open::new(region, self.columns).end_piece(&mut Chain { arena, last, grown });
        let mut wider = vec![0; size(columns)].into_boxed_slice();
        Open::new(&mut wider, columns).carry(region, self.columns);
        *bytes = *bytes + (*grown - before) + wider.len() - region.len();
        *region = wider;
        self.columns = columns;
    }
}
