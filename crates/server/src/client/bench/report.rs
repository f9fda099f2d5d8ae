//! What a bench found, as text or JSON.

use super::super::table::Table;
use super::questions::Asked;
use super::traffic::FIELDS;
use serde_json::{Value, json};
use std::time::Duration;

/// Values in blocks and the bytes of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub values: u64,
    pub bytes: u64,
}

/// What a bench found.
pub struct Report {
    pub hosts: u32,
    pub connections: u32,
    pub lines: u32,
    pub took: Duration,
    /// Values that were acknowledged.
    pub values: u64,
    /// CPU time of the server alone, while it was written to.
    pub cpu_seconds: f64,
    /// Of each body.
    pub latencies: Vec<Duration>,
    pub space: Option<Space>,
    pub questions: Vec<Asked>,
}

impl Report {
    fn rate(&self) -> f64 {
        self.values as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn cpu_per_million(&self) -> f64 {
        if self.values == 0 { 0.0 } else { self.cpu_seconds / self.values as f64 * 1e6 }
    }

    fn bytes_per_value(&self) -> Option<f64> {
        self.space.map(|space| space.bytes as f64 / space.values as f64)
    }

    /// p50, p99 and the most, in milliseconds.
    fn latency(&self) -> [f64; 3] {
        let mut all = self.latencies.clone();
        all.sort_unstable();
        [0.5, 0.99, 1.0].map(|share| quantile(&all, share).as_secs_f64() * 1e3)
    }

    pub fn as_text(&self) -> String {
        let mut facts = Table::new(&["measured", "result"]);
        let mut add = |name: &str, value: String| facts.rows.push(vec![name.to_owned(), value]);
        let series = u64::from(self.hosts) * FIELDS as u64;
        let (seconds, million) = (self.took.as_secs_f64(), self.values as f64 / 1e6);
        add("series", format!("{series}, of {} hosts", self.hosts));
        add(
            "written",
            format!(
                "{million:.2} M values in {seconds:.1} s over {} connections, {} lines a body",
                self.connections, self.lines
            ),
        );
        add("acknowledged", format!("{:.2} M values a second, each on disk", self.rate() / 1e6));
        add("server CPU", format!("{:.3} s a million values", self.cpu_per_million()));
        let [median, p99, most] = self.latency();
        add(
            "a body takes",
            format!("{median:.1} ms at p50, {p99:.1} ms at p99, {most:.1} ms at most"),
        );
        let ratio = self.bytes_per_value();
        let space = ratio.map_or("unknown: no block was written meanwhile".to_owned(), |ratio| {
            format!("{ratio:.3} bytes a value in blocks")
        });
        add("space", space);
        let mut out = facts.aligned();
        if !self.questions.is_empty() {
            let mut table = Table::new(&["query", "median, ms"]);
            table.rows.extend(self.questions.iter().map(|asked| {
                vec![asked.what.to_owned(), format!("{:.2}", asked.median.as_secs_f64() * 1e3)]
            }));
            out.push('\n');
            out.push_str(&table.aligned());
        }
        out
    }

    pub fn as_json(&self) -> String {
        let [p50, p99, most] = self.latency();
        let asked =
            |it: &Asked| json!({ "query": it.what, "median_ms": it.median.as_secs_f64() * 1e3 });
        let json: Value = json!({
            "hosts": self.hosts,
            "series": u64::from(self.hosts) * FIELDS as u64,
            "connections": self.connections,
            "lines": self.lines,
            "seconds": self.took.as_secs_f64(),
            "values": self.values,
            "values_per_second": self.rate(),
            "cpu_seconds_per_million": self.cpu_per_million(),
            "latency_ms": { "p50": p50, "p99": p99, "max": most },
            "bytes_per_value": self.bytes_per_value(),
            "queries": self.questions.iter().map(asked).collect::<Vec<_>>(),
        });
        format!("{json:#}\n")
    }
}

/// The least of the sorted `all` that this share of them does not exceed.
fn quantile(all: &[Duration], share: f64) -> Duration {
    let rank = (all.len() as f64 * share).ceil() as usize;
    all.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
