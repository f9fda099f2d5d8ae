//! Prometheus as it is started and weighed.

use super::{Server, bytes_below};
use crate::http::Connection;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

pub const PROGRAM: &str = "prometheus";

pub fn command(folder: &Path, address: &str) -> Result<Command> {
    let config = folder.join("prometheus.yml");
    std::fs::write(&config, "global: {}\n")?;
    let mut command = Command::new(PROGRAM);
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
    command.arg(format!("--web.listen-address={address}"));
    command.args([
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
        "--storage.tsdb.retention.time=100y",
        "--query.max-samples=1000000000",
        "--query.timeout=10m",
        "--log.level=error",
    ]);
    Ok(command)
}

/// A snapshot, which has the newest samples in a block too.
pub fn bytes(server: &Server) -> Result<u64> {
    let path = "/api/v1/admin/tsdb/snapshot?skip_head=false";
    let answer = Connection::open(&server.address)?.post(path, "", b"")?.good()?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let name = answer["data"]["name"].as_str().context("read the snapshot's name")?;
    bytes_below(&server.folder.join("data/snapshots").join(name), &|_| false)
}
