//! Barograph as it is started, settled and weighed.

use super::{Kind, Server, Setup, bytes_below};
use crate::rig::Rig;
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Only limits that would refuse the work are raised.
const CONFIG: &str = "[query]\nsamples_max = 4000000000\ntimeout = \"10m\"\n";

pub fn command(rig: &Rig, folder: &Path, address: &str) -> Result<Command> {
    let config = folder.join("bench.toml");
    std::fs::write(&config, CONFIG)?;
    let mut command = Command::new(&rig.options.binary);
    command.arg("serve").arg("--config").arg(config).arg("--data-dir").arg(folder.join("data"));
    command.args(["--listen", address, "--no-collect", "--retention", "inf"]);
    Ok(command)
}

/// A clean stop flushes; a start merges what the flush left.
pub fn settle(rig: &Rig, server: Server) -> Result<Server> {
    let folder = server.folder.clone();
    server.stop()?;
    let server = Server::start(rig, Kind::Barograph, &folder, Setup::Default)?;
    server.wait_until_still(bytes)?;
    Ok(server)
}

/// Blocks and catalog; not the log, nor the rules of alerts.
pub fn bytes(folder: &Path) -> Result<u64> {
    bytes_below(&folder.join("data"), &|path| {
        path.starts_with("wal") || path.starts_with("alerts.db")
    })
}
