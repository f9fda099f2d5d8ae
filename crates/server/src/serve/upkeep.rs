//! The store's background work (flushes, merges, retention) and a look at how the parts
//! are, a round every few seconds, and at once when a full head makes writers wait.

use super::worker::Worker;
use crate::error::Error;
use crate::house::{House, Rooms};
use model::Span;
use std::sync::Arc;
use std::time::Duration;
use storage::Stats;

/// From one round to the next, where nobody asks for one earlier.
const EVERY: Duration = Duration::from_secs(2);

/// A notification that is due for as long as this is in trouble: a receiver that answers
/// takes seconds.
const LATE: Span = Span::MINUTE;

/// Starts the thread.
///
/// # Errors
/// When the system gives no thread.
pub fn start(house: Arc<House>, rooms: Arc<Rooms>) -> Result<Worker, Error> {
    // What the start found is said before the first round.
    note(&house, "store", damage(&rooms.store.stats()));
    let store = rooms.store.clone();
    let worker = Worker::start("upkeep", move |bell| {
        while !bell.has_rung() {
            rooms.store.wait_for_work(EVERY);
            // After a failure, whoever asks must not make rounds follow without a pause.
            if bell.has_rung() || (!round(&house, &rooms) && bell.sleep(EVERY)) {
                break;
            }
        }
    })?;
    Ok(worker.woken_by(move || store.wake()))
}

/// One round; answers whether the store did its work.
fn round(house: &House, rooms: &Rooms) -> bool {
    let done = rooms.store.maintain();
    let trouble = match &done {
        Ok(done) => {
            tracing::debug!(?done, "upkeep");
            damage(&rooms.store.stats())
        }
        Err(error) => {
            house.metrics.maintenance_failures.add(1);
            Some(error.to_string())
        }
    };
    note(house, "store", trouble);
    note(house, "alerts", lateness(rooms));
    done.is_ok()
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
