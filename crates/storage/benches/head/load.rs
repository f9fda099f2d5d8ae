//! Rows in the two shapes, and the orders they are sent in.

use model::row::{Dialect, Identify, Identity, Rows};
use model::{Field, Refusal, Refused, Row, Span, Tags, Timestamp, ValueRef};
use std::io::Write;

/// 2023-11-14T22:13:20Z.
pub const START: i64 = 1_700_000_000 * Span::SECOND.0;
/// Time from one round to the next.
pub const STEP: i64 = 10 * Span::SECOND.0;

/// Streams of one call of [`Load::renew`] have numbers below those of the next.
const RENEWED: usize = 10_000_000;

const FIELDS: [&str; 10] = [
    "usage_user",
    "usage_system",
    "usage_idle",
    "usage_nice",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
];

/// What rows look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Ten fields a row.
    Wide,
    /// One field a row, many labels.
    Narrow,
}

impl Shape {
    pub fn fields(self) -> usize {
        match self {
            Self::Wide => FIELDS.len(),
            Self::Narrow => 1,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

/// The order in which streams are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Always the same.
    Sorted,
    /// Another in each round.
    Shuffled,
    /// The same, and one row in twenty is of an hour before.
    Late,
    /// The same, and one row in a thousand is of a stream that never was.
    Fresh,
}

/// Streams of a shape, and their keys.
pub struct Load {
    pub shape: Shape,
    pub streams: usize,
    keys: Vec<u8>,
    ends: Vec<usize>,
}

impl Load {
    pub fn new(shape: Shape, streams: usize) -> Self {
        let (mut keys, mut ends) = (Vec::new(), vec![0]);
        for stream in 0..streams {
            put_key(shape, stream, &mut keys);
            ends.push(keys.len());
        }
        Self { shape, streams, keys, ends }
    }

    /// Replaces all streams by others that never were; `number` tells them from those of
    /// other calls.
    pub fn renew(&mut self, streams: usize, number: usize) {
        self.keys.clear();
        self.ends.clear();
        self.ends.push(0);
        self.streams = streams;
        for stream in 0..streams {
            put_key(self.shape, (number + 1) * RENEWED + stream, &mut self.keys);
            self.ends.push(self.keys.len());
        }
    }

    /// The pod of a narrow stream.
    pub fn pod(&self, stream: usize) -> String {
        let key = &self.keys[self.ends[stream]..self.ends[stream + 1]];
        let key = std::str::from_utf8(key).expect("keys are made here");
        key.rsplit_once("pod=").map_or_else(String::new, |(_, pod)| pod.to_owned())
    }

    /// Takes the rows of a round and does nothing with them; answers the CPU time in ns.
    pub fn drain(&self, round: usize, order: Order) -> u64 {
        let start = super::rig::cpu_ns();
        let mut body = Body::new(self, round, order, 0..self.streams);
        let mut count = 0;
        while let Some(row) = body.next_row() {
            count += std::hint::black_box(row).is_ok_and(|row| row.fields.len() > 1) as usize;
        }
        std::hint::black_box(count);
        super::rig::cpu_ns() - start
    }
}

fn put_key(shape: Shape, n: usize, out: &mut Vec<u8>) {
    let m = mix(n as u64) as usize;
    let written = match shape {
        Shape::Wide => write!(
            out,
            "cpu,arch=x{},datacenter=region-{}-{},hostname=host_{n},os=Ubuntu16.{}LTS,rack={},region=region-{},service={},service_environment={},service_version={},team={}",
            m % 2 * 64,
            m % 9,
            m % 3,
            m % 3,
            m % 100,
            m % 9,
            m % 20,
            ["production", "staging", "test"][m % 3],
            m % 2,
            ["SF", "NYC", "LON", "CHI"][m % 4],
        ),
        // 1,000 pods on 100 nodes with as many series each.
        Shape::Narrow => {
            let (pod, of_pod) = (n / 1000, n % 1000);
            write!(
                out,
                "metric_{:03}_seconds_total,cluster=eu-west-{},code={},container=app-{},handler=/api/v1/resource/{},instance=10.{}.{}.{}:9100,job=kubernetes-pods-{},method={},namespace=team-{:02},node=ip-10-0-{}.internal,pod=app-{}-{:08x}-{:05x}",
                of_pod % 100,
                pod % 2,
                200 + of_pod / 100,
                pod % 40,
                of_pod % 50,
                pod / 6400 % 256,
                pod / 25 % 256,
                pod % 250,
                pod % 10,
                ["GET", "POST", "PUT"][of_pod % 3],
                pod % 25,
                pod % 100,
                pod % 40,
                mix(pod as u64) as u32,
                pod,
            )
        }
    };
    written.expect("a vector takes it");
}

/// The rows of some streams in one round.
pub struct Body<'a> {
    load: &'a Load,
    round: usize,
    order: Order,
    next: usize,
    end: usize,
    fresh: Vec<u8>,
    fields: [Field<'static>; 10],
}

impl<'a> Body<'a> {
    pub fn new(
        load: &'a Load,
        round: usize,
        order: Order,
        streams: std::ops::Range<usize>,
    ) -> Self {
        let fields = FIELDS.map(|name| Field { name, value: ValueRef::F64(0.0) });
        Self {
            load,
            round,
            order,
            next: streams.start,
            end: streams.end,
            fresh: Vec::new(),
            fields,
        }
    }
}

impl Rows for Body<'_> {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        if self.next == self.end {
            return None;
        }
        let (load, place) = (self.load, self.next);
        self.next += 1;
        let stream = match self.order {
            // A multiplication by an odd number that has no factor with the count goes round all.
            Order::Shuffled => (place * 7_368_787 + self.round * 1_299_709) % load.streams,
            _ => place,
        };
        let mut time = START + self.round as i64 * STEP;
        let draw = mix((self.round * load.streams + place) as u64);
        if self.order == Order::Late && draw.is_multiple_of(20) {
            time -= 3605 * Span::SECOND.0;
        }
        let mut key = &load.keys[load.ends[stream]..load.ends[stream + 1]];
        let is_fresh = self.order == Order::Fresh && draw.is_multiple_of(1000);
        // In a body, keys lie behind each other whatever their order.
        if is_fresh || self.order == Order::Shuffled {
            self.fresh.clear();
            self.fresh.extend_from_slice(key);
            if is_fresh {
                write!(self.fresh, "{}", self.round).expect("a vector takes it");
            }
            key = &self.fresh;
        }
        let count = load.shape.fields();
        for (field, slot) in self.fields[..count].iter_mut().enumerate() {
            let kind = if load.shape == Shape::Wide { 1 + field % 3 } else { stream % 4 };
            slot.value =
                ValueRef::F64(value(stream as u64 * 16 + field as u64, self.round as u64, kind));
            if load.shape == Shape::Narrow {
                slot.name = "value";
            }
        }
        let (line, timestamp) = (place as u64 + 1, Timestamp(time));
        Some(Ok(Row { line, key, timestamp, fields: &self.fields[..count] }))
    }

    fn identify(&self) -> Identify {
        identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Line
    }
}

/// A value that moves little from round to round: constant, integers, one and two decimals.
fn value(series: u64, round: u64, kind: usize) -> f64 {
    let start = (mix(series) % 90) as i64;
    let noise = (mix(series ^ round << 32) % 41) as i64 - 20;
    match kind {
        0 => start as f64,
        1 => (start * 100 + round as i64 + noise / 8) as f64,
        2 => (start * 10 + noise) as f64 / 10.0,
        _ => (start * 100 + noise * 7) as f64 / 100.0,
    }
}

/// The finaliser of splitmix64.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// `measurement,tag=value,…`, without escapes.
fn identify(key: &[u8]) -> Result<Identity, Refusal> {
    let text = std::str::from_utf8(key).expect("keys are made here");
    let mut parts = text.split(',');
    let measurement = parts.next().unwrap_or_default();
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').expect("keys are made here");
        (name.into(), value.into())
    };
    Ok((measurement.into(), Tags::new(parts.map(pair).collect())))
}
