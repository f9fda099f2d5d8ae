//! How much the samples of a window changed, extended to the ends of the window.
//!
//! The extrapolation is that of Prometheus 3.5 (`extrapolatedRate`), to the last bit: the
//! store and PromQL's evaluator must not differ, whoever of them looks at the samples.

/// What is told of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The difference, of a value that may fall.
    Delta,
    /// The increase of a counter.
    Increase,
    /// The increase of a counter, each second.
    Rate,
}

/// First and last sample of a window, each with its time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ends {
    /// How many samples there are.
    pub count: u64,
    /// The first.
    pub first: (i64, f64),
    /// The last.
    pub last: (i64, f64),
}

impl Change {
    /// Whether falls of the value count as starts of a counter from zero.
    pub fn is_of_counter(self) -> bool {
        self != Self::Delta
    }

    /// The change between the ends of what the window `(start, end]` has, extended to the ends
    /// of the window; none of fewer than two samples. `before_falls` is what the value was
    /// before each of its falls, in the order of time.
    ///
    /// Where the samples come close enough to an end of the window (1.1 of their mean
    /// distance), they are taken to go on to it; else they are taken to go on for half that
    /// distance. A counter is never taken back to where it would have been below zero.
    #[inline]
    pub fn of(
        self,
        ends: &Ends,
        (start, end): (i64, i64),
        before_falls: impl Iterator<Item = f64>,
    ) -> Option<f64> {
        let intervals = ends.count.checked_sub(1).filter(|intervals| *intervals > 0)?;
        let ((first_at, first), (last_at, last)) = (ends.first, ends.last);
        let mut result = last - first;
        if self.is_of_counter() {
            // A counter that falls was set to zero; what it had before counts in full.
            before_falls.for_each(|before| result += before);
        }
        let sampled = seconds(first_at, last_at);
        let mean_distance = sampled / intervals as f64;
        let threshold = mean_distance * 1.1;
        let mut to_start = seconds(start, first_at);
        if to_start >= threshold {
            to_start = mean_distance / 2.0;
        }
        if self.is_of_counter() && result > 0.0 && first >= 0.0 {
            to_start = to_start.min(sampled * (first / result));
        }
        let mut to_end = seconds(last_at, end);
        if to_end >= threshold {
            to_end = mean_distance / 2.0;
        }
        let mut factor = (sampled + to_start + to_end) / sampled;
        if self == Self::Rate {
            factor /= seconds(start, end);
        }
        Some(result * factor)
    }
}

/// From one time to another.
fn seconds(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1e9
}

#[cfg(test)]
mod tests;
