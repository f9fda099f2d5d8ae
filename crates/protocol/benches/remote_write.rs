//! How fast remote write is read: `cargo bench -p barograph-protocol --bench remote_write`.
//!
//! The messages are those of a Prometheus that scrapes hosts: eleven labels a series, 2,000
//! samples a message. Nothing is asserted; the figures are printed for people to compare.

use model::row::Rows;
use protocol::remote_write::{Decoder, decompress, identify};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long one case is repeated.
const LASTS: Duration = Duration::from_millis(700);
const SAMPLES: usize = 2_000;

fn main() {
    println!(
        "{:34} {:>9} {:>11} {:>8}",
        "2,000 samples a message", "ns/sample", "M samples/s", "MB/s"
    );
    for each in [1, 4, 100] {
        let message = message(each);
        let mut plain = Vec::new();
        let body = snap::raw::Encoder::new().compress_vec(&message).expect("it is compressed");
        measure(&format!("rows, {each} a series"), message.len(), || rows(&message));
        measure(&format!("snappy alone, {each} a series"), body.len(), || {
            decompress(&body, 1 << 30, &mut plain).expect("a good body");
            black_box(&plain);
            SAMPLES
        });
        measure(&format!("body to rows, {each} a series"), body.len(), || {
            decompress(&body, 1 << 30, &mut plain).expect("a good body");
            rows(&plain)
        });
    }
    let keys = keys();
    measure("names of a new series", keys[0].len() * keys.len(), || {
        for key in &keys {
            black_box(identify(key).expect("a good key"));
        }
        keys.len()
    });
}

/// Repeats `once`, which reads `bytes` and says how many samples these were.
fn measure(name: &str, bytes: usize, mut once: impl FnMut() -> usize) {
    let started = Instant::now();
    let (mut samples, mut rounds) = (0, 0);
    while started.elapsed() < LASTS {
        samples += once();
        rounds += 1;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{name:34} {:9.1} {:11.1} {:8.0}",
        seconds * 1e9 / samples as f64,
        samples as f64 / seconds / 1e6,
        (bytes * rounds) as f64 / seconds / 1e6,
    );
}

fn rows(message: &[u8]) -> usize {
    let mut decoder = Decoder::new(message).expect("a good message");
    let mut count = 0;
    while let Some(row) = decoder.next_row() {
        let row = row.expect("a good sample");
        black_box((row.key, row.timestamp, row.fields));
        count += 1;
    }
    count
}

/// A field with a length: its number, and its bytes.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The labels of one series, sorted as Prometheus sends them.
fn key(series: usize) -> Vec<u8> {
    let host = series / 10;
    let labels = [
        ("__name__", format!("node_cpu_usage_field_{}", series % 10)),
        ("arch", "x64".to_owned()),
        ("datacenter", format!("eu-west-1{}", ["a", "b", "c"][host % 3])),
        ("hostname", format!("host_{host}")),
        ("os", "Ubuntu16.04LTS".to_owned()),
        ("rack", format!("{}", host % 100)),
        ("region", "eu-west-1".to_owned()),
        ("service", format!("{}", host % 20)),
        ("service_environment", "production".to_owned()),
        ("service_version", format!("{}", host % 2)),
        ("team", "LON".to_owned()),
    ];
    let mut out = Vec::new();
    for (name, value) in labels {
        let mut label = Vec::new();
        field(&mut label, 1, name.as_bytes());
        field(&mut label, 2, value.as_bytes());
        field(&mut out, 1, &label);
    }
    out
}

fn keys() -> Vec<Vec<u8>> {
    (0..SAMPLES).map(key).collect()
}

/// A message with `each` samples a series.
fn message(each: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0..SAMPLES / each {
        let mut series = key(number);
        for sample in 0..each {
            let mut point = vec![1 << 3 | 1];
            point.extend_from_slice(&((number * 7 + sample) as f64 / 10.0).to_le_bytes());
            point.push(2 << 3);
            varint(&mut point, 1_700_000_000_000 + sample as u64 * 15_000);
            field(&mut series, 2, &point);
        }
        field(&mut out, 1, &series);
    }
    out
}
