//! A share of the streams: who they are, and their rows.
//!
//! Names and rows have a lock each, so that a new stream does not wait for rows that are
//! taken in. Whoever has the rows may lock the names, never the other way round.

mod outline;
mod values;

pub use outline::Outlined;
pub use values::Fitting;

use super::freeze::Frost;
use super::generation::{Generation, Owner, Tools};
use super::names::Names;
use super::paged::Paged;
use super::rows::{HeadPart, Packed, Rows};
use crate::error::Damage;
use crate::identity::{Identity, PolicyId, PolicyName, Text};
use crate::shape::Shape;
use crate::wal::entry::Entry;
use crate::wal::{definition, frame};
use codec::cursor::Cursor;
use hashbrown::{HashMap, HashSet};
use model::limits::{Exceeded, Holding};
use model::{Attribute, Matcher, Predicate, TimeRange, Timestamp};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// A stream without rows for this many flushes leaves the head.
const IDLE_FLUSHES_MAX: u16 = 2;
/// After so many streams, whoever reads lets writers in.
const STREAMS_PER_LOCK: usize = 1024;

/// So many rows are looked at before they are taken in: as many waits for memory as a
/// processor has under way at once.
const ROWS_AHEAD: usize = 16;

/// A share of the streams.
pub struct Partition {
    /// Its number.
    pub number: u16,
    names: RwLock<Names>,
    rows: Mutex<Slots>,
}

/// What writers know of a stream.
#[derive(Default)]
struct Slot {
    /// Its columns, as of its last row.
    shape: Arc<Shape>,
    /// Whose slot it is, see `names`; 0 before the first row.
    epoch: u32,
    /// The low half of the number of the flush before which its last row came.
    used_at: u16,
    /// The run of the log that defines it with these columns, as [`Slots`] counts runs; 0
    /// where none does.
    defined: u16,
}

const _: () = assert!(size_of::<Slot>() == 16);

#[derive(Default)]
struct Slots {
    slots: Paged<Slot>,
    /// Rows that came since the last flush began.
    fresh: Generation,
    /// Rows that are being flushed, the oldest first.
    flushing: Vec<Arc<Generation>>,
    tools: Tools,
    /// Scratch: whose rows a frame has.
    unwritten: Vec<u32>,
    definitions: definition::Writer,
    /// Streams that were defined with the last frame.
    defined_last: Vec<u32>,
    /// The low half of the number of the last run that defined streams, and its number here.
    run: (u32, u16),
    /// How many flushes there were.
    flushes: u64,
    /// The first segment with rows that came since the last flush began.
    fresh_from: Option<u64>,
    /// The first segment with rows that are being flushed.
    flushing_from: Option<u64>,
    /// When the first of the rows came that came since the last flush began.
    since: Option<Timestamp>,
    /// Whether `flushing` is what the next flush takes.
    is_set_aside: bool,
}

/// Rows of one stream on their way to blocks or to a query.
pub struct Frozen {
    /// Whose they are.
    pub identity: Arc<Identity>,
    /// Its columns.
    pub shape: Arc<Shape>,
    /// The rows, from the oldest to the newest.
    pub parts: Vec<HeadPart>,
}

/// Slot, whose it is, its columns, and rows.
type Parts = (u32, u32, Arc<Shape>, Vec<HeadPart>);

impl Partition {
    /// No streams.
    pub fn new(number: u16) -> Self {
        Self { number, names: RwLock::default(), rows: Mutex::default() }
    }

    /// The slot of a stream, made where it is not known; answers whether it was.
    pub fn place<T: Text>(
        &self,
        hash: u128,
        policy: &PolicyName,
        measurement: &T,
        pairs: &[(T, T)],
    ) -> (u32, bool) {
        if let Some(known) = self.names.read().find(hash, policy.id) {
            return (known, false);
        }
        let mut names = self.names.write();
        match names.find(hash, policy.id) {
            Some(known) => (known, false),
            None => (names.add(hash, policy, measurement, pairs), true),
        }
    }

    /// How many streams it has.
    pub fn streams(&self) -> u64 {
        self.names.read().len() as u64
    }

    /// The slot of a stream that is known.
    pub fn find(&self, hash: u128, policy: PolicyId) -> Option<u32> {
        self.names.read().find(hash, policy)
    }

    /// Rows that came after a later one of their stream.
    pub fn late(&self) -> u64 {
        self.rows.lock().tools.late
    }

    /// Lets `look` see who its streams are; new ones wait meanwhile.
    pub fn with_names<T>(&self, look: impl FnOnce(&Names) -> T) -> T {
        look(&self.names.read())
    }

    /// Its names, to be changed.
    pub fn names_mut(&self) -> RwLockWriteGuard<'_, Names> {
        self.names.write()
    }

    /// Lets `widen` give a stream more columns; it is told the stream's policy and
    /// measurement.
    pub fn widen<T>(
        &self,
        slot: u32,
        widen: impl FnOnce(PolicyId, &Arc<str>, &mut Arc<Shape>) -> T,
    ) -> T {
        let mut names = self.names.write();
        let (policy, measurement) = names.measurement(slot).expect("a stream keeps its slot");
        let shape = names.shape_mut(slot).expect("a stream keeps its slot");
        widen(policy, &measurement, shape)
    }

    /// Takes in the rows of one frame and lets `log` write it down: the definitions that a
    /// run of the log needs are made by what it is given. Answers by how many bytes
    /// the head grew.
    ///
    /// # Errors
    /// When the payload is not what was staged for this partition.
    pub fn apply(
        &self,
        frame: &mut [u8],
        now: Timestamp,
        log: impl FnOnce(&mut [u8], &mut dyn FnMut(u64, &mut Vec<u8>)) -> u64,
    ) -> Result<i64, Damage> {
        let mut rows = self.rows.lock();
        let before = rows.fresh.bytes();
        let mut slots = std::mem::take(&mut rows.unwritten);
        let mut from = Cursor::new(&frame[frame::HEADER_BYTES..]);
        let mut entries = Vec::with_capacity(ROWS_AHEAD);
        while from.remaining() > 0 {
            entries.clear();
            while from.remaining() > 0 && entries.len() < ROWS_AHEAD {
                entries.push(Entry::read(&mut from)?);
            }
            rows.warm(&entries);
            for entry in &entries {
                rows.apply(entry, &self.names)?;
                slots.push(entry.slot);
            }
        }
        // Still under the lock: the log has the order of the head.
        let segment = log(frame, &mut |run, out| rows.define(&slots, run, &self.names, out));
        slots.clear();
        rows.unwritten = slots;
        rows.fresh_from.get_or_insert(segment);
        rows.since.get_or_insert(now);
        Ok(rows.fresh.bytes() as i64 - before as i64)
    }

    /// Takes in rows out of the log of an earlier run of the program: `restore` is given what
    /// takes in one, unless it has others than so many first columns, and answers whether it
    /// did. Answers by how many bytes the head grew.
    ///
    /// # Errors
    /// What `restore` says.
    pub fn restore<T>(
        &self,
        segment: u64,
        now: Timestamp,
        restore: impl FnOnce(&mut dyn FnMut(&Entry<'_>, usize) -> Result<bool, Damage>) -> T,
    ) -> (i64, T) {
        let mut rows = self.rows.lock();
        let before = rows.fresh.bytes();
        let restored = restore(&mut |entry, columns| {
            let fits = self.fits(entry, columns)?;
            if fits {
                rows.apply(entry, &self.names)?;
            }
            Ok(fits)
        });
        // Rows that waited for their definition are of an earlier segment than others.
        let from = rows.fresh_from.map_or(segment, |known| known.min(segment));
        rows.fresh_from = Some(from);
        rows.since.get_or_insert(now);
        (rows.fresh.bytes() as i64 - before as i64, restored)
    }

    /// Whether a row has no others than so many first columns of its stream.
    fn fits(&self, entry: &Entry<'_>, columns: usize) -> Result<bool, Damage> {
        if entry.is_dense || columns == usize::MAX {
            return Ok(entry.count <= columns);
        }
        let names = self.names.read();
        let all = names.shape(entry.slot).map_or(&[][..], |(shape, _)| shape.columns());
        entry.fits(&all[..columns.min(all.len())])
    }

    /// Sets aside what it has: the next flush takes that, and nothing that comes later.
    pub fn set_aside(&self) {
        let mut rows = self.rows.lock();
        rows.set_aside();
        rows.is_set_aside = true;
    }

    /// The next flush takes what is there then, also where the last one failed.
    pub fn go_on(&self) {
        self.rows.lock().is_set_aside = false;
    }

    /// Begins a flush: everything it has, sorted as blocks have it.
    pub fn freeze(&self) -> Frost<'_> {
        let mut rows = self.rows.lock();
        rows.flushes += 1;
        if !rows.is_set_aside {
            rows.set_aside();
        }
        let flushing = rows.flushing.clone();
        drop(rows);
        Frost::new(&self.names, flushing)
    }

    /// Counts a flush that had nothing to take from here: streams grow idle by flushes.
    pub fn pass(&self) {
        self.rows.lock().flushes += 1;
    }

    /// Ends a flush: what was frozen is in blocks. Answers how many bytes that were.
    pub fn thaw(&self) -> u64 {
        let mut rows = self.rows.lock();
        rows.flushing_from = None;
        let gone = std::mem::take(&mut rows.flushing);
        drop(rows);
        gone.iter().map(|generation| generation.bytes() as u64).sum()
    }

    /// The first segment with rows that are not in blocks.
    pub fn logged_from(&self) -> Option<u64> {
        let rows = self.rows.lock();
        rows.flushing_from.into_iter().chain(rows.fresh_from).min()
    }

    /// Since when it has rows that no flush has begun to write.
    pub fn since(&self) -> Option<Timestamp> {
        self.rows.lock().since
    }

    /// Slots of streams that had no row for some flushes, or never one.
    pub fn idle(&self) -> Vec<u32> {
        let all: Vec<u32> = self.names.read().policies().map(|(slot, _)| slot).collect();
        let rows = self.rows.lock();
        let is_idle = |slot: &u32| rows.is_idle(*slot);
        all.into_iter().filter(is_idle).collect()
    }

    /// Leaves of some slots those that are idle still.
    pub fn retain_idle(&self, slots: &mut Vec<u32>) {
        let rows = self.rows.lock();
        slots.retain(|slot| rows.is_idle(*slot));
    }

    /// Leaves of some slots those that have no rows still.
    pub fn retain_rowless(&self, slots: &mut Vec<u32>) {
        let rows = self.rows.lock();
        slots.retain(|slot| !rows.has_rows(*slot));
    }

    /// Slots of streams whose policy is not in `live`.
    pub fn dropped(&self, live: &HashSet<PolicyId>) -> Vec<u32> {
        let names = self.names.read();
        let dead = names.policies().filter(|(_, policy)| !live.contains(policy));
        dead.map(|(slot, _)| slot).collect()
    }

    /// Slots of streams that have no rows and of which every column fits.
    pub fn without_rows(&self, predicate: &Predicate) -> Vec<u32> {
        let candidates: Vec<u32> = self.names.read().candidates(predicate).iter().collect();
        let mut found = Vec::new();
        for slot in candidates {
            let names = self.names.read();
            let Some((shape, epoch)) = names.shape(slot) else { continue };
            let Some(identity) = names.identity(slot, epoch) else { continue };
            let mut columns = shape.columns().iter();
            if columns.all(|column| predicate.matches_column(&identity.key, &column.name)) {
                found.push(slot);
            }
        }
        let rows = self.rows.lock();
        found.retain(|slot| !rows.has_rows(*slot));
        found
    }

    /// Slots of streams whose rows reach into `range`.
    pub fn slots_with_rows(&self, range: TimeRange) -> RoaringBitmap {
        let all: Vec<u32> = self.names.read().policies().map(|(slot, _)| slot).collect();
        let mut found = RoaringBitmap::new();
        for batch in all.chunks(STREAMS_PER_LOCK) {
            let rows = self.rows.lock();
            found.extend(batch.iter().copied().filter(|slot| rows.may_have(*slot, range)));
        }
        found
    }

    /// Hands policy and columns of every stream of a measurement to `each`.
    pub fn each_of(&self, measurement: &Arc<str>, mut each: impl FnMut(PolicyId, &Shape)) {
        let named = Matcher::equal(Attribute::Measurement, measurement.clone());
        let names = self.names.read();
        for slot in &names.candidates(&Predicate::Match(named)) {
            if let (Some((policy, name)), Some((shape, _))) =
                (names.measurement(slot), names.shape(slot))
                && name == *measurement
            {
                each(policy, shape);
            }
        }
    }

    /// Takes streams out, with their rows; answers how many series these were of each
    /// measurement. Nobody may have a row staged.
    pub fn remove(&self, slots: &[u32]) -> HashMap<(PolicyId, Arc<str>), u64> {
        let mut rows = self.rows.lock();
        for slot in slots {
            rows.fresh.forget(*slot);
            if let Some(slot) = rows.slots.get_mut(*slot) {
                *slot = Slot::default();
            }
        }
        drop(rows);
        let mut names = self.names.write();
        let mut series = HashMap::new();
        for slot in slots {
            if let Some(measurement) = names.measurement(*slot) {
                *series.entry(measurement).or_default() += names.remove(*slot);
            }
        }
        series
    }

    /// What the streams that may fit have inside `range`; `holding` is charged for it.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn select(
        &self,
        predicate: &Predicate,
        range: TimeRange,
        holding: &mut Holding<'_>,
    ) -> Result<Vec<Frozen>, Exceeded> {
        let candidates: Vec<u32> = self.names.read().candidates(predicate).iter().collect();
        let mut found = Vec::new();
        for batch in candidates.chunks(STREAMS_PER_LOCK) {
            let rows = self.rows.lock();
            let mut parts = Vec::new();
            for slot in batch {
                parts.extend(rows.parts(*slot, range, holding)?);
            }
            drop(rows);
            let names = self.names.read();
            for (slot, epoch, shape, parts) in parts {
                // A stream that left since is in blocks, or dropped.
                let Some((_, labels)) = names.labels(slot, epoch) else { continue };
                let tags = labels.len() * size_of::<(Arc<str>, Arc<str>)>();
                holding.hold((size_of::<Frozen>() + size_of::<Identity>() + tags) as u64)?;
                let Some(identity) = names.identity(slot, epoch) else { continue };
                found.push(Frozen { identity, shape, parts });
            }
        }
        Ok(found)
    }
}

impl Slots {
    fn set_aside(&mut self) {
        self.since = None;
        let fresh = self.fresh_from.take();
        self.flushing_from = self.flushing_from.or(fresh);
        let generation = std::mem::take(&mut self.fresh);
        if generation.bytes() > 0 {
            self.flushing.push(Arc::new(generation));
        }
    }

    fn has_rows(&self, at: u32) -> bool {
        self.fresh.trail(at).is_some()
            || self.flushing.iter().any(|generation| generation.trail(at).is_some())
    }

    /// Whether a stream has rows from before the end of `range` and from after its start.
    fn may_have(&self, at: u32, range: TimeRange) -> bool {
        self.fresh.may_have(at, range)
            || self.flushing.iter().any(|generation| generation.may_have(at, range))
    }

    /// Touches what some rows will change, so that they wait for memory together and not one
    /// after the other where streams come in another order than they lie in.
    #[inline]
    fn warm(&self, entries: &[Entry<'_>]) {
        let mut seen = 0;
        for entry in entries {
            seen ^= self.slots.get(entry.slot).map_or(0, |slot| slot.epoch);
            seen ^= self.fresh.trail(entry.slot).map_or(0, |trail| trail.epoch);
        }
        for entry in entries {
            seen ^= u32::from(self.fresh.touch(entry.slot));
        }
        std::hint::black_box(seen);
    }

    #[inline]
    fn apply(&mut self, entry: &Entry<'_>, names: &RwLock<Names>) -> Result<(), Damage> {
        let slot = self.slots.reach(entry.slot);
        // Columns only become more, so that fewer are no sign of new ones.
        if slot.epoch == 0 || entry.count > slot.shape.len() || !entry.is_dense {
            let names = names.read();
            let (shape, epoch) = names
                .shape(entry.slot)
                .ok_or_else(|| Damage::new(0, "a row names a slot without a stream"))?;
            if !Arc::ptr_eq(shape, &slot.shape) {
                slot.shape = shape.clone();
                slot.defined = 0;
            }
            slot.epoch = epoch;
        }
        slot.used_at = self.flushes as u16;
        let owner = Owner { slot: entry.slot, epoch: slot.epoch, shape: &slot.shape };
        self.fresh.push(&owner, entry, &mut self.tools)
    }

    /// Appends definitions of those of some streams that a run of the log lacks, and once
    /// more those of the last time: where one copy is damaged, the other is read.
    fn define(&mut self, slots: &[u32], run: u64, names: &RwLock<Names>, out: &mut Vec<u8>) {
        let again = std::mem::take(&mut self.defined_last);
        let run = self.number_of(run as u32);
        self.definitions.clear();
        let Self { slots: all, definitions, defined_last, .. } = self;
        for (at, is_again) in
            again.iter().map(|at| (at, true)).chain(slots.iter().map(|at| (at, false)))
        {
            let Some(slot) = all.get_mut(*at) else { continue };
            if (slot.defined == run) != is_again {
                continue;
            }
            let names = names.read();
            let Some(who) = names.labels(*at, slot.epoch) else { continue };
            definitions.put(out, *at, who, |label| names.label(label), &slot.shape);
            slot.defined = run;
            if !is_again {
                defined_last.push(*at);
            }
        }
    }

    /// The number here of a run of the log, which is no earlier one than was asked for before.
    fn number_of(&mut self, run: u32) -> u16 {
        if self.run.0 != run || self.run.1 == 0 {
            self.run = (run, self.run.1.wrapping_add(1));
        }
        if self.run.1 == 0 {
            // Numbers come again: what they stood for is forgotten.
            self.run.1 = 1;
            for page in 0..self.slots.pages() {
                self.slots.page_mut(page).for_each(|(_, slot)| slot.defined = 0);
            }
        }
        self.run.1
    }

    fn is_idle(&self, at: u32) -> bool {
        let Some(slot) = self.slots.get(at).filter(|slot| slot.epoch != 0) else { return true };
        (self.flushes as u16).wrapping_sub(slot.used_at) >= IDLE_FLUSHES_MAX && !self.has_rows(at)
    }

    /// Who has this slot, and everything it has, from the oldest to the newest, that may be
    /// inside `range`.
    fn parts(
        &self,
        at: u32,
        range: TimeRange,
        holding: &mut Holding<'_>,
    ) -> Result<Option<Parts>, Exceeded> {
        let Some(slot) = self.slots.get(at).filter(|slot| slot.epoch != 0) else { return Ok(None) };
        let mut parts = Vec::new();
        let is_own = |generation: &Generation| {
            generation.trail(at).is_some_and(|trail| trail.epoch == slot.epoch)
        };
        for generation in self.flushing.iter().filter(|generation| is_own(generation)) {
            generation.frozen_parts(at, &slot.shape, range, &mut parts);
        }
        let mut held = Ok(());
        let copy = |is_late| {
            let fresh = &self.fresh;
            let in_order = || fresh.trail(at).map(|trail| fresh.in_order(trail));
            let pieces = if is_late { fresh.late(at) } else { in_order().unwrap_or_default() };
            let bytes = pieces.iter().map(|piece| piece.len()).sum::<usize>();
            held = held.and_then(|()| holding.hold((size_of::<Rows>() + bytes) as u64));
            Packed::copy(if held.is_ok() { &pieces } else { &[] })
        };
        self.fresh.parts(at, &slot.shape, range, copy, &mut parts);
        held?;
        holding.hold((size_of::<Parts>() + parts.len() * size_of::<HeadPart>()) as u64)?;
        Ok((!parts.is_empty()).then(|| (at, slot.epoch, slot.shape.clone(), parts)))
    }
}
