//! `barograph agent`: collects this host's metrics and sends them, until it is told to stop.

use crate::cli;
use crate::config;
use crate::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Collects and sends until SIGTERM or SIGINT.
///
/// # Errors
/// When the configuration is wrong, or the buffer on disk cannot be used.
pub fn run(flags: &cli::Agent) -> Result<(), Error> {
    let mut config: agent::AgentConfig = match &flags.config {
        Some(path) => config::parse(path, &config::read(path)?)?,
        None => agent::AgentConfig::default(),
    };
    if let Some(url) = &flags.url {
        config.url.clone_from(url);
    }
    crate::serve::start_logs(config::Log::default());
    let stop = Arc::new(AtomicBool::new(false));
    set_at_signal(stop.clone())?;
    let agent = agent::Agent::new(config).map_err(|error| Error::Usage(error.to_string()))?;
    agent.run(&stop).map_err(|error| Error::Failed(error.to_string()))
}

/// Sets `stop` when a signal says so.
fn set_at_signal(stop: Arc<AtomicBool>) -> Result<(), Error> {
    let fault = |error| Error::Failed(format!("listen for signals: {error}"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fault)?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate()).map_err(fault)?,
            signal(SignalKind::interrupt()).map_err(fault)?,
        )
    };
    let wait = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        stop.store(true, Ordering::Relaxed);
    };
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(wait).map(drop).map_err(fault)
}
