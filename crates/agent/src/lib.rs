//! Samples of this host, a buffer on disk, and sending.
//!
//! [`Collector`] reads `/proc` and `/sys` and writes line protocol under the names Telegraf
//! gave them; the server uses it for its own host. [`Agent`] is the program around it:
//! collect on the tick, send in batches, keep on disk what cannot be sent (`FORMAT.md`).

mod agent;
mod collect;
mod config;
mod error;
mod host;
mod keep;
mod send;
#[cfg(test)]
mod stand_in;
mod tick;

pub use agent::Agent;
pub use collect::{CollectReport, Collector, Problem, Roots};
pub use config::{AgentConfig, Secret};
pub use error::Error;
pub use host::hostname;
pub use keep::{Checked, Lost, check_buffer, is_buffer};
pub use tick::{jitter, next_tick};
