//! What was collected and not yet delivered, in the order of time.
//!
//! Invariants: what is in memory is newer than what is on disk, and what was lent to the
//! sender is older than what is in memory. So lines go to the disk only once something
//! could not be sent, or while older ones still wait there.

use super::buffer::Place;
use super::{Buffer, Limits};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::{error, info};

/// How much is kept in memory when the disk does not take it. Days of one host.
const MEMORY_BYTES_MAX: usize = 32 << 20;

/// Lines of one or more rounds, lent to the sender.
#[derive(Debug)]
pub(crate) struct Batch {
    body: Vec<u8>,
    /// What is still to be delivered, in parts that are sent one by one.
    parts: VecDeque<Range<usize>>,
    /// Where it ends on disk; none for lines that were in memory.
    place: Option<Place>,
}

impl Batch {
    fn new(body: Vec<u8>, place: Option<Place>, limits: Limits) -> Self {
        let parts = split(&body, limits);
        Self { body, parts, place }
    }

    /// The next part to send.
    pub(crate) fn part(&self) -> Option<&[u8]> {
        self.parts.front().map(|part| &self.body[part.clone()])
    }

    /// Notes that the next part was delivered, or given up.
    pub(crate) fn part_done(&mut self) {
        self.parts.pop_front();
    }

    /// Makes two of the next part; false where it is a single line.
    pub(crate) fn halve_part(&mut self) -> bool {
        let Some(part) = self.parts.front().cloned() else { return false };
        let lines = count_lines(&self.body[part.clone()]);
        if lines < 2 {
            return false;
        }
        self.parts.pop_front();
        let limits = Limits { lines: lines.div_ceil(2), bytes: usize::MAX };
        for half in split(&self.body[part.clone()], limits).into_iter().rev() {
            self.parts.push_front(part.start + half.start..part.start + half.end);
        }
        true
    }

    /// Whether it stands on disk, where it stays until it is delivered.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.place.is_some()
    }

    /// The lines that were not delivered.
    fn rest(&self) -> &[u8] {
        self.parts.front().map_or(b"", |part| &self.body[part.start..])
    }
}

/// Ranges of whole lines within `limits`; a single line may be longer.
fn split(body: &[u8], limits: Limits) -> VecDeque<Range<usize>> {
    let mut parts = VecDeque::new();
    let (mut start, mut end, mut lines) = (0, 0, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if end > start && (lines == limits.lines || end - start + line.len() > limits.bytes) {
            parts.push_back(start..end);
            (start, lines) = (end, 0);
        }
        end += line.len();
        lines += 1;
    }
    if end > start {
        parts.push_back(start..end);
    }
    parts
}

pub(crate) fn count_lines(lines: &[u8]) -> usize {
    lines.iter().filter(|byte| **byte == b'\n').count()
}

/// What waits, shared by the collecting and the sending thread.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    limits: Limits,
}

#[derive(Debug)]
struct State {
    /// One entry for each round.
    memory: VecDeque<Vec<u8>>,
    memory_bytes: usize,
    buffer: Buffer,
    /// Whether new lines go to the disk.
    to_disk: bool,
    /// Whether the disk refused the last attempt, so that it is said once.
    disk_failed: bool,
    /// Whether the sender holds lines that were in memory: newer ones must wait for them.
    lent: bool,
    dropped_lines: u64,
}

/// What waits, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    pub(crate) disk_bytes: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) dropped_lines: u64,
}

impl Outbox {
    pub(crate) fn new(buffer: Buffer, limits: Limits) -> Self {
        let state = State {
            memory: VecDeque::new(),
            memory_bytes: 0,
            to_disk: !buffer.is_empty(),
            buffer,
            disk_failed: false,
            lent: false,
            dropped_lines: 0,
        };
        Self { state: Mutex::new(state), limits }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No invariant is broken half way by the only panics there could be.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lines of a round.
    pub(crate) fn push(&self, lines: Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        let mut state = self.state();
        state.memory_bytes += lines.len();
        state.memory.push_back(lines);
        if state.to_disk && !state.lent {
            state.spill();
        }
        state.keep_memory_bounded();
    }

    /// Lends the oldest lines; none where nothing waits.
    pub(crate) fn take(&self) -> Option<Batch> {
        let mut state = self.state();
        let mut body = Vec::new();
        if let Some(place) = state.buffer.peek(self.limits, &mut body) {
            return Some(Batch::new(body, Some(place), self.limits));
        }
        while let Some(next) = state.memory.front() {
            if !body.is_empty() && body.len() + next.len() > self.limits.bytes {
                break;
            }
            body.extend_from_slice(next);
            state.memory_bytes -= next.len();
            state.memory.pop_front();
        }
        state.lent = !body.is_empty();
        state.lent.then(|| Batch::new(body, None, self.limits))
    }

    /// Takes a batch back of which nothing is left to send.
    pub(crate) fn delivered(&self, batch: Batch) {
        let mut state = self.state();
        match batch.place {
            None => state.lent = false,
            Some(place) => {
                if let Err(error) = state.buffer.advance(place) {
                    state.disk_trouble("note what was delivered", &error);
                }
            }
        }
        if state.to_disk && state.buffer.is_empty() && state.memory.is_empty() {
            state.to_disk = false;
            info!("everything that was kept has been sent");
        }
    }

    /// Takes a batch back that could not be sent, or not all of it.
    pub(crate) fn give_back(&self, batch: &Batch) {
        let mut state = self.state();
        state.to_disk = true;
        // Lines from the disk are still there.
        if batch.place.is_none() {
            state.lent = false;
            let rest = batch.rest().to_vec();
            if !rest.is_empty() {
                state.memory_bytes += rest.len();
                state.memory.push_front(rest);
            }
        }
        state.spill();
        state.keep_memory_bounded();
    }

    /// Puts everything on the disk, and makes sure that it is there.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.to_disk = true;
        state.spill();
        if let Err(error) = state.buffer.sync() {
            state.disk_trouble("sync buffer", &error);
        }
        let lost: usize = state.memory.iter().map(|lines| count_lines(lines)).sum();
        if lost > 0 {
            error!(lines = lost, "lost lines that the buffer did not take");
        }
    }

    pub(crate) fn waiting(&self) -> Waiting {
        let state = self.state();
        Waiting {
            disk_bytes: state.buffer.bytes(),
            memory_bytes: state.memory_bytes as u64,
            dropped_lines: state.dropped_lines + state.buffer.dropped_lines(),
        }
    }
}

impl State {
    /// Moves what is in memory to the disk, as far as the disk takes it.
    fn spill(&mut self) {
        while let Some(lines) = self.memory.front() {
            let count = u32::try_from(count_lines(lines)).unwrap_or(u32::MAX);
            if let Err(error) = self.buffer.append(lines, count) {
                self.disk_trouble("write buffer", &error);
                return;
            }
            self.disk_failed = false;
            self.memory_bytes -= lines.len();
            self.memory.pop_front();
        }
    }

    fn keep_memory_bounded(&mut self) {
        while self.memory_bytes > MEMORY_BYTES_MAX
            && let Some(oldest) = self.memory.pop_front()
        {
            self.memory_bytes -= oldest.len();
            self.dropped_lines += count_lines(&oldest) as u64;
        }
    }

    fn disk_trouble(&mut self, what: &str, error: &std::io::Error) {
        if !std::mem::replace(&mut self.disk_failed, true) {
            error!(%error, "{what}; lines are kept in memory for now");
        }
    }
}

#[cfg(test)]
mod tests;
