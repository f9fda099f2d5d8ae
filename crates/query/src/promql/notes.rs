//! What an answer says beside its values: warnings and infos, in Prometheus's words.
//!
//! Each is said once, in the order it was first noted, and ends in line and column of what
//! it is about.

use super::format::format_brief;
use super::position::Position;
use super::quote::quote;
use std::sync::Mutex;

/// How many of each kind an answer carries.
const NOTES_MAX: usize = 10;

/// Notes of one query, from all its threads.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    /// The query, to find lines in.
    text: &'a str,
    warnings: Mutex<Vec<String>>,
    infos: Mutex<Vec<String>>,
}

impl<'a> Notes<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, warnings: Mutex::default(), infos: Mutex::default() }
    }

    /// Warnings and infos noted so far.
    pub fn take(self) -> (Vec<String>, Vec<String>) {
        let inner = |notes: Mutex<Vec<String>>| {
            notes.into_inner().unwrap_or_else(|broken| broken.into_inner())
        };
        (inner(self.warnings), inner(self.infos))
    }

    pub fn invalid_quantile(&self, phi: f64, position: Position) {
        let phi = format_brief(phi);
        self.warn(format!("quantile value should be between 0 and 1, got {phi}"), position);
    }

    pub fn invalid_ratio(&self, ratio: f64, capped: f64, position: Position) {
        let (ratio, capped) = (format_brief(ratio), format_brief(capped));
        let text = "ratio value should be between -1 and 1";
        self.warn(format!("{text}, got {ratio}, capping to {capped}"), position);
    }

    pub fn bad_bucket_label(&self, metric: &str, label: &str, position: Position) {
        let text = "bucket label \"le\" is missing or has a malformed value";
        self.warn(named(&format!("{text} of {}", quote(label)), metric), position);
    }

    pub fn histogram_ignored(&self, metric: &str, position: Position) {
        let text = "native histograms are not supported, ignored a series of them";
        self.warn(named(text, metric), position);
    }

    pub fn possible_non_counter(&self, metric: &str, position: Position) {
        let text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket";
        self.info(format!("{text}: {}", quote(metric)), position);
    }

    pub fn forced_monotonicity(&self, metric: &str, position: Position) {
        let text = "input to histogram_quantile needed to be fixed for monotonicity \
                    (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
        self.info(named(text, metric), position);
    }

    fn warn(&self, text: String, position: Position) {
        note(&self.warnings, self.locate(&format!("PromQL warning: {text}"), position));
    }

    fn info(&self, text: String, position: Position) {
        note(&self.infos, self.locate(&format!("PromQL info: {text}"), position));
    }

    fn locate(&self, text: &str, position: Position) -> String {
        let (line, column) = position.line_column(self.text);
        format!("{text} ({line}:{column})")
    }
}

fn named(text: &str, metric: &str) -> String {
    if metric.is_empty() {
        text.to_owned()
    } else {
        format!("{text} for metric name {}", quote(metric))
    }
}

fn note(notes: &Mutex<Vec<String>>, text: String) {
    let mut notes = notes.lock().unwrap_or_else(|broken| broken.into_inner());
    if notes.len() < NOTES_MAX && !notes.contains(&text) {
        notes.push(text);
    }
}
