//! Bodies of rows, made from a seed.

use super::super::rig::{Point, point};
use crate::disk::simulated::Random;
use model::value::STALE_NAN_BITS;
use model::{Kind, Span, Value};

/// Fields and the kind each mostly has.
const FIELDS: [(&str, Kind); 8] = [
    ("value", Kind::F64),
    ("user", Kind::F64),
    ("raw", Kind::F64),
    ("count", Kind::I64),
    ("total", Kind::U64),
    ("up", Kind::Bool),
    ("note", Kind::Str),
    ("shape", Kind::Histogram),
];
/// How many rows one body has at most: every refusal of so many is told.
const ROWS_MAX: i64 = model::WriteReport::REFUSED_MAX as i64;
const SECOND: i64 = Span::SECOND.0;

/// A body of a few rows around `now`.
pub fn body(random: &mut Random, now: i64) -> Vec<Point> {
    // Most bodies are about one moment.
    let around = moment(random, now);
    let streams: Vec<String> = (0..random.between(1, 4)).map(|_| key(random)).collect();
    let rows = random.between(1, ROWS_MAX);
    let row = |_| {
        let at = match random.below(10) {
            0 => moment(random, now),
            1..=4 => around,
            _ => around.saturating_add(random.between(-30, 30) * 10 * SECOND),
        };
        let fields = fields(random);
        Point { key: random.pick(&streams).clone(), at, fields }
    };
    (0..rows).map(row).collect()
}

/// A long run of one stream, with gaps, steps back and rewritten times, in fields whose kinds
/// nothing else changes.
pub fn burst(random: &mut Random, now: i64) -> Vec<Point> {
    let key = key(random);
    let rows = random.between(500, 2500);
    let step = *random.pick(&[1, SECOND, 10 * SECOND]);
    let has_note = random.chance(300);
    let row = |n: i64| {
        let back = if random.chance(50) { random.between(0, 100) } else { 0 };
        let mut fields = vec![("burst_user", Value::F64(tame(random)))];
        if random.chance(800) {
            fields.push(("burst_count", Value::I64(n)));
        }
        if has_note {
            fields.push(("burst_note", Value::Str(format!("n{}", n % 9))));
        }
        point(&key, now - (rows - n + back) * step, &fields)
    };
    (0..rows).map(row).collect()
}

/// More streams than a page of an index has, each with a row of a field that has one kind.
pub fn crowd(random: &mut Random, now: i64) -> Vec<Point> {
    let first = random.below(1_000);
    let row = |n| {
        let fields = [("crowd", Value::F64(tame(random)))];
        point(&format!("pod,name=p{n}"), now - random.between(0, 3) * SECOND, &fields)
    };
    (first..first + 600).map(row).collect()
}

/// A body of one of several writers: streams are shared, times are the writer's own, but
/// for one stream where all write the same times.
pub fn shared(random: &mut Random, now: i64, writer: i64) -> Vec<Point> {
    let rows = random.between(1, ROWS_MAX);
    let row = |_| {
        let fields = [("user", Value::F64(tame(random)))];
        if random.chance(150) {
            point(CONTENDED, now - random.between(0, 3) * SECOND, &fields)
        } else {
            let host = random.below(6);
            let at = now - random.between(0, 400) * SECOND + 1 + writer;
            point(&format!("cpu,host=h{host}"), at, &fields)
        }
    };
    (0..rows).map(row).collect()
}

/// The stream whose times several writers write.
pub const CONTENDED: &str = "contended,host=all";

/// A few streams that come again and again, one of them spelled in two ways, and new ones.
fn key(random: &mut Random) -> String {
    match random.below(12) {
        0 => "cpu,host=h0,zone=x".into(),
        1 => "cpu,zone=x,host=h0".into(),
        2 => "mem".into(),
        3 => format!("mem,host=h{}", random.below(3)),
        4 => format!("cpu_user,host=h{}", random.below(3)),
        5 => format!("pod,name=p{}", random.below(500)),
        _ => format!("cpu,host=h{}", random.below(6)),
    }
}

/// A time: mostly close to now, at times far from it, or where it is hard.
fn moment(random: &mut Random, now: i64) -> i64 {
    let day = Span::DAY.0;
    match random.below(20) {
        0 => now - random.between(0, 40) * day,
        1 => now - random.between(0, 5000) * day,
        2 => now + random.between(0, 48) * Span::HOUR.0,
        // The seam between two days.
        3 => now - now % day - random.between(0, 3) * day + random.between(-1, 1),
        4 => *random.pick(&[0, 1, -1, i64::MAX, i64::MIN, 777]),
        5 | 6 => now - random.between(0, 20) * Span::HOUR.0,
        _ => now - now % (10 * SECOND) - random.between(0, 60) * 10 * SECOND,
    }
}

/// Some fields in some order, none twice.
fn fields(random: &mut Random) -> Vec<(String, Value)> {
    let mut chosen: Vec<(String, Value)> = Vec::new();
    for _ in 0..random.between(1, 4) {
        let (name, kind) = *random.pick(&FIELDS);
        if chosen.iter().all(|(other, _)| other != name) {
            let kind = if random.chance(15) { random.pick(&FIELDS).1 } else { kind };
            let value = value(random, name, kind);
            chosen.push((name.to_owned(), value));
        }
    }
    chosen
}

fn value(random: &mut Random, name: &str, kind: Kind) -> Value {
    match kind {
        Kind::F64 if name == "raw" => Value::F64(wild(random)),
        Kind::F64 => Value::F64(tame(random)),
        Kind::I64 if random.chance(100) => Value::I64(random.number() as i64),
        Kind::I64 => Value::I64(random.between(-100, 100)),
        Kind::U64 if random.chance(100) => Value::U64(random.number()),
        Kind::U64 => Value::U64(random.below(1000)),
        Kind::Bool => Value::Bool(random.chance(500)),
        Kind::Str => {
            let bits = random.below(30);
            Value::Str(format!("né {}", random.below(1 << bits)))
        }
        Kind::Histogram => {
            let length = random.below(9);
            Value::Histogram((0..length).map(|_| random.number() as u8).collect())
        }
    }
}

/// Values whose sums are exact in any order.
fn tame(random: &mut Random) -> f64 {
    random.between(-4000, 4000) as f64 / 4.0
}

/// Any bits a float may have.
fn wild(random: &mut Random) -> f64 {
    match random.below(6) {
        0 => f64::from_bits(random.number()),
        1 => *random.pick(&[
            f64::NAN,
            f64::from_bits(STALE_NAN_BITS),
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            f64::MAX,
            f64::MIN_POSITIVE,
        ]),
        2 => random.between(-1000, 1000) as f64 / 1000.0,
        _ => random.between(0, 1000) as f64 / 10.0,
    }
}
