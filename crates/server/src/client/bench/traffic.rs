//! What hosts report: TSBS's "cpu", ten tags and ten integers that walk between 0 and 100.

use model::Timestamp;
use std::io::Write as _;

/// The fields of a report.
pub const FIELDS: usize = 10;

const NAMES: [&str; FIELDS] = [
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

/// How many regions hosts are in.
pub const REGIONS: u32 = 9;

/// Hosts of one connection, whose reports come in the order of their times.
pub struct Traffic {
    hosts: Vec<Host>,
    random: u64,
}

struct Host {
    /// The line up to its fields.
    key: String,
    values: [u8; FIELDS],
}

impl Traffic {
    /// Every `of`th of `hosts` hosts, from number `lane` on.
    pub fn new(lane: u32, of: u32, hosts: u32) -> Self {
        let mut random = 0x9e37_79b9_7f4a_7c15 ^ u64::from(lane + 1);
        let host = |number: u32| Host {
            key: format!(
                "cpu,hostname=host_{number},region=region-{},datacenter=dc-{},rack={},os=Ubuntu22.04,arch=x64,team=team-{},service={},service_version={},service_environment=production ",
                number % REGIONS,
                number % (3 * REGIONS),
                number % 100,
                number % 7,
                number % 20,
                number % 2
            ),
            values: std::array::from_fn(|_| (next(&mut random) % 101) as u8),
        };
        let hosts = (lane..hosts).step_by(of as usize).map(host).collect();
        Self { hosts, random }
    }

    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }

    /// Writes the next report, of time `at`, of up to `count` hosts from `first` on into `body`,
    /// which is emptied first; answers how many there are.
    pub fn write(
        &mut self,
        first: usize,
        count: usize,
        at: Timestamp,
        body: &mut Vec<u8>,
    ) -> usize {
        body.clear();
        let last = self.hosts.len().min(first + count);
        for host in &mut self.hosts[first..last] {
            body.extend_from_slice(host.key.as_bytes());
            let mut bits = next(&mut self.random);
            for (index, (name, value)) in NAMES.iter().zip(&mut host.values).enumerate() {
                // Four coins, less two: a step of 0 on average with a variance of 1.
                let step = (bits & 15).count_ones() as i32 - 2;
                bits >>= 4;
                *value = (i32::from(*value) + step).clamp(0, 100) as u8;
                if index > 0 {
                    body.push(b',');
                }
                body.extend_from_slice(name.as_bytes());
                body.push(b'=');
                put_digits(*value, body);
                body.push(b'i');
            }
            writeln!(body, " {}", at.0).expect("writing to memory");
        }
        last - first
    }
}

fn put_digits(value: u8, out: &mut Vec<u8>) {
    if value >= 100 {
        out.push(b'0' + value / 100);
    }
    if value >= 10 {
        out.push(b'0' + value / 10 % 10);
    }
    out.push(b'0' + value % 10);
}

/// xorshift64: fast, and the same in each run.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[cfg(test)]
mod tests;
