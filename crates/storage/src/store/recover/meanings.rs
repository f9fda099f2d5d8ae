//! What slots mean in the rows of a run of the log: streams, as they are defined there.

use crate::error::Damage;
use crate::head::Regained;
use crate::identity::PolicyId;
use crate::shape::ColumnDef;
use crate::wal::definition::Definition;
use crate::wal::entry::{self, Entry};
use codec::cursor::Cursor;
use hashbrown::HashMap;
use model::{Timestamp, ValueRef};
use std::sync::Arc;

/// What the rows of one partition mean.
#[derive(Default)]
pub struct Meanings {
    /// The run they are of: slots mean other streams in another.
    run: u32,
    /// By the upper bits of slots and then by the lower: slots are given from 0 on, and those
    /// in the log are checked by the checksums of their frames.
    streams: Vec<Option<Box<[Meaning]>>>,
    /// The definitions of the last frame, whose second copies the next one begins with.
    defined_last: Vec<Defined>,
    /// Rows whose definition is missing, by slot, and those after them: a second copy of it may
    /// follow.
    waiting: HashMap<u32, Waiting>,
    /// Slots that rows wait for and of which another definition was read.
    due: Vec<u32>,
    rows: u64,
    /// The latest row.
    latest: Option<Timestamp>,
    /// Rows whose definition was lost.
    orphans: u64,
    /// Whether rows whose definition is missing are lost.
    is_vain: bool,
}

/// Rows of one slot that wait, as they stand in the log.
pub struct Waiting {
    /// Where the first of them is.
    pub segment: u64,
    /// The rows.
    pub rows: Vec<u8>,
}

/// What takes in a row of a stream whose definition has so many columns; it answers whether
/// the row has no others.
pub type Restore<'a> = dyn FnMut(&Entry<'_>, usize) -> Result<bool, Damage> + 'a;

/// How many slots of [`Meanings`] lie together.
const SLOTS_TOGETHER: u32 = 1024;

/// What a slot of the log means now.
#[derive(Clone, Default)]
pub enum Meaning {
    /// Its definition was not read.
    #[default]
    Unknown,
    /// A stream whose policy was dropped.
    Dropped,
    /// The stream in this slot, with so many columns, every one where it was.
    At(u32, u16),
    /// A stream whose columns stand in another order.
    Moved(Box<Moved>),
}

/// A stream whose columns stand in another order.
#[derive(Clone)]
pub struct Moved {
    slot: u32,
    /// The columns as rows of this run call them, and where they are now.
    columns: Arc<[ColumnDef]>,
    ordinals: Vec<Option<u32>>,
}

/// A definition that was read.
struct Defined {
    slot: u32,
    policy: PolicyId,
    hash: u128,
    columns: Arc<[ColumnDef]>,
}

/// Tells second copies of definitions, which come in the order of the first ones.
pub struct SecondCopies {
    before: Vec<Defined>,
    at: usize,
    now: Vec<Defined>,
}

impl SecondCopies {
    /// Whether this is the second copy of a definition; `hash` is that of its names.
    pub fn has(&mut self, definition: &Definition<'_, '_>, hash: u128) -> bool {
        let Some(first) = self.before.get(self.at) else { return false };
        let is_same = first.slot == definition.slot
            && first.hash == hash
            && first.policy == definition.policy
            && first.columns == *definition.columns;
        self.at += usize::from(is_same);
        is_same
    }

    /// Notes a definition that is the first copy.
    pub fn note(&mut self, definition: &Definition<'_, '_>, hash: u128) {
        let Definition { slot, policy, columns, .. } = *definition;
        self.now.push(Defined { slot, policy, hash, columns: columns.clone() });
    }
}

impl Meaning {
    /// That of a definition whose stream is there now.
    pub fn of(regained: Regained, definition: &Definition<'_, '_>) -> Self {
        let slot = regained.slot;
        match regained.moved {
            None => Self::At(slot, definition.columns.len() as u16),
            Some(ordinals) => {
                let columns = definition.columns.clone();
                Self::Moved(Box::new(Moved { slot, columns, ordinals }))
            }
        }
    }
}

impl Meanings {
    /// Learns what a slot means.
    pub fn learn(&mut self, slot: u32, meaning: Meaning) {
        let page = (slot / SLOTS_TOGETHER) as usize;
        if page >= self.streams.len() {
            self.streams.resize_with(page + 1, || None);
        }
        let unknown = || vec![Meaning::Unknown; SLOTS_TOGETHER as usize].into();
        let together = self.streams[page].get_or_insert_with(unknown);
        together[(slot % SLOTS_TOGETHER) as usize] = meaning;
        if !self.waiting.is_empty() && self.waiting.contains_key(&slot) {
            self.due.push(slot);
        }
    }

    /// Begins a frame of definitions.
    pub fn second_copies(&mut self) -> SecondCopies {
        let before = std::mem::take(&mut self.defined_last);
        SecondCopies { before, at: 0, now: Vec::new() }
    }

    /// Ends it.
    pub fn defined_last(&mut self, second: SecondCopies) {
        self.defined_last = second.now;
    }

    /// Rows that waited for the definitions that were read since the last time.
    pub fn take_due(&mut self) -> Vec<Waiting> {
        let due = std::mem::take(&mut self.due);
        due.iter().filter_map(|slot| self.waiting.remove(slot)).collect()
    }

    /// Begins to count rows as lost whose definition is missing; answers those that waited in
    /// vain.
    pub fn begin_giving_up(&mut self) -> Vec<Waiting> {
        self.is_vain = true;
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    /// Counts a row as lost.
    pub fn lose(&mut self) {
        self.orphans += 1;
    }

    #[inline]
    fn find(&self, slot: u32) -> Option<&Meaning> {
        let together = self.streams.get((slot / SLOTS_TOGETHER) as usize)?.as_ref()?;
        let meaning = &together[(slot % SLOTS_TOGETHER) as usize];
        (!matches!(meaning, Meaning::Unknown)).then_some(meaning)
    }

    /// Whether slots mean other streams in this run.
    pub fn is_of_another(&self, run: u32) -> bool {
        self.run != run
    }

    /// Forgets what slots meant in another run, and that rows waited there.
    pub fn enter(&mut self, run: u32) {
        self.run = run;
        self.streams.clear();
        self.defined_last.clear();
        self.due.clear();
        self.is_vain = false;
    }

    /// The time of the latest row.
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// How many rows there were since the last time.
    pub fn take_rows(&mut self) -> u64 {
        std::mem::take(&mut self.rows)
    }

    /// How many rows were lost since the last time.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.orphans)
    }

    /// Hands every row to `restore`, as it is now: its slot may be another than when it was
    /// written, and where its columns stand in another order, it is written again in that. One
    /// with a column that its definition lacks waits for another definition, as nobody knows
    /// which column is meant; so do those after it, as the last one of a time counts. A damaged
    /// row costs no other.
    pub fn restore_all(
        &mut self,
        payload: &[u8],
        segment: u64,
        restore: &mut Restore<'_>,
    ) -> Result<(), Damage> {
        let mut from = Cursor::new(payload);
        let mut rewritten = Vec::new();
        let mut done = Ok(());
        while from.remaining() > 0 {
            let start = from.offset();
            let entry = Entry::read(&mut from)?;
            self.latest = self.latest.max(Some(Timestamp(entry.timestamp)));
            let is_behind = !self.waiting.is_empty() && self.waiting.contains_key(&entry.slot);
            let taken_in = match self.find(entry.slot) {
                Some(Meaning::Dropped) => continue,
                _ if is_behind => Ok(false),
                Some(Meaning::At(slot, columns)) => {
                    restore(&Entry { slot: *slot, ..entry.clone() }, usize::from(*columns))
                }
                Some(Meaning::Moved(moved)) => moved.restore(&entry, &mut rewritten, restore),
                Some(Meaning::Unknown) | None => Ok(false),
            };
            match taken_in {
                Ok(true) => self.rows += 1,
                Ok(false) if self.is_vain => self.orphans += 1,
                Ok(false) => {
                    let new = || Waiting { segment, rows: Vec::new() };
                    let waiting = self.waiting.entry(entry.slot).or_insert_with(new);
                    waiting.rows.extend_from_slice(&payload[start..from.offset()]);
                }
                Err(damage) => done = done.and(Err(damage)),
            }
        }
        done
    }
}

impl Moved {
    fn restore(
        &self,
        entry: &Entry<'_>,
        rewritten: &mut Vec<u8>,
        restore: &mut Restore<'_>,
    ) -> Result<bool, Damage> {
        if !entry.fits(&self.columns)? {
            return Ok(false);
        }
        let mut values: Vec<(u32, ValueRef<'_>)> = Vec::with_capacity(entry.count);
        entry.each(&self.columns, |place, value| {
            if let Some(Some(ordinal)) = self.ordinals.get(place) {
                values.push((*ordinal, value));
            }
        })?;
        rewritten.clear();
        entry::put_sparse(rewritten, self.slot, entry.timestamp, values.into_iter());
        restore(&Entry::read(&mut Cursor::new(rewritten))?, usize::MAX)
    }
}
