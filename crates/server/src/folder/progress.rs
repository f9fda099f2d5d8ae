//! How far a command is, as one line on a terminal that the next one replaces.

use super::bytes;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// From one line of progress to the next.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// A line on the terminal that says how far it is, where there is a terminal.
pub struct Progress {
    is_shown: bool,
    last: Option<Instant>,
}

impl Progress {
    pub fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal(), last: None }
    }

    pub fn show(&mut self, done: u64, of: u64) {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= PROGRESS_EVERY);
        if self.is_shown && is_due {
            eprint!("\r\x1b[K{} of {}", bytes(done), bytes(of));
            let _ = std::io::stderr().flush();
            self.last = Some(Instant::now());
        }
    }

    pub fn clear(&mut self) {
        if self.last.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
