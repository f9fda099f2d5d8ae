//! What was acknowledged is there after `kill -9`, at any moment, bit for bit, and nothing
//! is there that was not sent.
//!
//! `make test` kills a hundred times, a run of these tests alone a dozen times, or `KILLS`.

use barograph_tests::binary::{Barograph, escape};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How often the server is killed where nothing else is said.
const KILLS: u64 = 12;
/// Connections that write line protocol, beside one that writes as Prometheus does.
const WRITERS: u64 = 3;
/// Points in one body.
const POINTS: u64 = 100;
/// After so many kills, the points of all of them are asked for, else those of the last two.
const KILLS_PER_LOOK_BACK: u64 = 10;
/// Nothing but the store, which keeps the times of this test, from 1970.
const FLAGS: [&str; 3] = ["--no-collect", "--retention", "inf"];

/// What was written between two kills, to two measurements of its own.
#[derive(Default)]
struct Round {
    number: u64,
    /// Each point has a number, which is also its time.
    next: AtomicU64,
    lines: Mutex<BTreeSet<u64>>,
    samples: Mutex<BTreeSet<u64>>,
}

#[test]
fn kill_9_in_a_stream_of_writes_loses_no_acknowledged_point() {
    let folder = tempfile::tempdir().unwrap();
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let mut rounds: Vec<Round> = Vec::new();
    // Later rounds start on what the earlier ones left, with the WAL that they left.
    for number in 0..kills {
        let server = Barograph::start(folder.path(), "", &FLAGS);
        let is_look_back = number.is_multiple_of(KILLS_PER_LOOK_BACK);
        let from = if is_look_back { 0 } else { rounds.len().saturating_sub(2) };
        rounds[from..].iter().for_each(|round| compare(&server, round));
        let round = Round { number, ..Round::default() };
        write_until_killed(&server, &round);
        server.kill();
        rounds.push(round);
    }
    let server = Barograph::start(folder.path(), "", &FLAGS);
    rounds.iter().for_each(|round| compare(&server, round));
    let lines: usize = rounds.iter().map(|round| round.lines.lock().unwrap().len()).sum();
    let samples: usize = rounds.iter().map(|round| round.samples.lock().unwrap().len()).sum();
    println!("{kills} kills, {lines} lines and {samples} samples were acknowledged");
    assert!(lines > 100 && samples > 100, "{lines} lines, {samples} samples");
    // What is flushed by a clean stop reads the same from blocks.
    assert_eq!(server.terminate().code(), Some(0));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    rounds.iter().for_each(|round| compare(&server, round));
}

/// Writes over several connections, until the server is killed in the midst of it.
fn write_until_killed(server: &Barograph, round: &Round) {
    let is_over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(move || write_lines(server, round, is_over));
        }
        scope.spawn(move || write_samples(server, round, is_over));
        // From the first body on, which makes database and streams, to some thousand bodies.
        let wait = mixed(round.number) % 400;
        std::thread::sleep(Duration::from_millis(wait * wait / 400));
        barograph_tests::binary::signal(server.pid(), "KILL");
        is_over.store(true, Ordering::SeqCst);
    });
}

/// Sends bodies of fresh points, and notes those that were acknowledged.
fn write_lines(server: &Barograph, round: &Round, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        let first = round.next.fetch_add(POINTS, Ordering::SeqCst) + 1;
        let numbers = first..first + POINTS;
        let line = |n| {
            let (shard, value) = (n % 7, value(n));
            format!("lines{},shard={shard} n={n}i,value={value} {n}", round.number)
        };
        let lines: Vec<String> = numbers.clone().map(line).collect();
        let answer = server.try_post("/write", &lines.join("\n"));
        let Some(answer) = answer else { return };
        assert_eq!(answer.status, 204, "a good body was refused: {}", answer.body);
        round.lines.lock().unwrap().extend(numbers);
    }
}

/// The same by Prometheus's remote write.
fn write_samples(server: &Barograph, round: &Round, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        let first = round.next.fetch_add(POINTS, Ordering::SeqCst) + 1;
        let numbers: Vec<u64> = (first..first + POINTS).collect();
        let body = snappy(&write_request(&format!("samples{}", round.number), &numbers));
        let headers = [("content-encoding", "snappy"), ("content-type", "application/x-protobuf")];
        let Some(answer) = server.try_post_bytes("/api/v1/write", &headers, &body) else { return };
        assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.body);
        round.samples.lock().unwrap().extend(numbers);
    }
}

/// A `WriteRequest` with one series and its samples: labels are sorted, as Prometheus sends.
fn write_request(name: &str, numbers: &[u64]) -> Vec<u8> {
    let field = |out: &mut Vec<u8>, number: u8, bytes: &[u8]| {
        out.push(number << 3 | 2);
        varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    };
    let mut series = Vec::new();
    for (label, text) in [("__name__", name), ("job", "kills")] {
        let mut pair = Vec::new();
        field(&mut pair, 1, label.as_bytes());
        field(&mut pair, 2, text.as_bytes());
        field(&mut series, 1, &pair);
    }
    for n in numbers {
        let mut sample = vec![1 << 3 | 1];
        sample.extend_from_slice(&value(*n).to_le_bytes());
        sample.push(2 << 3);
        varint(&mut sample, *n);
        field(&mut series, 2, &sample);
    }
    let mut request = Vec::new();
    field(&mut request, 1, &series);
    request
}

/// Snappy's block format, with literals only.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, bytes.len() as u64);
    for literal in bytes.chunks(1 << 16) {
        out.push(61 << 2);
        out.extend_from_slice(&((literal.len() - 1) as u16).to_le_bytes());
        out.extend_from_slice(literal);
    }
    out
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The value of a point: any finite float there is.
fn value(n: u64) -> f64 {
    let value = f64::from_bits(mixed(n));
    if value.is_finite() { value } else { n as f64 / 2.0 }
}

/// The same number for the same `n`, all bits of it (splitmix64).
fn mixed(n: u64) -> u64 {
    let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Every acknowledged point is there with its values, and nothing that was never sent.
fn compare(server: &Barograph, round: &Round) {
    let sent = round.next.load(Ordering::SeqCst) + POINTS;
    let number = round.number;
    let read = |statement: &str, nanoseconds: u64| {
        let mut found = BTreeSet::new();
        for row in rows(server, statement) {
            let cell = |at: usize| row.get(at).map(String::as_str).unwrap_or_default();
            let n = cell(0).parse().unwrap_or(0) / nanoseconds;
            assert!((1..sent).contains(&n), "{statement}: {row:?} was never sent");
            let stored: f64 = cell(1).parse().unwrap_or(f64::NAN);
            assert_eq!(stored.to_bits(), value(n).to_bits(), "{statement}: {row:?}");
            assert!(row.len() == 2 || cell(2) == n.to_string(), "{statement}: {row:?}");
            assert!(found.insert(n), "{statement}: {row:?} comes twice");
        }
        found
    };
    let lines = read(&format!("SELECT value, n FROM lines{number}"), 1);
    let samples = read(&format!("SELECT value FROM samples{number}"), 1_000_000);
    for (found, acknowledged) in [(lines, &round.lines), (samples, &round.samples)] {
        let acknowledged = acknowledged.lock().unwrap();
        let lost: Vec<_> = acknowledged.difference(&found).take(10).collect();
        assert!(lost.is_empty(), "round {number} lost {lost:?} …; log: {}", server.log());
    }
}

/// The rows of an answer as text, since a JSON reader may round floats in their last bit.
fn rows(server: &Barograph, statement: &str) -> Vec<Vec<String>> {
    let path = format!("/query?db=metrics&epoch=ns&q={}", escape(statement));
    let answer = server.get(&path);
    assert_eq!(answer.status, 200, "{statement}: {}", answer.body);
    let Some((_, rows)) = answer.body.split_once("\"values\":[[") else {
        // It may have been killed before the first body made the database.
        let is_new = answer.body.contains("database not found");
        assert!(is_new || !answer.body.contains("error"), "{statement}: {}", answer.body);
        return Vec::new();
    };
    let (rows, _) = rows.split_once("]]").expect("the rows end");
    rows.split("],[").map(|row| row.split(',').map(str::to_owned).collect()).collect()
}
