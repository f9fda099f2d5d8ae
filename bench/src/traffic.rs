//! Bodies for a sender: which lines, in which order, over which connection.
//!
//! A host's samples always go over the same connection, and (but for the variant that is
//! late) in the order of their times.

use crate::body::{Body, SERIAL_DIGITS};
use crate::fleet::{self, FIELDS, Host, round_ns};
use crate::random::Random;
use crate::remote_write::{Labels, Request};
use crate::shape::Shape;
use anyhow::Result;
use std::ops::Range;

/// Samples of a remote write request, as Prometheus sends them.
const REQUEST_SAMPLES: usize = 2_000;
/// Rows that are late: 1 in 20, by 1 min to 1 h.
const LATE_ONE_IN: u64 = 20;
const LATE_ROUNDS: Range<u64> = 6..360;
/// New hosts: 1 line in 1,000.
const NEW_ONE_IN: usize = 1_000;
/// The first report of every host comes two hours before all others, where even the latest
/// of late rows does not reach.
const FIRST_ROUND: i64 = -720;

/// A kind of traffic.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Variant {
    /// Every host in turn, over few connections.
    Ordered,
    /// The same over one.
    OneWriter,
    /// Hosts of a round in random order, another in each round.
    Shuffled,
    /// 5 % of rows come minutes to an hour late.
    Late,
    /// 1,000 connections with 20 lines a body.
    Crowd,
    /// Every thousandth line is of a host never seen before.
    New,
    /// Ordered, compressed with gzip.
    Gzip,
    /// Ordered, as Prometheus remote write.
    RemoteWrite,
}

impl Variant {
    /// All, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Ordered,
        Self::OneWriter,
        Self::Shuffled,
        Self::Late,
        Self::Crowd,
        Self::New,
        Self::Gzip,
        Self::RemoteWrite,
    ];

    /// How tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::OneWriter => "one writer",
            Self::Shuffled => "hosts shuffled",
            Self::Late => "5 % of rows late",
            Self::Crowd => "1,000 connections of 20 lines",
            Self::New => "0.1 % new streams",
            Self::Gzip => "gzip",
            Self::RemoteWrite => "remote write, 2,000 samples",
        }
    }

    /// Header lines of its bodies.
    pub fn headers(self) -> &'static str {
        match self {
            Self::Gzip => "Content-Encoding: gzip\r\n",
            Self::RemoteWrite => REMOTE_WRITE_HEADERS,
            _ => "",
        }
    }

    fn lines(self) -> usize {
        if self == Self::Crowd { 20 } else { 1_000 }
    }

    /// Whether its bodies may be sent again with later times.
    pub fn has_laps(self) -> bool {
        !matches!(self, Self::Gzip | Self::RemoteWrite)
    }
}

/// What a sender of remote write says of its bodies.
pub const REMOTE_WRITE_HEADERS: &str = "Content-Encoding: snappy\r\n\
     Content-Type: application/x-protobuf\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n";

/// Whose traffic, and how much.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its kind.
    pub variant: Variant,
    /// Hosts, with 10 fields each.
    pub hosts: usize,
    /// Connections of the variants that leave it open.
    pub connections: usize,
    /// What the values look like.
    pub shape: Shape,
    /// Reports of each host in a lap.
    pub rounds: usize,
}

/// Bodies by connection.
#[derive(Debug)]
pub struct Traffic {
    /// What was planned.
    pub plan: Plan,
    /// One report of every host, from before all others, so that every stream is known.
    pub first: Vec<Body>,
    /// What is measured.
    pub connections: Vec<Vec<Body>>,
}

impl Traffic {
    /// Makes all bodies, on every core.
    ///
    /// # Errors
    /// When a body cannot be compressed.
    pub fn make(plan: Plan) -> Result<Self> {
        let connections = match plan.variant {
            Variant::OneWriter => 1,
            Variant::Crowd => 1_000.min(plan.hosts),
            _ => plan.connections,
        };
        let shares = fleet::shares(plan.hosts, connections);
        let threads = std::thread::available_parallelism()?.get();
        let each = shares.len().div_ceil(threads);
        let made = std::thread::scope(|scope| {
            let makers: Vec<_> = shares
                .chunks(each)
                .enumerate()
                .map(|(index, shares)| scope.spawn(move || make_shares(plan, index * each, shares)))
                .collect();
            makers
                .into_iter()
                .map(|maker| maker.join().expect("a maker of bodies panicked"))
                .collect::<Result<Vec<_>>>()
        })?;
        let first = fleet::hosts(0..plan.hosts, FIELDS.len(), plan.shape);
        let first = match plan.variant {
            Variant::RemoteWrite => requests(first, FIRST_ROUND..FIRST_ROUND + 1)?,
            _ => lines(plan, first, &mut first_reports, 1, None),
        };
        Ok(Self { plan, first, connections: made.into_iter().flatten().collect() })
    }

    /// How much later the times of a lap are than those of the one before.
    pub fn lap_ns(&self) -> i64 {
        self.plan.rounds as i64 * fleet::STEP_NS
    }
}

fn first_reports(_round: usize, hosts: usize) -> Vec<(u32, i64)> {
    (0..hosts).map(|host| (host as u32, FIRST_ROUND)).collect()
}

fn make_shares(plan: Plan, first: usize, shares: &[Range<usize>]) -> Result<Vec<Vec<Body>>> {
    let make = |(index, share): (usize, &Range<usize>)| {
        make_share(plan, (first + index) as u64, share.clone())
    };
    shares.iter().enumerate().map(make).collect()
}

/// The bodies of one connection.
fn make_share(plan: Plan, connection: u64, share: Range<usize>) -> Result<Vec<Body>> {
    let mut hosts = fleet::hosts(share, FIELDS.len(), plan.shape);
    if plan.variant == Variant::RemoteWrite {
        return requests(hosts, 0..plan.rounds as i64);
    }
    // The first report has their first values.
    hosts.iter_mut().for_each(|host| host.step(|_, _| {}));
    let mut random = Random::new(connection ^ 0x6f72_6465);
    let held = late_rows(plan, hosts.len(), &mut random);
    let mut order = |round: usize, hosts: usize| {
        let mut rows: Vec<(u32, i64)> =
            (0..hosts).map(|host| (host as u32, round as i64)).collect();
        match plan.variant {
            Variant::Shuffled => random.shuffle(&mut rows),
            Variant::Late => held.replace(round, &mut rows),
            _ => {}
        }
        rows
    };
    let new = (plan.variant == Variant::New).then_some(connection);
    let bodies = lines(plan, hosts, &mut order, plan.rounds, new);
    if plan.variant == Variant::Gzip {
        return bodies.into_iter().map(compress).collect();
    }
    Ok(bodies)
}

/// Rows that are held back, by the round they are sent in: host, and the round they are of.
#[derive(Debug, Default)]
struct Late {
    sent: Vec<Vec<(u32, i64)>>,
    held: Vec<Vec<u32>>,
}

impl Late {
    /// Takes out of a round what is held back, and spreads what is due over it.
    fn replace(&self, round: usize, rows: &mut Vec<(u32, i64)>) {
        let held = &self.held[round];
        rows.retain(|(host, _)| held.binary_search(host).is_err());
        let due = &self.sent[round];
        let mut merged = Vec::with_capacity(rows.len() + due.len());
        let every = rows.len() / (due.len() + 1) + 1;
        let mut due = due.iter();
        for (index, row) in rows.iter().enumerate() {
            if index % every == every - 1 {
                merged.extend(due.next());
            }
            merged.push(*row);
        }
        merged.extend(due);
        *rows = merged;
    }
}

/// Chooses late rows. What is due behind the end of a lap comes in the next one, where its
/// round is before the lap's first: laps follow each other without a seam.
fn late_rows(plan: Plan, hosts: usize, random: &mut Random) -> Late {
    let rounds = if plan.variant == Variant::Late { plan.rounds } else { 0 };
    let mut late = Late { sent: vec![Vec::new(); rounds], held: vec![Vec::new(); rounds] };
    for round in 0..rounds {
        for host in 0..hosts as u32 {
            if random.below(LATE_ONE_IN) != 0 {
                continue;
            }
            let by = LATE_ROUNDS.start + random.below(LATE_ROUNDS.end - LATE_ROUNDS.start);
            let due = round + by as usize;
            late.held[round].push(host);
            late.sent[due % rounds].push((host, round as i64 - (due / rounds * rounds) as i64));
        }
    }
    late
}

/// Lines in an order that `order` gives for each round, cut into bodies.
fn lines(
    plan: Plan,
    mut hosts: Vec<Host>,
    order: &mut dyn FnMut(usize, usize) -> Vec<(u32, i64)>,
    rounds: usize,
    new: Option<u64>,
) -> Vec<Body> {
    let size = plan.variant.lines();
    let (mut bodies, mut body, mut count) = (Vec::new(), Body::with_lines(size), 0usize);
    for round in 0..rounds {
        for (host, of) in order(round, hosts.len()) {
            let host = &mut hosts[host as usize];
            match new {
                Some(connection) if count % NEW_ONE_IN == NEW_ONE_IN / 2 => {
                    let serial = connection * SERIALS_OF_CONNECTION + (count / NEW_ONE_IN) as u64;
                    push_new_host(&mut body, serial);
                }
                _ => body.bytes.extend_from_slice(&host.key),
            }
            host.write_fields(&mut body.bytes);
            body.end_line(round_ns(of), host.fields());
            count += 1;
            if count % size == 0 {
                bodies.push(std::mem::replace(&mut body, Body::with_lines(size)));
            }
        }
    }
    if body.samples > 0 {
        bodies.push(body);
    }
    bodies
}

/// Numbers of new hosts of one connection in one lap, and of all in one lap.
const SERIALS_OF_CONNECTION: u64 = 1_000_000;
/// See [`Body::turn_to`].
pub const SERIALS_OF_LAP: u64 = 10 * SERIALS_OF_CONNECTION;

fn push_new_host(body: &mut Body, serial: u64) {
    let name = format!("new_{serial:0SERIAL_DIGITS$}");
    let key = fleet::line_key(serial as usize, &name);
    body.mark_serial(b"cpu,hostname=new_".len(), serial);
    body.bytes.extend_from_slice(&key);
}

fn compress(body: Body) -> Result<Body> {
    use std::io::Write as _;
    let level = flate2::Compression::default();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(&body.bytes)?;
    Ok(Body::fixed(encoder.finish()?, body.samples))
}

/// The labels of each field of a host.
pub fn labels(host: &Host) -> Vec<Labels> {
    let tags = fleet::tags(host.number, &format!("host_{}", host.number));
    let tags: Vec<(&str, &str)> =
        tags.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let of = |field: &&str| Labels::new(&format!("cpu_{field}"), &tags);
    FIELDS[..host.fields()].iter().map(of).collect()
}

/// Remote write of every host in turn, one sample of each series in a request.
fn requests(mut hosts: Vec<Host>, rounds: Range<i64>) -> Result<Vec<Body>> {
    let labels: Vec<Vec<Labels>> = hosts.iter().map(labels).collect();
    let (mut bodies, mut request) = (Vec::new(), Request::default());
    for round in rounds {
        let time_ms = round_ns(round) / 1_000_000;
        for (host, labels) in hosts.iter_mut().zip(&labels) {
            host.step(|field, value| request.push(&labels[field], [(time_ms, value)]));
            if request.samples as usize >= REQUEST_SAMPLES {
                let samples = request.samples;
                bodies.push(Body::fixed(request.take()?, samples));
            }
        }
    }
    if request.samples > 0 {
        let samples = request.samples;
        bodies.push(Body::fixed(request.take()?, samples));
    }
    Ok(bodies)
}

#[cfg(test)]
mod tests;
