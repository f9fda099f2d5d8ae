//! The query the project began with: a mean by region over 500,000 hosts and six hours,
//! 1.08 G samples in raw blocks, with files in memory and with files on disk.
//!
//! The hosts report in the last six full hours, as they do where people watch them: these
//! are hot blocks. A tenth of the hosts report on a day long over, and are asked about in the
//! form that days take then, cold blocks.

use crate::ask;
use crate::fleet::{START_NS, STEP_NS};
use crate::http;
use crate::question::{Ground, Question};
use crate::rig::Rig;
use crate::server::{Kind, Server, Setup};
use crate::store_fill;
use crate::table::Figure;
use anyhow::{Context, Result};
use std::path::Path;
use std::time::Instant;

/// Six hours at 10 s.
const ROUNDS: i64 = 2_160;
/// How often the query is asked of files that are not in memory.
const COLD_ROUNDS: usize = 3;
const HOUR_NS: i64 = 3_600_000_000_000;
/// How many times fewer hosts are asked about on a day long over.
const COLD_SHARE: usize = 10;
/// The switch of the page cache.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// Fills, asks warm, asks without page cache: of the last hours, and of a day long over.
pub fn measure(rig: &Rig) {
    let hosts = rig.options.huge_hosts;
    let since_epoch = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
    let now_ns = i64::try_from(since_epoch).unwrap_or(i64::MAX);
    let recent_ns = (now_ns - ROUNDS * STEP_NS).div_euclid(HOUR_NS) * HOUR_NS;
    let old_hosts = (hosts / COLD_SHARE).max(1);
    for (hosts, form, start_ns) in [(hosts, "hot", recent_ns), (old_hosts, "cold", START_NS)] {
        let name = format!("huge, {form} blocks, {hosts} hosts");
        rig.measure(&name, || {
            let folder = rig.stage.fresh(&format!("huge-{form}"))?;
            let started = Instant::now();
            store_fill::fill(&folder, hosts, ROUNDS, start_ns)?;
            let samples = hosts as f64 * ROUNDS as f64;
            let rate = samples / started.elapsed().as_secs_f64() / 1e6;
            let figure = Figure::more(format!("{name}: fill in process"), "M samples/s");
            rig.put(Kind::Barograph, figure, rate);
            ask_all(rig, &folder, (&name, hosts), start_ns)?;
            std::fs::remove_dir_all(folder)?;
            Ok(())
        });
    }
}

fn ask_all(rig: &Rig, folder: &Path, (name, hosts): (&str, usize), start_ns: i64) -> Result<()> {
    let began = Instant::now();
    let server = Server::start(rig, Kind::Barograph, folder, Setup::Default)?;
    let put = |figure, value| rig.put(Kind::Barograph, figure, value);
    let named = |what: &str| format!("{name}: {what}");
    put(Figure::less(named("start"), "s"), began.elapsed().as_secs_f64());
    let bytes = server.bytes_on_disk()? as f64 / (hosts as f64 * ROUNDS as f64);
    put(Figure::less(named("all files"), "B/sample"), bytes);
    let ground = Ground {
        first_ns: start_ns,
        start_ns,
        end_ns: start_ns + ROUNDS * STEP_NS,
        hosts,
        fields: 1,
        shape: store_fill::SHAPE,
    };
    // Every sample above 90 would be an answer of gigabytes.
    let is_asked = |question: &Question| !question.name.contains("> 90, all hosts");
    let questions: Vec<Question> = ground.questions().into_iter().filter(is_asked).collect();
    for question in &questions {
        let Some(paths) = question.paths(Kind::Barograph) else { continue };
        match ask::ask(&server, &paths) {
            Ok(asked) => asked.put(rig, Kind::Barograph, &named(&question.name)),
            Err(error) => rig.note(format!("{name}, {}: {error:#}", question.name)),
        }
    }
    let peak = server.process.resident_max()? as f64 / f64::from(1 << 20);
    put(Figure::less(named("peak memory, mapped files included"), "MiB"), peak);
    server.stop()?;
    for question in &questions[..2] {
        ask_cold(rig, folder, question, &named(&question.name))?;
    }
    Ok(())
}

/// Asks a server that was just started, on files that are not in memory. Files a server has
/// mapped cannot be put out of it, hence the start.
fn ask_cold(rig: &Rig, folder: &Path, question: &Question, what: &str) -> Result<()> {
    let paths = question.paths(Kind::Barograph).context("Barograph speaks both languages")?;
    let (mut times, mut how) = (Vec::new(), "");
    for _ in 0..COLD_ROUNDS {
        how = empty_page_cache(folder)?;
        let server = Server::start(rig, Kind::Barograph, folder, Setup::Default)?;
        let began = Instant::now();
        for path in &paths {
            http::get(&server.address, path)?;
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
        server.stop()?;
    }
    times.sort_by(f64::total_cmp);
    let what = format!("{what}: median after a start without page cache ({how})");
    rig.put(Kind::Barograph, Figure::less(what, "ms"), times[times.len() / 2]);
    Ok(())
}

/// Puts the files below a folder out of memory; says by what.
fn empty_page_cache(folder: &Path) -> Result<&'static str> {
    rustix::fs::sync();
    if std::fs::write(DROP_CACHES, "3").is_ok() {
        return Ok("drop_caches");
    }
    advise(folder)?;
    Ok("posix_fadvise")
}

fn advise(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            advise(&path)?;
        } else {
            let file = std::fs::File::open(&path)?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}
