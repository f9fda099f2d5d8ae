//! How long a writer stands still while background work runs.
//!
//! One thread writes round after round; beside it the store is flushed, gives up streams
//! that went quiet, merges and drops what is old. The clock is simulated, so that hours and
//! days of background work come due at once; what is measured is real. A call of `write`
//! may be long because the machine is busy: told apart is the time in which it neither ran
//! nor waited for a processor, which is what locks and the disk took.

use super::load::{Load, Order, STEP};
use super::rig::Rig;
use model::Span;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use storage::Fsync;

/// Rounds before the background work begins.
const ROUNDS_BEFORE: usize = 4;
/// Rounds in an hour of simulated time, after which every row is due to be flushed.
const HOUR: usize = (Span::HOUR.0 / STEP) as usize + 1;
/// Flushes of a slice before it is merged: enough for a plan to find them worth it.
const FLUSHES: usize = 4;
/// So much later everything is past its retention.
const LATER: usize = 17 * 24 * HOUR;

/// What the calls of `write` took, in seconds.
#[derive(Default)]
struct Calls {
    count: usize,
    spent: f64,
    longest: f64,
    longest_blocked: f64,
}

impl Calls {
    fn print(&self, shape: &str, fsync: Fsync, phase: &str, took: f64) {
        println!(
            "{shape:<8}{:<8}{phase:<18}{took:>10.2}{:>8}{:>12.2}{:>12.1}{:>12.1}",
            fsync.to_string(),
            self.count,
            self.spent / self.count.max(1) as f64 * 1e3,
            self.longest * 1e3,
            self.longest_blocked * 1e3
        );
    }
}

/// One store and whoever writes to it.
struct Stage<'a> {
    rig: Rig,
    load: &'a Load,
    /// What of the load is written.
    streams: usize,
    round: usize,
    fsync: Fsync,
}

impl Stage<'_> {
    /// Writes until `work`, which runs beside it, has ended.
    fn beside(&mut self, phase: &str, work: impl FnOnce(&storage::Store) + Send) {
        self.rig.set_round(self.round);
        let is_over = AtomicBool::new(false);
        let mut calls = Calls::default();
        let took = std::thread::scope(|scope| {
            let store = &self.rig.store;
            let worker = scope.spawn(|| {
                let start = Instant::now();
                work(store);
                is_over.store(true, Ordering::Release);
                start.elapsed().as_secs_f64()
            });
            while !is_over.load(Ordering::Acquire) {
                let go_on = || !is_over.load(Ordering::Acquire);
                self.rig.timed(self.load, self.streams, self.round, go_on, |time| {
                    calls.count += 1;
                    calls.spent += time.all;
                    calls.longest = calls.longest.max(time.all);
                    calls.longest_blocked = calls.longest_blocked.max(time.blocked);
                });
                self.round += 1;
            }
            worker.join().expect("background work does not panic")
        });
        calls.print(self.load.shape.name(), self.fsync, phase, took);
    }
}

/// Prints the longest calls of `write` by what ran beside them.
pub fn measure(load: &Load, fsync: Fsync) {
    let rig = Rig::durable("stall", fsync);
    let mut stage = Stage { rig, load, streams: load.streams, round: ROUNDS_BEFORE, fsync };
    for round in 0..ROUNDS_BEFORE {
        stage.rig.round(load, round, Order::Sorted);
    }
    stage.beside("nothing", |_| std::thread::sleep(std::time::Duration::from_secs(2)));
    stage.beside("flush", |store| store.flush().expect("flush"));
    // Half of the streams go quiet: after some flushes the head gives them up.
    stage.streams = load.streams / 2;
    for flush in 0..FLUSHES - 1 {
        stage.round += HOUR;
        stage.beside(&format!("flush, give up {flush}"), maintain);
    }
    stage.streams = load.streams;
    stage.round += HOUR;
    stage.beside("flush, merge", maintain);
    stage.beside("merge", maintain);
    stage.round += LATER;
    stage.beside("retention", maintain);
}

fn maintain(store: &storage::Store) {
    let done = store.maintain().expect("maintain");
    eprintln!("{done:?}");
}
