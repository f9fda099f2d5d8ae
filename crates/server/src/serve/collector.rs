//! The collector of this host's own metrics: readings of /proc and /sys, written as any
//! other line protocol, without the detour over a socket.

use super::worker::{Bell, Worker};
use crate::config::Collect;
use crate::error::Error;
use crate::house::{House, Rooms};
use model::{DEFAULT_DATABASE, Span, Target};
use protocol::line;
use std::sync::Arc;
use std::time::Duration;

/// The second reading comes this soon after the first, which only primes the counters: so
/// charts have their first points right after the start.
const SECOND_AFTER: Duration = Duration::from_secs(1);

/// Starts the thread.
///
/// # Errors
/// When the system gives no thread.
pub fn start(house: Arc<House>, rooms: Arc<Rooms>, config: &Collect) -> Result<Worker, Error> {
    let host = config.host.clone().unwrap_or_else(agent::hostname);
    let collector =
        agent::Collector::new(host, agent::Roots::default()).with_tags(config.tags.clone());
    let interval = config.interval;
    let mut reader = Reader { house, rooms, collector, lines: Vec::new() };
    Worker::start("collector", move |bell| reader.run(interval, bell))
}

struct Reader {
    house: Arc<House>,
    rooms: Arc<Rooms>,
    collector: agent::Collector,
    lines: Vec<u8>,
}

impl Reader {
    fn run(&mut self, interval: Span, bell: &Bell) {
        self.read();
        let mut pause = SECOND_AFTER;
        while !bell.sleep(pause) {
            self.read();
            let now = self.house.clock.now();
            // No jitter: nobody else is asked, and aligned readings make even steps.
            pause = (now.floor(interval) + interval - now).to_std();
        }
    }

    fn read(&mut self) {
        self.lines.clear();
        let now = self.house.clock.now();
        self.collector.collect(now, &mut self.lines);
        self.house.metrics.collections.add(1);
        let target = Target { database: DEFAULT_DATABASE.into(), policy: None };
        let mut rows = line::Decoder::new(&self.lines, line::Precision::Ns, now);
        let trouble = match self.rooms.ingest.keep_now("collector", &target, &mut rows) {
            Ok(report) => report.refused.first().map(|first| first.why.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(what) = &trouble {
            self.house.metrics.collection_failures.add(1);
            if self.house.note("collector", trouble.clone()) {
                tracing::warn!(what, "keep own metrics");
            }
        } else if self.house.note("collector", None) {
            tracing::info!("own metrics are kept again");
        }
    }
}
