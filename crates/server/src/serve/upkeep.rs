//! The store's background work, and a look at how the parts are.
//!
//! One thread flushes, at once when a full head makes writers wait. Another merges and drops
//! what is old, every few seconds, at a priority so low that it takes of a busy machine what
//! requests leave: only flushes make room for what comes in. Where the log is not synced before
//! writes are acknowledged, a third syncs it as often as it should be, whatever the others do.

use super::worker::{Bell, Worker};
use crate::error::Error;
use crate::house::{House, Rooms};
use model::Span;
use parking_lot::Mutex;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use storage::{Fsync, Stats};

/// From one round to the next, where nobody asks for one earlier.
const EVERY: Duration = Duration::from_secs(2);

/// The most often the log is synced by the clock.
const SYNC_EVERY_MIN: Duration = Duration::from_millis(1);

/// How much the merging thread steps back: a third of the time of one that does not, where
/// both have enough to do. More would let queries wait for a lock that it holds.
const NICENESS: i32 = 5;

/// A notification that is due for as long as this is in trouble: a receiver that answers
/// takes seconds.
const LATE: Span = Span::MINUTE;

/// What the threads share.
struct Upkeep {
    house: Arc<House>,
    rooms: Arc<Rooms>,
    /// Why the last flush failed, the last round of the rest, and the last sync.
    failed: Mutex<[Option<String>; 3]>,
}

/// Which of them a thread is.
#[derive(Clone, Copy)]
enum Duty {
    Flush,
    Rest,
    Sync,
}

/// Starts the threads.
///
/// # Errors
/// When the system gives no thread.
pub fn start(house: Arc<House>, rooms: Arc<Rooms>, fsync: Fsync) -> Result<Vec<Worker>, Error> {
    // What the start found is said before the first round.
    note(&house, "store", damage(&rooms.store.stats()));
    let upkeep = Arc::new(Upkeep { house, rooms, failed: Mutex::default() });
    let mut workers = Vec::new();
    let all = start_all(&upkeep, fsync, &mut workers);
    if let Err(error) = all {
        workers.into_iter().for_each(Worker::stop);
        return Err(error);
    }
    Ok(workers)
}

fn start_all(upkeep: &Arc<Upkeep>, fsync: Fsync, workers: &mut Vec<Worker>) -> Result<(), Error> {
    let (own, store) = (upkeep.clone(), upkeep.rooms.store.clone());
    let flusher = Worker::start("flush", move |bell| own.flush(bell))?;
    workers.push(flusher.woken_by(move || store.wake()));
    let (own, store) = (upkeep.clone(), upkeep.rooms.store.clone());
    let rest = Worker::start("upkeep", move |bell| own.rest(bell))?;
    workers.push(rest.woken_by(move || store.stop_merging()));
    if let Fsync::Every(span) = fsync {
        let own = upkeep.clone();
        let every = Duration::from_nanos(span.0.unsigned_abs()).max(SYNC_EVERY_MIN);
        workers.push(Worker::start("sync", move |bell| own.sync(bell, every))?);
    }
    Ok(())
}

impl Upkeep {
    /// Flushes until the bell rings.
    fn flush(&self, bell: &Bell) {
        while !bell.has_rung() {
            let done = self.rooms.store.keep_flushed(EVERY);
            // After a failure, whoever asks must not make rounds follow without a pause.
            if !self.note_done(Duty::Flush, done) && bell.sleep(EVERY) {
                break;
            }
        }
    }

    /// Does the rest until the bell rings.
    fn rest(&self, bell: &Bell) {
        // Of this thread alone: each has its own priority.
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::debug!(%error, "merges run at the same priority as requests");
        }
        while !bell.sleep(EVERY) {
            let done = self.rooms.store.maintain();
            self.note_done(Duty::Rest, done);
            note(&self.house, "alerts", lateness(&self.rooms));
        }
    }

    /// Syncs the log until the bell rings.
    fn sync(&self, bell: &Bell, every: Duration) {
        while !bell.sleep(every) {
            self.note_done(Duty::Sync, self.rooms.store.sync_log());
        }
    }

    /// Keeps in mind how work ended; answers whether it was done.
    fn note_done<T: Debug>(&self, duty: Duty, done: Result<T, storage::Error>) -> bool {
        let mut failed = self.failed.lock();
        let is_done = done.is_ok();
        failed[duty as usize] = match done {
            Ok(done) => {
                tracing::trace!(?done, "upkeep");
                None
            }
            Err(error) => {
                self.house.metrics.maintenance_failures.add(1);
                Some(error.to_string())
            }
        };
        let trouble = failed.iter().flatten().next().cloned();
        let trouble = trouble.or_else(|| damage(&self.rooms.store.stats()));
        note(&self.house, "store", trouble);
        is_done
    }
}

/// Keeps in mind how a part is. The same trouble again is no news.
fn note(house: &House, part: &'static str, trouble: Option<String>) {
    match trouble {
        Some(what) => {
            if house.note(part, Some(what.clone())) {
                tracing::error!(part, what, "in trouble");
            }
        }
        None => {
            if house.note(part, None) {
                tracing::info!(part, "works again");
            }
        }
    }
}

/// What is said of alerts that cannot be counted, or of notifications that do not go out.
fn lateness(rooms: &Rooms) -> Option<String> {
    let backlog = match rooms.alerts.stats() {
        Ok(stats) => stats.backlog,
        Err(error) => return Some(error.to_string()),
    };
    let oldest = backlog.oldest.filter(|oldest| *oldest >= LATE)?;
    let text = "notifications do not go out";
    Some(format!("{text}: {} wait, the oldest for {} s", backlog.queued, oldest.0 / Span::SECOND.0))
}

/// What is said of damage that was found and worked round, at this start or an earlier one.
fn damage(stats: &Stats) -> Option<String> {
    let Stats { corruption_found, files_aside, blocks_unread, .. } = *stats;
    (corruption_found + files_aside + blocks_unread > 0).then(|| {
        format!(
            "damaged data was found ({corruption_found} places); {files_aside} damaged files lie \
             aside in the data folder, {blocks_unread} blocks cannot be read now; everything else \
             is served"
        )
    })
}
