//! Growth: what a sample costs among five million series, and a query above fifteen days.

use crate::ask;
use crate::fleet::{START_NS, round_ns};
use crate::ingest::{self, run};
use crate::question::Ground;
use crate::rig::Rig;
use crate::server::{Kind, Server, Setup};
use crate::store_fill;
use crate::table::Figure;
use crate::traffic::{Traffic, Variant};
use anyhow::Result;
use std::time::Duration;

/// Hosts with ten fields each: 100,000 and 5 M series.
const FLEETS: [usize; 2] = [10_000, 500_000];
/// Hosts of the history, with one field each.
const HISTORY_HOSTS: usize = 500;
/// Reports of a day.
const ROUNDS_A_DAY: i64 = 8_640;
/// What is asked about: the newest six hours.
const ASKED_ROUNDS: i64 = 2_160;

/// Barograph alone; peers are not asked to grow.
pub fn measure(rig: &Rig) {
    for hosts in FLEETS {
        let series = hosts * 10;
        rig.measure(&format!("growth, {series} series"), || ingest_among(rig, hosts));
    }
    for days in [1, rig.options.history_days as i64] {
        rig.measure(&format!("growth, {days} days"), || ask_above(rig, days));
    }
}

fn ingest_among(rig: &Rig, hosts: usize) -> Result<()> {
    let mut traffic = Traffic::make(ingest::plan(rig, Variant::Ordered, hosts))?;
    let server = rig.start(Kind::Barograph, Setup::Default)?;
    let cost = run(&server, &mut traffic, Duration::from_secs(rig.options.seconds))?;
    let named = |what: &str| format!("growth, {} series: {what}", hosts * 10);
    let put = |figure, value| rig.put(Kind::Barograph, figure, value);
    put(Figure::less(named("server CPU"), "s/M samples"), cost.cpu_per_million());
    put(
        Figure::less(named("first report of a series"), "µs"),
        cost.first_cpu / (hosts * 10) as f64 * 1e6,
    );
    let peak = server.process.resident_max()? as f64;
    put(Figure::less(named("peak memory"), "MiB"), peak / f64::from(1 << 20));
    Ok(())
}

fn ask_above(rig: &Rig, days: i64) -> Result<()> {
    let folder = rig.stage.fresh("history")?;
    let rounds = days * ROUNDS_A_DAY;
    store_fill::fill(&folder, HISTORY_HOSTS, rounds, START_NS)?;
    let server = Server::start(rig, Kind::Barograph, &folder, Setup::Default)?;
    let ground = Ground {
        first_ns: START_NS,
        start_ns: round_ns(rounds - ASKED_ROUNDS).max(START_NS),
        end_ns: round_ns(rounds),
        hosts: HISTORY_HOSTS,
        fields: 1,
        shape: store_fill::SHAPE,
    };
    for question in ground.questions() {
        let Some(paths) = question.paths(Kind::Barograph) else { continue };
        let asked = ask::ask(&server, &paths)?;
        let named = |what: &str| format!("{}, {days} days stored: {what}", question.name);
        rig.put(Kind::Barograph, Figure::less(named("median"), "ms"), asked.median_ms());
        rig.put(Kind::Barograph, Figure::less(named("server CPU"), "ms"), asked.cpu_ms);
    }
    drop(server);
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
