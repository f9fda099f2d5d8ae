//! Ingest: the same bodies to each server, one kind of traffic after the other.

use crate::process::own_cpu_seconds;
use crate::rig::Rig;
use crate::send::{Goal, Sent, send_laps, send_once};
use crate::server::{Kind, Server, Setup};
use crate::table::Figure;
use crate::traffic::{Plan, Traffic, Variant};
use anyhow::{Context, Result};
use std::time::Duration;

/// Samples that a server takes at least, so that what a sample costs is steady.
const SAMPLES_MIN: u64 = 3_000_000;
/// Remote write and gzip cannot be sent again with later times, so that more is made.
const BODIES_WITHOUT_LAPS: usize = 3;

/// Every kind of traffic, every server.
pub fn measure(rig: &Rig) {
    for variant in Variant::ALL.into_iter().filter(|variant| rig.options.sends(*variant)) {
        rig.measure(&format!("ingest, {}", variant.name()), || {
            let mut traffic = Traffic::make(plan(rig, variant, rig.options.hosts))?;
            for kind in rig.kinds() {
                if write_path(kind, variant).is_some() {
                    rig.measure(&format!("ingest, {}: {}", variant.name(), kind.name()), || {
                        measure_server(rig, kind, &mut traffic)
                    });
                }
            }
            Ok(())
        });
    }
}

/// As much traffic of `hosts` hosts as the options allow.
pub fn plan(rig: &Rig, variant: Variant, hosts: usize) -> Plan {
    let options = &rig.options;
    let times = if variant.has_laps() { 1 } else { BODIES_WITHOUT_LAPS };
    Plan {
        variant,
        hosts,
        connections: options.connections,
        shape: options.shape,
        rounds: (options.bodies * times * 1_000 / hosts).max(2),
    }
}

/// Where a server takes this traffic, if it does. InfluxDB's remote write was never more
/// than a bridge, and Prometheus knows no line protocol.
pub fn write_path(kind: Kind, variant: Variant) -> Option<String> {
    match variant {
        Variant::RemoteWrite => kind.remote_path(),
        _ => kind.line_path(),
    }
}

/// What sending cost.
#[derive(Debug)]
pub struct Cost {
    /// What was acknowledged, and when.
    pub sent: Sent,
    /// CPU seconds of the server meanwhile.
    pub cpu: f64,
    /// CPU seconds of this program meanwhile.
    pub own_cpu: f64,
    /// CPU seconds the server had used when the clock started.
    start: f64,
    /// CPU seconds of the server for the first report of every host.
    pub first_cpu: f64,
}

impl Cost {
    /// CPU seconds of the server per million samples.
    pub fn cpu_per_million(&self) -> f64 {
        self.cpu / self.sent.samples as f64 * 1e6
    }
}

/// Sends the first reports, and then what is measured.
///
/// # Errors
/// When the server refuses or fails.
pub fn run(server: &Server, traffic: &mut Traffic, time: Duration) -> Result<Cost> {
    let variant = traffic.plan.variant;
    let path = write_path(server.kind, variant).context("the server takes no such traffic")?;
    let goal = Goal {
        address: &server.address,
        path: &path,
        headers: variant.headers(),
        time,
        samples_min: SAMPLES_MIN,
    };
    let before = server.process.cpu_seconds()?;
    // The first reports are plain, even where the rest is compressed.
    let plain = if variant == Variant::Gzip { "" } else { goal.headers };
    send_once(Goal { headers: plain, ..goal }, &traffic.first)?;
    server.process.wait_until_idle()?;
    let (start, own_start) = (server.process.cpu_seconds()?, own_cpu_seconds()?);
    let laps = if variant.has_laps() { 0..u32::MAX } else { 0..1 };
    let sent = send_laps(goal, traffic, laps)?;
    let (cpu, own_cpu) = (server.process.cpu_seconds()? - start, own_cpu_seconds()? - own_start);
    Ok(Cost { sent, cpu, own_cpu, start, first_cpu: start - before })
}

fn measure_server(rig: &Rig, kind: Kind, traffic: &mut Traffic) -> Result<()> {
    let server = rig.start(kind, Setup::Default)?;
    let cost = run(&server, traffic, Duration::from_secs(rig.options.seconds))?;
    let variant = traffic.plan.variant.name();
    let millions = cost.sent.samples as f64 / 1e6;
    let put = |figure, value| rig.put(kind, figure, value);
    let named = |what: &str| format!("ingest, {variant}: {what}");
    put(Figure::less(named("server CPU"), "s/M samples"), cost.cpu_per_million());
    put(Figure::more(named("acknowledged"), "M samples/s"), millions / cost.sent.seconds);
    put(Figure::less(named("p50 of a body"), "ms"), cost.sent.percentile_ms(0.5));
    put(Figure::less(named("p99 of a body"), "ms"), cost.sent.percentile_ms(0.99));
    put(Figure::less(named("longest wait"), "ms"), cost.sent.percentile_ms(1.0));
    let peak = server.process.resident_max()? as f64 / f64::from(1 << 20);
    put(Figure::less(named("peak memory"), "MiB"), peak);
    if traffic.plan.variant == Variant::Ordered {
        measure_rest(rig, kind, traffic, &cost, server)?;
    }
    if cost.sent.refused > 0 {
        let text = "bodies were put off (429 or 503) and sent again";
        rig.note(format!("{}, {variant}: {} {text}", kind.name(), cost.sent.refused));
    }
    Ok(())
}

/// What is told of one kind of traffic only: the sender's part, and what is left to do.
fn measure_rest(
    rig: &Rig,
    kind: Kind,
    traffic: &Traffic,
    cost: &Cost,
    server: Server,
) -> Result<()> {
    let samples = cost.sent.samples as f64;
    let put = |figure, value| rig.put(kind, figure, value);
    put(
        Figure::less("ingest, ordered: the sender's own CPU", "s/M samples"),
        cost.own_cpu / samples * 1e6,
    );
    let series = traffic.first.iter().map(|body| f64::from(body.samples)).sum::<f64>();
    put(
        Figure::less("ingest: first report of a series, server CPU", "µs"),
        cost.first_cpu / series * 1e6,
    );
    server.process.wait_until_idle()?;
    let idle = server.process.cpu_seconds()? - cost.start;
    let named = |what: &str| format!("ingest, ordered: server CPU {what}");
    put(Figure::less(named("until it is idle"), "s/M samples"), idle / samples * 1e6);
    let ended = server.stop()?;
    let stopped = (ended.cpu - cost.start) / samples * 1e6;
    put(Figure::less(named("until it is stopped cleanly"), "s/M samples"), stopped);
    put(Figure::less("ingest, ordered: clean stop", "s"), ended.seconds);
    Ok(())
}
