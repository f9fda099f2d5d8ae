//! From the log back to the head, at the start.

use super::Store;
use crate::disk::{read_all, replace};
use crate::error::{Damage, Error};
use crate::gap;
use crate::head::Partition;
use crate::shape::ColumnDef;
use crate::wal::definition::{self, Definition};
use crate::wal::entry::{self, Entry};
use crate::wal::frame::Frame;
use crate::wal::replay::{self, Findings};
use crate::wal::salvage::Salvaged;
use crate::wal::{FrameKind, SegmentFile, Setting, frame, segment};
use codec::cursor::Cursor;
use hashbrown::HashMap;
use model::{Span, Timestamp, ValueRef};
use std::convert::Infallible;
use std::sync::Arc;

/// The segments of the log, the oldest first.
/// Those before `log_from` hold nothing that is not in blocks, but may hold what was deleted
/// there since: they are removed.
pub(super) fn segments(setting: &Setting, log_from: u64) -> Result<Vec<SegmentFile>, Error> {
    let listed = setting.disk.list(&setting.folder)?;
    let segment = |entry: &crate::disk::Entry| {
        let number = segment::number(&entry.name)?;
        Some(SegmentFile { number, bytes: entry.bytes })
    };
    let mut files: Vec<SegmentFile> = listed.iter().filter_map(segment).collect();
    for old in files.extract_if(.., |file| file.number < log_from) {
        setting.disk.remove(&segment::path(&setting.folder, old.number))?;
    }
    Ok(files)
}

/// After so long, a start says how far it is.
const QUIET: Span = Span::SECOND;

/// What the rows of one partition mean.
#[derive(Default)]
struct Meanings {
    /// The run they are of: slots mean other streams in another.
    run: u32,
    /// By the upper bits of slots and then by the lower: streams that lie together in the
    /// log are looked up together.
    streams: HashMap<u32, Box<[Meaning]>>,
    /// Rows whose definition is missing, by slot, and those after them: a second copy of it may
    /// follow.
    waiting: HashMap<u32, Waiting>,
    rows: u64,
    /// The latest row.
    latest: Option<Timestamp>,
    /// Rows whose definition was lost.
    orphans: u64,
    /// Whether rows whose definition is missing are lost.
    is_vain: bool,
}

/// How many slots of [`Meanings`] lie together.
const SLOTS_TOGETHER: u32 = 1024;

/// What a slot of the log means now.
#[derive(Clone, Default)]
enum Meaning {
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
struct Moved {
    slot: u32,
    /// The columns as rows of this run call them, and where they are now.
    columns: Arc<[ColumnDef]>,
    ordinals: Vec<Option<u32>>,
}

/// Rows of one slot that wait, as they stand in the log.
struct Waiting {
    /// Where the first of them is.
    segment: u64,
    rows: Vec<u8>,
}

/// What takes in a row of a stream whose definition has so many columns; it answers whether
/// the row has no others.
type Restore<'a> = dyn FnMut(&Entry<'_>, usize) -> Result<bool, Damage> + 'a;

/// A frame and where it stands.
struct Framed<'a> {
    offset: u64,
    frame: Frame<'a>,
}

impl Store {
    /// Replays segments, the oldest first, and the partitions of each on all cores.
    pub(super) fn replay(&self, segments: &[SegmentFile]) -> Result<(), Error> {
        let start = self.clock.now();
        let all: u64 = segments.iter().map(|file| file.bytes).sum();
        let mut meanings: Vec<Meanings> = Vec::new();
        meanings.resize_with(self.head.partitions().len(), Meanings::default);
        let (mut done, mut salvaged) = (0, Salvaged::default());
        for (index, file) in segments.iter().enumerate() {
            let path = segment::path(&self.folder.wal(), file.number);
            salvaged.read(self.disk.as_ref(), &path)?;
            let mut frames = Vec::new();
            let mut findings =
                replay::read(&salvaged.bytes, file.number, &path, |offset, frame| {
                    frames.push(Framed { offset, frame });
                })?;
            findings.damages.extend_from_slice(&salvaged.unread);
            findings.damages.extend(self.replay_frames(&frames, file.number, &mut meanings));
            findings.damages.sort_by_key(|damage| damage.offset);
            let is_last = index + 1 == segments.len();
            if is_last {
                for (partition, own) in self.head.partitions().iter().zip(&mut meanings) {
                    self.give_up(partition, own);
                }
            }
            let orphans = meanings.iter_mut().map(|m| std::mem::take(&mut m.orphans)).sum();
            // What is lost came before now and is of a time before, as what is not lost is.
            let latest = meanings.iter().filter_map(|m| m.latest).max();
            let until = latest.max(Some(start)).unwrap_or(start);
            self.settle(findings, orphans, (file.number, &salvaged), until, is_last)?;
            let rows = meanings.iter_mut().map(|m| std::mem::take(&mut m.rows)).sum();
            self.counters.replayed(rows);
            if self.head.bytes() >= self.options.head_bytes_max {
                self.flush_replayed()?;
            }
            done += file.bytes;
            let took = self.clock.now() - start;
            if took >= QUIET {
                tracing::info!(bytes = done, of = all, %took, "reading the log back");
            }
        }
        Ok(())
    }

    /// Makes room while the log is replayed. Its files stay: replaying them once more would
    /// only write the same again.
    fn flush_replayed(&self) -> Result<(), Error> {
        self.flush_partitions(&mut self.flushing.lock()).map(drop)
    }

    /// Replays the frames of a segment: the partitions on all cores, each in its order.
    fn replay_frames(
        &self,
        frames: &[Framed<'_>],
        segment: u64,
        meanings: &mut [Meanings],
    ) -> Vec<Damage> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let mut shares: Vec<Vec<(u16, &mut Meanings)>> = Vec::new();
        shares.resize_with(threads.min(meanings.len()), Vec::new);
        let count = shares.len();
        for (partition, own) in (0..).zip(meanings) {
            shares[usize::from(partition) % count].push((partition, own));
        }
        let unknown = frames.iter().filter(|framed| self.partition(&framed.frame).is_none());
        let mut damages: Vec<Damage> = unknown
            .map(|framed| Damage::new(framed.offset, "a frame is of a partition that is none"))
            .collect();
        std::thread::scope(|scope| {
            let run = |share| scope.spawn(move || self.replay_share(share, frames, segment));
            let running: Vec<_> = shares.into_iter().map(run).collect();
            for thread in running {
                damages.extend(thread.join().expect("replay does not panic"));
            }
        });
        damages
    }

    /// Replays those frames of a segment that are of some partitions.
    fn replay_share(
        &self,
        share: Vec<(u16, &mut Meanings)>,
        frames: &[Framed<'_>],
        segment: u64,
    ) -> Vec<Damage> {
        let mut damages = Vec::new();
        for (partition, meanings) in share {
            for framed in frames.iter().filter(|framed| framed.frame.partition == partition) {
                let done = self.replay_frame(framed.frame, segment, meanings);
                damages.extend(done.err().map(|damage| {
                    let start = framed.offset + frame::HEADER_BYTES as u64;
                    Damage { offset: start + damage.offset, ..damage }
                }));
            }
        }
        damages
    }

    fn partition(&self, frame: &Frame<'_>) -> Option<&Partition> {
        self.head.partitions().get(usize::from(frame.partition))
    }

    fn replay_frame(
        &self,
        frame: Frame<'_>,
        segment: u64,
        meanings: &mut Meanings,
    ) -> Result<(), Damage> {
        let Some(partition) = self.partition(&frame) else { return Ok(()) };
        if meanings.run != frame.run {
            self.give_up(partition, meanings);
            // Slots mean other streams in another run.
            meanings.run = frame.run;
            meanings.streams.clear();
        }
        if frame.kind == FrameKind::Rows {
            return self.restore(partition, segment, frame.payload, meanings);
        }
        let mut found = Vec::new();
        let mut done = definition::read_all(frame.payload, |definition| {
            found.push(definition.slot);
            meanings.learn(definition.slot, self.meaning(&definition));
        });
        for slot in found {
            let Some(Waiting { segment, rows }) = meanings.waiting.remove(&slot) else { continue };
            done = done.and(self.restore(partition, segment, &rows, meanings));
        }
        done
    }

    fn restore(
        &self,
        partition: &Partition,
        segment: u64,
        rows: &[u8],
        meanings: &mut Meanings,
    ) -> Result<(), Damage> {
        let now = self.clock.now();
        let take_in = |restore: &mut Restore<'_>| meanings.restore_all(rows, segment, restore);
        let (grown, done) = partition.restore(segment, now, take_in);
        self.head.grew(grown);
        done
    }

    /// Takes in what may be taken in of rows that waited for a definition in vain.
    fn give_up(&self, partition: &Partition, meanings: &mut Meanings) {
        meanings.is_vain = true;
        for (_, Waiting { segment, rows }) in std::mem::take(&mut meanings.waiting) {
            if let Err(damage) = self.restore(partition, segment, &rows, meanings) {
                tracing::error!(segment, what = damage.what, "a row of the log was lost");
                meanings.orphans += 1;
            }
        }
        meanings.is_vain = false;
    }

    fn meaning(&self, definition: &Definition<'_>) -> Meaning {
        let Some(name) = self.policy_name(definition.policy) else { return Meaning::Dropped };
        let allow = |_| Ok::<(), Infallible>(());
        let Ok(place) = self.head.place(&name, &definition.measurement, &definition.pairs, allow);
        let ordinals = self.head.regain(place, &definition.columns);
        if (0..).zip(&ordinals).all(|(place, now)| *now == Some(place)) {
            return Meaning::At(place.slot, ordinals.len() as u16);
        }
        let (slot, columns) = (place.slot, definition.columns.clone());
        Meaning::Moved(Box::new(Moved { slot, columns, ordinals }))
    }

    /// Says what was found, cuts a torn tail, and keeps a copy of what is damaged.
    fn settle(
        &self,
        findings: Findings,
        orphans: u64,
        (number, segment): (u64, &Salvaged),
        until: Timestamp,
        is_last: bool,
    ) -> Result<(), Error> {
        let path = segment::path(&self.folder.wal(), number);
        let at = path.display();
        let mut damages = findings.damages;
        match findings.torn {
            // What cannot be read looks like zeros, and may be read the next time.
            Some(torn) if is_last && findings.is_cut_short && segment.unread.is_empty() => {
                let (offset, lost) = (torn.offset, segment.bytes.len() as u64 - torn.offset);
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
        if damages.is_empty() { Ok(()) } else { self.keep_segment(number, segment, until) }
    }

    /// Keeps a copy of a damaged segment aside, unless an earlier start did. Of one that cannot
    /// be read as a whole the file itself is kept, by a second name: its bytes may be read
    /// another day, or by other means.
    fn keep_segment(&self, number: u64, segment: &Salvaged, until: Timestamp) -> Result<(), Error> {
        let (disk, folder) = (self.disk.as_ref(), self.folder.wal());
        let (bytes, is_whole) = (&segment.bytes, segment.unread.is_empty());
        for entry in disk.list(&folder)? {
            let is_same =
                || read_all(disk, &folder.join(&entry.name)).is_ok_and(|kept| kept == *bytes);
            let is_kept = gap::is_segment_aside(&entry.name, number)
                && entry.bytes == bytes.len() as u64
                && (!is_whole || is_same());
            if is_kept {
                return Ok(());
            }
        }
        let aside = gap::segment_aside(&folder, number, until);
        if !is_whole && disk.link(&segment::path(&folder, number), &aside).is_ok() {
            return Ok(disk.sync_dir(&folder)?);
        }
        Ok(replace(disk, &aside, bytes)?)
    }
}

impl Meanings {
    fn learn(&mut self, slot: u32, meaning: Meaning) {
        let together = self.streams.entry(slot / SLOTS_TOGETHER);
        let unknown = || vec![Meaning::Unknown; SLOTS_TOGETHER as usize].into();
        together.or_insert_with(unknown)[(slot % SLOTS_TOGETHER) as usize] = meaning;
    }

    /// Hands every row to `restore`, as it is now: its slot may be another than when it was
    /// written, and where its columns stand in another order, it is written again in that. One
    /// with a column that its definition lacks waits for another definition, as nobody knows
    /// which column is meant; so do those after it, as the last one of a time counts. A damaged
    /// row costs no other.
    fn restore_all(
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
            let together = self.streams.get(&(entry.slot / SLOTS_TOGETHER));
            let meaning = together.map(|known| &known[(entry.slot % SLOTS_TOGETHER) as usize]);
            let is_behind = !self.waiting.is_empty() && self.waiting.contains_key(&entry.slot);
            let taken_in = match meaning {
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
