//! A million active series: what they take in memory, what a regex over their labels costs,
//! and how long a restart takes with them.

use crate::ask;
use crate::body::Body;
use crate::fill::{goal, take};
use crate::fleet::{FIELDS, round_ns};
use crate::ingest;
use crate::query::Answers;
use crate::question::instant;
use crate::random::Random;
use crate::remote_write::{Labels, Request};
use crate::restart::{Probe, restart};
use crate::rig::Rig;
use crate::send::{send_laps, send_once};
use crate::server::{Kind, Server, Setup};
use crate::table::Figure;
use crate::traffic::{Plan, REMOTE_WRITE_HEADERS, Traffic, Variant};
use anyhow::{Context, Result};
use std::time::Duration;

/// Reports of each series before memory is read.
const ROUNDS: usize = 3;
/// Memory is read once collectors of garbage and background work had this time.
const REST: Duration = Duration::from_secs(3);
/// Samples of a request of single values.
const REQUEST_SAMPLES: u32 = 2_000;

/// Both shapes of a million series.
pub fn measure(rig: &Rig) {
    let hosts = rig.options.memory_hosts;
    let plan = Plan {
        variant: Variant::Ordered,
        hosts,
        connections: rig.options.connections,
        shape: rig.options.shape,
        rounds: 1,
    };
    let mut answers = Answers::default();
    rig.measure("memory, hosts with ten fields", || {
        let mut traffic = Traffic::make(plan)?;
        for kind in rig.kinds().into_iter().filter(|kind| kind.line_path().is_some()) {
            rig.measure(&format!("memory, hosts with ten fields: {}", kind.name()), || {
                measure_lines(rig, kind, &mut traffic, &mut answers)
            });
        }
        Ok(())
    });
    rig.measure("memory, single values", || {
        let rounds = single_values(hosts * FIELDS.len())?;
        for kind in rig.kinds().into_iter().filter(|kind| kind.remote_path().is_some()) {
            rig.measure(&format!("memory, single values: {}", kind.name()), || {
                measure_remote(rig, kind, &rounds, &mut answers)
            });
        }
        Ok(())
    });
}

fn measure_lines(
    rig: &Rig,
    kind: Kind,
    traffic: &mut Traffic,
    answers: &mut Answers,
) -> Result<()> {
    let server = rig.start(kind, Setup::Default)?;
    let before = server.process.resident()?;
    send_once(goal(&server, &path(kind)?, ""), &traffic.first)?;
    send_rounds(&server, traffic, 0..ROUNDS as u32)?;
    report(rig, &server, "hosts × 10 fields, line protocol", before, traffic.plan.hosts * 10)?;
    if let Some(path) =
        kind.influxql("SELECT count(usage_user) FROM cpu WHERE hostname =~ /_[0-9]*77$/")
    {
        let asked = ask::ask(&server, &[path])?;
        let name = format!("InfluxQL: count by regex over {} hostnames", traffic.plan.hosts);
        asked.put(rig, kind, &name);
        answers.check(rig, kind, (&name, true), asked.answer);
    }
    let send_more = |server: &Server, round: u32| {
        send_rounds(server, traffic, round..round + 1)?;
        Ok(Probe::of_host(77, round_ns(i64::from(round))))
    };
    restart(rig, server, ROUNDS as u32, send_more)
}

fn path(kind: Kind) -> Result<String> {
    ingest::write_path(kind, Variant::Ordered).context("the server takes no lines")
}

/// A lap of this traffic is one report of every host.
fn send_rounds(server: &Server, traffic: &mut Traffic, laps: std::ops::Range<u32>) -> Result<()> {
    send_laps(goal(server, &path(server.kind)?, ""), traffic, laps).map(drop)
}

fn measure_remote(
    rig: &Rig,
    kind: Kind,
    rounds: &[Vec<Body>],
    answers: &mut Answers,
) -> Result<()> {
    let server = rig.start(kind, Setup::Default)?;
    let before = server.process.resident()?;
    let path = kind.remote_path().context("takes remote write")?;
    let (first, more) = rounds.split_at(ROUNDS);
    let send = |server: &Server, bodies: &[Body]| {
        send_once(goal(server, &path, REMOTE_WRITE_HEADERS), bodies)
    };
    first.iter().try_for_each(|bodies| send(&server, bodies))?;
    let series = first[0].iter().map(|body| body.samples as usize).sum();
    report(rig, &server, "single values, remote write", before, series)?;
    server.publish()?;
    let newest = round_ns(ROUNDS as i64 - 1);
    let regex = "count(app_requests{pod=~\".*[0-9]77-.*\"})";
    if let Some(path) = kind.promql(&instant(regex, newest)) {
        let asked = ask::ask(&server, &[path])?;
        let name = format!("PromQL: count by regex over {series} pods");
        asked.put(rig, kind, &name);
        answers.check(rig, kind, (&name, true), asked.answer);
    }
    // The others are restarted with as many series of hosts.
    if kind.line_path().is_some() {
        return Ok(());
    }
    restart(rig, server, ROUNDS as u32, |server, round| {
        send(server, &more[round as usize - ROUNDS])?;
        Ok(Probe::of_pod(77, round_ns(i64::from(round))))
    })
}

fn report(rig: &Rig, server: &Server, what: &str, before: u64, series: usize) -> Result<()> {
    std::thread::sleep(REST);
    let after = server.process.resident()?;
    let grown = after.saturating_sub(before) as f64 / series as f64;
    let peak = server.process.resident_max()?.saturating_sub(before) as f64 / series as f64;
    let named = |kind: &str| format!("memory a series, {series} of {what}: {kind}");
    rig.put(server.kind, Figure::less(named("RSS grown"), "B"), grown);
    rig.put(server.kind, Figure::less(named("peak RSS grown"), "B"), peak);
    Ok(())
}

/// The name of a pod.
pub fn pod(number: usize) -> String {
    format!("app-{number:07}-{:05x}", Random::new(number as u64).next() & 0xf_ffff)
}

/// Remote write of this many series: [`ROUNDS`] rounds, and one before each restart.
fn single_values(series: usize) -> Result<Vec<Vec<Body>>> {
    let round = |round: usize| {
        let (mut bodies, mut request) = (Vec::new(), Request::default());
        let time_ms = round_ns(round as i64) / 1_000_000;
        for number in 0..series {
            let (pod, node) = (pod(number), format!("node-{}", number % 2_000));
            let namespace = format!("team-{}", number % 50);
            let labels = [
                ("cluster", "eu-1"),
                ("instance", &node),
                ("job", "kubernetes-pods"),
                ("namespace", &namespace),
                ("pod", &pod),
            ];
            let mut random = Random::new(number as u64);
            let (start, rate) = (random.below(1_000_000), random.below(1_000));
            let value = (start + rate * round as u64) as f64;
            request.push(&Labels::new("app_requests", &labels), [(time_ms, value)]);
            if request.samples == REQUEST_SAMPLES {
                bodies.push(take(&mut request)?);
            }
        }
        if request.samples > 0 {
            bodies.push(take(&mut request)?);
        }
        Ok(bodies)
    };
    (0..ROUNDS + 2).map(round).collect()
}
