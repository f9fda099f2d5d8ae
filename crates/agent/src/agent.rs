//! `barograph agent`: collect on the tick, send, keep what cannot be sent.
//!
//! Two threads: one collects, and never waits for the network; the other sends. They share
//! the [`Outbox`] and nothing else.

use crate::keep::{Buffer, Limits, Outbox};
use crate::send::{Backoff, Client, Sender, Sent, Turn};
use crate::{AgentConfig, CollectReport, Collector, Error, Roots, jitter, next_tick};
use model::port::{Clock, SystemClock};
use model::{Span, Timestamp};
use protocol::line::Encoder;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tracing::{info, warn};

/// How long `stop` may go unseen.
const NAP: Duration = Duration::from_millis(50);

/// The measurement of the agent's own figures.
const OWN_MEASUREMENT: &str = "barograph_agent";

/// An agent that is ready to run.
#[derive(Debug)]
pub struct Agent {
    config: AgentConfig,
    host: String,
    collector: Collector,
    outbox: Outbox,
    backoff: Backoff,
}

impl Agent {
    /// An agent of this host. Opens its buffer, and with it takes up what an earlier run
    /// could not send.
    ///
    /// # Errors
    /// When a setting cannot work, or the folder of the buffer cannot be used.
    pub fn new(config: AgentConfig) -> Result<Self, Error> {
        Self::with_roots(config, Roots::default())
    }

    /// An agent that reads its host from `roots`.
    ///
    /// # Errors
    /// As [`Agent::new`].
    pub fn with_roots(config: AgentConfig, roots: Roots) -> Result<Self, Error> {
        config.check()?;
        let host = config.host_name();
        let buffer = Buffer::open(&config.buffer_dir, config.buffer_bytes_max)?;
        let bytes = usize::try_from(config.batch_bytes_max).unwrap_or(usize::MAX);
        let outbox = Outbox::new(buffer, Limits { lines: config.batch_lines_max, bytes });
        let collector = Collector::new(host.clone(), roots).with_tags(config.tags.clone());
        // Any number does that differs from host to host and from start to start.
        let seed = SystemClock.now().0 as u64 ^ jitter(&host, Span::HOUR).0 as u64;
        Ok(Self { config, host, collector, outbox, backoff: Backoff::new(seed) })
    }

    /// Runs until `stop` is set; what was collected and not sent is on disk then.
    ///
    /// # Errors
    /// None at present: what goes wrong while it runs is logged and tried again.
    pub fn run(self, stop: &AtomicBool) -> Result<(), Error> {
        let Self { config, host, mut collector, outbox, backoff } = self;
        info!(url = config.url, host, interval = %config.interval, "agent started");
        let sent = Sent::default();
        let jitter = jitter(&host, config.interval);
        let mut sender = Sender::new(Client::new(&config), &outbox, backoff, &sent);
        thread::scope(|scope| {
            scope.spawn(|| send(&mut sender, config.interval, jitter, stop));
            collect(&mut collector, &outbox, &sent, config.interval, stop);
        });
        outbox.close();
        info!("agent stopped");
        Ok(())
    }
}

/// Collects on every tick.
fn collect(
    collector: &mut Collector,
    outbox: &Outbox,
    sent: &Sent,
    interval: Span,
    stop: &AtomicBool,
) {
    // The first reading primes what is a difference of two, so that the first tick has all.
    tell(collector.collect(SystemClock.now(), &mut Vec::new()));
    while let Some(tick) = wait_for_tick(interval, Span::ZERO, stop) {
        let mut lines = Vec::new();
        tell(collector.collect(tick, &mut lines));
        own_figures(collector, outbox, sent, tick, &mut lines);
        outbox.push(lines);
    }
}

fn tell(report: CollectReport) {
    for problem in report.problems {
        warn!(%problem, "a part of this host is not collected");
    }
}

/// Appends what the agent knows of itself.
fn own_figures(
    collector: &Collector,
    outbox: &Outbox,
    sent: &Sent,
    now: Timestamp,
    lines: &mut Vec<u8>,
) {
    let waiting = outbox.waiting();
    let mut encoder = Encoder::new(lines);
    let mut point = encoder.point(OWN_MEASUREMENT);
    for (name, value) in collector.tags() {
        point = point.tag(name, value);
    }
    let mut fields = point.fields();
    fields.count("lines_sent", sent.lines.load(Ordering::Relaxed));
    fields.count("lines_refused", sent.refused_lines.load(Ordering::Relaxed));
    fields.count("lines_dropped", waiting.dropped_lines);
    fields.count("send_failures", sent.failures.load(Ordering::Relaxed));
    fields.count("buffer_disk_bytes", waiting.disk_bytes);
    fields.count("buffer_memory_bytes", waiting.memory_bytes);
    fields.end(Some(now));
}

/// Sends a little after every tick, and after a failure as soon as the wait is over.
fn send(sender: &mut Sender<'_>, interval: Span, jitter: Span, stop: &AtomicBool) {
    while wait_for_tick(interval, jitter, stop).is_some() {
        while let Turn::Failed(wait) = sender.turn(stop) {
            if !nap(wait, stop) {
                break;
            }
        }
    }
}

/// Waits for the next tick and gives it; `None` when it is time to stop.
fn wait_for_tick(interval: Span, jitter: Span, stop: &AtomicBool) -> Option<Timestamp> {
    let mut tick = next_tick(SystemClock.now(), interval, jitter);
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let now = SystemClock.now();
        if now >= tick {
            // After a suspension, or a clock that was set, only the latest tick counts.
            return Some(next_tick(now, interval, jitter) - interval);
        }
        // The clock was set back: the tick is further away than any tick is.
        if tick - now > interval {
            tick = next_tick(now, interval, jitter);
        }
        thread::sleep((tick - now).to_std().min(NAP));
    }
}

/// Sleeps for `wait`; false when it is time to stop.
fn nap(wait: Duration, stop: &AtomicBool) -> bool {
    let mut left = wait;
    while !left.is_zero() {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        let nap = left.min(NAP);
        thread::sleep(nap);
        left -= nap;
    }
    !stop.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
