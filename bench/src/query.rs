//! Queries over a store that is filled in process, asked over HTTP.
//!
//! One field of `query_hosts` hosts, 6 h at 10 s: 2,160 samples a host.

use crate::generate::{Random, Walk, region};
use crate::server::Server;
use crate::{Figure, Options};
use anyhow::{Context, Result};
use model::port::{Sink, SystemClock};
use model::row::{Dialect, Identify, Rows};
use model::{Field, Refused, Row, Tags, Target, Timestamp, ValueRef};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const START_NS: i64 = 1_767_225_600_000_000_000;
const STEP_NS: i64 = 10_000_000_000;
const SAMPLES: usize = 2_160;
/// Rows that are written at once: a whole report of many hosts.
const ROWS: usize = 100_000;
/// How often each query is asked; the median counts.
const ROUNDS: usize = 5;

/// Fills a store, starts the server on it, and asks.
pub fn measure(options: &Options) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    fill(folder.path(), options.query_hosts)?;
    let (server, restart) = Server::start(&options.binary, folder.path())?;
    let end = START_NS + SAMPLES as i64 * STEP_NS;
    let from = format!("time >= {START_NS} AND time < {end}");
    let hosts = options.query_hosts;
    let influx = |statement: &str| format!("/query?db=metrics&epoch=s&q={}", escape(statement));
    let prom = |expr: &str| {
        format!(
            "/api/v1/query_range?query={}&start={}&end={}&step=300",
            escape(expr),
            START_NS / 1_000_000_000 + 300,
            end / 1_000_000_000
        )
    };
    let asked = [
        (
            "InfluxQL mean by region, 6 h, 5 min",
            influx(&format!("SELECT mean(usage) FROM cpu WHERE {from} GROUP BY region, time(5m)")),
        ),
        (
            "PromQL avg by (region) (avg_over_time(x[5m])), 6 h",
            prom("avg by (region) (avg_over_time(cpu_usage[5m]))"),
        ),
        (
            "InfluxQL one host, 6 h",
            influx(&format!("SELECT usage FROM cpu WHERE host = 'host_7' AND {from}")),
        ),
        ("PromQL label values of host", "/api/v1/label/host/values".to_owned()),
    ];
    let mut figures =
        vec![Figure::new(format!("start on {hosts} hosts × 6 h"), restart.as_secs_f64(), 2, "s")];
    for (what, path) in asked {
        let url = format!("http://{}{path}", server.address);
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let answer = ureq::get(&url).call().with_context(|| format!("ask {what}"))?;
            let length = answer.into_body().into_with_config().limit(1 << 30).read_to_vec()?.len();
            anyhow::ensure!(length > 100, "{what}: the answer is empty");
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        figures.push(Figure::new(
            format!("{what}, {hosts} hosts"),
            times[ROUNDS / 2],
            1,
            "ms, median of 5",
        ));
    }
    server.stop()?;
    Ok(figures)
}

fn fill(folder: &Path, hosts: usize) -> Result<()> {
    let options = storage::Options { retention: None, future_max: None, ..Default::default() };
    let disk = Arc::new(storage::RealDisk);
    let store = storage::Store::open(folder, disk, Arc::new(SystemClock), options)?;
    let target = Target { database: model::DEFAULT_DATABASE.into(), policy: None };
    let mut reports = Reports::new(hosts);
    for first in (0..SAMPLES).step_by((ROWS / hosts).max(1)) {
        reports.until = (first + (ROWS / hosts).max(1)).min(SAMPLES);
        let report = store.write(&target, &mut reports)?;
        anyhow::ensure!(report.refused_count == 0, "a row was refused: {:?}", report.refused);
        store.maintain()?;
    }
    store.close()?;
    Ok(())
}

/// Rows as many hosts report them, one after the other.
struct Reports {
    keys: Vec<Vec<u8>>,
    walks: Vec<Walk>,
    random: Random,
    field: [Field<'static>; 1],
    host: usize,
    sample: usize,
    until: usize,
}

impl Reports {
    fn new(hosts: usize) -> Self {
        let mut random = Random(7);
        let keys = (0..hosts).map(|host| format!("cpu,host=host_{host},region={}", region(host)));
        Self {
            keys: keys.map(String::into_bytes).collect(),
            walks: (0..hosts).map(|_| Walk::start(&mut random)).collect(),
            random,
            field: [Field { name: "usage", value: ValueRef::F64(0.0) }],
            host: 0,
            sample: 0,
            until: 0,
        }
    }
}

impl Rows for Reports {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        if self.host == self.keys.len() {
            (self.host, self.sample) = (0, self.sample + 1);
        }
        if self.sample == self.until {
            return None;
        }
        let value = self.walks[self.host].step(&mut self.random);
        self.field[0].value = ValueRef::F64((value * 10.0).round() / 10.0);
        self.host += 1;
        Some(Ok(Row {
            line: self.host as u64,
            key: &self.keys[self.host - 1],
            timestamp: Timestamp(START_NS + self.sample as i64 * STEP_NS),
            fields: &self.field,
        }))
    }

    fn identify(&self) -> Identify {
        |key| {
            let text = String::from_utf8_lossy(key);
            let mut parts = text.split(',');
            let measurement: Arc<str> = parts.next().unwrap_or_default().into();
            let tags = parts.filter_map(|part| part.split_once('='));
            Ok((measurement, Tags::new(tags.map(|(n, v)| (n.into(), v.into())).collect())))
        }
    }

    fn dialect(&self) -> Dialect {
        Dialect::Plain
    }
}

fn escape(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|b| if keep(b) { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}
