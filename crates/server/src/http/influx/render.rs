//! InfluxDB's JSON, as Go writes it, straight into bytes.

use crate::http::ink::{self, Parts, string};
use model::Span;
use query::influxql::{Cell, ResultSeries, StatementResult, Zone, format_time};
use std::io::Write;
use std::ops::Range;

/// About what a cell takes.
const CELL_BYTES: usize = 15;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Times as counts of this; RFC 3339 where it is none.
    pub epoch: Option<Span>,
    /// Indented for people.
    pub pretty: bool,
    /// Several documents of this many rows at most; one document where it is none.
    pub chunk_rows: Option<usize>,
}

/// How times are written.
#[derive(Clone, Copy)]
struct Times<'a> {
    epoch: Option<Span>,
    /// The zone the statement names, where it does.
    zone: Option<&'a Zone>,
}

impl<'a> Times<'a> {
    fn of(result: &'a StatementResult, epoch: Option<Span>) -> Self {
        Self { epoch, zone: result.zone.as_ref() }
    }
}

/// A whole answer.
pub fn render(results: &[StatementResult], shape: Shape) -> Parts {
    let Some(rows) = shape.chunk_rows else {
        let mut out = Parts::new();
        out.end().extend_from_slice(b"{\"results\":[");
        for (id, result) in results.iter().enumerate() {
            comma(out.end(), id);
            whole(&mut out, id, result, shape.epoch);
        }
        out.end().extend_from_slice(b"]}");
        if !shape.pretty {
            out.end().push(b'\n');
            return out;
        }
        let mut bytes = out.into_bytes();
        finish(&mut bytes, 0, true);
        return bytes.into();
    };
    let mut out = Vec::with_capacity(1_024);
    for (id, result) in results.iter().enumerate() {
        chunked(&mut out, id, result, rows, shape);
    }
    out.into()
}

/// Ends the document that began at `start` with a line end, indented where that is wanted.
fn finish(out: &mut Vec<u8>, start: usize, pretty: bool) {
    if pretty {
        let indented = indent(&out[start..]);
        out.truncate(start);
        out.extend_from_slice(&indented);
    }
    out.push(b'\n');
}

fn comma(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}

fn whole(parts: &mut Parts, id: usize, result: &StatementResult, epoch: Option<Span>) {
    // Writing to a Vec cannot fail, here and below.
    let _ = write!(parts.end(), "{{\"statement_id\":{id}");
    if !result.series.is_empty() {
        parts.end().extend_from_slice(b",\"series\":[");
        for (index, series) in result.series.iter().enumerate() {
            comma(parts.end(), index);
            head(parts.end(), series);
            values(parts, series, Times::of(result, epoch));
            parts.end().push(b'}');
        }
        parts.end().push(b']');
    }
    trailer(parts.end(), result);
    parts.end().push(b'}');
}

/// All rows of a series, over the cores where that is worth it.
fn values(parts: &mut Parts, series: &ResultSeries, times: Times<'_>) {
    let count = series.rows.len();
    let bytes = count.saturating_mul(series.columns.len() * CELL_BYTES);
    let threads = ink::threads(bytes);
    if threads == 1 {
        let out = parts.end();
        out.reserve(bytes);
        return rows(out, series, 0..count, times);
    }
    parts.end().extend_from_slice(b",\"values\":[");
    let share = count.div_ceil(threads);
    let written = ink::over_threads((0..threads).collect(), |thread: usize| {
        let mut out = Vec::with_capacity(bytes / threads + bytes / threads / 8);
        let inside = (thread * share).min(count)..((thread + 1) * share).min(count);
        let is_last = inside.end == count;
        list(&mut out, series, inside, times);
        if !is_last {
            out.push(b',');
        }
        out
    });
    parts.extend(written);
    parts.end().push(b']');
}

/// One document for each `rows_max` rows of each series. A document whose series goes on
/// says `partial`; one whose statement goes on says so too.
fn chunked(out: &mut Vec<u8>, id: usize, result: &StatementResult, rows_max: usize, shape: Shape) {
    let chunks_of = |series: &ResultSeries| series.rows.len().div_ceil(rows_max).max(1);
    let total: usize = result.series.iter().map(chunks_of).sum();
    let mut done = 0;
    for series in &result.series {
        let chunks = chunks_of(series);
        for index in 0..chunks {
            done += 1;
            let start = out.len();
            let first = index * rows_max;
            let inside = first..series.rows.len().min(first.saturating_add(rows_max));
            let _ = write!(out, "{{\"results\":[{{\"statement_id\":{id},\"series\":[");
            head(out, series);
            rows(out, series, inside, Times::of(result, shape.epoch));
            if index + 1 < chunks {
                out.extend_from_slice(b",\"partial\":true");
            }
            out.extend_from_slice(b"}]");
            if done < total {
                out.extend_from_slice(b",\"partial\":true");
            } else {
                trailer(out, result);
            }
            out.extend_from_slice(b"}]}");
            finish(out, start, shape.pretty);
        }
    }
    if total == 0 {
        let start = out.len();
        let mut parts = Parts::new();
        whole(&mut parts, id, result, shape.epoch);
        out.extend_from_slice(b"{\"results\":[");
        out.extend_from_slice(&parts.into_bytes());
        out.extend_from_slice(b"]}");
        finish(out, start, shape.pretty);
    }
}

fn trailer(out: &mut Vec<u8>, result: &StatementResult) {
    if !result.messages.is_empty() {
        out.extend_from_slice(b",\"messages\":[");
        for (index, message) in result.messages.iter().enumerate() {
            comma(out, index);
            out.extend_from_slice(b"{\"level\":");
            string(out, message.level);
            out.extend_from_slice(b",\"text\":");
            string(out, &message.text);
            out.push(b'}');
        }
        out.push(b']');
    }
    if let Some(error) = &result.error {
        out.extend_from_slice(b",\"error\":");
        string(out, error);
    }
}

/// Opens a series; the caller closes it.
fn head(out: &mut Vec<u8>, series: &ResultSeries) {
    out.push(b'{');
    if !series.name.is_empty() {
        out.extend_from_slice(b"\"name\":");
        string(out, &series.name);
        out.push(b',');
    }
    if !series.tags.is_empty() {
        out.extend_from_slice(b"\"tags\":{");
        for (index, (name, value)) in series.tags.iter().enumerate() {
            comma(out, index);
            string(out, name);
            out.push(b':');
            string(out, value);
        }
        out.extend_from_slice(b"},");
    }
    out.extend_from_slice(b"\"columns\":[");
    for (index, column) in series.columns.iter().enumerate() {
        comma(out, index);
        string(out, column);
    }
    out.push(b']');
}

/// Some rows of a series that is open, if there are any.
fn rows(out: &mut Vec<u8>, series: &ResultSeries, inside: Range<usize>, times: Times<'_>) {
    if !inside.is_empty() {
        out.extend_from_slice(b",\"values\":[");
        list(out, series, inside, times);
        out.push(b']');
    }
}

fn list(out: &mut Vec<u8>, series: &ResultSeries, inside: Range<usize>, times: Times<'_>) {
    let mut index = 0;
    series.rows.each(inside, |row| {
        comma(out, index);
        index += 1;
        out.push(b'[');
        for (index, cell) in row.iter().enumerate() {
            comma(out, index);
            value(out, cell, times);
        }
        out.push(b']');
    });
}

fn value(out: &mut Vec<u8>, cell: &Cell, times: Times<'_>) {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Time(at) => match times.epoch {
            // Go's division rounds towards zero, and so does this.
            Some(unit) => ink::whole(out, at.0 / unit.0),
            None => {
                out.push(b'"');
                out.extend_from_slice(format_time(*at, times.zone).as_bytes());
                out.push(b'"');
            }
        },
        Cell::Float(number) if is_plain(*number) => ink::number(out, *number),
        Cell::Float(number) => out.extend_from_slice(float(*number).as_bytes()),
        Cell::Integer(number) => ink::whole(out, *number),
        Cell::Unsigned(number) => ink::natural(out, *number),
        Cell::Bool(true) => out.extend_from_slice(b"true"),
        Cell::Bool(false) => out.extend_from_slice(b"false"),
        Cell::Text(text) => string(out, text),
    }
}

/// Whether a float is written without an exponent.
fn is_plain(number: f64) -> bool {
    number == 0.0 || (1e-6..1e21).contains(&number.abs())
}

/// A float as Go's JSON writes it: an exponent only below 1e-6 and from 1e21 on. JSON has
/// no word for NaN and the infinities; they are null.
pub fn float(number: f64) -> String {
    if !number.is_finite() {
        return "null".to_owned();
    }
    if is_plain(number) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
        _ => text,
    }
}

/// JSON without spaces, indented by four, as Go does it.
fn indent(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.resize(out.len() + 4 * depth, b' ');
    };
    for (index, byte) in json.iter().copied().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            out.push(byte);
            continue;
        }
        let is_closed_at_once = matches!(json.get(index + 1), Some(b'}' | b']'));
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                depth += 1;
                if !is_closed_at_once {
                    line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth -= 1;
                if !matches!(json[index - 1], b'{' | b'[') {
                    line(&mut out, depth);
                }
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                in_string = byte == b'"';
                out.push(byte);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
