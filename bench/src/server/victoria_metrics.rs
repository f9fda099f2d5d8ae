//! VictoriaMetrics as it is started, settled and weighed.

use super::{Server, bytes_below};
use crate::http;
use anyhow::Result;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub const PROGRAM: &str = "victoria-metrics";

pub fn command(folder: &Path, address: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg(format!("-storageDataPath={}", folder.join("data").display()));
    command.arg(format!("-httpListenAddr={address}"));
    command.args([
        "-retentionPeriod=100y",
        "-loggerLevel=ERROR",
        "-search.maxUniqueTimeseries=20000000",
        "-search.maxSeries=20000000",
        "-search.maxTagValues=20000000",
        "-search.maxSamplesPerQuery=4000000000",
        "-search.maxQueryDuration=10m",
    ]);
    command
}

/// What was acknowledged becomes visible to queries.
pub fn flush(server: &Server) -> Result<()> {
    http::get(&server.address, "/internal/force_flush").map(drop)
}

pub fn settle(server: &Server) -> Result<()> {
    flush(server)?;
    http::get(&server.address, "/internal/force_merge")?;
    // The answer comes before the work.
    std::thread::sleep(Duration::from_secs(1));
    server.wait_until_still(bytes)
}

/// Data and index; not caches, which are written at a clean stop.
pub fn bytes(folder: &Path) -> Result<u64> {
    bytes_below(&folder.join("data"), &|path| path.starts_with("cache"))
}

/// The values of all parts.
pub fn value_bytes(folder: &Path) -> Result<u64> {
    let is_other_file = |path: &str| {
        path.ends_with(".bin") && !path.ends_with("/values.bin") || path.ends_with(".json")
    };
    bytes_below(&folder.join("data/data"), &is_other_file)
}
