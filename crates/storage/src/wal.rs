//! The write-ahead log: what was acknowledged and is not yet in blocks.
//!
//! One log serves all partitions. Writers append whole frames to a batch in memory; the
//! first that waits becomes leader, writes the batch and syncs once for everyone in it,
//! while the next batch gathers. Those who do not wait are told, and one thread leads for
//! them in [`Wal::commit`]. Frames of a partition are appended under that partition's
//! lock, so that the log has the order of the head.
//!
//! Segments follow each other in runs: a run begins with each flush, at the first start and
//! after a failure, and every stream is defined in a run before its first row there. With a
//! definition in each segment, a million streams would write little else.
//!
//! Invariants: a run is read without the others, and leaves as a whole; segments are removed
//! from the oldest, each durably before the next, so that an old value is never replayed
//! over a newer one; after a failed write or sync no byte more goes to that file: the frames
//! that were not acknowledged are written to the next segment of their run, and only where
//! that fails as well does every writer of such frames get an error.

mod batch;
pub mod definition;
pub mod entry;
pub mod frame;
mod output;
pub mod replay;
pub mod salvage;
pub mod segment;

pub use batch::{Failure, Ticket};
pub use frame::FrameKind;
pub use output::Setting;

use batch::{Batch, Outcome};
use output::Open;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// From this size on, frames go to the next segment: small enough to be removed soon after
/// a flush, large enough that making files does not count.
const SEGMENT_BYTES_MAX: u64 = if cfg!(test) { 64 << 10 } else { 128 << 20 };
/// A batch's memory is kept for the next up to this size.
const SPARE_BYTES_MAX: usize = 16 << 20;
/// How many numbers are left free before a run for segments of the one before it, which is
/// over but may have frames to write: each of its batches that fails needs one. A batch is
/// under way and one is queued for each segment at most, so that this is room for many failures.
const SPARE_SEGMENTS: u64 = 15;
/// With this much waiting to be written, new bodies wait before they are taken in.
const PENDING_BYTES_MAX: usize = 64 << 20;

/// The write-ahead log.
pub struct Wal {
    setting: Setting,
    state: Mutex<State>,
    changed: Condvar,
    /// The same as in `state`, to be read without its lock.
    segment: AtomicU64,
    /// The first segment of the present run.
    run: AtomicU64,
}

struct State {
    /// Batches not yet written, the oldest first; frames are appended to the last.
    queue: VecDeque<Batch>,
    spare: Vec<u8>,
    /// The segment that frames appended now will go to.
    segment: u64,
    /// The first segments of runs that are on disk, the oldest first.
    runs: Vec<u64>,
    /// Whether some thread writes, syncs or removes files just now.
    is_led: bool,
    /// The file that is written to; none while a leader has it, and after a failure.
    open: Option<Open>,
    /// Segments on disk, the oldest first.
    files: Vec<SegmentFile>,
    /// Whether the last write failed, so that the next body first tries a new file.
    has_failed: bool,
}

/// A segment on disk.
#[derive(Clone, Copy, Debug)]
pub struct SegmentFile {
    /// Its number.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
}

impl Wal {
    /// A log that goes on after these segments, and not before the segment `first`.
    pub fn new(setting: Setting, files: Vec<SegmentFile>, first: u64) -> Self {
        let segment = files.last().map_or(1, |last| last.number + 1).max(first);
        let state = State {
            queue: VecDeque::new(),
            spare: Vec::new(),
            segment,
            runs: vec![segment],
            is_led: false,
            open: None,
            files,
            has_failed: false,
        };
        let (run, segment) = (AtomicU64::new(segment), AtomicU64::new(segment));
        Self { setting, state: Mutex::new(state), changed: Condvar::new(), segment, run }
    }

    /// The segment that frames appended now will go to.
    pub fn segment(&self) -> u64 {
        self.segment.load(Ordering::Acquire)
    }

    /// That segment, and the first of its run: what was defined since is known there.
    pub fn position(&self) -> (u64, u64) {
        // In this order: a run that begins meanwhile turns the segment away.
        let segment = self.segment();
        (segment, self.run.load(Ordering::Acquire))
    }

    /// How many bytes and files it has on disk.
    pub fn size(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.files.iter().map(|file| file.bytes).sum(), state.files.len() as u64)
    }

    /// Waits until a body may be taken in: until what waits to be written is bounded, and,
    /// after a failure, until a new file could be made.
    ///
    /// # Errors
    /// When the last write failed and no new file can be made either.
    pub fn admit(&self) -> Result<(), Failure> {
        let mut state = self.state.lock();
        while state.is_crowded() || (state.has_failed && state.is_led) {
            self.changed.wait(&mut state);
        }
        if !state.has_failed {
            return Ok(());
        }
        let number = state.segment;
        let made = self.led(&mut state, |open| self.setting.turn_to(open, number));
        match made {
            Ok(()) => {
                state.has_failed = false;
                state.note_size();
                Ok(())
            }
            Err(error) => Err(Failure::new(&error)),
        }
    }

    /// Whether a body may be taken in just now, without a look at the disk.
    pub fn has_room(&self) -> bool {
        let state = self.state.lock();
        !state.is_crowded() && !state.has_failed
    }

    /// Appends frames that were made for `segment`.
    ///
    /// # Errors
    /// The segment they must be made for, where it is another by now.
    pub fn append(&self, segment: u64, frames: &[&[u8]]) -> Result<Ticket, u64> {
        let mut state = self.state.lock();
        if state.segment != segment {
            return Err(state.segment);
        }
        if state.queue.back().is_none_or(|batch| batch.segment != segment) {
            let bytes = std::mem::take(&mut state.spare);
            state.queue.push_back(Batch { segment, bytes, outcome: Outcome::default() });
        }
        let batch = state.queue.back_mut().expect("one was pushed");
        for frame in frames {
            batch.bytes.extend_from_slice(frame);
        }
        Ok(Ticket(batch.outcome.clone()))
    }

    /// Returns when what the ticket stands for is as durable as the options ask for.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn wait(&self, ticket: &Ticket) -> Result<(), Failure> {
        let mut state = self.state.lock();
        loop {
            if let Some(outcome) = ticket.0.get() {
                return outcome.clone();
            }
            if state.is_led {
                self.changed.wait(&mut state);
            } else {
                self.lead(&mut state);
            }
        }
    }

    /// Returns when nobody listens any more: what they wait for is as durable as the options
    /// ask for, or could not be written.
    pub fn commit(&self) {
        let mut state = self.state.lock();
        while state.queue.iter().any(|batch| batch.outcome.has_listeners()) {
            if state.is_led {
                self.changed.wait(&mut state);
            } else {
                self.lead(&mut state);
            }
        }
    }

    /// Begins a run, so that the segments so far can be removed.
    pub fn rotate(&self) {
        let mut state = self.state.lock();
        let current = state.segment;
        let is_used = state.is_led
            || state.files.last().is_some_and(|file| file.number == current)
            || state.queue.iter().any(|batch| batch.segment == current);
        // Nobody may find a run's definitions in the segment before its first.
        if is_used || state.runs.last() != Some(&current) {
            self.begin_run(&mut state);
        }
    }

    /// Syncs what was acknowledged before it was synced, unless nobody ever wants it synced.
    ///
    /// # Errors
    /// When that failed.
    pub fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        self.wait_for_leader(&mut state);
        let synced = self.led(&mut state, |open| match open {
            Some(open) if self.setting.is_behind(open) => self.setting.sync(open),
            _ => Ok(()),
        });
        if synced.is_err() {
            self.abandon(&mut state);
        }
        synced
    }

    /// Removes the segments before `keep`, which hold only what is in blocks.
    ///
    /// # Errors
    /// When one cannot be removed; later ones then stay too.
    pub fn remove_before(&self, keep: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        self.wait_for_leader(&mut state);
        let queued = state.queue.front().map_or(u64::MAX, |batch| batch.segment);
        let keep = keep.min(state.segment).min(queued);
        let run = state.runs.iter().rfind(|run| **run <= keep).copied();
        // Segments of an earlier start are one run before all of these.
        let keep = run.unwrap_or(0);
        state.runs.retain(|run| *run >= keep);
        let count = state.files.iter().take_while(|file| file.number < keep).count();
        let doomed: Vec<_> = state.files[..count].iter().map(|file| file.number).collect();
        if state.open.as_ref().is_some_and(|open| open.number < keep) {
            state.open = None;
        }
        // Giving back the space of a large file takes a while, in which bodies go on; nobody
        // else has to do with these files any more.
        let mut removed = 0;
        let outcome = MutexGuard::unlocked(&mut state, || {
            doomed.iter().try_for_each(|number| {
                self.setting.remove(*number)?;
                removed += 1;
                Ok(())
            })
        });
        state.files.drain(..removed);
        outcome
    }

    /// Forgets a segment whose file was removed because nothing of it could be read.
    pub fn forget(&self, number: u64) {
        self.state.lock().files.retain(|file| file.number != number);
    }

    /// Writes what is waiting and removes every segment: all of it is in blocks.
    ///
    /// # Errors
    /// When something cannot be written or removed.
    pub fn close(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        while state.is_led || !state.queue.is_empty() {
            if state.is_led {
                self.changed.wait(&mut state);
            } else {
                self.lead(&mut state);
            }
        }
        self.begin_run(&mut state);
        drop(state);
        self.remove_before(u64::MAX)
    }

    /// Writes the oldest batch, as the leader.
    fn lead(&self, state: &mut MutexGuard<'_, State>) {
        let Some(mut batch) = state.queue.pop_front() else { return };
        let mut written = self.write(state, &batch);
        if let Err(error) = &written
            && let Some(next) = self.turn_away(state, batch.segment)
        {
            tracing::error!(segment = batch.segment, next, %error,
                "write to the log failed; what was not acknowledged is written to the next segment");
            batch.segment = next;
            written = self.write(state, &batch);
        }
        let listeners = match written {
            Ok(()) => {
                state.note_size();
                if batch.bytes.capacity() <= SPARE_BYTES_MAX {
                    batch.bytes.clear();
                    state.spare = batch.bytes;
                }
                let is_full =
                    state.open.as_ref().is_some_and(|open| open.bytes >= SEGMENT_BYTES_MAX);
                if is_full && state.segment == batch.segment {
                    self.go_to(state, batch.segment + 1);
                }
                batch.outcome.set(Ok(()))
            }
            Err(error) => {
                let failure = Failure::new(&error);
                tracing::error!(segment = batch.segment, %error,
                    "write to the log failed; what was not acknowledged is refused");
                self.abandon(state);
                let queued = state.queue.drain(..).map(|queued| queued.outcome);
                let outcomes = std::iter::once(batch.outcome).chain(queued);
                outcomes.flat_map(|outcome| outcome.set(Err(failure.clone()))).collect()
            }
        };
        self.changed.notify_all();
        // Telling them takes time, and they may come back with more.
        MutexGuard::unlocked(state, || listeners.into_iter().for_each(|listener| listener()));
    }

    fn write(&self, state: &mut MutexGuard<'_, State>, batch: &Batch) -> io::Result<()> {
        self.led(state, |open| self.setting.write(open, batch.segment, &batch.bytes))
    }

    /// Turns away from a segment that could not be written, to the next of its run: what was
    /// meant for the one goes to the other. None where no number is left for it.
    fn turn_away(&self, state: &mut State, failed: u64) -> Option<u64> {
        state.note_size();
        state.open = None;
        let next = failed + 1;
        if state.runs.contains(&next) {
            return None;
        }
        for queued in state.queue.iter_mut().filter(|queued| queued.segment == failed) {
            queued.segment = next;
        }
        if state.segment == failed {
            self.go_to(state, next);
        }
        Some(next)
    }

    /// Runs `work` with the open file and without the lock, as the only one who does.
    fn led<T>(
        &self,
        state: &mut MutexGuard<'_, State>,
        work: impl FnOnce(&mut Option<Open>) -> T,
    ) -> T {
        debug_assert!(!state.is_led, "there is one leader at a time");
        state.is_led = true;
        let mut open = state.open.take();
        let done = MutexGuard::unlocked(state, || work(&mut open));
        state.open = open;
        state.is_led = false;
        self.changed.notify_all();
        done
    }

    fn wait_for_leader(&self, state: &mut MutexGuard<'_, State>) {
        while state.is_led {
            self.changed.wait(state);
        }
    }

    fn begin_run(&self, state: &mut State) {
        let run = state.segment + SPARE_SEGMENTS + 1;
        state.runs.push(run);
        // Before the segment, see `position`.
        self.run.store(run, Ordering::Release);
        self.go_to(state, run);
    }

    /// Lets frames that are appended from now on go to another segment.
    fn go_to(&self, state: &mut State, segment: u64) {
        state.segment = segment;
        self.segment.store(segment, Ordering::Release);
    }

    /// Turns away from the open file, which cannot be trusted after a failure.
    fn abandon(&self, state: &mut State) {
        state.note_size();
        state.open = None;
        state.has_failed = true;
        self.begin_run(state);
    }
}

impl State {
    /// Whether too much waits to be written.
    fn is_crowded(&self) -> bool {
        self.queue.iter().map(|batch| batch.bytes.len()).sum::<usize>() > PENDING_BYTES_MAX
    }

    /// Brings the list of files up to date with the open one.
    fn note_size(&mut self) {
        let Some(open) = &self.open else { return };
        match self.files.last_mut().filter(|file| file.number == open.number) {
            Some(file) => file.bytes = open.bytes,
            None => self.files.push(SegmentFile { number: open.number, bytes: open.bytes }),
        }
    }
}

#[cfg(test)]
mod tests;
