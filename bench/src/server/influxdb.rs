//! InfluxDB as it is started, settled and weighed.

use super::{Server, Setup, bytes_below};
use crate::rig::Rig;
use anyhow::Result;
use std::path::Path;
use std::process::Command;

pub const PROGRAM: &str = "influxd";

pub fn command(rig: &Rig, folder: &Path, address: &str, setup: Setup) -> Result<Command> {
    let path = folder.join("influxdb.conf");
    std::fs::write(&path, config(folder, address, rig.free_port()?, setup))?;
    let mut command = Command::new(PROGRAM);
    command.args(["run", "-config"]).arg(path);
    Ok(command)
}

fn config(folder: &Path, address: &str, inner_port: u16, setup: Setup) -> String {
    let folder = folder.join("data");
    let folder = folder.display();
    // Hours of waiting for cold data are cut to seconds where files are weighed.
    let (cold, full) = match setup {
        Setup::Default => ("10m", "4h"),
        Setup::Merging => ("2s", "4s"),
    };
    format!(
        "reporting-disabled = true\n\
         bind-address = \"127.0.0.1:{inner_port}\"\n\
         [meta]\n  dir = \"{folder}/meta\"\n\
         [data]\n  dir = \"{folder}/data\"\n  wal-dir = \"{folder}/wal\"\n\
         \x20 index-version = \"tsi1\"\n  query-log-enabled = false\n\
         \x20 max-series-per-database = 0\n  max-values-per-tag = 0\n\
         \x20 cache-snapshot-write-cold-duration = \"{cold}\"\n\
         \x20 compact-full-write-cold-duration = \"{full}\"\n\
         [coordinator]\n  write-timeout = \"120s\"\n\
         [monitor]\n  store-enabled = false\n\
         [subscriber]\n  enabled = false\n\
         [continuous_queries]\n  enabled = false\n\
         [logging]\n  level = \"error\"\n\
         [http]\n  bind-address = \"{address}\"\n  log-enabled = false\n"
    )
}

pub fn settle(server: &Server) -> Result<()> {
    server.wait_until_still(|folder| bytes_below(&folder.join("data"), &|_| false))
}

/// Data and index; not the log.
pub fn bytes(folder: &Path) -> Result<u64> {
    bytes_below(&folder.join("data"), &|path| path.starts_with("wal"))
}
