//! The measured process: started, watched through /proc, and ended by its process id.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server.
pub struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(120);

impl Server {
    /// Starts it on `data` and waits until it is ready; says how long that took.
    pub fn start(binary: &Path, data: &Path) -> Result<(Self, Duration)> {
        let started = Instant::now();
        let mut child = Command::new(binary)
            .arg("serve")
            .arg("--data-dir")
            .arg(data)
            .args(["--listen", "127.0.0.1:0", "--no-collect", "--retention", "inf"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}: run `make build` first", binary.display()))?;
        let mut lines =
            BufReader::new(child.stdout.take().context("read the server's output")?).lines();
        let address = loop {
            let Some(line) = lines.next().transpose()? else { bail!("the server ended at once") };
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split_whitespace().next().unwrap_or_default().to_owned();
            }
        };
        // Somebody must read what it prints, or it would block one day.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, address };
        while ureq::get(format!("http://{}/ready", server.address)).call().is_err() {
            if started.elapsed() > PATIENCE {
                bail!("the server was not ready after {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok((server, started.elapsed()))
    }

    /// CPU seconds it has used, user and system.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold spaces; fields count from behind it.
        let rest = stat.rsplit_once(')').context("read the process's stat")?.1;
        let field = |index: usize| -> Result<f64> {
            Ok(rest.split_whitespace().nth(index).context("read the process's stat")?.parse()?)
        };
        // A tick is a hundredth of a second on every Linux there is.
        Ok((field(11)? + field(12)?) / 100.0)
    }

    /// The most memory it has held, in MiB.
    pub fn peak_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: f64 = line.context("read VmHWM")?.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// Stops it as an operator does, which flushes everything to blocks.
    pub fn stop(mut self) -> Result<()> {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status()?;
        if !sent.success() {
            bail!("kill failed");
        }
        let started = Instant::now();
        while self.child.try_wait()?.is_none() {
            if started.elapsed() > PATIENCE {
                bail!("the server did not stop within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes of all files below `folder` whose path holds `part`.
pub fn bytes_below(folder: &Path, part: &str) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            total += bytes_below(&path, part)?;
        } else if path.to_string_lossy().contains(part) {
            total += path.metadata()?.len();
        }
    }
    Ok(total)
}
