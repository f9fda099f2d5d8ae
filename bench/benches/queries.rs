//! Queries in process: the language engines over a store of their own, without HTTP.
//!
//! `cargo bench -p barograph-bench --bench queries -- [hosts] [rows] [fields] [word]` fills a
//! folder with TSBS-like hosts that report every 10 s, flushes it, and asks each question
//! whose name has `word` in it several times. Times are the least and the median of these;
//! CPU time is the mean, of all threads, and what counts on a machine that others use. With
//! the environment variable `OLD` set, data is a month old and blocks have their last form.

mod plain;

use model::limits::Budget;
use model::port::{Catalog, Clock, Sink, Source, SystemClock};
use model::row::{Dialect, Identify, Rows};
use model::{Field, Refused, Row, Span, Target, TimeRange, Timestamp, ValueRef};
use query::{influxql, promql};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use storage::{Fsync, Options, RealDisk, Store};

const STEP_NS: i64 = 10_000_000_000;
const ROUNDS: usize = 5;
/// Hosts that are written before the store is flushed.
const HOSTS_A_FLUSH: usize = 50_000;
const FIELDS: [&str; 10] = [
    "usage_user",
    "usage_system",
    "usage_idle",
    "usage_nice",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
];
const REGIONS: [&str; 9] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |at: usize, default: usize| {
        words.get(at).map_or(default, |word| word.parse().expect("a number"))
    };
    let rows = number(1, 2_160);
    let age = if std::env::var_os("OLD").is_some() { 30 * Span::DAY.0 } else { 0 };
    let before = Span(age + rows as i64 * STEP_NS);
    let start = (SystemClock.now() - before).floor(Span::HOUR).0;
    let shape = Shape { start, hosts: number(0, 20_000), rows, fields: number(2, 1) };
    let wanted = words.get(3).map_or("", String::as_str);
    let folder = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    let store = Arc::new(fill(folder.path(), &shape));
    let values = (shape.hosts * shape.rows * shape.fields) as f64;
    println!(
        "{} hosts × {} rows × {} fields: filled in {:.1} s, {:.3} bytes a value",
        shape.hosts,
        shape.rows,
        shape.fields,
        started.elapsed().as_secs_f64(),
        store.stats().block_bytes as f64 / values,
    );
    let asker = Asker::new(store);
    asker.start.set(shape.start);
    asker.end.set(shape.start + shape.rows as i64 * STEP_NS);
    for (name, question) in questions(&shape) {
        if name.contains(wanted) {
            asker.measure(&name, &question);
        }
    }
}

struct Shape {
    /// When the first row is, in nanoseconds.
    start: i64,
    hosts: usize,
    rows: usize,
    fields: usize,
}

enum Question {
    Influx(String),
    /// Over the whole time, by this many seconds.
    Range(String, i64),
    /// At the end.
    Instant(String),
    /// A predicate, and nothing read.
    Select(String),
}

fn questions(shape: &Shape) -> Vec<(String, Question)> {
    let (start, end) = (shape.start, shape.start + shape.rows as i64 * STEP_NS);
    let all = format!("time >= {start} AND time < {end}");
    let hour = format!("time >= {} AND time < {end}", end - Span::HOUR.0);
    let eight = "(hostname = 'host_1' OR hostname = 'host_2' OR hostname = 'host_3' OR \
                 hostname = 'host_4' OR hostname = 'host_5' OR hostname = 'host_6' OR \
                 hostname = 'host_7' OR hostname = 'host_8')";
    let maxima: Vec<_> =
        FIELDS[..shape.fields].iter().map(|field| format!("max({field})")).collect();
    let influx = |text: String| Question::Influx(text);
    let named = vec![
        (
            "influx mean by region, 5 m",
            influx(format!(
                "SELECT mean(usage_user) FROM cpu WHERE {all} GROUP BY region, time(5m)"
            )),
        ),
        (
            "prom avg by region of avg_over_time 5 m",
            Question::Range("avg by (region) (avg_over_time(cpu_usage_user[5m]))".into(), 300),
        ),
        (
            "influx max by region, 1 h",
            influx(format!(
                "SELECT max(usage_user) FROM cpu WHERE {all} GROUP BY region, time(1h)"
            )),
        ),
        (
            "influx mean by host, 1 h",
            influx(format!(
                "SELECT mean(usage_user) FROM cpu WHERE {all} GROUP BY hostname, time(1h)"
            )),
        ),
        (
            "influx one host, all rows",
            influx(format!("SELECT usage_user FROM cpu WHERE hostname = 'host_7' AND {all}")),
        ),
        (
            "influx 8 hosts, maxima of each field by minute, 1 h",
            influx(format!(
                "SELECT {} FROM cpu WHERE {eight} AND {hour} GROUP BY time(1m)",
                maxima.join(", ")
            )),
        ),
        (
            "influx last of each host",
            influx("SELECT last(usage_user) FROM cpu GROUP BY hostname".to_owned()),
        ),
        ("prom instant of each host", Question::Instant("cpu_usage_user".into())),
        (
            "prom sum by region of rate 5 m",
            Question::Range("sum by (region) (rate(cpu_usage_user[5m]))".into(), 300),
        ),
        ("prom max of instants, 5 m", Question::Range("max(cpu_usage_user)".into(), 300)),
        (
            "influx rows over 90, one host",
            influx(format!(
                "SELECT * FROM cpu WHERE usage_user > 90.0 AND hostname = 'host_7' AND {all}"
            )),
        ),
        (
            "influx rows over 90",
            influx(format!(
                "SELECT usage_user FROM cpu WHERE usage_user > 90.0 AND {all} LIMIT 1000000"
            )),
        ),
        ("prom hosts by pattern", Question::Select("cpu_usage_user{hostname=~\".*17\"}".into())),
        (
            "prom count by pattern",
            Question::Instant("count(cpu_usage_user{hostname=~\".*17\"})".into()),
        ),
        (
            "influx values of hostname",
            influx("SHOW TAG VALUES FROM cpu WITH KEY = hostname".into()),
        ),
    ];
    named.into_iter().map(|(name, question)| (name.to_owned(), question)).collect()
}

struct Asker {
    influx: influxql::Engine,
    prom: promql::Engine,
    start: std::cell::Cell<i64>,
    end: std::cell::Cell<i64>,
}

impl Asker {
    fn new(store: Arc<Store>) -> Self {
        let source: Arc<dyn Source> = store.clone();
        let catalog: Arc<dyn Catalog> = store;
        Self {
            influx: influxql::Engine::new(
                source.clone(),
                catalog,
                Arc::new(SystemClock),
                influxql::Options::default(),
            ),
            prom: promql::Engine::new(source, promql::Options::default()),
            start: std::cell::Cell::new(0),
            end: std::cell::Cell::new(0),
        }
    }

    fn measure(&self, name: &str, question: &Question) {
        let mut times = Vec::new();
        let mut last = (0, 0);
        let before = cpu_secs();
        for _ in 0..ROUNDS {
            let budget = Budget::unlimited();
            let started = Instant::now();
            let rows = self.ask(question, &budget);
            times.push(started.elapsed().as_secs_f64());
            last = (rows, budget.samples());
        }
        let cpu = (cpu_secs() - before) / ROUNDS as f64;
        times.sort_by(f64::total_cmp);
        println!(
            "{name:<52} {:>9.2} ms, median {:>9.2} ms; CPU {:>8.1} ms, {:>7.2} ns a sample; {} rows",
            times[0] * 1e3,
            times[ROUNDS / 2] * 1e3,
            cpu * 1e3,
            cpu * 1e9 / last.1.max(1) as f64,
            last.0,
        );
    }

    /// Answers how many rows or series came back.
    fn ask(&self, question: &Question, budget: &Budget) -> usize {
        let start = Timestamp(self.start.get() + 300 * Span::SECOND.0);
        let end = Timestamp(self.end.get());
        match question {
            Question::Influx(text) => {
                let request = influxql::Request {
                    database: Some(model::DEFAULT_DATABASE.to_owned()),
                    ..Default::default()
                };
                let results = self.influx.run(text, &request, budget).expect("it parses");
                assert!(results[0].error.is_none(), "{:?}", results[0].error);
                results[0].series.iter().map(|series| series.rows.len()).sum()
            }
            Question::Range(text, step) => {
                let step = Span::from_secs(*step);
                size(&self.prom.range(text, start, end, step, budget).expect("an answer"))
            }
            Question::Instant(text) => {
                size(&self.prom.instant(text, end, budget).expect("an answer"))
            }
            Question::Select(text) => {
                let range = TimeRange::new(end - Span::HOUR, end);
                let selectors = [text.clone()];
                self.prom.series(&selectors, range, budget).expect("an answer").len()
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

fn size(answer: &promql::Answer) -> usize {
    match &answer.value {
        promql::AnswerValue::Vector(vector) => vector.len(),
        promql::AnswerValue::Matrix(matrix) => matrix.iter().map(|s| s.points.len()).sum(),
        _ => 1,
    }
}

fn fill(folder: &Path, shape: &Shape) -> Store {
    let options = Options {
        retention: None,
        future_max: None,
        fsync: Fsync::Off,
        head_bytes_max: 4 << 30,
        wal_bytes_max: 64 << 30,
        ..Options::default()
    };
    let store = Store::open(folder, Arc::new(RealDisk), Arc::new(SystemClock), options);
    let store = store.expect("the folder opens");
    let target = Target { database: model::DEFAULT_DATABASE.into(), policy: None };
    for first in (0..shape.hosts).step_by(HOSTS_A_FLUSH) {
        let hosts = first..(first + HOSTS_A_FLUSH).min(shape.hosts);
        let mut reports = Reports::new(shape, hosts.start);
        for host in hosts {
            reports.begin(host, shape);
            let report = store.write(&target, &mut reports).expect("the rows are kept");
            assert_eq!(report.refused_count, 0);
        }
        store.flush().expect("the flush succeeds");
    }
    // As often as there may be merges to do, so that the store stands still.
    for _ in 0..64 {
        store.maintain().expect("the merge succeeds");
    }
    store
}

/// All rows of one host, one after the other.
struct Reports {
    key: Vec<u8>,
    fields: Vec<Field<'static>>,
    walks: Vec<f64>,
    random: u64,
    start: i64,
    row: usize,
    rows: usize,
}

impl Reports {
    fn new(shape: &Shape, seed: usize) -> Self {
        let field = |name: &'static str| Field { name, value: ValueRef::F64(0.0) };
        Self {
            key: Vec::new(),
            fields: FIELDS[..shape.fields].iter().map(|name| field(name)).collect(),
            walks: vec![0.0; shape.fields],
            random: seed as u64 + 1,
            start: shape.start,
            row: 0,
            rows: shape.rows,
        }
    }

    fn begin(&mut self, host: usize, shape: &Shape) {
        let region = REGIONS[host % REGIONS.len()];
        self.key = format!(
            "cpu,arch=x64,datacenter={region}{},hostname=host_{host},os=Ubuntu16.10,rack={},\
             region={region},service={},service_environment=production,service_version=1,team=NYC",
            host % 3,
            host % 100,
            host % 20,
        )
        .into_bytes();
        for walk in 0..shape.fields {
            self.walks[walk] = (self.next() % 100) as f64;
        }
        self.row = 0;
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Rows for Reports {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        if self.row == self.rows {
            return None;
        }
        let mut random = 0;
        for index in 0..self.walks.len() {
            if index % 4 == 0 {
                random = self.next();
            }
            // As TSBS walks: one up or down, or nothing, between 0 and 100.
            let swing = ((random >> (index % 4 * 16)) % 3) as f64 - 1.0;
            self.walks[index] = (self.walks[index] + swing).clamp(0.0, 100.0);
            self.fields[index].value = ValueRef::F64(self.walks[index]);
        }
        self.row += 1;
        let timestamp = Timestamp(self.start + (self.row as i64 - 1) * STEP_NS);
        Some(Ok(Row { line: self.row as u64, key: &self.key, timestamp, fields: &self.fields }))
    }

    fn identify(&self) -> Identify {
        plain::identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Plain
    }
}
