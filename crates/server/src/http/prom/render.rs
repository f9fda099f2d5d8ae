//! Prometheus's JSON, written straight into bytes: answers hold millions of points.

use model::{Labels, Timestamp};
use query::promql::{Answer, AnswerValue, format_value};
use std::io::Write;

/// A whole answer; `noted` are warnings of the budget, `limit` is the most series told.
pub fn answer(answer: Answer, noted: Vec<String>, limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut warnings = answer.warnings;
    for warning in noted {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    out.extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":");
    match answer.value {
        AnswerValue::Scalar(at, value) => {
            out.extend_from_slice(b"\"scalar\",\"result\":");
            point(&mut out, at, &format_value(value));
        }
        AnswerValue::String(at, text) => {
            out.extend_from_slice(b"\"string\",\"result\":");
            point(&mut out, at, &text);
        }
        AnswerValue::Vector(samples) => {
            out.extend_from_slice(b"\"vector\",\"result\":");
            cut(samples.len(), limit, &mut warnings);
            list(&mut out, samples.iter().take(limit), |out, sample| {
                metric(out, &sample.labels);
                out.extend_from_slice(b",\"value\":");
                point(out, sample.at, &format_value(sample.value));
                out.push(b'}');
            });
        }
        AnswerValue::Matrix(series) => {
            out.extend_from_slice(b"\"matrix\",\"result\":");
            cut(series.len(), limit, &mut warnings);
            list(&mut out, series.iter().take(limit), |out, series| {
                metric(out, &series.labels);
                out.extend_from_slice(b",\"values\":");
                list(out, series.points.iter(), |out, (at, value)| {
                    point(out, *at, &format_value(*value));
                });
                out.push(b'}');
            });
        }
    }
    out.push(b'}');
    notes(&mut out, "warnings", &warnings);
    notes(&mut out, "infos", &answer.infos);
    out.push(b'}');
    out
}

/// Label sets.
pub fn series(found: &[Labels], mut warnings: Vec<String>, limit: usize) -> Vec<u8> {
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    cut(found.len(), limit, &mut warnings);
    list(&mut out, found.iter().take(limit), labels);
    notes(&mut out, "warnings", &warnings);
    out.push(b'}');
    out
}

/// Names or values of labels.
pub fn names(found: &[String], mut warnings: Vec<String>, limit: usize) -> Vec<u8> {
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    cut(found.len(), limit, &mut warnings);
    list(&mut out, found.iter().take(limit), |out, name| string(out, name));
    notes(&mut out, "warnings", &warnings);
    out.push(b'}');
    out
}

fn cut(found: usize, limit: usize, warnings: &mut Vec<String>) {
    if found > limit {
        warnings.push("results truncated due to limit".to_owned());
    }
}

fn list<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

/// Opens an object with its labels; the caller writes the rest.
fn metric(out: &mut Vec<u8>, of: &Labels) {
    out.extend_from_slice(b"{\"metric\":");
    labels(out, of);
}

fn labels(out: &mut Vec<u8>, of: &Labels) {
    out.push(b'{');
    for (index, (name, value)) in of.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        string(out, value);
    }
    out.push(b'}');
}

fn notes(out: &mut Vec<u8>, name: &str, texts: &[String]) {
    if !texts.is_empty() {
        // Writing to a Vec cannot fail.
        let _ = write!(out, ",\"{name}\":");
        list(out, texts.iter(), |out, text| string(out, text));
    }
}

fn point(out: &mut Vec<u8>, at: Timestamp, value: &str) {
    out.push(b'[');
    seconds(out, at);
    out.push(b',');
    string(out, value);
    out.push(b']');
}

/// Seconds with three digits of fraction, or none, as Prometheus prints them.
fn seconds(out: &mut Vec<u8>, at: Timestamp) {
    let ms = at.as_millis();
    let (sign, whole, rest) =
        (if ms < 0 { "-" } else { "" }, ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000);
    let _ = match rest {
        0 => write!(out, "{sign}{whole}"),
        rest => write!(out, "{sign}{whole}.{rest:03}"),
    };
}

fn string(out: &mut Vec<u8>, text: &str) {
    // A string always has a JSON form, and a Vec takes all of it.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests;
