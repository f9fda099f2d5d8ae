//! The rows that came between two flushes of a partition.
//!
//! A flush takes a generation as a whole, which costs nothing however many streams there
//! are, and gives its memory back as a whole. Rows that are older than the stream's last
//! go to a chain of their own, so that they leave the others in order.

use super::arena::Arena;
use super::open::{Chain, Open, Regions, Scratch, size};
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
    /// Its newest piece of late rows.
    late: u32,
    /// Rows in pieces and open that are in order.
    rows: u32,
    /// Columns its open rows have room for.
    columns: u16,
    has_equal_times: bool,
    has_sealed: bool,
    /// The time of the first of the rows.
    first: i64,
}

/// The rows that came between two flushes.
#[derive(Default)]
pub struct Generation {
    trails: Paged<Trail>,
    regions: Regions,
    arena: Arena,
    sealed: HashMap<u32, Vec<Arc<Sealed>>>,
    /// Bytes of text of the streams that have some, since they were sealed last.
    texts: HashMap<u32, usize>,
    bytes: usize,
}

/// What a writer needs of its own.
#[derive(Default)]
pub struct Tools {
    scratch: Scratch,
    encoder: Encoder,
    region: Vec<u8>,
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
        let Self { trails, regions, arena, bytes, .. } = self;
        let trail = trails.reach(owner.slot);
        if trail.region == 0 || usize::from(trail.columns) != columns {
            trail.make_room(owner, regions, arena, bytes);
        }
        let region = regions.get_mut(trail.region - 1, size(columns));
        let mut open = Open::new(region, columns);
        let before = open.time();
        let Tools { scratch, region: spare, late, .. } = tools;
        if entry.timestamp < before {
            *late += 1;
            spare.resize(size(columns), 0);
            Open::new(spare, columns).pack_alone(entry, owner.shape, scratch)?;
            let (place, grown) = arena.put(trail.late, scratch.row());
            trail.late = place;
            *bytes += grown;
            return Ok(());
        }
        let mut chain = Chain { arena, last: &mut trail.last, grown: bytes };
        open.push(entry, owner.shape, scratch, &mut chain)?;
        trail.has_equal_times |= entry.timestamp == before && trail.rows > 0;
        if trail.rows == 0 {
            trail.first = entry.timestamp;
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
        let set = gather(self.in_order(trail), owner.shape);
        let set = if trail.has_equal_times {
            merge(&[&set], owner.shape.columns(), TimeRange::ALL)
        } else {
            set
        };
        let sealed = tools.encoder.seal(&set, owner.shape);
        self.bytes += sealed.bytes.len();
        self.sealed.entry(owner.slot).or_default().push(Arc::new(sealed));
        let trail = &mut self.trails[owner.slot];
        let region = self.regions.get_mut(trail.region - 1, size(trail.columns.into()));
        Open::new(region, trail.columns.into()).begin_piece();
        (trail.last, trail.rows, trail.has_sealed) = (0, 0, true);
        trail.has_equal_times = false;
    }

    /// The packed rows of a stream that are in order, from the oldest to the newest.
    pub fn in_order<'a>(&'a self, trail: &Trail) -> Vec<&'a [u8]> {
        let mut pieces: Vec<_> = self.arena.chain(trail.last).iter().map(|p| p.bytes).collect();
        if trail.region != 0 {
            let columns = usize::from(trail.columns);
            let region = self.regions.get(trail.region - 1, size(columns));
            pieces.push(super::open::packed(region, columns));
        }
        pieces
    }

    /// The packed rows of a stream that came late, in the order they came.
    pub fn late<'a>(&'a self, trail: &Trail) -> Vec<&'a [u8]> {
        self.arena.chain(trail.late).iter().map(|piece| piece.bytes).collect()
    }

    /// The time of a stream's newest row.
    fn newest(&self, trail: &Trail) -> i64 {
        let columns = usize::from(trail.columns);
        super::open::time(self.regions.get(trail.region - 1, size(columns)))
    }

    /// Whether a stream may have rows inside `range`; late ones may be anywhere.
    pub fn may_have(&self, slot: u32, range: TimeRange) -> bool {
        let Some(trail) = self.trail(slot) else { return false };
        let in_order = || {
            let all = TimeRange::new(Timestamp(trail.first), Timestamp(self.newest(trail)));
            all.overlaps(&range)
        };
        let mut sealed = trail.has_sealed.then(|| self.sealed.get(&slot)).flatten().into_iter();
        trail.late != 0
            || trail.rows > 0 && in_order()
            || sealed.any(|all| all.iter().any(|one| one.summary.range.overlaps(&range)))
    }

    /// What a stream has inside `range`, once nothing is added any more.
    pub fn frozen_parts(
        self: &Arc<Self>,
        slot: u32,
        shape: &Arc<Shape>,
        range: TimeRange,
        out: &mut Vec<HeadPart>,
    ) {
        let rows = |_: &Trail, is_late| Packed::Frozen { generation: self.clone(), slot, is_late };
        self.parts(slot, shape, range, rows, out);
    }

    /// What a stream has inside `range`, from the oldest to the newest. `rows` makes rows
    /// out of packed ones; it is told whether these are the late ones.
    pub fn parts(
        &self,
        slot: u32,
        shape: &Arc<Shape>,
        range: TimeRange,
        rows: impl Fn(&Trail, bool) -> Packed,
        out: &mut Vec<HeadPart>,
    ) {
        let Some(trail) = self.trail(slot) else { return };
        if trail.has_sealed {
            let sealed = self.sealed.get(&slot).into_iter().flatten();
            out.extend(sealed.map(|sealed| HeadPart::Sealed(sealed.clone())));
        }
        if trail.rows > 0 {
            let all = TimeRange::new(Timestamp(trail.first), Timestamp(self.newest(trail)));
            if all.overlaps(&range) {
                let (count, is_rising) = (trail.rows as usize, !trail.has_equal_times);
                let packed = rows(trail, false);
                out.push(HeadPart::Rows(Arc::new(Rows::new(shape, packed, count, all, is_rising))));
            }
        }
        if trail.late != 0 {
            out.push(HeadPart::Rows(Arc::new(Rows::late(shape, rows(trail, true)))));
        }
        out.retain(|part| part.range().overlaps(&range));
    }
}

impl Trail {
    /// Takes memory for open rows of all columns. What is open so far becomes a piece.
    fn make_room(
        &mut self,
        owner: &Owner<'_>,
        regions: &mut Regions,
        arena: &mut Arena,
        bytes: &mut usize,
    ) {
        let mut newest = i64::MIN;
        if self.region == 0 {
            *bytes += size_of::<Self>();
        } else {
            let columns = usize::from(self.columns);
            let mut open = Open::new(regions.get_mut(self.region - 1, size(columns)), columns);
            open.end_piece(&mut Chain { arena, last: &mut self.last, grown: bytes });
            newest = open.time();
            regions.give(self.region - 1, size(columns));
            *bytes -= size(columns);
        }
        let columns = owner.shape.len();
        self.epoch = owner.epoch;
        self.columns = columns as u16;
        self.region = regions.take(size(columns)) + 1;
        *bytes += size(columns);
        let mut open = Open::new(regions.get_mut(self.region - 1, size(columns)), columns);
        open.clear();
        open.set_time(newest);
    }
}
