//! Prometheus's JSON, written straight into bytes: answers hold millions of points.

use crate::http::ink::{self, Parts, string};
use model::{Labels, Timestamp};
use query::promql::{Answer, AnswerValue, InstantSample, RangeSeries, format_value};

/// About what a point and a label take.
const POINT_BYTES: usize = 20;
const LABEL_BYTES: usize = 24;

/// A whole answer; `noted` are warnings of the budget, `limit` is the most series told.
pub fn answer(answer: Answer, noted: Vec<String>, limit: usize) -> Parts {
    let mut parts = Parts::new();
    let mut warnings = answer.warnings;
    for warning in noted {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    parts.end().extend_from_slice(b"{\"status\":\"success\",\"data\":{\"resultType\":");
    match answer.value {
        AnswerValue::Scalar(at, value) => {
            parts.end().extend_from_slice(b"\"scalar\",\"result\":");
            point(parts.end(), at, value);
        }
        AnswerValue::String(at, text) => {
            let out = parts.end();
            out.extend_from_slice(b"\"string\",\"result\":[");
            seconds(out, at);
            out.push(b',');
            string(out, &text);
            out.push(b']');
        }
        AnswerValue::Vector(samples) => {
            parts.end().extend_from_slice(b"\"vector\",\"result\":");
            cut(samples.len(), limit, &mut warnings);
            let samples = &samples[..samples.len().min(limit)];
            let bytes = |of: &InstantSample| of.labels.len() * LABEL_BYTES + POINT_BYTES;
            many(&mut parts, samples, bytes, instant_sample);
        }
        AnswerValue::Matrix(series) => {
            parts.end().extend_from_slice(b"\"matrix\",\"result\":");
            cut(series.len(), limit, &mut warnings);
            let series = &series[..series.len().min(limit)];
            let bytes =
                |of: &RangeSeries| of.labels.len() * LABEL_BYTES + of.points.len() * POINT_BYTES;
            many(&mut parts, series, bytes, range_series);
        }
    }
    let out = parts.end();
    out.push(b'}');
    notes(out, "warnings", &warnings);
    notes(out, "infos", &answer.infos);
    out.push(b'}');
    parts
}

fn instant_sample(out: &mut Vec<u8>, sample: &InstantSample) {
    metric(out, &sample.labels);
    out.extend_from_slice(b",\"value\":");
    point(out, sample.at, sample.value);
    out.push(b'}');
}

fn range_series(out: &mut Vec<u8>, series: &RangeSeries) {
    metric(out, &series.labels);
    out.extend_from_slice(b",\"values\":");
    list(out, series.points.iter(), |out, (at, value)| point(out, *at, *value));
    out.push(b'}');
}

/// A list that may be long, over the cores where that is worth it; `bytes` guesses how long
/// an item becomes.
fn many<T: Sync>(
    parts: &mut Parts,
    items: &[T],
    bytes: impl Fn(&T) -> usize,
    each: impl Fn(&mut Vec<u8>, &T) + Sync,
) {
    let total: usize = items.iter().map(&bytes).sum();
    let threads = ink::threads(total);
    let end = parts.end();
    if threads == 1 {
        end.reserve(total);
        return list(end, items.iter(), each);
    }
    end.push(b'[');
    let mut shares: Vec<(usize, &[T])> = Vec::with_capacity(threads);
    let (mut start, mut sum) = (0, 0);
    for (index, item) in items.iter().enumerate() {
        sum += bytes(item);
        if sum >= total / threads || index + 1 == items.len() {
            shares.push((sum, &items[start..=index]));
            (start, sum) = (index + 1, 0);
        }
    }
    let write = |(bytes, share): (usize, &[T])| {
        let mut out = Vec::with_capacity(bytes + bytes / 8);
        for item in share {
            each(&mut out, item);
            out.push(b',');
        }
        out
    };
    parts.extend(ink::over_threads(shares, write));
    let end = parts.end();
    // The comma behind the last.
    end.pop();
    end.push(b']');
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
        out.push(b',');
        string(out, name);
        out.push(b':');
        list(out, texts.iter(), |out, text| string(out, text));
    }
}

fn point(out: &mut Vec<u8>, at: Timestamp, value: f64) {
    out.push(b'[');
    seconds(out, at);
    out.extend_from_slice(b",\"");
    if value.is_finite() {
        ink::number(out, value);
    } else {
        out.extend_from_slice(format_value(value).as_bytes());
    }
    out.extend_from_slice(b"\"]");
}

/// Seconds with three digits of fraction, or none, as Prometheus prints them.
fn seconds(out: &mut Vec<u8>, at: Timestamp) {
    let ms = at.as_millis();
    if ms < 0 {
        out.push(b'-');
    }
    let (whole, rest) = (ms.unsigned_abs() / 1_000, ms.unsigned_abs() % 1_000);
    ink::natural(out, whole);
    if rest > 0 {
        let start = out.len();
        // The point takes the place of a leading one, which keeps the zeros behind it.
        ink::natural(out, 1_000 + rest);
        out[start] = b'.';
    }
}

#[cfg(test)]
mod tests;
