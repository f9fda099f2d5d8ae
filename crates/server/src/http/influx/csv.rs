//! InfluxDB's CSV: `name,tags` before the columns of each series, times as nanoseconds or
//! in the unit asked for.

use super::render::float;
use model::Span;
use query::influxql::{Cell, ResultSeries, StatementResult};
use std::io::Write;

/// A whole answer. A header stands wherever the columns change; statements are parted by
/// an empty line.
pub fn render(results: &[StatementResult], epoch: Option<Span>) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, result) in results.iter().enumerate() {
        if id > 0 {
            out.push(b'\n');
        }
        let mut columns: Option<&[String]> = None;
        for series in &result.series {
            if columns != Some(&series.columns) {
                if columns.is_some() {
                    out.push(b'\n');
                }
                header(&mut out, series);
                columns = Some(&series.columns);
            }
            rows(&mut out, series, epoch);
        }
        if let Some(error) = &result.error {
            out.extend_from_slice(b"error\n");
            text(&mut out, error);
            out.push(b'\n');
        }
    }
    out
}

fn header(out: &mut Vec<u8>, series: &ResultSeries) {
    out.extend_from_slice(b"name,tags");
    for column in &series.columns {
        out.push(b',');
        text(out, column);
    }
    out.push(b'\n');
}

fn rows(out: &mut Vec<u8>, series: &ResultSeries, epoch: Option<Span>) {
    let tags: Vec<String> =
        series.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let tags = tags.join(",");
    series.rows.each(0..series.rows.len(), |row| {
        text(out, &series.name);
        out.push(b',');
        text(out, &tags);
        for cell in row {
            out.push(b',');
            value(out, cell, epoch);
        }
        out.push(b'\n');
    });
}

fn value(out: &mut Vec<u8>, cell: &Cell, epoch: Option<Span>) {
    // Writing to a Vec cannot fail.
    let _ = match cell {
        Cell::Null => Ok(()),
        Cell::Time(at) => write!(out, "{}", at.0 / epoch.map_or(1, |unit| unit.0)),
        Cell::Float(number) if !number.is_finite() => Ok(()),
        Cell::Float(number) => out.write_all(float(*number).as_bytes()),
        Cell::Integer(number) => write!(out, "{number}"),
        Cell::Unsigned(number) => write!(out, "{number}"),
        Cell::Bool(truth) => write!(out, "{truth}"),
        Cell::Text(it) => {
            text(out, it);
            Ok(())
        }
    };
}

/// A field, quoted where RFC 4180 wants it.
fn text(out: &mut Vec<u8>, field: &str) {
    if !field.contains([',', '"', '\n', '\r']) {
        out.extend_from_slice(field.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(field.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests;
