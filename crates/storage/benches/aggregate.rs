//! Questions over many series in process: what a mean by region costs a sample.
//!
//! `cargo bench -p barograph-storage --bench aggregate -- [hosts] [rows] [form]` fills a folder with
//! hosts that report a percentage with one decimal every 10 s, flushed each hour and merged
//! as a running server does, and asks of it hot, cold with the same rows, and after that for
//! the last quarter of them. `BENCH_FOLDER` names a folder that is kept, and filled only where
//! it is empty, so that two builds answer from the same bytes. CPU time is that of all threads.

use model::limits::Budget;
use model::port::{Aggregation, Clock, Edge, Groups, Reduction, Sink, Source, Windows};
use model::row::{Dialect, Identify, Rows};
use model::{
    Attribute, Field, Needs, Predicate, Refused, Row, Span, Tags, Target, Timestamp, ValueRef,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use storage::{Fsync, Options, RealDisk, Store};

/// 2026-01-01, the start of a day.
const START: i64 = 1_767_225_600 * Span::SECOND.0;
const STEP: i64 = 10 * Span::SECOND.0;
/// Rows of each host that are written between two rounds of background work.
const ROWS: usize = 30;
const ROUNDS: usize = 15;
const REGIONS: [&str; 4] = ["us-east-1", "us-west-1", "eu-west-1", "ap-southeast-1"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |at: usize, default: usize| {
        words.get(at).map_or(default, |word| word.parse().expect("a number"))
    };
    let (hosts, rows) = (number(0, 10_000), number(1, 2_160));
    let kept = std::env::var_os("BENCH_FOLDER").map(PathBuf::from);
    let fresh = tempfile::Builder::new().prefix("aggregate").tempdir().expect("a folder");
    let folder = kept.unwrap_or_else(|| fresh.path().to_owned());
    let is_wanted = |form: &&str| words.get(2).is_none_or(|wanted| wanted == form);
    for form in ["hot", "cold"].into_iter().filter(is_wanted) {
        let folder = folder.join(form);
        if !folder.exists() {
            fill(&folder, hosts, rows, form == "cold");
        }
        let store = open(&folder, &clock_at(rows));
        let stats = store.stats();
        let values = (hosts * rows) as f64;
        let each = stats.block_bytes as f64 / values;
        println!("{form}: {hosts} hosts × {rows} rows, {} blocks, {each:.4} B a value", {
            stats.block_count
        });
        ask(&store, "mean by region, 5 min", (0, rows), Needs::SUM, values);
        ask(
            &store,
            "the same, the last quarter",
            (rows - rows / 4, rows),
            Needs::SUM,
            values / 4.0,
        );
        ask(&store, "greatest by region, 5 min", (0, rows), Needs::MAX, values);
        ask(&store, "last by region, 5 min", (rows - 30, rows), Needs::LAST, values);
    }
}

/// A clock that the bench sets.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

fn clock_at(row: usize) -> Arc<Hand> {
    Arc::new(Hand(AtomicI64::new(START + row as i64 * STEP)))
}

fn open(folder: &Path, clock: &Arc<Hand>) -> Store {
    let options = Options { retention: None, fsync: Fsync::Off, ..Options::default() };
    Store::open(folder, Arc::new(RealDisk), clock.clone(), options).expect("open")
}

fn fill(folder: &Path, hosts: usize, rows: usize, is_cold: bool) {
    let clock = clock_at(0);
    std::fs::create_dir_all(folder).expect("a folder");
    let store = open(folder, &clock);
    let target = Target { database: "metrics".into(), policy: None };
    let mut reports = Reports {
        hosts: (0..hosts).map(Host::new).collect(),
        field: [Field { name: "usage_user", value: ValueRef::F64(0.0) }],
        next: 0,
        row: 0,
        until: 0,
    };
    while reports.row < rows {
        reports.until = (reports.row + ROWS).min(rows);
        store.write(&target, &mut reports).expect("write");
        clock.0.store(START + reports.until as i64 * STEP, Ordering::Relaxed);
        store.maintain().expect("maintain");
    }
    store.flush().expect("flush");
    if is_cold {
        clock.0.fetch_add(4 * Span::DAY.0, Ordering::Relaxed);
    }
    while store.maintain().expect("maintain").merged > 0 {}
    store.close().expect("close");
}

/// A host, whose percentage swings around a slow level.
struct Host {
    key: String,
    random: u64,
    level: f64,
}

impl Host {
    fn new(number: usize) -> Self {
        let random = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let region = REGIONS[(random >> 33) as usize % REGIONS.len()];
        let rack = number % 97;
        let key = format!("cpu,hostname=host_{number},rack={rack},region={region}");
        Self { key, random, level: 5.0 + 90.0 * (random >> 11) as f64 / (1u64 << 53) as f64 }
    }

    /// A normal deviate, nearly.
    fn normal(&mut self) -> f64 {
        let uniform = |random: &mut u64| {
            *random ^= *random >> 12;
            *random ^= *random << 25;
            *random ^= *random >> 27;
            (random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..6).map(|_| uniform(&mut self.random) - 0.5).sum::<f64>() * std::f64::consts::SQRT_2
    }

    fn report(&mut self) -> f64 {
        self.level = (self.level + 0.05 * self.normal()).clamp(2.0, 98.0);
        ((self.level + self.normal()).clamp(0.0, 100.0) * 10.0).round() / 10.0
    }
}

/// Row after row, and in each of them host after host.
struct Reports {
    hosts: Vec<Host>,
    field: [Field<'static>; 1],
    next: usize,
    row: usize,
    until: usize,
}

impl Rows for Reports {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        if self.next == self.hosts.len() {
            (self.next, self.row) = (0, self.row + 1);
        }
        if self.row == self.until {
            return None;
        }
        let host = &mut self.hosts[self.next];
        self.field[0].value = ValueRef::F64(host.report());
        self.next += 1;
        let timestamp = Timestamp(START + self.row as i64 * STEP);
        Some(Ok(Row { line: 0, key: host.key.as_bytes(), timestamp, fields: &self.field }))
    }

    fn identify(&self) -> Identify {
        |key| {
            let text = std::str::from_utf8(key).expect("ASCII");
            let mut parts = text.split(',');
            let measurement = parts.next().expect("a measurement").into();
            let pair = |part: &str| {
                let (name, value) = part.split_once('=').expect("a tag");
                (name.into(), value.into())
            };
            Ok((measurement, Tags::new(parts.map(pair).collect())))
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Plain
    }
}

fn ask(store: &Store, what: &str, rows: (usize, usize), needs: Needs, values: f64) {
    let step = Span(5 * Span::MINUTE.0);
    let at = |row: usize| Timestamp(START + row as i64 * STEP);
    let count = ((rows.1 - rows.0) as u64 * STEP as u64).div_ceil(step.0 as u64) as usize;
    let windows = Windows { start: at(rows.0), step, width: step, count, edge: Edge::RightOpen };
    let asked = Aggregation {
        predicate: &Predicate::ALL,
        windows,
        reduction: Reduction::Pooled,
        needs,
        group_by: &[Attribute::Tag("region".into())],
    };
    let budget = Budget::unlimited();
    let mut times = Vec::new();
    let mut answer: Option<Groups> = None;
    for _ in 0..ROUNDS {
        let before = cpu_ns();
        let found = store.aggregate(&asked, &budget).expect("aggregate");
        times.push(cpu_ns() - before);
        assert!(answer.as_ref().is_none_or(|answer| *answer == found), "answers differ");
        answer = Some(found);
    }
    times.sort_by(f64::total_cmp);
    let (least, median) = (times[0], times[times.len() / 2]);
    println!(
        "  {what:<32} {:8.2} ms CPU, {:6.3} ns a value (median {:.3})",
        least / 1e6,
        least / values,
        median / values
    );
}

/// CPU time of all threads of this process, in nanoseconds.
fn cpu_ns() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
