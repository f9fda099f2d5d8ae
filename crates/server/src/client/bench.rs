//! `barograph bench`: what a server does on this machine, in a minute and without a plan.
//!
//! Hosts report as those of TSBS do, over a few connections that each wait for their answer,
//! and a few queries follow. It is no comparison with other servers and no judge of a
//! change; `bench/` in the source tree is both.

mod own;
mod questions;
mod report;
mod traffic;

use super::asked::Server;
use crate::cli;
use crate::error::Error;
use model::port::{Clock, SystemClock};
use model::{Span, Timestamp};
use own::Own;
use report::{Report, Space};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use traffic::{FIELDS, Traffic};

/// The database that everything is written to, and that is dropped again.
pub const DATABASE: &str = "barograph_bench";
/// How far back the first report of each host is.
const BACK: Span = Span(3 * Span::DAY.0);
/// From one report of a host to the next.
const STEP: Span = Span(10 * Span::SECOND.0);

/// Measures a server, or one of its own.
///
/// # Errors
/// When the server cannot be started or asked, or refuses.
pub fn run(flags: &cli::Bench) -> Result<(), Error> {
    if flags.hosts == 0 || flags.connections == 0 || flags.lines == 0 {
        return Err(Error::Usage("--hosts, --connections and --lines are 1 at least".to_owned()));
    }
    let is_over = interrupted()?;
    let own = match &flags.url {
        Some(_) => None,
        None => Some(Own::start(flags.dir.as_deref())?),
    };
    let url = own.as_ref().map(|own| own.url.clone()).or_else(|| flags.url.clone());
    let of = cli::Server { url: url.unwrap_or_default(), token: flags.token.clone() };
    let server = Server::new(&of);
    // What a run that was cut off has left under this name is its own.
    statement(&server, &format!("DROP DATABASE {DATABASE}"))?;
    statement(&server, &format!("CREATE DATABASE {DATABASE} WITH DURATION INF"))?;
    let measured = measure(flags, &of, &server, &is_over);
    let report = match own {
        // All that it has goes with it, and is in blocks once it has stopped.
        Some(own) => Report { space: own.stop()?, ..measured? },
        None => {
            if !flags.keep {
                statement(&server, &format!("DROP DATABASE {DATABASE}"))?;
            }
            measured?
        }
    };
    crate::folder::print(&if flags.json { report.as_json() } else { report.as_text() });
    Ok(())
}

/// Becomes true when somebody presses Ctrl-C: what was measured so far is told then.
fn interrupted() -> Result<Arc<AtomicBool>, Error> {
    let is_over = Arc::new(AtomicBool::new(false));
    let told = is_over.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Failed(format!("listen for Ctrl-C: {error}")))?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                told.store(true, Ordering::Relaxed);
            }
        });
    });
    Ok(is_over)
}

/// Runs a statement of InfluxQL that answers nothing.
fn statement(server: &Server, text: &str) -> Result<(), Error> {
    let answer = server.post_form("/query", &[("q", text.to_owned())])?;
    let json = answer.json()?;
    match json["results"][0]["error"].as_str().or_else(|| json["error"].as_str()) {
        None if answer.status == 200 => Ok(()),
        None => Err(Error::Client(format!("{text}: status {}", answer.status))),
        Some(error) => Err(Error::Client(format!("{text}: {error}"))),
    }
}

fn measure(
    flags: &cli::Bench,
    of: &cli::Server,
    server: &Server,
    is_over: &AtomicBool,
) -> Result<Report, Error> {
    let before = Numbers::read(server)?;
    let written = write(flags, of, is_over)?;
    let after = Numbers::read(server)?;
    let questions = match is_over.load(Ordering::Relaxed) {
        true => Vec::new(),
        false => questions::ask(server, written.through)?,
    };
    let values = after.block_values.saturating_sub(before.block_values);
    let bytes = after.block_bytes.saturating_sub(before.block_bytes);
    Ok(Report {
        hosts: flags.hosts,
        connections: flags.connections,
        lines: flags.lines,
        took: written.took,
        values: written.rows * FIELDS as u64,
        cpu_seconds: (after.cpu_seconds - before.cpu_seconds).max(0.0),
        latencies: written.latencies,
        space: (values > 0).then_some(Space { values, bytes }),
        questions,
    })
}

/// What was acknowledged.
struct Written {
    rows: u64,
    took: Duration,
    /// How long each body took from its first byte to its answer.
    latencies: Vec<Duration>,
    /// The time of the newest report of which all hosts have one.
    through: Timestamp,
}

/// Writes over several connections, each with hosts of its own, until time is up.
fn write(flags: &cli::Bench, of: &cli::Server, is_over: &AtomicBool) -> Result<Written, Error> {
    let end = SystemClock.now();
    let start = end - BACK;
    let lanes = flags.connections.min(flags.hosts);
    let began = Instant::now();
    let until = flags.duration.to_std();
    let is_done = || began.elapsed() >= until || is_over.load(Ordering::Relaxed);
    let lane = |lane: u32| -> Result<Written, Error> {
        let server = Server::new(of);
        let mut traffic = Traffic::new(lane, lanes, flags.hosts);
        let (mut rows, mut latencies) = (0, Vec::new());
        let mut body = Vec::new();
        let path = format!("/write?db={DATABASE}");
        let mut at = start;
        let mut through = start;
        'reports: while at <= end {
            for first in (0..traffic.hosts()).step_by(flags.lines as usize) {
                if is_done() {
                    break 'reports;
                }
                let count = traffic.write(first, flags.lines as usize, at, &mut body);
                let asked = Instant::now();
                let answer = server.post_bytes(&path, &body)?;
                latencies.push(asked.elapsed());
                if answer.status != 204 {
                    return Err(Error::Client(format!("write: {}", answer.error())));
                }
                rows += count as u64;
            }
            through = at;
            at = at + STEP;
        }
        Ok(Written { rows, took: began.elapsed(), latencies, through })
    };
    let all = std::thread::scope(|scope| {
        let running: Vec<_> = (0..lanes).map(|at| scope.spawn(move || lane(at))).collect();
        let done = running.into_iter().map(|thread| thread.join());
        done.map(|one| one.expect("a connection's thread does not panic")).collect::<Vec<_>>()
    });
    let mut sum = Written { rows: 0, took: Duration::ZERO, latencies: Vec::new(), through: end };
    for one in all {
        let one = one?;
        sum.rows += one.rows;
        sum.took = sum.took.max(one.took);
        sum.latencies.extend(one.latencies);
        sum.through = sum.through.min(one.through);
    }
    Ok(sum)
}

/// What a server counts about itself.
struct Numbers {
    cpu_seconds: f64,
    block_values: u64,
    block_bytes: u64,
}

impl Numbers {
    fn read(server: &Server) -> Result<Self, Error> {
        let answer = server.get("/metrics")?;
        let number = |name: &str| -> Result<f64, Error> {
            let line = answer.body.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.trim().parse().ok());
            value.ok_or_else(|| Error::Client(format!("/metrics does not tell {name}")))
        };
        Ok(Self {
            cpu_seconds: number("process_cpu_seconds_total ")?,
            block_values: number("barograph_block_values ")? as u64,
            block_bytes: number("barograph_block_bytes ")? as u64,
        })
    }
}
