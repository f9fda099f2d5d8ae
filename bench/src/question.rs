//! The query set, in InfluxQL and in PromQL.
//!
//! Ranges of the two languages have different edges. Points stand on a grid of 10 s, so
//! PromQL is asked 5 s before each bucket's end: both then see the same samples.

use crate::fleet::{FIELDS, Host, STEP_NS};
use crate::http::escape;
use crate::server::Kind;
use crate::shape::Shape;

const SECOND: i64 = 1_000_000_000;

/// Among so many hosts one is looked for that was ever busy.
const LOOKED_AT: usize = 500;

/// The stretch of time that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// Where the hosts' first reports are, in nanoseconds.
    pub first_ns: i64,
    /// Where the samples asked about begin, in nanoseconds, on a full hour.
    pub start_ns: i64,
    /// Where they end; not included.
    pub end_ns: i64,
    /// Hosts `host_0` to `host_{hosts - 1}`.
    pub hosts: usize,
    /// Fields of a host: all ten, or `usage_user` alone.
    pub fields: usize,
    /// What the values look like.
    pub shape: Shape,
}

/// A question in one language.
#[derive(Clone, Debug)]
pub struct Question {
    /// How tables call it.
    pub name: String,
    /// Whether all servers give the same numbers, and not just as many.
    pub is_alike: bool,
    ask: Ask,
}

#[derive(Clone, Debug)]
enum Ask {
    Influxql(String),
    /// Paths that are asked one after the other, as panels of a dashboard are.
    Promql(Vec<String>),
}

impl Question {
    /// What to ask a server; none where it does not speak the language.
    pub fn paths(&self, kind: Kind) -> Option<Vec<String>> {
        match &self.ask {
            Ask::Influxql(statement) => Some(vec![kind.influxql(statement)?]),
            Ask::Promql(paths) => paths.iter().map(|path| kind.promql(path)).collect(),
        }
    }
}

impl Ground {
    /// The whole set.
    pub fn questions(&self) -> Vec<Question> {
        if self.shape == Shape::Counter {
            return self.rates();
        }
        let mut questions = Vec::new();
        let mut add = |name: &str, influxql: String, promql: Vec<String>| {
            let question = |language, ask| Question {
                name: format!("{language}: {name}"),
                is_alike: true,
                ask,
            };
            questions.push(question("InfluxQL", Ask::Influxql(influxql)));
            questions.push(question("PromQL", Ask::Promql(promql)));
        };
        let time = self.time();
        let all = |expr: &str| vec![self.range(expr, self.start_ns, self.end_ns, 10, 0)];
        add("mean by region, 6 h, 5 min", self.mean_by_region(), vec![self.prom_mean_by_region()]);
        add(
            "one series, 6 h",
            format!("SELECT usage_user FROM cpu WHERE hostname = 'host_7' AND {time}"),
            all("cpu_usage_user{hostname=\"host_7\"}"),
        );
        if self.fields == FIELDS.len() {
            add("8 hosts × 10 fields, 1 h, max by minute", self.maxima(), self.prom_maxima());
        }
        add(
            "last point of all hosts",
            "SELECT last(usage_user) FROM cpu GROUP BY hostname".to_owned(),
            vec![instant("cpu_usage_user", self.end_ns - 10 * SECOND)],
        );
        add(
            "usage_user > 90, all hosts",
            format!("SELECT usage_user FROM cpu WHERE usage_user > 90 AND {time}"),
            all("cpu_usage_user > 90"),
        );
        let host = self.busy_host();
        add(
            "usage_user > 90, one host",
            format!(
                "SELECT usage_user FROM cpu WHERE usage_user > 90 AND hostname = '{host}' AND {time}"
            ),
            all(&format!("cpu_usage_user{{hostname=\"{host}\"}} > 90")),
        );
        add(
            "values of hostname",
            "SHOW TAG VALUES FROM cpu WITH KEY = hostname".to_owned(),
            vec![format!(
                "/api/v1/label/hostname/values?start={}&end={}",
                self.start_ns / SECOND,
                self.end_ns / SECOND
            )],
        );
        questions
    }

    /// What is asked of counters. VictoriaMetrics's `rate` begins with the sample before its
    /// window and extrapolates nothing, so that its numbers are others.
    fn rates(&self) -> Vec<Question> {
        let question = |name: &str, expr: &str, step: i64| {
            let path = self.range(expr, self.start_ns, self.end_ns, step, step - 5);
            let name = format!("PromQL: {name}");
            Question { name, is_alike: false, ask: Ask::Promql(vec![path]) }
        };
        let by_region = "sum by (region) (rate(cpu_usage_user[5m]))";
        vec![
            question("rate by region, 6 h, 5 min", by_region, 300),
            question("rate by region, 6 h, 1 min", by_region, 60),
            question("rate of all, 6 h, 15 s", "sum(rate(cpu_usage_user[5m]))", 15),
            question("increase of each host, 6 h, 1 h", "increase(cpu_usage_user[1h])", 3_600),
        ]
    }

    /// A host that has values above 90 in the stretch of time.
    fn busy_host(&self) -> String {
        let rounds = (self.end_ns - self.first_ns) / STEP_NS;
        let asked = (self.start_ns - self.first_ns) / STEP_NS..rounds;
        let is_busy = |number: &usize| {
            let mut host = Host::new(*number, self.fields, self.shape);
            let mut above = 0;
            for round in 0..rounds {
                host.step(|field, value| {
                    above += i32::from(field == 0 && value > 90.0 && asked.contains(&round));
                });
            }
            above > 0
        };
        let number = (0..self.hosts.min(LOOKED_AT)).find(is_busy);
        format!("host_{}", number.unwrap_or(0))
    }

    fn time(&self) -> String {
        format!("time >= {} AND time < {}", self.start_ns, self.end_ns)
    }

    fn mean_by_region(&self) -> String {
        format!("SELECT mean(usage_user) FROM cpu WHERE {} GROUP BY region, time(5m)", self.time())
    }

    fn prom_mean_by_region(&self) -> String {
        let expr = "avg by (region) (avg_over_time(cpu_usage_user[5m]))";
        self.range(expr, self.start_ns, self.end_ns, 300, 295)
    }

    fn maxima(&self) -> String {
        let fields: Vec<String> = FIELDS.iter().map(|field| format!("max({field})")).collect();
        let hosts: Vec<String> = (0..8).map(|host| format!("hostname = 'host_{host}'")).collect();
        format!(
            "SELECT {} FROM cpu WHERE ({}) AND time >= {} AND time < {} GROUP BY hostname, time(1m)",
            fields.join(", "),
            hosts.join(" OR "),
            self.start_ns + 3_600 * SECOND,
            self.start_ns + 7_200 * SECOND,
        )
    }

    /// A path a field: functions over ranges drop the name, so that one path cannot tell
    /// fields apart.
    fn prom_maxima(&self) -> Vec<String> {
        let hosts: Vec<String> = (0..8).map(|host| format!("host_{host}")).collect();
        let path = |field: &&str| {
            let hosts = hosts.join("|");
            let expr = format!("max_over_time(cpu_{field}{{hostname=~\"{hosts}\"}}[1m])");
            let start = self.start_ns + 3_600 * SECOND;
            self.range(&expr, start, start + 3_600 * SECOND, 60, 55)
        };
        FIELDS.iter().map(path).collect()
    }

    /// A range query over [start, end) in steps; each is asked `into` seconds behind the
    /// start of its step.
    fn range(&self, expr: &str, start_ns: i64, end_ns: i64, step: i64, into: i64) -> String {
        let (start, end) = (start_ns / SECOND + into, end_ns / SECOND - step + into);
        format!("/api/v1/query_range?query={}&start={start}&end={end}&step={step}", escape(expr))
    }
}

/// A query at one time.
pub fn instant(expr: &str, time_ns: i64) -> String {
    format!("/api/v1/query?query={}&time={}", escape(expr), time_ns / SECOND)
}
