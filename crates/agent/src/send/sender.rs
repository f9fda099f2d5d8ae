//! Empties the outbox, one request after the other.

use super::{Answer, Backoff, Client};
use crate::keep::{Batch, Outbox, count_lines};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tracing::{info, warn};

/// What was sent, in numbers, for whoever looks.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Lines that the server took.
    pub(crate) lines: AtomicU64,
    /// Lines in requests of which the server refused something.
    pub(crate) refused_lines: AtomicU64,
    /// Requests that failed and are tried again.
    pub(crate) failures: AtomicU64,
}

/// What a turn of sending ended with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// Nothing waits any more.
    Empty,
    /// It failed; the next turn should come after this long.
    Failed(Duration),
    /// It was told to stop.
    Stopped,
}

/// Sends what an outbox holds.
#[derive(Debug)]
pub(crate) struct Sender<'a> {
    client: Client,
    outbox: &'a Outbox,
    backoff: Backoff,
    sent: &'a Sent,
    /// A batch of which some parts may be delivered already.
    current: Option<Batch>,
    /// Why the last request failed, so that it is said once.
    failing: Option<String>,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        client: Client,
        outbox: &'a Outbox,
        backoff: Backoff,
        sent: &'a Sent,
    ) -> Self {
        Self { client, outbox, backoff, sent, current: None, failing: None }
    }

    /// Sends until nothing waits, something fails, or `stop` is set.
    pub(crate) fn turn(&mut self, stop: &AtomicBool) -> Turn {
        loop {
            let Some(mut batch) = self.current.take().or_else(|| self.outbox.take()) else {
                return Turn::Empty;
            };
            match self.send(&mut batch, stop) {
                Turn::Empty => self.outbox.delivered(batch),
                unfinished => {
                    self.outbox.give_back(&batch);
                    // Lines from the disk go on where they stopped; lines from memory are
                    // on the disk now, those that were delivered left out.
                    self.current = Some(batch).filter(Batch::is_on_disk);
                    return unfinished;
                }
            }
        }
    }

    /// Sends what is left of a batch.
    fn send(&mut self, batch: &mut Batch, stop: &AtomicBool) -> Turn {
        while let Some(part) = batch.part() {
            if stop.load(Ordering::Relaxed) {
                return Turn::Stopped;
            }
            let lines = count_lines(part) as u64;
            match self.client.send(part) {
                Answer::Taken => {
                    self.sent.lines.fetch_add(lines, Ordering::Relaxed);
                    self.succeeded();
                    batch.part_done();
                }
                Answer::Refused(why) => {
                    self.sent.refused_lines.fetch_add(lines, Ordering::Relaxed);
                    warn!(lines, %why, "the server refused lines; sending them again would not help");
                    self.succeeded();
                    batch.part_done();
                }
                Answer::TooLarge => {
                    if !batch.halve_part() {
                        self.sent.refused_lines.fetch_add(lines, Ordering::Relaxed);
                        warn!("dropped a line that is longer than the server takes");
                        batch.part_done();
                    }
                }
                Answer::Later(why, after) => return self.failed(why, after),
            }
        }
        Turn::Empty
    }

    fn succeeded(&mut self) {
        self.backoff.reset();
        if self.failing.take().is_some() {
            info!("the server answers again");
        }
    }

    fn failed(&mut self, why: String, after: Option<Duration>) -> Turn {
        self.sent.failures.fetch_add(1, Ordering::Relaxed);
        let wait = self.backoff.next_wait();
        let wait = after.map_or(wait, |after| after.max(wait));
        if self.failing.as_ref() != Some(&why) {
            warn!(why, "cannot send; lines are kept on disk until it works again");
            self.failing = Some(why);
        }
        Turn::Failed(wait)
    }
}

#[cfg(test)]
mod tests;
