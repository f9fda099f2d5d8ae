//! The targets: what is done with any bytes.

use crate::volume;
use codec::{bools, floats, integers, strings, timestamps};
use model::limits::Budget;
use model::port::SystemClock;
use model::row::Rows;
use model::{ByteSize, Span, Timestamp};
use protocol::{line, remote_write};
use query::{influxql, promql};
use std::sync::{Arc, OnceLock};

/// What is done with any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its folder in the corpus.
pub const TARGETS: [(&str, Target); 10] = [
    ("bools", decode_bools),
    ("floats", decode_floats),
    ("folder", open_folder),
    ("influxql", run_influxql),
    ("integers", decode_integers),
    ("line", decode_lines),
    ("promql", parse_promql),
    ("remote_write", decode_remote_write),
    ("strings", decode_strings),
    ("timestamps", decode_timestamps),
];

/// The most bytes a compressed body may become.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A count of values from the first two bytes, and the rest.
fn counted(bytes: &[u8]) -> (usize, &[u8]) {
    match bytes.split_first_chunk::<2>() {
        Some((count, rest)) => (usize::from(u16::from_le_bytes(*count)), rest),
        None => (0, bytes),
    }
}

/// What is decoded has as many values as were asked for, and is encoded and decoded alike.
fn decode_integers(bytes: &[u8]) {
    let (count, bytes) = counted(bytes);
    let (mut values, mut again, mut encoded) = (Vec::new(), Vec::new(), Vec::new());
    if integers::decode(bytes, count, &mut values).is_ok() {
        assert_eq!(values.len(), count);
        integers::encode(&values, &mut encoded);
        integers::decode(&encoded, count, &mut again).expect("what was encoded");
        assert_eq!(values, again);
    }
}

fn decode_floats(bytes: &[u8]) {
    let (count, bytes) = counted(bytes);
    let (mut values, mut again, mut encoded) = (Vec::new(), Vec::new(), Vec::new());
    if floats::decode(bytes, count, &mut values).is_ok() {
        assert_eq!(values.len(), count);
        floats::Encoder::new().encode(&values, &mut encoded);
        floats::decode(&encoded, count, &mut again).expect("what was encoded");
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&values), bits(&again));
    }
}

fn decode_timestamps(bytes: &[u8]) {
    let (count, bytes) = counted(bytes);
    let mut values = Vec::new();
    if timestamps::decode(bytes, count, &mut values).is_ok() {
        assert_eq!(values.len(), count);
    }
}

fn decode_bools(bytes: &[u8]) {
    let (count, bytes) = counted(bytes);
    let (mut values, mut again, mut encoded) = (Vec::new(), Vec::new(), Vec::new());
    if bools::decode(bytes, count, &mut values).is_ok() {
        assert_eq!(values.len(), count);
        bools::encode(&values, &mut encoded);
        bools::decode(&encoded, count, &mut again).expect("what was encoded");
        assert_eq!(values, again);
    }
}

fn decode_strings(bytes: &[u8]) {
    let (count, bytes) = counted(bytes);
    let mut seen = 0;
    if strings::decode(bytes, count, |_| seen += 1).is_ok() {
        assert_eq!(seen, count);
    }
}

fn decode_lines(bytes: &[u8]) {
    let mut rows = line::Decoder::new(bytes, line::Precision::Ns, Timestamp(1));
    drain(&mut rows, bytes.len());
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<Span>();
        let _ = text.parse::<ByteSize>();
    }
}

fn decode_remote_write(bytes: &[u8]) {
    // As it comes, and as a message that is not compressed.
    let mut message = Vec::new();
    if remote_write::decompress(bytes, BODY_BYTES_MAX, &mut message).is_ok() {
        assert!(message.len() <= BODY_BYTES_MAX);
    }
    for message in [&message[..], bytes] {
        if let Ok(mut rows) = remote_write::Decoder::new(message) {
            drain(&mut rows, message.len());
        }
    }
}

/// Takes every row, and parses the keys of those that are kept.
fn drain(rows: &mut dyn Rows, bytes: usize) {
    let identify = rows.identify();
    let mut count = 0;
    while let Some(row) = rows.next_row() {
        if let Ok(row) = row {
            let _ = identify(row.key);
        }
        count += 1;
        assert!(count <= bytes + 1, "a row takes a byte at least");
    }
}

fn parse_promql(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(expr) = promql::parse(text) {
        let printed = expr.to_string();
        let again = promql::parse(&printed);
        let again = again.unwrap_or_else(|e| panic!("{printed:?} does not parse: {e}"));
        assert_eq!(again.to_string(), printed, "printing is stable");
    }
}

/// Statements over a small store that may not be changed.
fn run_influxql(bytes: &[u8]) {
    static ENGINE: OnceLock<influxql::Engine> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let engine = ENGINE.get_or_init(|| {
        let store = Arc::new(volume::store());
        let options = influxql::Options { buckets_max: 1000, threads: 1 };
        influxql::Engine::new(store.clone(), store, Arc::new(SystemClock), options)
    });
    let database = Some("metrics".to_owned());
    let request = influxql::Request { database, policy: None, read_only: true };
    let _ = engine.run(text, &request, &Budget::new(100_000).holding(16 << 20));
}

/// A whole folder with one of its files changed: which one is the first byte's to say, then
/// come places and what they become.
fn open_folder(bytes: &[u8]) {
    let Some((file, changes)) = bytes.split_first() else { return };
    let volume = volume::sample();
    volume.change(usize::from(*file), |content| {
        for change in changes.chunks_exact(4) {
            let at = u16::from_le_bytes([change[1], change[2]]);
            let at = usize::from(at) % content.len().max(1);
            match change[0] % 4 {
                0 => content.truncate(at),
                1 => content.insert(at, change[3]),
                _ => match content.get_mut(at) {
                    Some(byte) => *byte ^= change[3],
                    None => content.push(change[3]),
                },
            }
        }
    });
    volume::read_all(volume);
}
