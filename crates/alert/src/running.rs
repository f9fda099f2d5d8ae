//! The threads: one that ticks, and one for each channel, so that a slow receiver holds
//! up nobody but itself. A bell wakes them at once; without one they look again anyway.

use crate::Error;
use crate::service::{Inner, Service};
use model::{Span, Timestamp};
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a delivery thread sleeps at most: another process may have put something into
/// the outbox.
const IDLE_MAX: Span = Span::from_secs(5);
/// How long a thread waits after the store has failed it.
const AFTER_FAILURE: Span = Span::SECOND;
/// How often [`Running::stop`] looks whether the threads have ended.
const JOIN_POLL: Duration = Duration::from_millis(5);

/// Something to wait for. Whoever counts first and waits for a change misses no ring.
#[derive(Default)]
pub(crate) struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl Bell {
    /// Wakes everyone.
    pub fn ring(&self) {
        *self.rings.lock() += 1;
        self.rung.notify_all();
    }

    /// How often it has rung.
    pub fn count(&self) -> u64 {
        *self.rings.lock()
    }

    /// Waits until it has rung more often than `seen`, or for `longest`.
    pub fn wait(&self, seen: u64, longest: Span) {
        let mut rings = self.rings.lock();
        if *rings == seen {
            self.rung.wait_for(&mut rings, longest.to_std());
        }
    }
}

/// Threads that tick and deliver. Dropped without [`Running::stop`], they end by themselves
/// soon after.
pub struct Running {
    service: Service,
    stopping: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(service: &Service) -> Result<Self, Error> {
        let stopping = Arc::new(AtomicBool::new(false));
        let mut running = Self { service: service.clone(), stopping, threads: Vec::new() };
        running.spawn("alert-tick".to_owned(), tick_loop)?;
        running.spawn("alert-absent".to_owned(), absent_loop)?;
        for channel in service.inner.channel_names() {
            let name = format!("alert-{channel}");
            running.spawn(name, move |inner, stopping| delivery_loop(inner, &channel, stopping))?;
        }
        Ok(running)
    }

    fn spawn(
        &mut self,
        name: String,
        work: impl FnOnce(&Inner, &AtomicBool) + Send + 'static,
    ) -> Result<(), Error> {
        let (inner, stopping) = (self.service.inner.clone(), self.stopping.clone());
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || work(&inner, &stopping))
            .map_err(|source| Error::Thread { name, source })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Ends the threads: what is being sent is finished and marked, nothing else is begun.
    /// Says whether all ended within `deadline`; one that did not leaves its claim to the
    /// next start, which sends it again.
    #[must_use]
    pub fn stop(mut self, deadline: Duration) -> bool {
        self.tell();
        let until = Instant::now() + deadline;
        let threads = std::mem::take(&mut self.threads);
        while threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            std::thread::sleep(JOIN_POLL);
        }
        let ended = threads.iter().all(JoinHandle::is_finished);
        for thread in threads.into_iter().filter(JoinHandle::is_finished) {
            // A panic was logged where it was caught.
            drop(thread.join());
        }
        if ended && let Err(error) = self.service.inner.checkpoint() {
            // The next start reads a little more again.
            tracing::warn!(%error, "alert checkpoint at stop");
        }
        ended
    }

    fn tell(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.service.inner.rules_bell.ring();
        self.service.inner.outbox_bell.ring();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tell();
    }
}

/// Runs `work`; a panic is an error of this round, never the end of alerting.
fn guarded(doing: &str, work: impl FnOnce() -> Result<(), Error>) -> bool {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "{doing}");
            false
        }
        Err(_) => {
            tracing::error!("{doing}: panicked; going on with the next round");
            false
        }
    }
}

fn tick_loop(inner: &Inner, stopping: &AtomicBool) {
    let is_stopping = || stopping.load(Ordering::SeqCst);
    loop {
        // Counted before looking, so that the ring of a stop is not slept through.
        let seen = inner.rules_bell.count();
        if is_stopping() {
            return;
        }
        let begun = Instant::now();
        if !guarded("judge alerts", || inner.tick(inner.now()).map(drop)) {
            inner.counters.note(|stats| stats.tick_errors += 1);
        }
        let rest = inner.interval().to_std().saturating_sub(begun.elapsed());
        inner.rules_bell.wait(seen, Span::from(rest));
    }
}

fn delivery_loop(inner: &Inner, channel: &str, stopping: &AtomicBool) {
    let is_stopping = || stopping.load(Ordering::SeqCst);
    loop {
        // Counted before looking, so that the ring of a stop is not slept through.
        let seen = inner.outbox_bell.count();
        if is_stopping() {
            return;
        }
        let mut next = None;
        let fine = guarded("deliver alerts", || {
            inner.with_post(&|| inner.now(), &is_stopping, |post| {
                if post.deliver(channel)?.failed > 0 {
                    // A fallback may be for another thread.
                    inner.outbox_bell.ring();
                }
                next = post.next_due(channel)?;
                Ok(())
            })
        });
        if !fine {
            inner.counters.note(|stats| stats.delivery_errors += 1);
            std::thread::sleep(AFTER_FAILURE.to_std());
            continue;
        }
        inner.outbox_bell.wait(seen, wait_until(next, inner.now()));
    }
}

/// Channels that left the configuration have one thread together: what is for them is kept
/// and retried, and critical triggers are handed on.
fn absent_loop(inner: &Inner, stopping: &AtomicBool) {
    let is_stopping = || stopping.load(Ordering::SeqCst);
    let is_absent = |channel: &str| !inner.is_configured(channel);
    loop {
        // Counted before looking, so that the ring of a stop is not slept through.
        let seen = inner.outbox_bell.count();
        if is_stopping() {
            return;
        }
        let fine = guarded("deliver to channels that are not configured", || {
            let report = inner.deliver_all(&|| inner.now(), &is_stopping, is_absent)?;
            if report.retried + report.failed > 0 {
                // What was handed on is for another thread.
                inner.outbox_bell.ring();
            }
            Ok(())
        });
        if !fine {
            inner.counters.note(|stats| stats.delivery_errors += 1);
        }
        inner.outbox_bell.wait(seen, IDLE_MAX);
    }
}

fn wait_until(next: Option<Timestamp>, now: Timestamp) -> Span {
    let wait = next.map_or(IDLE_MAX, |next| next - now);
    // Never nothing: what is due and was not claimed is claimed by somebody else.
    wait.clamp(Span::from_millis(50), IDLE_MAX)
}
