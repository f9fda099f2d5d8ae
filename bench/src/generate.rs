//! Line protocol in the shape of TSBS's "cpu" use case: 10 tags, 10 fields, values that walk.

use std::io::Write as _;

/// Fields of a line.
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
/// Regions that hosts are in.
pub const REGIONS: [&str; 9] = [
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

/// A small generator of pseudo-random numbers (SplitMix64, Steele and others 2014).
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly in [-1, 1).
    pub fn swing(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A percentage that walks as a load does.
#[derive(Clone)]
pub struct Walk(f64);

impl Walk {
    /// Starts anywhere in 0 to 100.
    pub fn start(random: &mut Random) -> Self {
        Self(50.0 + 50.0 * random.swing())
    }

    /// One step, within 0 to 100.
    pub fn step(&mut self, random: &mut Random) -> f64 {
        self.0 = (self.0 + 1.7 * random.swing()).clamp(0.0, 100.0);
        self.0
    }
}

/// Hosts that report one after the other, every 10 s.
pub struct Fleet {
    keys: Vec<String>,
    walks: Vec<Walk>,
    random: Random,
    at_ns: i64,
    next_host: usize,
}

impl Fleet {
    /// `hosts` hosts whose names start at `first`, from `start_ns` on.
    pub fn new(first: usize, hosts: usize, start_ns: i64) -> Self {
        let mut random = Random(first as u64 + 1);
        let keys = (first..first + hosts).map(key).collect();
        let walks = (0..hosts * FIELDS.len()).map(|_| Walk::start(&mut random)).collect();
        Self { keys, walks, random, at_ns: start_ns, next_host: 0 }
    }

    /// Appends `lines` lines to `body`: integers, one decimal, and full precision by turns.
    pub fn fill(&mut self, lines: usize, body: &mut Vec<u8>) {
        for _ in 0..lines {
            let host = self.next_host;
            body.extend_from_slice(self.keys[host].as_bytes());
            for (index, field) in FIELDS.iter().enumerate() {
                let value = self.walks[host * FIELDS.len() + index].step(&mut self.random);
                body.push(if index == 0 { b' ' } else { b',' });
                match index {
                    0..=6 => write!(body, "{field}={}i", value as i64),
                    7 | 8 => write!(body, "{field}={value:.1}"),
                    _ => write!(body, "{field}={value}"),
                }
                .expect("writing to memory");
            }
            writeln!(body, " {}", self.at_ns).expect("writing to memory");
            self.next_host += 1;
            if self.next_host == self.keys.len() {
                self.next_host = 0;
                self.at_ns += 10_000_000_000;
            }
        }
    }
}

/// The region of a host.
pub fn region(host: usize) -> &'static str {
    REGIONS[host % REGIONS.len()]
}

fn key(host: usize) -> String {
    let region = region(host);
    format!(
        "cpu,arch=x64,datacenter={region}{},hostname=host_{host},os=Ubuntu16.10,rack={},region={region},\
         service={},service_environment=production,service_version=1,team=NYC",
        host % 3,
        host % 97,
        host % 19
    )
}
