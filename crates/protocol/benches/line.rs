//! How fast line protocol is read: `cargo bench -p barograph-protocol`.
//!
//! Nothing is asserted; the figures are printed for people to compare.

use model::row::Rows;
use model::{Timestamp, ValueRef};
use protocol::line::{Decoder, Encoder, Precision};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// How long one case is repeated.
const LASTS: Duration = Duration::from_millis(700);
const LINES: usize = 1_000;

fn main() {
    println!(
        "{:34} {:>9} {:>10} {:>10} {:>8}",
        "lines", "ns/line", "ns/field", "M fields/s", "MB/s"
    );
    measure("10 tags, 10 floats (0.1 %)", &decimals());
    measure("10 tags, 10 full-entropy floats", &doubles());
    measure("10 tags, 10 integers", &integers());
    measure("as a host's agent writes them", &mixed());
    measure("1 string with escapes", &strings());
}

fn measure(name: &str, body: &[u8]) {
    let started = Instant::now();
    let (mut lines, mut fields, mut bytes) = (0u64, 0u64, 0u64);
    while started.elapsed() < LASTS {
        let mut decoder = Decoder::new(body, Precision::Ns, Timestamp(0));
        while let Some(row) = decoder.next_row() {
            let row = row.expect("the body holds good lines");
            lines += 1;
            fields += std::hint::black_box(row.fields).len() as u64;
        }
        bytes += body.len() as u64;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{name:34} {:9.0} {:10.1} {:10.1} {:8.0}",
        seconds * 1e9 / lines as f64,
        seconds * 1e9 / fields as f64,
        fields as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e6,
    );
}

/// A body of lines with ten tags, whose fields `value` writes.
fn body(mut value: impl FnMut(&mut u64) -> String) -> Vec<u8> {
    let mut out = String::new();
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for line in 0..LINES {
        write!(out, "cpu,hostname=host_{line}").unwrap();
        for tag in 1..10 {
            write!(out, ",tag_name_{tag}=some-value-{}", line % 7 * tag).unwrap();
        }
        for field in 0..10 {
            let separator = if field == 0 { ' ' } else { ',' };
            write!(out, "{separator}usage_field_{field}={}", value(&mut state)).unwrap();
        }
        writeln!(out, " 1700000000000000000").unwrap();
    }
    out.into_bytes()
}

/// The next number of a sequence that looks random (xorshift, Marsaglia 2003).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn decimals() -> Vec<u8> {
    body(|state| format!("{:.1}", (next(state) % 1_000) as f64 / 10.0))
}

fn doubles() -> Vec<u8> {
    body(|state| format!("{}", (next(state) >> 11) as f64 / (1u64 << 53) as f64 * 100.0))
}

fn integers() -> Vec<u8> {
    body(|state| format!("{}i", next(state) >> 30))
}

fn strings() -> Vec<u8> {
    let mut out = Vec::new();
    for line in 0..LINES {
        let mut encoder = Encoder::new(&mut out);
        let mut fields = encoder.point("log").tag("host", "a").fields();
        let text = format!("line {line} says \"hello\" from C:\\temp and goes on for a while");
        fields.field("message", ValueRef::Str(&text));
        fields.end(Some(Timestamp(line as i64)));
    }
    out
}

fn mixed() -> Vec<u8> {
    let mut out = Vec::new();
    let mut state = 1;
    for line in 0..LINES {
        let host = format!("host-{}", line / 5);
        let mut encoder = Encoder::new(&mut out);
        let names: &[&str] = match line % 5 {
            0 => &["usage_user", "usage_system", "usage_idle", "usage_iowait", "usage_steal"],
            1 => &["total", "available", "used", "used_percent", "free", "cached"],
            2 => &["reads", "writes", "read_bytes", "write_bytes", "io_time"],
            3 => &["bytes_sent", "bytes_recv", "err_in", "err_out"],
            _ => &["load1", "load5", "load15"],
        };
        let mut fields = encoder.point("measurement").tag("host", &host).fields();
        for (at, name) in names.iter().enumerate() {
            if at % 2 == 0 {
                fields.count(name, next(&mut state) >> 40);
            } else {
                fields.float(name, (next(&mut state) % 10_000) as f64 / 100.0);
            }
        }
        fields.end(Some(Timestamp(1_700_000_000_000_000_000 + line as i64 / 5)));
    }
    out
}
