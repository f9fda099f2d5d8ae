//! A share of the streams: who they are, and their rows.
//!
//! Names and rows have a lock each, so that a new stream does not wait for rows that are
//! taken in. Whoever has the rows may lock the names, never the other way round.

mod values;

pub use values::Fitting;

use super::freeze::Frost;
use super::generation::{Generation, Owner, Tools};
use super::names::Names;
use super::paged::Paged;
use super::rows::{HeadPart, Packed};
use crate::error::Damage;
use crate::identity::{Identity, PolicyId, PolicyName, Text};
use crate::shape::Shape;
use crate::wal::entry::Entry;
use crate::wal::{definition, frame};
use codec::cursor::Cursor;
use hashbrown::{HashMap, HashSet};
use model::{Attribute, Matcher, Predicate, TimeRange, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// A stream without rows for this many flushes leaves the head.
const IDLE_FLUSHES_MAX: u64 = 2;
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
    /// The flush before which its last row came.
    used_at: u32,
    /// The run of the log that defines it (the low half of its number), and with how many
    /// columns.
    defined: (u32, u16),
}

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

    /// Lets `look` see who its streams are; new ones wait meanwhile.
    pub fn with_names<T>(&self, look: impl FnOnce(&Names) -> T) -> T {
        look(&self.names.read())
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
    /// takes in one. Answers by how many bytes the head grew.
    ///
    /// # Errors
    /// What `restore` says.
    pub fn restore(
        &self,
        segment: u64,
        now: Timestamp,
        restore: impl FnOnce(&mut dyn FnMut(&Entry<'_>) -> Result<(), Damage>) -> Result<(), Damage>,
    ) -> (i64, Result<(), Damage>) {
        let mut rows = self.rows.lock();
        let before = rows.fresh.bytes();
        let restored = restore(&mut |entry| rows.apply(entry, &self.names));
        rows.fresh_from.get_or_insert(segment);
        rows.since.get_or_insert(now);
        (rows.fresh.bytes() as i64 - before as i64, restored)
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

    /// What the streams that may fit have inside `range`.
    pub fn select(&self, predicate: &Predicate, range: TimeRange) -> Vec<Frozen> {
        let candidates: Vec<u32> = self.names.read().candidates(predicate).iter().collect();
        let mut found = Vec::new();
        for batch in candidates.chunks(STREAMS_PER_LOCK) {
            let rows = self.rows.lock();
            let parts: Vec<_> = batch.iter().filter_map(|slot| rows.parts(*slot, range)).collect();
            drop(rows);
            let names = self.names.read();
            found.extend(parts.into_iter().filter_map(|(slot, epoch, shape, parts)| {
                // A stream that left since is in blocks, or dropped.
                let identity = names.identity(slot, epoch)?;
                Some(Frozen { identity, shape, parts })
            }));
        }
        found
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

    /// Whether a stream may have rows inside `range`.
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
            }
            slot.epoch = epoch;
        }
        slot.used_at = self.flushes as u32;
        let owner = Owner { slot: entry.slot, epoch: slot.epoch, shape: &slot.shape };
        self.fresh.push(&owner, entry, &mut self.tools)
    }

    /// Appends definitions of those of some streams that a run of the log lacks, and once
    /// more those of the last time: where one copy is damaged, the other is read.
    fn define(&mut self, slots: &[u32], run: u64, names: &RwLock<Names>, out: &mut Vec<u8>) {
        let again = std::mem::take(&mut self.defined_last);
        self.definitions.clear();
        let Self { slots: all, definitions, defined_last, .. } = self;
        for (at, is_again) in
            again.iter().map(|at| (at, true)).chain(slots.iter().map(|at| (at, false)))
        {
            let Some(slot) = all.get_mut(*at) else { continue };
            let wanted = (run as u32, slot.shape.len() as u16);
            if (slot.defined == wanted) != is_again {
                continue;
            }
            let names = names.read();
            let Some(who) = names.labels(*at, slot.epoch) else { continue };
            definitions.put(out, *at, who, |label| names.label(label), &slot.shape);
            slot.defined = wanted;
            if !is_again {
                defined_last.push(*at);
            }
        }
    }

    fn is_idle(&self, at: u32) -> bool {
        let Some(slot) = self.slots.get(at).filter(|slot| slot.epoch != 0) else { return true };
        (self.flushes as u32).wrapping_sub(slot.used_at) >= IDLE_FLUSHES_MAX as u32
            && !self.has_rows(at)
    }

    /// Who has this slot, and everything it has, from the oldest to the newest, that may be
    /// inside `range`.
    fn parts(&self, at: u32, range: TimeRange) -> Option<(u32, u32, Arc<Shape>, Vec<HeadPart>)> {
        let slot = self.slots.get(at).filter(|slot| slot.epoch != 0)?;
        let mut parts = Vec::new();
        let is_own = |generation: &Generation| {
            generation.trail(at).is_some_and(|trail| trail.epoch == slot.epoch)
        };
        for generation in self.flushing.iter().filter(|generation| is_own(generation)) {
            generation.frozen_parts(at, &slot.shape, range, &mut parts);
        }
        let copy = |trail: &_, is_late| {
            let fresh = &self.fresh;
            Packed::copy(&if is_late { fresh.late(trail) } else { fresh.in_order(trail) })
        };
        self.fresh.parts(at, &slot.shape, range, copy, &mut parts);
        (!parts.is_empty()).then(|| (at, slot.epoch, slot.shape.clone(), parts))
    }
}
