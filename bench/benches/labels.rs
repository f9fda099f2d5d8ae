//! Questions over the values of a label, in process: a million pods in the head, each with one
//! value as remote write has them, and hosts with ten fields.
//!
//! `cargo bench -p barograph-bench --bench labels -- [pods] [hosts] [word]` asks each question
//! whose name has `word` in it several times; with the environment variable `FLUSHED` set, of
//! blocks. Times are the least and the median, CPU time is the mean, of all threads.

mod plain;

use model::limits::Budget;
use model::port::{Catalog, Clock, Sink, Source, SystemClock};
use model::row::{Dialect, Identify, Rows};
use model::{Field, Refused, Row, Span, Target, Timestamp, ValueRef};
use query::{influxql, promql};
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;
use storage::{Fsync, Options, RealDisk, Store};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const ROUNDS: usize = 9;
/// Reports of each pod and each host.
const REPORTS: usize = 3;
const FIELDS: [&str; 10] = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |at: usize, default: usize| {
        words.get(at).map_or(default, |word| word.parse().expect("a number"))
    };
    let (pods, hosts) = (number(0, 1_000_000), number(1, 100_000));
    let wanted = words.get(2).map_or("", String::as_str);
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        retention: None,
        fsync: Fsync::Off,
        head_bytes_max: 4 << 30,
        wal_bytes_max: 64 << 30,
        ..Options::default()
    };
    let store = Store::open(folder.path(), Arc::new(RealDisk), Arc::new(SystemClock), options);
    let store = Arc::new(store.expect("the folder opens"));
    let now = SystemClock.now().floor(Span::SECOND);
    let (before, started) = (resident(), Instant::now());
    for report in 0..REPORTS {
        let at = now - Span(Span::SECOND.0 * 10 * (REPORTS - 1 - report) as i64);
        fill(&store, pods, 1, at, put_pod);
        fill(&store, hosts, FIELDS.len(), at, put_host);
    }
    println!(
        "{pods} pods, {hosts} hosts: filled in {:.1} s, {} MiB resident",
        started.elapsed().as_secs_f64(),
        (resident() - before) >> 20,
    );
    if std::env::var_os("FLUSHED").is_some() {
        store.flush().expect("the flush succeeds");
    }
    let asker = Asker::new(store, now);
    for question in QUESTIONS {
        if question.0.contains(wanted) {
            asker.measure(question);
        }
    }
}

/// In which language, and what.
enum Ask {
    Influx(&'static str),
    /// At the time of the newest report.
    Prom(&'static str),
    /// The values of a label.
    Values(&'static str),
}

const QUESTIONS: [(&str, Ask); 12] = [
    ("prom count by regex", Ask::Prom("count(app_requests{pod=~\".*[0-9]77-.*\"})")),
    ("prom count by literal", Ask::Prom("count(app_requests{pod=~\".*777-.*\"})")),
    ("prom count by prefix", Ask::Prom("count(app_requests{pod=~\"app-00077.*\"})")),
    ("prom count by suffix", Ask::Prom("count(app_requests{pod=~\".+-.*abc\"})")),
    ("prom count by classes", Ask::Prom("count(app_requests{pod=~\"app-[0-9]+77-[ab]+.+\"})")),
    ("prom count by no regex", Ask::Prom("count(app_requests{pod!~\".*[0-9].*\"})")),
    ("prom count by node", Ask::Prom("count(app_requests{node=~\"node-1.*7\"})")),
    ("prom count of all", Ask::Prom("count(app_requests)")),
    (
        "influx count by regex",
        Ask::Influx("SELECT count(f0) FROM cpu WHERE hostname =~ /_[0-9]*77$/"),
    ),
    ("influx last by host", Ask::Influx("SELECT last(f0) FROM cpu GROUP BY hostname")),
    ("prom values of hostname", Ask::Values("hostname")),
    ("influx values of hostname", Ask::Influx("SHOW TAG VALUES FROM cpu WITH KEY = hostname")),
];

struct Asker {
    influx: influxql::Engine,
    prom: promql::Engine,
    now: Timestamp,
}

impl Asker {
    fn new(store: Arc<Store>, now: Timestamp) -> Self {
        let source: Arc<dyn Source> = store.clone();
        let catalog: Arc<dyn Catalog> = store;
        let clock = Arc::new(SystemClock);
        let options = influxql::Options::default();
        Self {
            influx: influxql::Engine::new(source.clone(), catalog, clock, options),
            prom: promql::Engine::new(source, promql::Options::default()),
            now,
        }
    }

    fn measure(&self, (name, ask): (&str, Ask)) {
        let mut answer = self.ask(&ask);
        let (mut times, before) = (Vec::new(), cpu_secs());
        for _ in 0..ROUNDS {
            let started = Instant::now();
            answer = self.ask(&ask);
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let cpu = (cpu_secs() - before) / ROUNDS as f64 * 1e3;
        times.sort_by(f64::total_cmp);
        let (least, median) = (times[0], times[ROUNDS / 2]);
        println!("{name:<28}{least:>9.2} ms, median {median:>9.2} ms; CPU {cpu:>8.1} ms; {answer}");
    }

    /// A number that tells answers apart.
    fn ask(&self, ask: &Ask) -> f64 {
        let budget = Budget::unlimited();
        match ask {
            Ask::Influx(text) => {
                let database = Some(model::DEFAULT_DATABASE.to_owned());
                let request = influxql::Request { database, ..Default::default() };
                let results = self.influx.run(text, &request, &budget).expect("it parses");
                assert!(results[0].error.is_none(), "{:?}", results[0].error);
                results[0].series.iter().map(|series| series.rows.len() as f64).sum()
            }
            Ask::Prom(text) => {
                let answer = self.prom.instant(text, self.now, &budget).expect("an answer");
                match &answer.value {
                    promql::AnswerValue::Vector(all) => all.iter().map(|one| one.value).sum(),
                    _ => f64::NAN,
                }
            }
            Ask::Values(label) => {
                let range = model::TimeRange::new(self.now - Span::HOUR, self.now);
                let values = self.prom.label_values(label, &[], range, &budget);
                values.expect("values").len() as f64
            }
        }
    }
}

/// What this process has used so far, on all cores: others on the machine do not count.
fn cpu_secs() -> f64 {
    const TICKS_A_SEC: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = behind_name.split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS_A_SEC
}

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn put_pod(number: usize, key: &mut Vec<u8>) {
    let mixed = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
    let written = write!(
        key,
        "app_requests,cluster=eu-1,job=kubernetes-pods,namespace=team-{},node=node-{},pod=app-{number:07}-{mixed:05x}",
        number % 50,
        number % 2_000,
    );
    written.expect("memory takes it");
}

fn put_host(number: usize, key: &mut Vec<u8>) {
    let written = write!(
        key,
        "cpu,arch=x64,hostname=host_{number},os=Ubuntu16.10,rack={},region=region-{},team=NYC",
        number % 100,
        number % 9,
    );
    written.expect("memory takes it");
}

/// Writes one report of each stream.
fn fill(store: &Store, streams: usize, fields: usize, at: Timestamp, put: fn(usize, &mut Vec<u8>)) {
    const ROWS_A_WRITE: usize = 5_000;
    let target = Target { database: model::DEFAULT_DATABASE.into(), policy: None };
    let names = if fields == 1 { &["value"][..] } else { &FIELDS[..fields] };
    for first in (0..streams).step_by(ROWS_A_WRITE) {
        let field = |name: &&'static str| Field { name, value: ValueRef::F64(0.5) };
        let fields = names.iter().map(field).collect();
        let end = streams.min(first + ROWS_A_WRITE);
        let mut reports = Reports { put, at, fields, next: first, end, key: Vec::new() };
        let report = store.write(&target, &mut reports).expect("the rows are kept");
        assert_eq!(report.refused_count, 0);
    }
}

struct Reports {
    put: fn(usize, &mut Vec<u8>),
    at: Timestamp,
    fields: Vec<Field<'static>>,
    next: usize,
    end: usize,
    key: Vec<u8>,
}

impl Rows for Reports {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        if self.next == self.end {
            return None;
        }
        self.key.clear();
        (self.put)(self.next, &mut self.key);
        let value = ValueRef::F64((self.next % 100) as f64);
        self.fields.iter_mut().for_each(|field| field.value = value);
        self.next += 1;
        let (line, timestamp) = (self.next as u64, self.at);
        Some(Ok(Row { line, key: &self.key, timestamp, fields: &self.fields }))
    }

    fn identify(&self) -> Identify {
        plain::identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Plain
    }
}
