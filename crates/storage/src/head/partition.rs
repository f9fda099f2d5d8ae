//! A share of the streams: their rows, and the index by which queries find them.

use super::slot::{HeadPart, Slot};
use super::stream::Stream;
use crate::chunk::Encoder;
use crate::error::Damage;
use crate::identity::Identity;
use crate::index::Index;
use crate::shape::Shape;
use crate::wal::definition;
use crate::wal::entry::Entry;
use codec::cursor::Cursor;
use model::{Predicate, TimeRange, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// A share of the streams.
pub struct Partition {
    /// Its number.
    pub number: u16,
    rows: Mutex<Slots>,
    /// Ordinals are slots. It may lag behind the slots, so that whoever comes from here
    /// looks at the slot's stream again.
    index: RwLock<Index>,
}

#[derive(Default)]
struct Slots {
    slots: Vec<Option<Slot>>,
    vacant: Vec<u32>,
    encoder: Encoder,
    /// How many flushes there were.
    flushes: u64,
    /// The first segment with rows that came since the last flush began.
    fresh_from: Option<u64>,
    /// The first segment with rows that are being flushed.
    flushing_from: Option<u64>,
    /// When the first of the rows came that came since the last flush began.
    since: Option<Timestamp>,
}

/// Rows of one stream on their way to blocks.
pub struct Frozen {
    /// Whose they are.
    pub identity: Arc<Identity>,
    /// Its columns.
    pub shape: Arc<Shape>,
    /// The rows, from the oldest to the newest.
    pub parts: Vec<HeadPart>,
}

/// What was taken out of a partition.
#[derive(Default)]
pub struct Removed {
    /// From where.
    pub slots: Vec<u32>,
    /// Whose they were, and how many series each had.
    pub lost: Vec<(Arc<Identity>, u64)>,
    /// How many bytes their rows took.
    pub bytes: u64,
}

impl Partition {
    /// No streams.
    pub fn new(number: u16) -> Self {
        Self { number, rows: Mutex::default(), index: RwLock::default() }
    }

    /// Gives a new stream a slot.
    pub fn add(&self, identity: Arc<Identity>) -> Arc<Stream> {
        let mut rows = self.rows.lock();
        let slot = rows.vacant.pop().unwrap_or(rows.slots.len() as u32);
        let shape = RwLock::new(Arc::default());
        let stream = Arc::new(Stream { identity, partition: self.number, slot, shape });
        let fresh = Slot::new(stream.clone(), rows.flushes);
        match rows.slots.get_mut(slot as usize) {
            Some(place) => *place = Some(fresh),
            None => rows.slots.push(Some(fresh)),
        }
        drop(rows);
        self.index.write().insert(slot, &stream.identity);
        stream
    }

    /// Takes in the rows of one frame and lets `log` write them down: the definitions that
    /// a segment needs are made by `define`. Answers by how many bytes the head grew.
    ///
    /// # Errors
    /// When the payload is not what was staged for this partition.
    pub fn apply(
        &self,
        payload: &[u8],
        now: Timestamp,
        log: impl FnOnce(&mut dyn FnMut(u64, &mut Vec<u8>)) -> u64,
    ) -> Result<i64, Damage> {
        let mut rows = self.rows.lock();
        let mut grown = 0;
        let mut from = Cursor::new(payload);
        while from.remaining() > 0 {
            let entry = Entry::read(&mut from)?;
            grown += rows.apply(&entry)?;
        }
        // Still under the lock: the log has the order of the head.
        let segment = log(&mut |segment, out| rows.define(payload, segment, out));
        rows.fresh_from.get_or_insert(segment);
        rows.since.get_or_insert(now);
        Ok(grown)
    }

    /// Takes in one row out of the log of an earlier run.
    ///
    /// # Errors
    /// When the row is not what was written for its stream.
    pub fn restore(&self, entry: &Entry<'_>, segment: u64, now: Timestamp) -> Result<i64, Damage> {
        let mut rows = self.rows.lock();
        let grown = rows.apply(entry)?;
        rows.fresh_from.get_or_insert(segment);
        rows.since.get_or_insert(now);
        Ok(grown)
    }

    /// Begins a flush: everything it has, sorted as blocks have it.
    pub fn freeze(&self) -> Vec<Frozen> {
        let mut rows = self.rows.lock();
        rows.flushes += 1;
        rows.since = None;
        let fresh = rows.fresh_from.take();
        rows.flushing_from = rows.flushing_from.or(fresh);
        let mut frozen = Vec::new();
        for slot in rows.slots.iter_mut().flatten() {
            let parts = slot.freeze().to_vec();
            if !parts.is_empty() {
                let (identity, shape) = (slot.identity().clone(), slot.shape().clone());
                frozen.push(Frozen { identity, shape, parts });
            }
        }
        drop(rows);
        frozen.sort_by(|a, b| a.identity.order(&b.identity));
        frozen
    }

    /// Counts a flush that had nothing to take from here: streams grow idle by flushes.
    pub fn pass(&self) {
        self.rows.lock().flushes += 1;
    }

    /// Ends a flush: what was frozen is in blocks. Answers how many bytes that were.
    pub fn thaw(&self) -> u64 {
        let mut rows = self.rows.lock();
        rows.flushing_from = None;
        rows.slots.iter_mut().flatten().map(Slot::thaw).sum()
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

    /// How many flushes there were.
    pub fn flushes(&self) -> u64 {
        self.rows.lock().flushes
    }

    /// Whether some stream could leave the head.
    pub fn has_idle(&self) -> bool {
        let rows = self.rows.lock();
        rows.slots.iter().flatten().any(|slot| slot.is_idle(rows.flushes))
    }

    /// Takes streams out, with their rows. Nobody may have a row staged.
    pub fn remove(&self, is_gone: impl Fn(&Slot) -> bool) -> Removed {
        let mut removed = Removed::default();
        let mut rows = self.rows.lock();
        let Slots { slots, vacant, .. } = &mut *rows;
        for (at, place) in (0..).zip(slots.iter_mut()) {
            if let Some(slot) = place.take_if(|slot| is_gone(slot)) {
                let series = slot.stream().shape.read().len() as u64;
                removed.lost.push((slot.identity().clone(), series));
                removed.bytes += slot.memory() as u64;
                removed.slots.push(at);
                vacant.push(at);
            }
        }
        drop(rows);
        let mut index = self.index.write();
        for (slot, (identity, _)) in removed.slots.iter().zip(&removed.lost) {
            index.remove(*slot, identity);
        }
        removed
    }

    /// What the streams that may fit have inside `range`.
    pub fn select(&self, predicate: &Predicate, range: TimeRange) -> Vec<Frozen> {
        let candidates = self.index.read().candidates(predicate);
        let rows = self.rows.lock();
        let mut found = Vec::new();
        for slot in candidates {
            // The slot may be gone, or another's by now: the caller looks at its names.
            let Some(slot) = rows.slots.get(slot as usize).and_then(Option::as_ref) else {
                continue;
            };
            let parts: Vec<_> = slot.parts(range).collect();
            if !parts.is_empty() {
                let (identity, shape) = (slot.identity().clone(), slot.shape().clone());
                found.push(Frozen { identity, shape, parts });
            }
        }
        found
    }
}

impl Slots {
    fn apply(&mut self, entry: &Entry<'_>) -> Result<i64, Damage> {
        let slot = self.slots.get_mut(entry.slot as usize).and_then(Option::as_mut);
        let slot = slot.ok_or_else(|| Damage::new(0, "a row names a slot without a stream"))?;
        slot.apply(entry, self.flushes, &mut self.encoder)
    }

    /// Appends definitions of those streams of a frame that `segment` lacks.
    fn define(&mut self, payload: &[u8], segment: u64, out: &mut Vec<u8>) {
        let mut from = Cursor::new(payload);
        while let Ok(entry) = Entry::read(&mut from) {
            let slot = self.slots.get_mut(entry.slot as usize).and_then(Option::as_mut);
            if let Some(slot) = slot.filter(|slot| slot.needs_definition(segment)) {
                definition::put(out, entry.slot, slot.identity(), slot.shape());
                slot.set_defined(segment);
            }
        }
    }
}
