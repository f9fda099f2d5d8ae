//! The measured process: started, watched through `/proc`, and ended by its number.

use crate::stage::Stage;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_secs(180);

/// A process that was started here.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stage: Arc<Stage>,
}

/// What a process used until its end.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// From the signal to the end.
    pub seconds: f64,
    /// CPU seconds of its whole life.
    pub cpu: f64,
}

impl Process {
    /// Starts a command; what it prints goes to the file `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(stage: &Arc<Stage>, command: &mut Command, log: &Path) -> Result<Self> {
        let output = std::fs::File::create(log)?;
        let errors = output.try_clone()?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child =
            command.spawn().with_context(|| format!("start {:?}", command.get_program()))?;
        stage.enter(child.id());
        Ok(Self { child, stage: stage.clone() })
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.state().is_none_or(|state| state == 'Z')
    }

    /// CPU seconds of all its threads so far, user and system, and of children it waited for.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn cpu_seconds(&self) -> Result<f64> {
        cpu_of(&self.child.id().to_string())
    }

    /// Waits until it has next to nothing to do, for a while at most.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn wait_until_idle(&self) -> Result<()> {
        const LOOK: Duration = Duration::from_millis(250);
        const LOOKS_MAX: usize = 40;
        for _ in 0..LOOKS_MAX {
            let before = self.cpu_seconds()?;
            std::thread::sleep(LOOK);
            if self.cpu_seconds()? - before < 0.1 * LOOK.as_secs_f64() {
                break;
            }
        }
        Ok(())
    }

    /// Memory it holds now, in bytes, files that are mapped included.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn resident(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most memory it has held, in bytes.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn resident_max(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Stops it as an operator does.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(self) -> Result<Ended> {
        self.end(Signal::TERM)
    }

    /// Ends it without a word (SIGKILL).
    ///
    /// # Errors
    /// When it does not end.
    pub fn kill(self) -> Result<Ended> {
        self.end(Signal::KILL)
    }

    fn end(mut self, signal: Signal) -> Result<Ended> {
        let started = Instant::now();
        let pid = Pid::from_raw(self.child.id() as i32).context("a process has a number")?;
        kill_process(pid, signal)?;
        // Until it is waited for, its times stay readable.
        while !self.has_ended() {
            if started.elapsed() > PATIENCE {
                bail!("the server did not stop within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = Ended { seconds: started.elapsed().as_secs_f64(), cpu: self.cpu_seconds()? };
        self.child.wait()?;
        Ok(ended)
    }

    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        stat.rsplit_once(')')?.1.trim().chars().next()
    }

    fn status(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.with_context(|| format!("read {name}"))?.trim().trim_end_matches("kB");
        Ok(kib.trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.stage.leave(self.child.id());
    }
}

/// CPU seconds of this program.
///
/// # Errors
/// When `/proc` does not say.
pub fn own_cpu_seconds() -> Result<f64> {
    cpu_of("self")
}

fn cpu_of(process: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold spaces; fields count from behind it.
    let rest = stat.rsplit_once(')').context("read the process's stat")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| -> Result<f64> {
        Ok(fields.get(index).context("read the process's stat")?.parse()?)
    };
    // utime, stime, cutime, cstime; a tick is a hundredth of a second on every Linux there is.
    Ok((ticks(11)? + ticks(12)? + ticks(13)? + ticks(14)?) / 100.0)
}
