//! `barograph serve`: start, run, stop.
//!
//! The order of the start: settings, port, HTTP (which answers /health and /ready), store
//! with its replay, alerts, collector; only then the line with the address. The order of
//! the stop: no new connections, requests drained, collector, alerts, store flushed. What
//! fails before the line with the address ends the program with one line on stderr; before
//! that line only damage is logged, which the start works round.

mod address;
mod collector;
pub mod connections;
mod logs;
pub mod open;
pub mod settings;
mod upkeep;
mod worker;

use crate::cli;
use crate::error::Error;
use crate::folder::print;
use crate::house::{House, Plan, Rooms};
use crate::http::Front;
use crate::metrics::raise_open_files;
use model::port::{Clock, SystemClock};
use settings::Settings;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use worker::Worker;

pub use logs::start as start_logs;

/// A stop takes no longer than this; what is not in blocks then stands in the log, which
/// the next start replays.
const STOP_MAX: Duration = Duration::from_secs(9);
/// How long requests that run may take to end.
const DRAIN_MAX: Duration = Duration::from_secs(3);
/// How long alert threads may take to end; one that sends is cut off, and sent again.
const ALERTS_STOP_MAX: Duration = Duration::from_secs(2);
/// Threads for what blocks: queries, writes that wait for an fsync, looks at the rules.
const BLOCKING_THREADS_MAX: usize = 256;

/// Runs the server until it is told to stop.
///
/// # Errors
/// When it cannot start; what fails later is logged, and the server goes on.
pub fn serve(flags: &cli::Serve) -> Result<(), Error> {
    let settings = Settings::new(flags)?;
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("barograph")
        .build()
        .map_err(|error| Error::Failed(format!("start threads: {error}")))?;
    let stopped = runtime.block_on(run(settings));
    // What still blocks is a query that does not look at its budget; nothing waits for it.
    runtime.shutdown_background();
    stopped
}

/// Checks a configuration file as a start would, without the start.
///
/// # Errors
/// When a server would not start with it.
pub fn check(file: &Path) -> Result<(), Error> {
    // Whether the address may go without a token is said by a flag of the start.
    let flags =
        cli::Serve { config: Some(file.to_owned()), insecure: true, ..cli::Serve::default() };
    Settings::new(&flags).map(drop)
}

/// The signals that end a server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Error> {
        let on = |kind| {
            signal(kind).map_err(|error| Error::Failed(format!("listen for signals: {error}")))
        };
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

async fn run(settings: Settings) -> Result<(), Error> {
    let mut signals = Signals::listen()?;
    let listener = address::bind(&settings.listen).await?;
    let url = address::url(&listener)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let house = House::new(Plan {
        url,
        door: settings.door(&listener)?,
        limits: settings.limits(),
        inflight_bytes_max: settings.config.inflight_bytes_max.0,
        clock,
    });
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let server = tokio::spawn(connections::serve(
        listener,
        Front::new(house.clone()),
        house.metrics.clone(),
        settings.connections(),
        stopping,
    ));

    // From here on: what the replay finds damaged is logged. What went wrong before is the
    // one line the program ends with.
    logs::start(settings.config.log.clone());
    let opening = {
        let (settings, house) = (settings.clone(), house.clone());
        tokio::task::spawn_blocking(move || open::rooms(&settings, &house))
    };
    let opened = tokio::select! {
        opened = opening => opened.map_err(|_| Error::Failed("start: a room broke".to_owned()))?,
        // Nothing was acknowledged yet, so that there is nothing to keep.
        _ = signals.next() => return Ok(()),
    };
    let rooms = opened?;
    let running =
        rooms.alerts.start().map_err(|error| Error::Failed(format!("start alerts: {error}")))?;
    house.open(rooms.clone());
    let upkeep = upkeep::start(house.clone(), rooms.clone(), settings.config.fsync)?;
    let collector = match rooms.collects {
        true => Some(collector::start(house.clone(), rooms.clone(), &settings.config.collect)?),
        false => None,
    };
    announce(&house, &rooms, &settings);

    let signal = signals.next().await;
    tracing::info!(signal, "stopping");
    watch_stop(signals);
    house.stop();
    let _ = stop.send(true);
    if tokio::time::timeout(DRAIN_MAX, server).await.is_err() {
        tracing::warn!("requests still run; they are cut off");
    }
    let stopped = tokio::task::spawn_blocking(move || {
        let workers = upkeep.into_iter().chain(collector);
        stop_rooms(&rooms, running, workers)
    });
    stopped.await.map_err(|_| Error::Failed("stop: a room broke".to_owned()))?
}

fn announce(house: &House, rooms: &Rooms, settings: &Settings) {
    let version = env!("CARGO_PKG_VERSION");
    let folder = settings.config.data_dir.display();
    let folder = std::path::absolute(&settings.config.data_dir)
        .map_or_else(|_| folder.to_string(), |path| path.display().to_string());
    // Whoever read the address may have gone away since: no reason to stop.
    let url = &house.url;
    print(&format!("Barograph {version} is listening on {url}\nData is kept in {folder}\n"));
    let stats = rooms.store.stats();
    let (replayed, damaged) = (stats.replayed_rows, stats.corruption_found);
    tracing::info!(version, url = house.url, data_dir = folder, replayed, damaged, "ready");
}

/// Stops the threads and closes the store.
fn stop_rooms(
    rooms: &Rooms,
    running: alert::Running,
    workers: impl Iterator<Item = Worker>,
) -> Result<(), Error> {
    let began = Instant::now();
    for worker in workers {
        worker.stop();
    }
    if !running.stop(ALERTS_STOP_MAX) {
        tracing::warn!("a notification was being sent; it is sent again after the next start");
    }
    rooms.store.close().map_err(|error| {
        Error::Failed(format!(
            "flush at the stop: {error}; every acknowledged write stands in the log, which the next start reads"
        ))
    })?;
    tracing::info!(seconds = began.elapsed().as_secs_f64(), "stopped");
    Ok(())
}

/// Ends the process where the stop takes too long, or where a second signal comes. Every
/// acknowledged write stands in the log, so that nothing is lost.
fn watch_stop(mut signals: Signals) {
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::time::sleep(STOP_MAX) => {
                tracing::warn!("the flush takes too long; the next start replays the log");
                std::process::exit(0);
            }
            signal = signals.next() => {
                tracing::warn!(signal, "second signal: ending at once");
                std::process::exit(1);
            }
        }
    });
}
