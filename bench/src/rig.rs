//! What every part of a run has at hand.

use crate::options::Options;
use crate::server::{Kind, Server, Setup};
use crate::stage::Stage;
use crate::table::{Figure, Table};
use anyhow::{Context, Result};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Options, the stage, ports, time and the table.
#[derive(Debug)]
pub struct Rig {
    /// What was asked for.
    pub options: Options,
    /// Folder and processes.
    pub stage: Arc<Stage>,
    started: Instant,
    next_port: Mutex<u16>,
    table: Mutex<Table>,
}

impl Rig {
    /// A rig whose clock starts now.
    pub fn new(options: Options, stage: Arc<Stage>) -> Self {
        let next_port = Mutex::new(options.port_first);
        Self { options, stage, started: Instant::now(), next_port, table: Mutex::default() }
    }

    /// The servers to measure: Barograph, and the peers that were asked for.
    pub fn kinds(&self) -> Vec<Kind> {
        let wanted = |kind: &Kind| *kind == Kind::Barograph || self.options.peers.contains(kind);
        Kind::ALL.into_iter().filter(wanted).collect()
    }

    /// A port that nobody listens on: any, or the next from `--port-first` on.
    ///
    /// # Errors
    /// When there is none.
    pub fn free_port(&self) -> Result<u16> {
        let mut next = self.next_port.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let listener = TcpListener::bind(("127.0.0.1", *next));
            if *next == 0 {
                return Ok(listener.context("find a free port")?.local_addr()?.port());
            }
            let port = *next;
            *next = next.checked_add(1).context("find a free port")?;
            // One round of a hundred is enough for every server of a run.
            if *next == self.options.port_first.saturating_add(100) {
                *next = self.options.port_first;
            }
            if listener.is_ok() {
                return Ok(port);
            }
        }
    }

    /// Starts a server on a new folder.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&self, kind: Kind, setup: Setup) -> Result<Server> {
        let folder = self.stage.fresh(kind.name())?;
        Server::start(self, kind, &folder, setup)
    }

    /// Runs one measurement. One that fails is told in the table's notes, and the next goes
    /// on; after the time that was given, none is begun.
    pub fn measure(&self, what: &str, measurement: impl FnOnce() -> Result<()>) {
        if self.started.elapsed() > Duration::from_secs(60 * self.options.minutes) {
            self.note(format!("{what}: left out, the {} min are over", self.options.minutes));
            return;
        }
        eprintln!("[{:4} s] {what}", self.started.elapsed().as_secs());
        if let Err(error) = measurement() {
            self.note(format!("{what}: FAILED: {error:#}"));
        }
    }

    /// Puts a figure into the table.
    pub fn put(&self, kind: Kind, figure: Figure, value: f64) {
        eprintln!("         {:15} {} {}", kind.name(), figure.told(value), figure.what);
        self.table.lock().unwrap_or_else(PoisonError::into_inner).put(kind, figure, value);
    }

    /// Adds a remark below the table.
    pub fn note(&self, text: String) {
        eprintln!("         {text}");
        self.table.lock().unwrap_or_else(PoisonError::into_inner).note(text);
    }

    /// The table so far, and how long the run took.
    pub fn finish(self) -> (Options, Table, Duration) {
        let table = self.table.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.options, table, self.started.elapsed())
    }
}
