//! Fills Barograph's store in this process: what would take hours through a socket.

use crate::fleet::{self, FIELDS, Host, STEP_NS};
use crate::shape::Shape;
use anyhow::{Result, ensure};
use model::port::{Sink as _, SystemClock};
use model::row::{Dialect, Identify, Rows};
use model::{Field, Refused, Row, Target, Timestamp, ValueRef};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use storage::{Fsync, RealDisk, Store};

/// What its values look like.
pub const SHAPE: Shape = Shape::OneDecimal;
/// Rows that are written at once.
const ROWS: usize = 100_000;

/// Writes one field of `hosts` hosts, one decimal, a row every 10 s from `start_ns` on, to the
/// store that a server has in `folder`; ends when all of it is in blocks and merged as far as a
/// server would, so that what has been over for a day is cold.
///
/// # Errors
/// When the store refuses.
pub fn fill(folder: &Path, hosts: usize, rounds: i64, start_ns: i64) -> Result<()> {
    let options = storage::Options {
        retention: None,
        future_max: None,
        // Whoever fills can fill again.
        fsync: Fsync::Off,
        ..Default::default()
    };
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let store = Store::open(&data, Arc::new(RealDisk), Arc::new(SystemClock), options)?;
    let target = Target { database: model::DEFAULT_DATABASE.into(), policy: None };
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let writers: Vec<_> = fleet::shares(hosts, threads)
            .into_iter()
            .map(|share| Reports::new(share, start_ns))
            .map(|reports| scope.spawn(|| write(&store, &target, reports, rounds)))
            .collect();
        // One round of background work after the other, as the server does.
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            store.wait_for_work(std::time::Duration::from_millis(200));
            store.maintain()?;
        }
        let written = writers.into_iter().map(|writer| writer.join().expect("a writer panicked"));
        written.collect::<Result<Vec<()>>>().map(drop)
    })?;
    store.flush()?;
    while store.maintain()?.merged > 0 {}
    store.close()?;
    Ok(())
}

fn write(store: &Store, target: &Target, mut reports: Reports, rounds: i64) -> Result<()> {
    let step = (ROWS / reports.hosts.len()).max(1) as i64;
    while reports.round < rounds {
        reports.until = (reports.round + step).min(rounds);
        let report = store.write(target, &mut reports)?;
        ensure!(report.refused_count == 0, "a row was refused: {:?}", report.refused);
    }
    Ok(())
}

/// Rows as many hosts report them, one after the other.
struct Reports {
    hosts: Vec<Host>,
    field: [Field<'static>; 1],
    start_ns: i64,
    next: usize,
    round: i64,
    until: i64,
}

impl Reports {
    fn new(hosts: Range<usize>, start_ns: i64) -> Self {
        Self {
            hosts: fleet::hosts(hosts, 1, SHAPE),
            field: [Field { name: FIELDS[0], value: ValueRef::F64(0.0) }],
            start_ns,
            next: 0,
            round: 0,
            until: 0,
        }
    }
}

impl Rows for Reports {
    fn next_row(&mut self) -> Option<std::result::Result<Row<'_>, Refused>> {
        if self.next == self.hosts.len() {
            (self.next, self.round) = (0, self.round + 1);
        }
        if self.round == self.until {
            return None;
        }
        let host = &mut self.hosts[self.next];
        let field = &mut self.field[0];
        host.step(|_, value| field.value = ValueRef::F64(value));
        self.next += 1;
        Some(Ok(Row {
            line: self.next as u64,
            key: &host.key,
            timestamp: Timestamp(self.start_ns + self.round * STEP_NS),
            fields: &self.field,
        }))
    }

    fn identify(&self) -> Identify {
        protocol::line::identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Line
    }
}
