//! Hosts as TSBS's "cpu" use case has them: 10 tags, up to 10 fields, a report every 10 s.
//!
//! Each host has random numbers of its own, so that its values do not depend on the order
//! in which hosts report: every server gets the same samples, whatever its protocol.

use crate::random::Random;
use crate::shape::{Shape, Walk};
use std::ops::Range;

/// Fields of a host, without the measurement `cpu`.
pub const FIELDS: [&str; 10] = [
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
/// The time of round 0: 2026-01-01T00:00:00Z, in nanoseconds.
pub const START_NS: i64 = 1_767_225_600_000_000_000;
/// From one report of a host to the next.
pub const STEP_NS: i64 = 10_000_000_000;

const REGIONS: [&str; 9] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// The time of a round; rounds before the start have negative numbers.
pub fn round_ns(round: i64) -> i64 {
    START_NS + round * STEP_NS
}

/// Tags of a host, in TSBS's order.
pub fn tags(host: usize, name: &str) -> [(&'static str, String); 10] {
    let mut random = Random::new(host as u64 ^ 0x7461_6773);
    let mut pick = |of: &[&str]| of[random.below(of.len() as u64) as usize].to_owned();
    let region = pick(&REGIONS);
    let datacenter = format!("{region}{}", pick(&["a", "b", "c"]));
    let os = pick(&["Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"]);
    let arch = pick(&["x64", "x86"]);
    let team = pick(&["SF", "NYC", "LON", "CHI"]);
    let version = pick(&["0", "1"]);
    let environment = pick(&["production", "staging", "test"]);
    [
        ("hostname", name.to_owned()),
        ("region", region),
        ("datacenter", datacenter),
        ("rack", random.below(100).to_string()),
        ("os", os),
        ("arch", arch),
        ("team", team),
        ("service", random.below(20).to_string()),
        ("service_version", version),
        ("service_environment", environment),
    ]
}

/// `cpu,hostname=…`, the key of a host's lines.
pub fn line_key(host: usize, name: &str) -> Vec<u8> {
    let mut key = b"cpu".to_vec();
    for (tag, value) in tags(host, name) {
        key.extend_from_slice(format!(",{tag}={value}").as_bytes());
    }
    key
}

/// One host and where its values are.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its number, which its tags follow from.
    pub number: usize,
    /// The key of its lines.
    pub key: Vec<u8>,
    random: Random,
    walks: Vec<Walk>,
}

impl Host {
    /// Host number `number` with the first `fields` of [`FIELDS`].
    pub fn new(number: usize, fields: usize, shape: Shape) -> Self {
        let mut random = Random::new(number as u64);
        let start =
            |field| Walk::start(shape.of_field(field), number * FIELDS.len() + field, &mut random);
        let walks = (0..fields).map(start).collect();
        Self { number, key: line_key(number, &format!("host_{number}")), random, walks }
    }

    /// The values of the next report, field after field.
    pub fn step(&mut self, mut each: impl FnMut(usize, f64)) {
        for (field, walk) in self.walks.iter_mut().enumerate() {
            each(field, walk.step(&mut self.random));
        }
    }

    /// Appends ` field=value,…` of the next report.
    pub fn write_fields(&mut self, out: &mut Vec<u8>) {
        for (field, walk) in self.walks.iter_mut().enumerate() {
            out.push(if field == 0 { b' ' } else { b',' });
            out.extend_from_slice(FIELDS[field].as_bytes());
            out.push(b'=');
            let value = walk.step(&mut self.random);
            walk.write(value, out);
        }
    }

    /// How many fields it has.
    pub fn fields(&self) -> usize {
        self.walks.len()
    }
}

/// Hosts of these numbers.
pub fn hosts(numbers: Range<usize>, fields: usize, shape: Shape) -> Vec<Host> {
    numbers.map(|number| Host::new(number, fields, shape)).collect()
}

/// Cuts `all` hosts into one range for each connection, so that a host stays with its own.
pub fn shares(all: usize, connections: usize) -> Vec<Range<usize>> {
    (0..connections)
        .map(|index| all * index / connections..all * (index + 1) / connections)
        .collect()
}
