//! How scripts write series: `metric{label="value"} 0+10x5 _ stale NaN`.
//!
//! The metric notation is Prometheus's. `__db__`, `__rp__`, `__field__` and `__kind__` say
//! where a series lies and what its values are; in an answer they never occur.

use crate::memory::{Memory, kind_named};
use model::value::STALE_NAN_BITS;
use model::{DEFAULT_DATABASE, DEFAULT_POLICY, Kind, Labels, SeriesMeta, StreamKey, Tags, Value};
use std::sync::Arc;

/// One item of a list of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item {
    /// No sample.
    Gap,
    /// A number, or the staleness marker.
    Number(f64),
    /// A native histogram, whose content does not matter here.
    Histogram,
}

/// Nanoseconds of `5m`, `1h30m`, `10s53ms`, or of a bare number of seconds.
pub fn duration(text: &str) -> i64 {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Ok(secs) = text.parse::<f64>() {
        return sign * (secs * 1e3).round() as i64 * 1_000_000;
    }
    let span: model::Span = text.parse().unwrap_or_else(|error| panic!("{error}"));
    sign * span.0
}

/// Reads a metric from the start of `text`; gives its labels and what follows it.
pub fn metric(text: &str) -> (Vec<(String, String)>, &str) {
    let mut labels = Vec::new();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    if !name.is_empty() {
        labels.push(("__name__".to_owned(), name.to_owned()));
    }
    let Some(inside) = rest.strip_prefix('{').filter(|inside| !inside.starts_with('{')) else {
        return (labels, rest);
    };
    rest = inside;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return (labels, after);
        }
        let name;
        (name, rest) = if rest.starts_with('"') {
            string(rest)
        } else {
            let end = rest.find(|c| !is_name(c)).expect("a label has a value");
            (rest[..end].to_owned(), &rest[end..])
        };
        rest = rest.trim_start();
        match rest.strip_prefix('=') {
            Some(value) => {
                let value = value.trim_start();
                let (value, after) = string(value);
                labels.push((name, value));
                rest = after;
            }
            None => labels.push(("__name__".to_owned(), name)),
        }
    }
}

/// Reads a quoted text from the start of `text`.
fn string(text: &str) -> (String, &str) {
    let quote = text.chars().next().expect("a quoted text starts here");
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quote != '`' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => break,
            },
            c if c == quote => return (out, &text[at + c.len_utf8()..]),
            c => out.push(c),
        }
    }
    panic!("unterminated text: {text}")
}

/// Reads a list of values.
pub fn values(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if rest.starts_with("{{") {
            let mut end = rest.find("}}").expect("a histogram ends") + 2;
            if rest[end..].starts_with(['+', '-']) {
                end += rest[end..].find("}}").expect("a histogram ends") + 2;
            }
            let times = rest[end..].split_whitespace().next().filter(|t| t.starts_with('x'));
            let more = times.map_or(0, |times| times[1..].parse().expect("a count"));
            items.extend(std::iter::repeat_n(Item::Histogram, more + 1));
            rest = rest[end + times.map_or(0, str::len)..].trim_start();
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        item(&rest[..end], &mut items);
        rest = rest[end..].trim_start();
    }
    items
}

fn item(text: &str, items: &mut Vec<Item>) {
    // Hexadecimal is not used here, so that an x always repeats.
    let (value, times) = match text.split_once('x') {
        Some((value, times)) => (value, times.parse::<usize>().expect("a count")),
        None => (text, 0),
    };
    match value {
        "_" => return items.extend(std::iter::repeat_n(Item::Gap, times.max(1))),
        "stale" => {
            let marker = Item::Number(f64::from_bits(STALE_NAN_BITS));
            return items.extend(std::iter::repeat_n(marker, times + 1));
        }
        _ => {}
    }
    // A sign that is not the first character, nor an exponent's, starts the increment.
    let bytes = value.as_bytes();
    let split = (1..bytes.len())
        .find(|&at| matches!(bytes[at], b'+' | b'-') && !matches!(bytes[at - 1], b'e' | b'E'));
    let (start, step) = match split {
        Some(at) => (number(&value[..at]), number(&value[at..])),
        None => (number(value), 0.0),
    };
    let mut current = start;
    for _ in 0..=times {
        items.push(Item::Number(current));
        current += step;
    }
}

/// A number as a script writes it.
pub fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

/// The labels of an answer.
pub fn labels(pairs: &[(String, String)]) -> Labels {
    Labels::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// Puts one line of a `load` into `memory`, samples `gap` nanoseconds apart.
pub fn load(memory: &mut Memory, line: &str, gap: i64) {
    let (pairs, rest) = metric(line);
    let items = values(rest);
    add(memory, &pairs, &items, gap);
}

/// Puts a series into `memory`.
pub fn add(memory: &mut Memory, pairs: &[(String, String)], items: &[Item], gap: i64) {
    let find = |wanted: &str, default: &str| -> Arc<str> {
        let found = pairs.iter().find(|(name, _)| name == wanted);
        found.map_or(default, |(_, value)| value.as_str()).into()
    };
    let apart = ["__name__", "__db__", "__rp__", "__field__", "__kind__"];
    let tags = pairs.iter().filter(|(name, _)| !apart.contains(&name.as_str()));
    let stream = Arc::new(StreamKey {
        database: find("__db__", DEFAULT_DATABASE),
        policy: find("__rp__", DEFAULT_POLICY),
        measurement: find("__name__", ""),
        tags: Tags::new(tags.map(|(n, v)| (n.as_str().into(), v.as_str().into())).collect()),
    });
    let field = find("__field__", "value");
    let kind = kind_named(&find("__kind__", "float"));
    let timed = || items.iter().enumerate().map(|(index, item)| (index as i64 * gap, *item));
    let plain = timed().filter_map(|(at, item)| match item {
        Item::Number(number) => Some((at, value(kind, number))),
        _ => None,
    });
    let meta = SeriesMeta { stream, field, kind };
    let plain: Vec<_> = plain.collect();
    if !plain.is_empty() {
        memory.add(meta.clone(), plain);
    }
    let histograms = timed().filter(|(_, item)| *item == Item::Histogram);
    let histograms: Vec<_> = histograms.map(|(at, _)| (at, Value::Histogram(Vec::new()))).collect();
    if !histograms.is_empty() {
        memory.add(SeriesMeta { kind: Kind::Histogram, ..meta }, histograms);
    }
}

fn value(kind: Kind, number: f64) -> Value {
    match kind {
        Kind::F64 => Value::F64(number),
        Kind::I64 => Value::I64(number as i64),
        Kind::U64 => Value::U64(number as u64),
        Kind::Bool => Value::Bool(number != 0.0),
        Kind::Str => Value::Str(number.to_string()),
        Kind::Histogram => Value::Histogram(Vec::new()),
    }
}
