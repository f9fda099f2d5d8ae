//! Just enough line protocol to fill a store in memory; the real decoder is another room's.

use model::{Tags, Timestamp, Value};
use std::sync::Arc;

/// One parsed line.
pub struct Point {
    pub measurement: Arc<str>,
    pub tags: Tags,
    pub fields: Vec<(Arc<str>, Value)>,
    pub at: Timestamp,
}

/// Parses lines; each timestamp counts units of `unit` nanoseconds.
pub fn parse(text: &str, unit: i64, now: Timestamp) -> Vec<Point> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter(|line| !line.starts_with('#')).map(|line| parse_line(line, unit, now)).collect()
}

fn parse_line(line: &str, unit: i64, now: Timestamp) -> Point {
    let parts = split(line, ' ');
    let mut key = split(parts[0], ',').into_iter();
    let measurement = Arc::from(unescape(key.next().unwrap()));
    let pair = |text: &str| {
        let parts = split(text, '=');
        (Arc::<str>::from(unescape(parts[0])), parts[1].to_owned())
    };
    let tags = key.map(pair).map(|(name, value)| (name, Arc::from(unescape(&value)))).collect();
    let fields = split(parts[1], ',').into_iter().map(pair);
    let fields = fields.map(|(name, text)| (name, value(&text))).collect();
    let at = match parts.get(2).filter(|text| !text.is_empty()) {
        Some(text) => Timestamp(text.parse::<i64>().unwrap() * unit),
        None => now,
    };
    Point { measurement, tags: Tags::new(tags), fields, at }
}

fn value(text: &str) -> Value {
    if let Some(quoted) = text.strip_prefix('"') {
        return Value::Str(unescape(quoted.strip_suffix('"').unwrap()));
    }
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Value::Bool(true),
        "f" | "F" | "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(number) = text.strip_suffix('i') {
        return Value::I64(number.parse().unwrap());
    }
    if let Some(number) = text.strip_suffix('u') {
        return Value::U64(number.parse().unwrap());
    }
    Value::F64(text.parse().unwrap_or_else(|_| panic!("no value: {text}")))
}

/// Splits at `separator` where it is neither escaped nor inside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    let (mut escaped, mut quoted) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts.retain(|part| separator != ' ' || !part.is_empty());
    parts
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}
