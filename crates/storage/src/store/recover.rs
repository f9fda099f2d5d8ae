//! From the log back to the head, at the start.

use super::Store;
use crate::block::{Blocks, Lookup, Measurement};
use crate::disk::{aside, read_all, replace};
use crate::error::{Damage, Error};
use crate::head::{Schema, Stream};
use crate::identity::{PolicyId, PolicyName};
use crate::shape::ColumnDef;
use crate::stats::Counters;
use crate::wal::definition::{self, Definition};
use crate::wal::entry::{self, Entry};
use crate::wal::frame::Frame;
use crate::wal::replay::{self, Findings};
use crate::wal::{FrameKind, SegmentFile, Setting, segment};
use codec::cursor::Cursor;
use hashbrown::HashMap;
use model::ValueRef;
use std::sync::Arc;

/// Tells the schema which fields blocks have.
pub(super) fn note_fields(schema: &Schema, blocks: &Blocks, counters: &Counters) {
    for block in blocks.list().iter() {
        let policies: Vec<PolicyId> = block.policies().collect();
        let mut note = |_, measurement: &Arc<Measurement>| {
            for column in &measurement.columns {
                for policy in column.policies.iter().filter_map(|at| policies.get(*at as usize)) {
                    schema.note(*policy, &measurement.name, &column.def);
                }
            }
        };
        let noted = Lookup::new(block).and_then(|mut look| look.each_measurement(&mut note));
        if let Err(error) = noted {
            counters.corruption();
            tracing::error!(%error, "some measurements of a block cannot be read; fields that only they have may change their type");
        }
    }
}

/// The segments of the log, the oldest first.
pub(super) fn segments(setting: &Setting) -> Result<Vec<SegmentFile>, Error> {
    let listed = setting.disk.list(&setting.folder)?;
    let segment = |entry: &crate::disk::Entry| {
        let number = segment::number(&entry.name)?;
        Some(SegmentFile { number, bytes: entry.bytes })
    };
    Ok(listed.iter().filter_map(segment).collect())
}

/// What the rows of one segment mean.
#[derive(Default)]
struct Meanings {
    /// By partition and slot: the stream, and where its columns are now; none where its
    /// policy was dropped.
    streams: HashMap<(u16, u32), Option<Meaning>>,
    rows: u64,
    /// Rows whose definition was lost.
    orphans: u64,
}

/// What a definition of the log means now.
struct Meaning {
    stream: Arc<Stream>,
    /// The columns as rows of this segment call them, and where they are now.
    columns: Vec<ColumnDef>,
    ordinals: Vec<Option<u32>>,
    /// Whether every column is where it was.
    is_in_place: bool,
}

impl Store {
    /// Replays segments, the oldest first.
    pub(super) fn replay(&self, segments: &[SegmentFile]) -> Result<(), Error> {
        for (index, file) in segments.iter().enumerate() {
            let path = segment::path(&self.folder.wal(), file.number);
            let bytes = read_all(self.disk.as_ref(), &path)?;
            let mut meanings = Meanings::default();
            let findings = replay::read(&bytes, file.number, &path, |_, frame| {
                self.replay_frame(frame, file.number, &mut meanings)
            })?;
            self.counters.replayed(meanings.rows);
            let is_last = index + 1 == segments.len();
            self.settle(findings, meanings.orphans, file.number, &bytes, is_last)?;
            if self.head.bytes() >= self.options.head_bytes_max {
                self.flush_replayed()?;
            }
        }
        Ok(())
    }

    /// Makes room while the log is replayed. Its files stay: replaying them once more would
    /// only write the same again.
    fn flush_replayed(&self) -> Result<(), Error> {
        let mut working = self.working.lock();
        self.flush_partitions(&mut working).map(drop)
    }

    fn replay_frame(
        &self,
        frame: Frame<'_>,
        segment: u64,
        meanings: &mut Meanings,
    ) -> Result<(), Damage> {
        match frame.kind {
            FrameKind::Definitions => definition::read_all(frame.payload, |definition| {
                let place = (frame.partition, definition.slot);
                meanings.streams.insert(place, self.meaning(definition));
            }),
            FrameKind::Rows => {
                let mut from = Cursor::new(frame.payload);
                let mut rewritten = Vec::new();
                while from.remaining() > 0 {
                    let entry = Entry::read(&mut from)?;
                    match meanings.streams.get(&(frame.partition, entry.slot)) {
                        Some(Some(meaning)) => {
                            self.replay_row(&entry, meaning, segment, &mut rewritten)?;
                            meanings.rows += 1;
                        }
                        Some(None) => {}
                        None => meanings.orphans += 1,
                    }
                }
                Ok(())
            }
        }
    }

    fn meaning(&self, definition: Definition) -> Option<Meaning> {
        let name: PolicyName = self.policy_name(definition.policy)?;
        let identity = self.interner.intern(&name, &definition.measurement, &definition.pairs);
        let stream = self.head.stream(identity);
        let ordinals = self.head.schema.restore(&stream, &definition.columns);
        let is_in_place = (0..).zip(&ordinals).all(|(place, now)| *now == Some(place));
        Some(Meaning { stream, columns: definition.columns, ordinals, is_in_place })
    }

    /// Applies a row. Its slot may be another than when it was written, and where its
    /// columns stand in another order now, it is written again in that order.
    fn replay_row(
        &self,
        entry: &Entry<'_>,
        meaning: &Meaning,
        segment: u64,
        rewritten: &mut Vec<u8>,
    ) -> Result<(), Damage> {
        let slot = meaning.stream.slot;
        let partition = &self.head.partitions()[usize::from(meaning.stream.partition)];
        let now = self.clock.now();
        let grown = if meaning.is_in_place {
            partition.restore(&Entry { slot, ..entry.clone() }, segment, now)?
        } else {
            let mut values: Vec<(u32, ValueRef<'_>)> = Vec::with_capacity(entry.count);
            entry.each(&meaning.columns, |place, value| {
                if let Some(Some(ordinal)) = meaning.ordinals.get(place) {
                    values.push((*ordinal, value));
                }
            })?;
            rewritten.clear();
            entry::put_sparse(rewritten, slot, entry.timestamp, values.into_iter());
            let entry = Entry::read(&mut Cursor::new(rewritten))?;
            partition.restore(&entry, segment, now)?
        };
        self.head.grew(grown);
        Ok(())
    }

    /// Says what was found, cuts a torn tail, and keeps a copy of what is damaged.
    fn settle(
        &self,
        findings: Findings,
        orphans: u64,
        number: u64,
        bytes: &[u8],
        is_last: bool,
    ) -> Result<(), Error> {
        let path = segment::path(&self.folder.wal(), number);
        let at = path.display();
        let mut damages = findings.damages;
        match findings.torn {
            Some(torn) if is_last => {
                let (offset, lost) = (torn.offset, bytes.len() as u64 - torn.offset);
                tracing::warn!(path = %at, offset, lost, what = torn.what,
                    "the log ends in a torn frame, as after a power cut; it was cut there");
                if offset == 0 {
                    self.disk.remove(&path)?;
                    self.wal.forget(number);
                } else {
                    self.disk.truncate(&path, offset)?;
                }
            }
            Some(torn) => damages.push(torn),
            None => {}
        }
        if orphans > 0 {
            let what = format!("{orphans} rows name streams whose definition was lost");
            damages.push(Damage::new(0, what));
        }
        for damage in &damages {
            self.counters.corruption();
            tracing::error!(path = %at, offset = damage.offset, what = damage.what,
                "the log is damaged; what follows was read, a copy of the file was put aside");
        }
        if !damages.is_empty() {
            replace(self.disk.as_ref(), &aside(&path), bytes)?;
        }
        Ok(())
    }
}
