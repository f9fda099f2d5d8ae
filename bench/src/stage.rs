//! Everything a run leaves on the machine, so that nothing stays: folders and processes.
//!
//! At the end, after an error and after a panic, values are dropped as usual. Ctrl-C and
//! SIGTERM end the program without that, so a thread waits for them and clears up itself.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a shell expects of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// The folder and the processes of this run.
#[derive(Debug)]
pub struct Stage {
    folder: tempfile::TempDir,
    processes: Mutex<BTreeSet<i32>>,
}

impl Stage {
    /// Makes a folder below `parent`, and clears up when the program is interrupted.
    ///
    /// # Errors
    /// When the folder cannot be made, or the signals cannot be awaited.
    pub fn open(parent: &Path) -> Result<Arc<Self>> {
        std::fs::create_dir_all(parent)?;
        let folder = tempfile::Builder::new().prefix("barograph-bench-").tempdir_in(parent)?;
        let stage = Arc::new(Self { folder, processes: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // The thread must not keep the folder when the run is over.
        let watched = Arc::downgrade(&stage);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            if runtime.block_on(interrupted()).is_ok() {
                eprintln!("\ninterrupted: stopping the servers, removing their folders");
                if let Some(stage) = watched.upgrade() {
                    stage.clear();
                }
                std::process::exit(INTERRUPTED);
            }
        })?;
        Ok(stage)
    }

    /// A folder of this name that is not there yet.
    ///
    /// # Errors
    /// When an earlier one of this name cannot be removed.
    pub fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", path.display()))
            }
            _ => Ok(path),
        }
    }

    /// A process was started.
    pub fn enter(&self, pid: u32) {
        self.lock().insert(pid as i32);
    }

    /// A process has ended and was waited for, so that its number may come again.
    pub fn leave(&self, pid: u32) {
        self.lock().remove(&(pid as i32));
    }

    fn clear(&self) {
        // Held to the end, so that nothing is started meanwhile.
        let processes = self.lock();
        for pid in processes.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            // An error means that it is gone already.
            let _ = kill_process(pid, Signal::KILL);
        }
        // A process that is ending may still make files.
        for _ in 0..50 {
            if std::fs::remove_dir_all(self.folder.path()).is_ok() || !self.folder.path().exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<i32>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
