//! Blocks in process: what writing, merging, opening, finding and scanning them costs.
//!
//! `cargo bench -p barograph-storage --bench blocks -- [streams] [rows] [values]` fills a
//! folder with streams of so many rows at 10 s, flushes and merges them hot and cold, opens
//! it again and scans it; then it makes a block of so many streams with one row, each with
//! a value of a tag that no other has, and looks for some. Times are CPU seconds of the
//! process where threads work, else the least of some rounds.

use model::limits::Budget;
use model::port::{Clock, Selection, Sink, Source};
use model::row::{Dialect, Identify, Rows};
use model::{
    Attribute, Field, Kind, MatchOp, Matcher, Predicate, Refused, Row, Samples, Span, Tags, Target,
    TimeRange, Timestamp, ValueRef,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;
use storage::{Fsync, Options, RealDisk, Store};

/// 2026-01-01, the start of a day.
const START: i64 = 1_767_225_600 * Span::SECOND.0;
const STEP: i64 = 10 * Span::SECOND.0;
/// Streams that are written together.
const BATCH: usize = 2_000;
const ROUNDS: usize = 5;
const REGIONS: [&str; 4] = ["us-east-1", "us-west-1", "eu-west-1", "ap-southeast-1"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |at: usize, default: usize| {
        words.get(at).map_or(default, |word| word.parse().expect("a number"))
    };
    let root = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, Into::into);
    let folder = || tempfile::Builder::new().prefix("blocks").tempdir_in(&root).expect("a folder");
    samples(folder().path(), number(0, 20_000), number(1, 2_160));
    names(folder().path(), number(2, 200_000));
}

/// A clock that the bench sets.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

fn open(folder: &Path, clock: &Arc<Hand>) -> Store {
    let options = Options {
        partitions: 1,
        retention: None,
        fsync: Fsync::Off,
        head_bytes_max: 4 << 30,
        wal_bytes_max: u64::MAX,
        ..Options::default()
    };
    Store::open(folder, Arc::new(RealDisk), clock.clone(), options).expect("open")
}

/// Rows of some streams: row after row, and in each row stream after stream.
struct Body {
    streams: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
    stream: usize,
    row: usize,
    key: String,
    field: [Field<'static>; 1],
}

impl Body {
    fn new(streams: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Self {
        let field = [Field { name: "usage_user", value: ValueRef::F64(0.0) }];
        let (stream, row) = (streams.start, rows.start);
        Self { streams, rows, stream, row, key: String::new(), field }
    }
}

impl Rows for Body {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        use std::fmt::Write;
        if self.stream == self.streams.end {
            (self.stream, self.row) = (self.streams.start, self.row + 1);
        }
        if self.row >= self.rows.end {
            return None;
        }
        let (stream, row) = (self.stream, self.row);
        self.stream += 1;
        self.key.clear();
        let region = REGIONS[stream % REGIONS.len()];
        let _ = write!(self.key, "cpu,hostname=host_{stream},rack={},region={region}", stream % 97);
        self.field[0].value = ValueRef::F64(walk(stream, row));
        let timestamp = Timestamp(START + row as i64 * STEP);
        Some(Ok(Row { line: 0, key: self.key.as_bytes(), timestamp, fields: &self.field }))
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

/// Whole numbers from 0 to 100 that wander, as TSBS has them.
fn walk(stream: usize, row: usize) -> f64 {
    let mixed = (stream as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let wave = ((row as f64 / 40.0 + mixed as f64).sin() * 40.0 + 50.0).round();
    let noise = (mixed as usize + row * 7919) % 3;
    (wave + noise as f64).clamp(0.0, 100.0)
}

fn samples(folder: &Path, streams: usize, rows: usize) {
    let clock = Arc::new(Hand(AtomicI64::new(START + rows as i64 * STEP)));
    let store = open(folder, &clock);
    let target = Target { database: "metrics".into(), policy: None };
    let values = (streams * rows) as f64;
    let (mut flushing, mut flushes) = (0.0, 0);
    for first in (0..streams).step_by(BATCH) {
        let mut body = Body::new(first..streams.min(first + BATCH), 0..rows);
        store.write(&target, &mut body).expect("write");
        if (first / BATCH) % 4 == 3 || first + BATCH >= streams {
            let before = cpu();
            store.flush().expect("flush");
            flushing += cpu() - before;
            flushes += 1;
        }
    }
    println!("{streams} streams × {rows} rows, {flushes} flushes");
    let bytes = |what: &str, seconds: f64| {
        let stats = store.stats();
        let (of, each) = (stats.block_bytes as f64, seconds * 1e9 / values);
        println!(
            "{what:<34} {each:8.2} ns a value, {:.4} B a value, {} blocks",
            of / values,
            stats.block_count
        );
    };
    bytes("flush", flushing);
    let before = cpu();
    while store.maintain().expect("maintain").merged > 0 {}
    bytes("merge, hot", cpu() - before);
    clock.0.fetch_add(2 * Span::DAY.0, Ordering::Relaxed);
    let before = cpu();
    while store.maintain().expect("maintain").merged > 0 {}
    bytes("merge, cold", cpu() - before);
    println!("{:<34} {:8} values", "taken over as they were", store.stats().values_copied);
    store.close().expect("close");
    drop(store);
    let started = Instant::now();
    let store = open(folder, &clock);
    let memory = store.stats().block_memory_bytes;
    println!("{:<34} {:8.2} ms, {memory} B stay", "open", started.elapsed().as_secs_f64() * 1e3);
    let scan = least(|| {
        let all = find(&store, Predicate::ALL);
        let mut samples = Samples::new(Kind::F64);
        let budget = Budget::unlimited();
        let mut count = 0;
        for series in all {
            series.read(TimeRange::ALL, &budget, &mut samples).expect("read");
            count += samples.len();
        }
        assert_eq!(count, streams * rows);
    });
    println!(
        "{:<34} {:8.2} ns a value, one thread",
        "select and read every series",
        scan * 1e9 / values
    );
}

fn names(folder: &Path, streams: usize) {
    let clock = Arc::new(Hand(AtomicI64::new(START + STEP)));
    let store = open(folder, &clock);
    let target = Target { database: "metrics".into(), policy: None };
    store.write(&target, &mut Body::new(0..streams, 0..1)).expect("write");
    let before = cpu();
    store.flush().expect("flush");
    let flushing = (cpu() - before) * 1e9 / streams as f64;
    let each = store.stats().block_bytes as f64 / streams as f64;
    println!("{streams} streams of one row");
    println!("{:<34} {flushing:8.0} ns a stream, {each:.1} B a stream", "flush");
    store.close().expect("close");
    drop(store);
    let started = Instant::now();
    let store = open(folder, &clock);
    println!("{:<34} {:8.2} ms", "open", started.elapsed().as_secs_f64() * 1e3);
    let host = Attribute::Tag("hostname".into());
    let pattern = |text: &str| MatchOp::Regex(model::Pattern::new(text).expect("a pattern"));
    for (what, op, expected) in [
        ("equal, one stream", MatchOp::Equal("host_4711".into()), 1),
        ("pattern, nine streams by prefix", pattern("^(?s:host_4711.?)$"), 11),
        ("pattern, no prefix: .*4711", pattern("^(?s:.*4711)$"), streams.div_ceil(10_000)),
        ("not equal, all but one", MatchOp::NotEqual("host_4711".into()), streams - 1),
    ] {
        let predicate = Predicate::Match(Matcher { attribute: host.clone(), op });
        let mut found = 0;
        let seconds = least(|| found = find(&store, predicate.clone()).len());
        assert!(found <= expected.max(1), "{what}: {found} of {expected}");
        println!("{what:<34} {:8.3} ms, {found} series", seconds * 1e3);
    }
    let stats = store.stats();
    println!(
        "{:<34} {:8} B, {} hits, {} misses",
        "cache", stats.cache_bytes, stats.cache_hits, stats.cache_misses
    );
}

fn find(store: &Store, predicate: Predicate) -> Vec<Box<dyn model::port::Series>> {
    let selection = Selection { predicate, range: TimeRange::ALL };
    store.select(&selection, &Budget::unlimited()).expect("select")
}

/// The least of some rounds, in seconds.
fn least(mut run: impl FnMut()) -> f64 {
    let round = |_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(round).fold(f64::MAX, f64::min)
}

/// CPU seconds of all threads of this process.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("stat");
    // Behind the name, which may hold anything; ticks are hundredths of a second.
    let rest = text.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2);
    ticks.filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0
}
