//! From the log back to the head, at the start.

mod meanings;

use super::Store;
use super::flush::Cores;
use crate::disk::{read_all, replace};
use crate::error::{Damage, Error};
use crate::gap;
use crate::head::{Partition, Regain};
use crate::identity::{self, PolicyName};
use crate::wal::definition;
use crate::wal::frame::Frame;
use crate::wal::replay::{self, Findings};
use crate::wal::salvage::Salvaged;
use crate::wal::{FrameKind, SegmentFile, Setting, frame, segment};
use meanings::{Meaning, Meanings, Restore, Waiting};
use model::{Span, Timestamp};

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
            let orphans = meanings.iter_mut().map(Meanings::take_lost).sum();
            // What is lost came before now and is of a time before, as what is not lost is.
            let latest = meanings.iter().filter_map(Meanings::latest).max();
            let until = latest.max(Some(start)).unwrap_or(start);
            self.settle(findings, orphans, (file.number, &salvaged), until, is_last)?;
            let rows = meanings.iter_mut().map(Meanings::take_rows).sum();
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
        self.flush_partitions(&mut self.flushing.lock(), Cores::All).map(drop)
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
        if meanings.is_of_another(frame.run) {
            self.give_up(partition, meanings);
            meanings.enter(frame.run);
        }
        if frame.kind == FrameKind::Rows {
            return self.restore(partition, segment, frame.payload, meanings);
        }
        let mut done = self.learn(&frame, partition, meanings);
        for Waiting { segment, rows } in meanings.take_due() {
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
        for Waiting { segment, rows } in meanings.begin_giving_up() {
            if let Err(damage) = self.restore(partition, segment, &rows, meanings) {
                tracing::error!(segment, what = damage.what, "a row of the log was lost");
                meanings.lose();
            }
        }
    }

    /// Reads the definitions of a frame.
    fn learn(
        &self,
        frame: &Frame<'_>,
        partition: &Partition,
        meanings: &mut Meanings,
    ) -> Result<(), Damage> {
        let mut regain = Regain::new(&self.head, partition);
        let mut scratch = Vec::new();
        let mut policy: Option<PolicyName> = None;
        let mut second = meanings.second_copies();
        definition::read_all(frame.payload, |definition| {
            let slot = definition.slot;
            let hash = identity::hash(&mut scratch, definition.measurement, definition.pairs);
            if second.has(definition, hash) {
                return;
            }
            if policy.as_ref().is_none_or(|known| known.id != definition.policy) {
                policy = self.policy_name(definition.policy);
            }
            let meaning = match &policy {
                // Slots of another partition are of other streams: its rows wait in vain.
                _ if self.head.partition_of(hash) != frame.partition => return,
                Some(policy) => Meaning::of(regain.stream(policy, hash, definition), definition),
                None => Meaning::Dropped,
            };
            second.note(definition, hash);
            meanings.learn(slot, meaning);
        })?;
        meanings.defined_last(second);
        Ok(())
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
