//! The measured servers, each with a folder of its own on loopback.

mod barograph;
mod influxdb;
mod prometheus;
mod victoria_metrics;

use crate::http::{self, Connection};
use crate::process::{Ended, Process};
use crate::rig::Rig;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The database of InfluxDB's paths; Barograph's own default.
const DATABASE: &str = model::DEFAULT_DATABASE;
/// The unit that file systems count blocks in.
const DISK_BLOCK_BYTES: u64 = 512;
/// How long a start may take: Prometheus replays a million series for minutes.
const START_PATIENCE: Duration = Duration::from_secs(240);
/// How long background work may take after a fill.
const SETTLE_PATIENCE: Duration = Duration::from_secs(90);

/// A server by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Kind {
    /// The one that is measured.
    Barograph,
    /// Debian's victoria-metrics.
    VictoriaMetrics,
    /// Debian's influxdb.
    Influxdb,
    /// Debian's prometheus.
    Prometheus,
}

impl Kind {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] =
        [Self::Barograph, Self::VictoriaMetrics, Self::Influxdb, Self::Prometheus];

    /// How tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Barograph => "Barograph",
            Self::VictoriaMetrics => "VictoriaMetrics",
            Self::Influxdb => "InfluxDB",
            Self::Prometheus => "Prometheus",
        }
    }

    /// Where line protocol goes, if anywhere.
    pub fn line_path(self) -> Option<String> {
        match self {
            Self::Barograph | Self::Influxdb => Some(format!("/write?db={DATABASE}")),
            Self::VictoriaMetrics => Some("/write".to_owned()),
            Self::Prometheus => None,
        }
    }

    /// Where remote write goes, if anywhere.
    pub fn remote_path(self) -> Option<String> {
        (self != Self::Influxdb).then(|| "/api/v1/write".to_owned())
    }

    /// The path of an InfluxQL statement, if it speaks that.
    pub fn influxql(self, statement: &str) -> Option<String> {
        let speaks = matches!(self, Self::Barograph | Self::Influxdb);
        let statement = http::escape(statement);
        speaks.then(|| format!("/query?db={DATABASE}&epoch=ns&q={statement}"))
    }

    /// A path of Prometheus's API, if it speaks that. VictoriaMetrics is told to compute
    /// its answer anew, as the others do.
    pub fn promql(self, path: &str) -> Option<String> {
        match self {
            Self::Influxdb => None,
            Self::VictoriaMetrics => Some(format!("{path}&nocache=1")),
            _ => Some(path.to_owned()),
        }
    }

    fn ready_path(self) -> &'static str {
        match self {
            Self::Barograph => "/ready",
            Self::VictoriaMetrics => "/health",
            Self::Influxdb => "/ping",
            Self::Prometheus => "/-/ready",
        }
    }
}

/// How a server is set up where that differs between parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Setup {
    /// As its packagers or authors deliver it, but for limits that would refuse the work.
    #[default]
    Default,
    /// With the background work of hours done at once, where that is a setting.
    Merging,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// Which one.
    pub kind: Kind,
    /// Its process.
    pub process: Process,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Where its data, settings and output are.
    pub folder: PathBuf,
}

impl Server {
    /// Starts it on `folder` and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start; its log's end is told.
    pub fn start(rig: &Rig, kind: Kind, folder: &Path, setup: Setup) -> Result<Self> {
        let server = Self::launch(rig, kind, folder, setup)?;
        server.wait_for(server.kind.ready_path(), |_| true)?;
        if kind == Kind::Influxdb {
            let statement = format!("CREATE DATABASE {DATABASE}");
            let path = format!("/query?q={}", http::escape(&statement));
            Connection::open(&server.address)?.post(&path, "", b"")?.good()?;
        }
        Ok(server)
    }

    /// Starts it, and does not wait.
    ///
    /// # Errors
    /// When the program is not there.
    pub fn launch(rig: &Rig, kind: Kind, folder: &Path, setup: Setup) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let address = format!("127.0.0.1:{}", rig.free_port()?);
        let mut command = match kind {
            Kind::Barograph => barograph::command(rig, folder, &address)?,
            Kind::VictoriaMetrics => victoria_metrics::command(folder, &address),
            Kind::Influxdb => influxdb::command(rig, folder, &address, setup)?,
            Kind::Prometheus => prometheus::command(folder, &address)?,
        };
        let process = Process::start(&rig.stage, &mut command, &folder.join("log"))?;
        Ok(Self { kind, process, address, folder: folder.to_owned() })
    }

    /// Asks `path` until it is answered well and `is_it` likes the answer.
    ///
    /// # Errors
    /// When that takes too long, or the server ends.
    pub fn wait_for(&self, path: &str, is_it: impl Fn(&[u8]) -> bool) -> Result<()> {
        let started = Instant::now();
        loop {
            if http::get(&self.address, path).is_ok_and(|answer| is_it(&answer)) {
                return Ok(());
            }
            if self.process.has_ended() || started.elapsed() > START_PATIENCE {
                bail!("{} is not ready; its log ends:\n{}", self.kind.name(), self.log_end());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Brings what was written to where queries and files have it, and waits for merges.
    /// Barograph is started anew by this, as its flush on demand is a clean stop.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn settle(self, rig: &Rig) -> Result<Self> {
        match self.kind {
            Kind::Barograph => barograph::settle(rig, self),
            Kind::VictoriaMetrics => victoria_metrics::settle(&self).map(|()| self),
            Kind::Influxdb => influxdb::settle(&self).map(|()| self),
            Kind::Prometheus => Ok(self),
        }
    }

    /// Bytes of everything that holds samples or finds them; logs are not counted.
    ///
    /// # Errors
    /// When its folder cannot be read, or it refuses a snapshot.
    pub fn bytes_on_disk(&self) -> Result<u64> {
        match self.kind {
            Kind::Barograph => barograph::bytes(&self.folder),
            Kind::VictoriaMetrics => victoria_metrics::bytes(&self.folder),
            Kind::Influxdb => influxdb::bytes(&self.folder),
            Kind::Prometheus => prometheus::bytes(self),
        }
    }

    /// Bytes of the values alone, without times and index, where they have files of their own.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn value_bytes(&self) -> Result<Option<u64>> {
        match self.kind {
            Kind::VictoriaMetrics => victoria_metrics::value_bytes(&self.folder).map(Some),
            _ => Ok(None),
        }
    }

    /// Bytes of its write-ahead log; 0 where it has none.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn log_bytes(&self) -> Result<u64> {
        match self.kind {
            Kind::VictoriaMetrics => Ok(0),
            _ => bytes_below(&self.folder.join("data/wal"), &|_| false),
        }
    }

    /// Makes what was acknowledged visible to queries, where that takes a while.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn publish(&self) -> Result<()> {
        match self.kind {
            Kind::VictoriaMetrics => victoria_metrics::flush(self),
            _ => Ok(()),
        }
    }

    /// Stops it as an operator does.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(self) -> Result<Ended> {
        self.process.stop()
    }

    /// Waits until the files counted by `bytes` keep their size for a while.
    fn wait_until_still(&self, bytes: impl Fn(&Path) -> Result<u64>) -> Result<()> {
        const STILL: Duration = Duration::from_secs(4);
        let started = Instant::now();
        let (mut size, mut since) = (0, Instant::now());
        while since.elapsed() < STILL && started.elapsed() < SETTLE_PATIENCE {
            std::thread::sleep(Duration::from_millis(250));
            let now = bytes(&self.folder)?;
            if now != size {
                (size, since) = (now, Instant::now());
            }
        }
        Ok(())
    }

    fn log_end(&self) -> String {
        let log = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(2_000)..]).into_owned()
    }
}

/// Its version, in one line; for a peer that of Debian's package.
///
/// # Errors
/// When it is not there.
pub fn version(rig: &Rig, kind: Kind) -> Result<String> {
    let (program, package) = match kind {
        Kind::Barograph => (rig.options.binary.clone(), None),
        Kind::VictoriaMetrics => (victoria_metrics::PROGRAM.into(), Some("victoria-metrics")),
        Kind::Influxdb => (influxdb::PROGRAM.into(), Some("influxdb")),
        Kind::Prometheus => (prometheus::PROGRAM.into(), Some("prometheus")),
    };
    // A missing one is better told now than after ten minutes.
    let answer = run(Command::new(&program).arg("--version"))
        .with_context(|| format!("start {}: is it installed?", program.display()))?;
    let packaged = package.and_then(|package| {
        run(Command::new("dpkg-query").args(["--show", "--showformat=${Version}", package])).ok()
    });
    Ok(packaged.unwrap_or(answer))
}

/// The first line that a command prints.
fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Bytes of all files below `folder` but those whose path below it `skips`.
fn bytes_below(folder: &Path, skips: &dyn Fn(&str) -> bool) -> Result<u64> {
    fn walk(folder: &Path, root: &Path, skips: &dyn Fn(&str) -> bool) -> std::io::Result<u64> {
        let mut total = 0;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if skips(&below) {
                continue;
            }
            // A file that went away meanwhile was merged, and is counted elsewhere.
            let Ok(about) = path.symlink_metadata() else { continue };
            total += match about.is_dir() {
                true => walk(&path, root, skips).unwrap_or(0),
                // Files that are made long ahead hold nothing yet behind what was written.
                false => about.len().min(about.blocks() * DISK_BLOCK_BYTES),
            };
        }
        Ok(total)
    }
    walk(folder, folder, skips).with_context(|| format!("read {}", folder.display()))
}
