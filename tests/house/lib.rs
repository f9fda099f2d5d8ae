//! What the checks of the whole house share: the built binary as a user starts it, and
//! receivers that stand in for Slack, PagerDuty, webhooks and S3.
//!
//! Every server listens on a loopback port of its own, keeps its data in a temporary
//! folder, and is ended by its process id when its handle goes.

pub mod binary;
pub mod bucket;
pub mod receiver;
pub mod seal;

use std::time::{Duration, Instant};

/// How long a check waits for something that must happen. It is long, because machines are
/// slow at times; nothing is asserted about how fast it was.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within [`PATIENCE`], naming `what`.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
