//! Bytes a sample on disk, after everything is flushed and merged, by shape of the data.

use crate::body::Body;
use crate::fill::{self, History, goal, take};
use crate::fleet::FIELDS;
use crate::recording::{Recording, Series};
use crate::remote_write::{Labels, Request};
use crate::rig::Rig;
use crate::send::Sender;
use crate::server::{Server, Setup};
use crate::shape::Shape;
use crate::table::Figure;
use crate::traffic::REMOTE_WRITE_HEADERS;
use anyhow::{Context, Result};
use std::io::Write as _;

/// Hosts of each shape, each with ten fields.
const HOSTS: usize = 50;
/// Reports an hour.
const ROUNDS_AN_HOUR: usize = 360;
/// Times that a request of a recording covers.
const TIMES_OF_REQUEST: usize = 60;
/// Samples of such a request.
const REQUEST_SAMPLES: u32 = 20_000;

/// Every shape, every server.
pub fn measure(rig: &Rig) {
    let rounds = (rig.options.space_hours * ROUNDS_AN_HOUR) as i64;
    for shape in [Shape::Integer, Shape::OneDecimal, Shape::Gauge, Shape::Counter] {
        let history = History { hosts: HOSTS, fields: FIELDS.len(), shape, rounds };
        for kind in rig.kinds() {
            rig.measure(&format!("space, {}: {}", shape.name(), kind.name()), || {
                let server = rig.start(kind, Setup::Merging)?;
                fill::fill(&server, history)?;
                weigh(rig, server, shape.name(), history.samples())
            });
        }
    }
    rig.measure("space, a real host", || {
        let recording = Recording::load(rig)?;
        for kind in rig.kinds() {
            rig.measure(&format!("space, {}: {}", recording.name, kind.name()), || {
                let server = rig.start(kind, Setup::Merging)?;
                let samples = match kind.remote_path() {
                    Some(path) => send_requests(&server, &path, &recording)?,
                    None => send_lines(&server, &recording)?,
                };
                weigh(rig, server, recording.name, samples)
            });
        }
        Ok(())
    });
}

fn weigh(rig: &Rig, server: Server, what: &str, samples: u64) -> Result<()> {
    let server = server.settle(rig)?;
    let bytes = server.bytes_on_disk()? as f64;
    let figure = Figure::less(format!("space, {what}: all files"), "B/sample");
    rig.put(server.kind, figure, bytes / samples as f64);
    if let Some(bytes) = server.value_bytes()? {
        let figure = Figure::less(format!("space, {what}: files of values alone"), "B/sample");
        rig.put(server.kind, figure, bytes as f64 / samples as f64);
    }
    Ok(())
}

fn send_requests(server: &Server, path: &str, recording: &Recording) -> Result<u64> {
    let label = |series: &Series| {
        let labels = series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::new(&series.metric, &labels.collect::<Vec<_>>())
    };
    let labels: Vec<Labels> = recording.series.iter().map(label).collect();
    let mut sender = Sender::open(goal(server, path, REMOTE_WRITE_HEADERS))?;
    let (mut request, mut count) = (Request::default(), 0);
    for (index, times) in recording.times_ms.chunks(TIMES_OF_REQUEST).enumerate() {
        for (series, labels) in recording.series.iter().zip(&labels) {
            let values = series.values.chunks(TIMES_OF_REQUEST).nth(index);
            let values = values.context("a series has a value at each time")?;
            request.push(labels, times.iter().copied().zip(values.iter().copied()));
            count += times.len() as u64;
            if request.samples >= REQUEST_SAMPLES {
                sender.send(&take(&mut request)?)?;
            }
        }
        sender.send(&take(&mut request)?)?;
    }
    Ok(count)
}

/// For InfluxDB, which has no numbers that are not finite: those are left out.
fn send_lines(server: &Server, recording: &Recording) -> Result<u64> {
    let path = server.kind.line_path().context("takes lines")?;
    let keys: Vec<Vec<u8>> = recording.series.iter().map(line_key).collect();
    let mut sender = Sender::open(goal(server, &path, ""))?;
    let mut count = 0;
    for (index, time_ms) in recording.times_ms.iter().enumerate() {
        let mut body = Body::with_lines(0);
        for (series, key) in recording.series.iter().zip(&keys) {
            if series.values[index].is_finite() {
                body.bytes.extend_from_slice(key);
                write!(body.bytes, " value={}", series.values[index])?;
                body.end_line(time_ms * 1_000_000, 1);
                count += 1;
            }
        }
        sender.send(&body)?;
    }
    Ok(count)
}

fn line_key(series: &Series) -> Vec<u8> {
    let escape = |text: &str, special: &[char]| {
        text.chars().fold(String::new(), |mut out, c| {
            if special.contains(&c) {
                out.push('\\');
            }
            out.push(c);
            out
        })
    };
    let mut key = escape(&series.metric, &[',', ' ']);
    // An empty tag value is no tag, as an empty label is no label.
    for (name, value) in series.labels.iter().filter(|(_, value)| !value.is_empty()) {
        let special = [',', ' ', '='];
        key.push_str(&format!(",{}={}", escape(name, &special), escape(value, &special)));
    }
    key.into_bytes()
}
