//! `barograph inspect`: what a folder holds, as tables or JSON.

use super::{bytes, fault, print};
use crate::cli;
use crate::client::table::Table;
use crate::error::Error;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::sync::Arc;
use storage::{Disk, Inspection, RealDisk, Shares};

/// Looks at the folder and prints what it finds.
///
/// # Errors
/// When a server has the folder, it is none, or something is damaged.
pub fn run(flags: &cli::Inspect) -> Result<(), Error> {
    let folder = &flags.folder;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let how = storage::Inspect { top: flags.top, modes: flags.modes };
    let found = storage::inspect(&folder.data_dir, &disk, how).map_err(|error| {
        let is_damaged = matches!(error, storage::Error::Damaged { .. });
        let advice = if is_damaged { ": `barograph verify` tells of all damage" } else { "" };
        match fault(error) {
            Error::Failed(text) => Error::Failed(format!("{text}{advice}")),
            other => other,
        }
    })?;
    print(&match folder.json {
        true => format!("{:#}\n", as_json(&found)),
        false => as_text(&found),
    });
    Ok(())
}

/// The UTC day with this number, such as `2026-11-22`.
fn date(day: u32) -> String {
    let first = Date::constant(1970, 1, 1);
    let date = first.checked_add(jiff::Span::new().days(i64::from(day)));
    date.map_or_else(|_| format!("day {day}"), |date| date.to_string())
}

/// Values, and bytes of the blocks they stand in.
fn totals(found: &Inspection) -> (u64, u64, u64) {
    let sum = |of: fn(&storage::Sliced) -> u64| found.slices.iter().map(of).sum();
    (sum(|slice| slice.blocks), sum(|slice| slice.values), sum(|slice| slice.bytes))
}

fn each(bytes: u64, values: u64) -> f64 {
    if values == 0 { 0.0 } else { bytes as f64 / values as f64 }
}

fn parts(shares: &Shares) -> [(&'static str, u64); 5] {
    [
        ("index", shares.index),
        ("timestamps", shares.times),
        ("directories", shares.directories),
        ("statistics", shares.statistics),
        ("values", shares.values),
    ]
}

fn as_text(found: &Inspection) -> String {
    let (blocks, values, size) = totals(found);
    let mut out = format!(
        "{} partitions, {blocks} blocks in {} slices, {}\n\
         {} series of {} streams, {values} values, {:.3} bytes a value\n\
         log: {} segments, {}, not counted here\n",
        found.partitions,
        found.slices.len(),
        bytes(size),
        found.series,
        found.streams,
        each(size, values),
        found.wal.0,
        bytes(found.wal.1),
    );
    let mut add = |title: &str, columns: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let mut table = Table::new(columns);
            table.rows = rows;
            out.push_str(&format!("\n{title}\n{}", table.aligned()));
        }
    };
    let share = |(name, part): (&str, u64)| {
        let percent = 100.0 * each(part, size);
        vec![name.to_owned(), bytes(part), format!("{percent:.1} %")]
    };
    let rows = parts(&found.shares).into_iter().map(share).collect();
    add("What the bytes are for", &["part", "size", "share"], rows);
    let written = |it: &storage::Written| {
        let numbers = [it.chunks, it.values].map(|n| n.to_string());
        let percent = format!("{:.1} %", 100.0 * each(it.bytes, found.shares.values));
        let ratio = format!("{:.3}", each(it.bytes, it.values));
        let names = [it.form, it.mode].map(str::to_owned);
        [names.to_vec(), numbers.to_vec(), vec![bytes(it.bytes), percent, ratio]].concat()
    };
    let columns = ["values are", "packed as", "chunks", "values", "size", "share", "bytes a value"];
    add("How values are written", &columns, found.written.iter().map(written).collect());
    let slice = |it: &storage::Sliced| {
        let numbers =
            [it.days.into(), it.blocks, it.streams, it.values].map(|n: u64| n.to_string());
        let ratio = format!("{:.3}", each(it.bytes, it.values));
        [vec![date(it.day)], numbers.to_vec(), vec![bytes(it.bytes), ratio]].concat()
    };
    let columns = ["first day", "days", "blocks", "streams", "values", "size", "bytes a value"];
    add("Slices of time", &columns, found.slices.iter().map(slice).collect());
    let metric = |it: &storage::Metric| {
        let numbers = [it.series, it.values].map(|n| n.to_string());
        let ratio = format!("{:.3}", each(it.bytes, it.values));
        [vec![it.name.to_string()], numbers.to_vec(), vec![bytes(it.bytes), ratio]].concat()
    };
    let columns = ["metric", "series", "values", "size", "bytes a value"];
    add("Metrics by size", &columns, found.metrics.iter().map(metric).collect());
    let counted = |it: &storage::Counted| vec![it.name.to_string(), it.count.to_string()];
    let rows = found.measurements.iter().map(counted).collect();
    add("Measurements by series", &["measurement", "series"], rows);
    add("Labels by values", &["label", "values"], found.labels.iter().map(counted).collect());
    let pair =
        |it: &storage::Pair| vec![it.name.to_string(), it.value.to_string(), it.series.to_string()];
    let rows = found.pairs.iter().map(pair).collect();
    add("Label values by series", &["label", "value", "series"], rows);
    out
}

fn as_json(found: &Inspection) -> Value {
    let (blocks, values, size) = totals(found);
    let slice = |it: &storage::Sliced| {
        json!({
            "first_day": date(it.day), "days": it.days, "blocks": it.blocks,
            "streams": it.streams, "values": it.values, "bytes": it.bytes,
        })
    };
    let metric = |it: &storage::Metric| json!({ "name": *it.name, "series": it.series, "values": it.values, "bytes": it.bytes });
    let written = |it: &storage::Written| json!({ "form": it.form, "mode": it.mode, "chunks": it.chunks, "values": it.values, "bytes": it.bytes });
    let counted = |it: &storage::Counted| json!({ "name": *it.name, "count": it.count });
    let pair =
        |it: &storage::Pair| json!({ "name": *it.name, "value": *it.value, "series": it.series });
    let shares: serde_json::Map<String, Value> = parts(&found.shares)
        .into_iter()
        .map(|(name, part)| (name.to_owned(), part.into()))
        .collect();
    json!({
        "partitions": found.partitions,
        "blocks": blocks,
        "streams": found.streams,
        "series": found.series,
        "values": values,
        "bytes": size,
        "wal": { "segments": found.wal.0, "bytes": found.wal.1 },
        "shares": shares,
        "written": found.written.iter().map(written).collect::<Vec<_>>(),
        "slices": found.slices.iter().map(slice).collect::<Vec<_>>(),
        "metrics": found.metrics.iter().map(metric).collect::<Vec<_>>(),
        "measurements": found.measurements.iter().map(counted).collect::<Vec<_>>(),
        "labels": found.labels.iter().map(counted).collect::<Vec<_>>(),
        "label_values": found.pairs.iter().map(pair).collect::<Vec<_>>(),
    })
}
