//! The rows that came between two flushes of a partition.
//!
//! A flush takes a generation as a whole, which costs nothing however many streams there
//! are, and gives its memory back as a whole. Rows that are older than the stream's last
//! are kept apart, so that they leave the others in order.

use super::arena::Arena;
use super::late::Late;
use super::open::{self, Chain, Open, Regions, Scratch, size};
use super::open::{HAS_EQUAL_TIMES, HAS_LATE, HAS_SEALED};
use super::paged::Paged;
use super::rows::{HeadPart, Packed, Rows, gather};
use crate::chunk::{Encoder, ROWS_MAX, Sealed, TEXT_BYTES_MAX};
use crate::error::Damage;
use crate::rowset::merge;
use crate::shape::Shape;
use crate::wal::entry::Entry;
use hashbrown::HashMap;
use model::{TimeRange, Timestamp};
use std::sync::Arc;

/// Where the rows of one stream are.
#[derive(Default)]
pub struct Trail {
    /// Whose they are, see `names`; 0 where there are none.
    pub epoch: u32,
    /// Its open rows, and one more; 0 where it has none.
    region: u32,
    /// Its newest piece.
    last: u32,
    /// Rows in pieces and open that are in order and not sealed.
    rows: u16,
    /// Columns its open rows have room for.
    columns: u16,
    /// The time of the first of the rows.
    first: i64,
}

const _: () = assert!(size_of::<Trail>() == 24);
const _: () = assert!(ROWS_MAX <= u16::MAX as usize);

/// The rows that came between two flushes.
#[derive(Default)]
pub struct Generation {
    trails: Paged<Trail>,
    regions: Regions,
    arena: Arena,
    sealed: HashMap<u32, Vec<Arc<Sealed>>>,
    /// Rows that came late, of the streams that have some.
    late: HashMap<u32, Late>,
    /// Bytes of text of the streams that have some, since they were sealed last.
    texts: HashMap<u32, usize>,
    bytes: usize,
}

/// What a writer needs of its own.
#[derive(Default)]
pub struct Tools {
    pub scratch: Scratch,
    pub encoder: Encoder,
    pub region: Vec<u8>,
    /// Rows that came after a later one of their stream.
    pub late: u64,
}

/// Who a row is of.
pub struct Owner<'a> {
    pub slot: u32,
    pub epoch: u32,
    pub shape: &'a Arc<Shape>,
}

impl Generation {
    /// How much memory the rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Slots with rows, and whose these are.
    pub fn slots(&self) -> impl Iterator<Item = (u32, u32)> {
        let used = self.trails.iter().filter(|(_, trail)| trail.epoch != 0);
        used.map(|(slot, trail)| (slot, trail.epoch))
    }

    /// Where the rows of a stream are; none where it has none.
    pub fn trail(&self, slot: u32) -> Option<&Trail> {
        self.trails.get(slot).filter(|trail| trail.epoch != 0)
    }

    /// Reads a byte of each cache line of a stream's open rows.
    #[inline]
    pub fn touch(&self, slot: u32) -> u8 {
        let Some(trail) = self.trails.get(slot).filter(|trail| trail.region != 0) else { return 0 };
        let region = self.regions.get(trail.region - 1, size(trail.columns.into()));
        region.iter().step_by(64).fold(0, |seen, byte| seen ^ byte)
    }

    /// Forgets the rows of a stream.
    pub fn forget(&mut self, slot: u32) {
        self.sealed.remove(&slot);
        self.texts.remove(&slot);
        self.late.remove(&slot);
        if let Some(trail) = self.trails.get_mut(slot) {
            if trail.region != 0 {
                self.regions.give(trail.region - 1, size(trail.columns.into()));
            }
            *trail = Trail::default();
        }
    }

    /// Takes in one row.
    ///
    /// # Errors
    /// When it is not what was written for its stream.
    #[inline]
    pub fn push(
        &mut self,
        owner: &Owner<'_>,
        entry: &Entry<'_>,
        tools: &mut Tools,
    ) -> Result<(), Damage> {
        let columns = owner.shape.len();
        let Self { trails, regions, arena, late, bytes, .. } = self;
        let trail = trails.reach(owner.slot);
        if trail.region == 0 || usize::from(trail.columns) != columns {
            trail.make_room(owner, regions, arena, bytes);
        }
        let region = regions.get_mut(trail.region - 1, size(columns));
        let before = open::time(region);
        if entry.timestamp < before {
            tools.late += 1;
            open::raise(region, HAS_LATE);
            let late = late.entry(owner.slot).or_insert_with(|| {
                *bytes += size_of::<(u32, Late)>();
                Late::default()
            });
            return late.push(owner, entry, tools, (arena, bytes));
        }
        let mut chain = Chain { arena, last: &mut trail.last, grown: bytes };
        Open::new(region, columns).push(entry, owner.shape, &mut tools.scratch, &mut chain)?;
        if trail.rows == 0 {
            trail.first = entry.timestamp;
        } else if entry.timestamp == before {
            open::raise(region, HAS_EQUAL_TIMES);
        }
        trail.rows += 1;
        if trail.rows as usize >= ROWS_MAX || !owner.shape.is_words() {
            self.seal_where_due(owner, entry.values.len(), tools);
        }
        Ok(())
    }

    fn seal_where_due(&mut self, owner: &Owner<'_>, text_bytes: usize, tools: &mut Tools) {
        let texts = if owner.shape.is_words() {
            0
        } else {
            let texts = self.texts.entry(owner.slot).or_default();
            *texts += text_bytes;
            *texts
        };
        if self.trails[owner.slot].rows as usize >= ROWS_MAX || texts >= TEXT_BYTES_MAX {
            self.texts.remove(&owner.slot);
            self.seal(owner, tools);
        }
    }

    /// Turns the rows of a stream that are in order into a chunk.
    fn seal(&mut self, owner: &Owner<'_>, tools: &mut Tools) {
        let trail = &self.trails[owner.slot];
        let set = gather(&self.in_order(trail), owner.shape);
        let set = if self.flags(trail) & HAS_EQUAL_TIMES != 0 {
            merge(&[&set], owner.shape.columns(), TimeRange::ALL)
        } else {
            set
        };
        let sealed = tools.encoder.seal(&set, owner.shape);
        self.bytes += sealed.bytes.len();
        self.sealed.entry(owner.slot).or_default().push(Arc::new(sealed));
        let trail = &mut self.trails[owner.slot];
        let region = self.regions.get_mut(trail.region - 1, size(trail.columns.into()));
        Open::new(region, trail.columns.into()).begin();
        open::lower(region, HAS_EQUAL_TIMES);
        open::raise(region, HAS_SEALED);
        (trail.last, trail.rows) = (0, 0);
    }

    fn flags(&self, trail: &Trail) -> u16 {
        open::flags(self.regions.get(trail.region - 1, size(trail.columns.into())))
    }

    /// The packed rows of a stream that are in order, from the oldest to the newest.
    pub fn in_order<'a>(&'a self, trail: &Trail) -> Vec<&'a [u8]> {
        let mut pieces: Vec<_> = self.arena.chain(trail.last).iter().map(|p| p.bytes).collect();
        if trail.region != 0 {
            let columns = usize::from(trail.columns);
            let region = self.regions.get(trail.region - 1, size(columns));
            pieces.push(open::packed(region, columns));
        }
        pieces
    }

    /// The packed rows of a stream that came late and are not sealed, in the order they came.
    pub fn late(&self, slot: u32) -> Vec<&[u8]> {
        self.late.get(&slot).map_or_else(Vec::new, |late| late.pieces(&self.arena))
    }

    /// The time of a stream's newest row.
    fn newest(&self, trail: &Trail) -> i64 {
        let columns = usize::from(trail.columns);
        open::time(self.regions.get(trail.region - 1, size(columns)))
    }

    /// Whether a stream has rows from before the end of `range` and from after its start.
    pub fn may_have(&self, slot: u32, range: TimeRange) -> bool {
        let Some(trail) = self.trail(slot) else { return false };
        let in_order = || {
            let all = TimeRange::new(Timestamp(trail.first), Timestamp(self.newest(trail)));
            all.overlaps(&range)
        };
        let flags = self.flags(trail);
        let of = |flag| (flags & flag != 0).then_some(&slot);
        let mut sealed = of(HAS_SEALED).and_then(|slot| self.sealed.get(slot)).into_iter();
        let late = of(HAS_LATE).and_then(|slot| self.late.get(slot));
        trail.rows > 0 && in_order()
            || sealed.any(|all| all.iter().any(|one| one.summary.range.overlaps(&range)))
            || late.is_some_and(|late| late.overlaps(range))
    }

    /// What a stream has inside `range`, once nothing is added any more.
    pub fn frozen_parts(
        self: &Arc<Self>,
        slot: u32,
        shape: &Arc<Shape>,
        range: TimeRange,
        out: &mut Vec<HeadPart>,
    ) {
        let rows = |is_late| Packed::Frozen { generation: self.clone(), slot, is_late };
        self.parts(slot, shape, range, rows, out);
    }

    /// What a stream has inside `range`, from the oldest to the newest. `rows` makes rows
    /// out of packed ones; it is told whether these are the late ones.
    pub fn parts(
        &self,
        slot: u32,
        shape: &Arc<Shape>,
        range: TimeRange,
        mut rows: impl FnMut(bool) -> Packed,
        out: &mut Vec<HeadPart>,
    ) {
        let Some(trail) = self.trail(slot) else { return };
        let flags = self.flags(trail);
        let add_sealed = |sealed: &[Arc<Sealed>], out: &mut Vec<HeadPart>| {
            let inside = sealed.iter().filter(|one| one.summary.range.overlaps(&range));
            out.extend(inside.map(|one| HeadPart::Sealed(one.clone())));
        };
        if flags & HAS_SEALED != 0 {
            add_sealed(self.sealed.get(&slot).map_or(&[], Vec::as_slice), out);
        }
        let mut add_rows = |is_late, count, all: TimeRange, is_rising, out: &mut Vec<HeadPart>| {
            if count > 0 && all.overlaps(&range) {
                let rows = Rows::new(shape, rows(is_late), count, all, is_rising);
                out.push(HeadPart::Rows(Arc::new(rows)));
            }
        };
        let all = TimeRange::new(Timestamp(trail.first), Timestamp(self.newest(trail)));
        add_rows(false, usize::from(trail.rows), all, flags & HAS_EQUAL_TIMES == 0, out);
        if flags & HAS_LATE != 0
            && let Some(late) = self.late.get(&slot)
        {
            add_sealed(late.sealed(), out);
            add_rows(true, late.rows(), late.range(), false, out);
        }
    }
}

impl Trail {
    /// Takes memory for open rows of all columns, where they go on. What is open so far becomes
    /// a piece.
    fn make_room(
        &mut self,
        owner: &Owner<'_>,
        regions: &mut Regions,
        arena: &mut Arena,
        bytes: &mut usize,
    ) {
        let mut old = None;
        if self.region == 0 {
            *bytes += size_of::<Self>();
        } else {
            let columns = usize::from(self.columns);
            let region = regions.get_mut(self.region - 1, size(columns));
            let mut chain = Chain { arena, last: &mut self.last, grown: bytes };
            Open::new(region, columns).end_piece(&mut chain);
            old = Some((region.to_vec(), columns));
            regions.give(self.region - 1, size(columns));
            *bytes -= size(columns);
        }
        let columns = owner.shape.len();
        self.epoch = owner.epoch;
        self.columns = columns as u16;
        self.region = regions.take(size(columns)) + 1;
        *bytes += size(columns);
        let mut open = Open::new(regions.get_mut(self.region - 1, size(columns)), columns);
        match old {
            Some((state, columns)) => open.carry(&state, columns),
            None => open.clear(),
        }
    }
}
