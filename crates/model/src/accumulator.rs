//! What is kept of the samples of one window, in a form that merges exactly.
//!
//! Invariants: with `count == 0` every other field is meaningless; `first_at <= last_at`;
//! staleness markers are never added. Sums carry Neumaier's compensation, so that the order
//! of merging does not show in the printed digits.

/// Count, sum, extremes, ends and counter increase of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accumulator {
    /// How many samples.
    pub count: u64,
    /// Their sum without its compensation; read it with [`Accumulator::sum`].
    sum: f64,
    compensation: f64,
    /// The least value, NaN only where every value is NaN.
    pub min: f64,
    /// When the least value first stood, in nanoseconds.
    pub min_at: i64,
    /// The greatest value, NaN only where every value is NaN.
    pub max: f64,
    /// When the greatest value first stood, in nanoseconds.
    pub max_at: i64,
    /// The earliest value.
    pub first: f64,
    /// When it stood, in nanoseconds.
    pub first_at: i64,
    /// The latest value.
    pub last: f64,
    /// When it stood, in nanoseconds.
    pub last_at: i64,
    /// How much a counter rose, resets counted as starts from zero.
    pub increase: f64,
    /// How often it fell.
    pub resets: u64,
}

impl Default for Accumulator {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0.0,
            compensation: 0.0,
            min: f64::NAN,
            min_at: 0,
            max: f64::NAN,
            max_at: 0,
            first: f64::NAN,
            first_at: 0,
            last: f64::NAN,
            last_at: 0,
            increase: 0.0,
            resets: 0,
        }
    }
}

impl Accumulator {
    /// The sum of all values.
    pub fn sum(&self) -> f64 {
        // A compensation is meaningless once the sum has left the finite numbers.
        if self.sum.is_finite() { self.sum + self.compensation } else { self.sum }
    }

    /// The sum and its compensation apart, so that a store can keep both.
    pub fn sum_parts(&self) -> (f64, f64) {
        (self.sum, self.compensation)
    }

    /// The same with this sum and this compensation, as [`Accumulator::sum_parts`] gave them.
    #[must_use]
    pub fn with_sum_parts(self, sum: f64, compensation: f64) -> Self {
        Self { sum, compensation, ..self }
    }

    /// The mean of all values; NaN of none.
    pub fn mean(&self) -> f64 {
        self.sum() / self.count as f64
    }

    /// Adds one sample that is later than all before it.
    pub fn push(&mut self, at: i64, value: f64) {
        if self.count == 0 {
            (self.first, self.first_at) = (value, at);
        } else {
            self.step_to(value);
        }
        self.count += 1;
        self.add(value);
        self.extremes(value, at, value, at);
        (self.last, self.last_at) = (value, at);
    }

    /// Appends what comes later of the same series: the increase across the seam counts.
    pub fn append(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *later;
            return;
        }
        self.step_to(later.first);
        self.increase += later.increase;
        self.resets += later.resets;
        self.join(later);
        (self.last, self.last_at) = (later.last, later.last_at);
    }

    /// Pools what another series has in the same window; at equal times of first or last,
    /// the greater value stays, so that the order of merging does not matter.
    pub fn pool(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        self.increase += other.increase;
        self.resets += other.resets;
        self.join(other);
        if wins(
            other.first_at < self.first_at,
            other.first_at == self.first_at,
            other.first,
            self.first,
        ) {
            (self.first, self.first_at) = (other.first, other.first_at);
        }
        if wins(other.last_at > self.last_at, other.last_at == self.last_at, other.last, self.last)
        {
            (self.last, self.last_at) = (other.last, other.last_at);
        }
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.add(other.sum);
        self.compensation += other.compensation;
        self.extremes(other.min, other.min_at, other.max, other.max_at);
    }

    /// Counts the change from the last value to `value` as a counter's.
    fn step_to(&mut self, value: f64) {
        if value < self.last {
            self.resets += 1;
            self.increase += value;
        } else {
            self.increase += value - self.last;
        }
    }

    fn add(&mut self, value: f64) {
        let total = self.sum + value;
        self.compensation += if self.sum.abs() >= value.abs() {
            (self.sum - total) + value
        } else {
            (value - total) + self.sum
        };
        self.sum = total;
    }

    fn extremes(&mut self, min: f64, min_at: i64, max: f64, max_at: i64) {
        if min < self.min || self.min.is_nan() || (min == self.min && min_at < self.min_at) {
            (self.min, self.min_at) = (min, min_at);
        }
        if max > self.max || self.max.is_nan() || (max == self.max && max_at < self.max_at) {
            (self.max, self.max_at) = (max, max_at);
        }
    }
}

fn wins(nearer: bool, tied: bool, theirs: f64, ours: f64) -> bool {
    nearer || (tied && (theirs > ours || ours.is_nan()))
}

#[cfg(test)]
mod tests;
