//! How long to wait after a failure: longer each time, and never in step with others.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait. The shortest part of it is the usual interval: hosts that cannot send
/// ask about as often as hosts that can, and a server that is back soon has everything.
const LONGEST: Duration = Duration::from_secs(20);

/// The waits of a row of failures.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    state: u64,
}

impl Backoff {
    /// Waits from half a second to [`LONGEST`]; `seed` should differ from host to host.
    pub(crate) fn new(seed: u64) -> Self {
        Self::between(FIRST, LONGEST, seed)
    }

    pub(crate) fn between(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, failures: 0, state: seed | 1 }
    }

    /// The next wait: a random part, at least half, of what doubles with each failure.
    pub(crate) fn next_wait(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let half = doubled.min(self.longest) / 2;
        // xorshift64* (Vigna 2016), which is random enough to keep hosts apart.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let random = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        half + half.mul_f64(random as f64 / (1u64 << 24) as f64)
    }

    /// Starts anew after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests;
