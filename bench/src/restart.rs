//! How long a restart takes until the first query is answered: after a clean stop, and after
//! SIGKILL with a log that is as full as it gets.

use crate::answer::Answer;
use crate::fleet::FIELDS;
use crate::http;
use crate::memory::pod;
use crate::rig::Rig;
use crate::server::{Kind, Server, Setup};
use crate::table::Figure;
use anyhow::{Context, Result};
use std::time::{Duration, Instant};

/// A log of this size counts as full: near Barograph's limit of 512 MiB.
const LOG_FULL_BYTES: u64 = 400 << 20;
/// Reports of a million series that are sent to fill it.
const REPORTS_MAX: u32 = 60;
/// How long what was acknowledged may take to appear after a restart.
const APPEAR: Duration = Duration::from_secs(3);

/// A question for one point that was acknowledged last.
#[derive(Clone, Debug)]
pub struct Probe {
    influxql: Option<String>,
    promql: String,
}

impl Probe {
    /// The report of a host at a time.
    pub fn of_host(host: usize, time_ns: i64) -> Self {
        let statement = format!(
            "SELECT usage_user FROM cpu WHERE hostname = 'host_{host}' AND time = {time_ns}"
        );
        let series = format!("cpu_usage_user{{hostname=\"host_{host}\"}}");
        Self { influxql: Some(statement), promql: at(&series, time_ns) }
    }

    /// The sample of a pod at a time.
    pub fn of_pod(number: usize, time_ns: i64) -> Self {
        let series = format!("app_requests{{pod=\"{}\"}}", pod(number));
        Self { influxql: None, promql: at(&series, time_ns) }
    }

    fn path(&self, kind: Kind) -> Result<String> {
        let influxql = self.influxql.as_ref().and_then(|statement| kind.influxql(statement));
        influxql.or_else(|| kind.promql(&self.promql)).context("the server answers no query")
    }
}

/// A series, if it has a sample at exactly this time.
fn at(series: &str, time_ns: i64) -> String {
    crate::question::instant(&format!("last_over_time({series}[5s])"), time_ns)
}

/// Restarts a server twice. `send_more` sends the report of a round and says how to find it.
///
/// # Errors
/// When the server does not stop or start.
pub fn restart(
    rig: &Rig,
    server: Server,
    mut round: u32,
    mut send_more: impl FnMut(&Server, u32) -> Result<Probe>,
) -> Result<()> {
    let (kind, folder) = (server.kind, server.folder.clone());
    let probe = send_more(&server, round)?;
    let ended = server.stop()?;
    rig.put(kind, Figure::less(format!("clean stop, {} series", series(rig)), "s"), ended.seconds);
    let server = reopen(rig, kind, &folder, &probe, "clean stop")?;
    let mut probe = probe;
    let mut fullest = 0;
    while round < REPORTS_MAX {
        round += 1;
        probe = send_more(&server, round)?;
        let log = server.log_bytes()?;
        // Of the peers' logs none is bounded in a way that could be waited for.
        if kind != Kind::Barograph || log >= LOG_FULL_BYTES || is_as_full_as_it_gets(log, fullest) {
            break;
        }
        fullest = fullest.max(log);
    }
    rig.put(kind, Figure::plain("log at SIGKILL", "MiB"), server.log_bytes()? as f64 / 1048576.0);
    server.process.kill()?;
    reopen(rig, kind, &folder, &probe, "SIGKILL")?.process.kill()?;
    Ok(())
}

fn series(rig: &Rig) -> usize {
    rig.options.memory_hosts * FIELDS.len()
}

/// Once a flush has shortened the log, it is taken when it is nearly as long again.
fn is_as_full_as_it_gets(log: u64, fullest: u64) -> bool {
    log < fullest && log * 10 >= fullest * 9
}

/// Starts a server on its old folder, and waits for the first answer.
fn reopen(
    rig: &Rig,
    kind: Kind,
    folder: &std::path::Path,
    probe: &Probe,
    after: &str,
) -> Result<Server> {
    let started = Instant::now();
    let server = Server::launch(rig, kind, folder, Setup::Default)?;
    let path = probe.path(kind)?;
    server.wait_for(&path, |_| true)?;
    let seconds = started.elapsed().as_secs_f64();
    rig.put(
        kind,
        Figure::less(format!("first query after {after}, {} series", series(rig)), "s"),
        seconds,
    );
    while Answer::read(&http::get(&server.address, &path)?)?.values == 0 {
        if started.elapsed().as_secs_f64() > seconds + APPEAR.as_secs_f64() {
            let text = "what was acknowledged last is GONE";
            rig.note(format!("{}: after {after}, {text}", kind.name()));
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(server)
}
