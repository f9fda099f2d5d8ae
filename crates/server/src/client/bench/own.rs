//! A server of the bench's own, on a temporary folder, that ends with it.

use super::report::Space;
use crate::error::Error;
use crate::folder::scratch::Scratch;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use storage::{Disk, Inspect, RealDisk};

/// Its configuration: what goes wrong is for whoever runs the bench, the rest is noise.
const CONFIG: &str = "listen = \"127.0.0.1:0\"\nretention = \"inf\"\n\n[collect]\nenabled = false\n\n[log]\nlevel = \"error\"\n";

/// A server that was started for the bench.
pub struct Own {
    pub url: String,
    // Ended before its folder goes.
    child: Ended,
    folder: Scratch,
    /// Kept, so that it may say more.
    _said: Lines<BufReader<ChildStdout>>,
}

/// A process that does not outlive this one.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Own {
    /// Starts one, and waits until it answers. Its data lies in a folder below `dir`, or among
    /// the system's temporary files.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(dir: Option<&Path>) -> Result<Self, Error> {
        let folder = Scratch::below(dir.unwrap_or(&std::env::temp_dir()))?;
        let failed = |error: std::io::Error| Error::Failed(format!("start a server: {error}"));
        let config = folder.path().join("bench.toml");
        std::fs::write(&config, CONFIG).map_err(failed)?;
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Ctrl-C is for the bench, which then ends its server.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let mut child = Ended(child);
        let said = child.0.stdout.take().expect("its output is piped");
        let mut said = BufReader::new(said).lines();
        let address = |line: String| {
            let at = line.find("http://")?;
            Some(line[at..].split_whitespace().next()?.to_owned())
        };
        // It names its address once it answers; it ends where it cannot start.
        let url = said.by_ref().map_while(Result::ok).find_map(address).ok_or_else(|| {
            Error::Failed("start a server: it ended; the line above says why".to_owned())
        })?;
        Ok(Self { url, child, folder, _said: said })
    }

    /// Stops it, and tells what its blocks take; none where there are none. Then its folder
    /// goes.
    ///
    /// # Errors
    /// When it does not stop as it should.
    pub fn stop(mut self) -> Result<Option<Space>, Error> {
        let failed = |what: String| Error::Failed(format!("stop the server: {what}"));
        let pid = Pid::from_child(&self.child.0);
        kill_process(pid, Signal::TERM).map_err(|error| failed(error.to_string()))?;
        let status = self.child.0.wait().map_err(|error| failed(error.to_string()))?;
        if !status.success() {
            return Err(failed(status.to_string()));
        }
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let data = self.folder.path().join("data");
        let found = storage::inspect(&data, &disk, Inspect { top: 0, modes: false })
            .map_err(|error| Error::Failed(error.to_string()))?;
        let sum = |of: fn(&storage::Sliced) -> u64| found.slices.iter().map(of).sum();
        let space = Space { values: sum(|it| it.values), bytes: sum(|it| it.bytes) };
        Ok((space.values > 0).then_some(space))
    }
}
