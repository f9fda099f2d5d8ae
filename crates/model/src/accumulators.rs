//! Many accumulators, with an array for each thing that is kept of them.
//!
//! What nobody asked for has no array, so that it costs neither time nor memory. Empty
//! places hold what changes nothing when it is pooled, so that pooling needs no branches.

use crate::Accumulator;
use std::ops::{BitOr, Range};

/// What must be known of some samples, beside how many they are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Needs(u8);

impl Needs {
    /// Their count alone.
    pub const COUNT: Self = Self(0);
    /// Their sum.
    pub const SUM: Self = Self(1);
    /// The least.
    pub const MIN: Self = Self(2);
    /// The greatest.
    pub const MAX: Self = Self(4);
    /// When the least and the greatest that are asked for first stood.
    pub const EXTREME_TIMES: Self = Self(8);
    /// The earliest, and when it stood.
    pub const FIRST: Self = Self(16);
    /// The latest, and when it stood.
    pub const LAST: Self = Self(32);
    /// Everything.
    pub const ALL: Self = Self(63);

    /// Whether all of `other` is in here.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing but the first or the last sample and the count matters.
    pub const fn is_ends(self) -> bool {
        self.0 & !(Self::FIRST.0 | Self::LAST.0) == 0
    }
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Many accumulators.
#[derive(Clone, PartialEq, Debug)]
pub struct Accumulators {
    needs: Needs,
    counts: Vec<u64>,
    sums: Vec<f64>,
    compensations: Vec<f64>,
    mins: Vec<f64>,
    min_times: Vec<i64>,
    maxs: Vec<f64>,
    max_times: Vec<i64>,
    firsts: Vec<f64>,
    first_times: Vec<i64>,
    lasts: Vec<f64>,
    last_times: Vec<i64>,
}

impl Accumulators {
    /// None, of which `needs` will be kept.
    pub fn new(needs: Needs) -> Self {
        Self {
            needs,
            counts: Vec::new(),
            sums: Vec::new(),
            compensations: Vec::new(),
            mins: Vec::new(),
            min_times: Vec::new(),
            maxs: Vec::new(),
            max_times: Vec::new(),
            firsts: Vec::new(),
            first_times: Vec::new(),
            lasts: Vec::new(),
            last_times: Vec::new(),
        }
    }

    /// What is kept.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many bytes one takes where `needs` are kept.
    pub fn bytes_of_one(needs: Needs) -> usize {
        let pairs = [Needs::SUM, Needs::FIRST, Needs::LAST];
        let pairs = pairs.into_iter().filter(|need| needs.has(*need)).count();
        let extremes = [Needs::MIN, Needs::MAX];
        let extremes = extremes.into_iter().filter(|need| needs.has(*need)).count();
        let words_of_extreme = 1 + usize::from(needs.has(Needs::EXTREME_TIMES));
        (1 + 2 * pairs + words_of_extreme * extremes) * size_of::<u64>()
    }

    /// Forgets all, and holds `len` empty ones.
    pub fn reset(&mut self, len: usize) {
        self.resize(0);
        self.resize(len);
    }

    /// Forgets those from `len` on, or adds empty ones up to there.
    pub fn resize(&mut self, len: usize) {
        let needs = self.needs;
        let has = |need: Needs| if needs.has(need) { len } else { 0 };
        let has_time = |need: Needs| has(need | Needs::EXTREME_TIMES);
        self.counts.resize(len, 0);
        self.sums.resize(has(Needs::SUM), 0.0);
        self.compensations.resize(has(Needs::SUM), 0.0);
        self.mins.resize(has(Needs::MIN), f64::NAN);
        self.min_times.resize(has_time(Needs::MIN), i64::MAX);
        self.maxs.resize(has(Needs::MAX), f64::NAN);
        self.max_times.resize(has_time(Needs::MAX), i64::MAX);
        self.firsts.resize(has(Needs::FIRST), f64::NAN);
        self.first_times.resize(has(Needs::FIRST), i64::MAX);
        self.lasts.resize(has(Needs::LAST), f64::NAN);
        self.last_times.resize(has(Needs::LAST), i64::MIN);
    }

    /// How many samples the one at `index` is of.
    #[inline]
    pub fn count(&self, index: usize) -> u64 {
        self.counts[index]
    }

    /// Whether any is of any sample.
    pub fn is_any(&self) -> bool {
        self.counts.iter().any(|count| *count > 0)
    }

    /// The sum of the samples of the one at `index`; NaN where sums are not kept.
    #[inline]
    pub fn sum(&self, index: usize) -> f64 {
        let Some(sum) = self.sums.get(index).copied() else { return f64::NAN };
        // A compensation is meaningless once the sum has left the finite numbers.
        if sum.is_finite() { sum + self.compensations[index] } else { sum }
    }

    /// The least, the greatest, the earliest and the latest, each NaN where it is not kept.
    #[inline]
    pub fn landmarks(&self, index: usize) -> [f64; 4] {
        let of = |values: &[f64]| values.get(index).copied().unwrap_or(f64::NAN);
        [of(&self.mins), of(&self.maxs), of(&self.firsts), of(&self.lasts)]
    }

    /// The one at `index`, as far as it was kept.
    pub fn get(&self, index: usize) -> Accumulator {
        let mut one = Accumulator::default();
        if self.counts[index] == 0 {
            return one;
        }
        one.count = self.counts[index];
        if self.needs.has(Needs::SUM) {
            one = one.with_sum_parts(self.sums[index], self.compensations[index]);
        }
        [one.min, one.max, one.first, one.last] = self.landmarks(index);
        let of = |times: &[i64]| times.get(index).copied().unwrap_or(0);
        one.min_at = of(&self.min_times);
        one.max_at = of(&self.max_times);
        one.first_at = of(&self.first_times);
        one.last_at = of(&self.last_times);
        one
    }

    /// Appends what comes later of the same series to the one at `index`. Of `later`, only
    /// what is kept here need be known; `later` is of at least one sample.
    #[inline]
    pub fn append(&mut self, index: usize, later: &Accumulator) {
        let needs = self.needs;
        let is_first = self.counts[index] == 0;
        self.counts[index] += later.count;
        if needs.has(Needs::SUM) {
            let (sum, compensation) = later.sum_parts();
            self.add(index, sum, compensation);
        }
        if needs.has(Needs::MIN) && beats_min(later.min, self.mins[index]) {
            self.mins[index] = later.min;
            if needs.has(Needs::EXTREME_TIMES) {
                self.min_times[index] = later.min_at;
            }
        }
        if needs.has(Needs::MAX) && beats_max(later.max, self.maxs[index]) {
            self.maxs[index] = later.max;
            if needs.has(Needs::EXTREME_TIMES) {
                self.max_times[index] = later.max_at;
            }
        }
        if needs.has(Needs::FIRST) && is_first {
            (self.firsts[index], self.first_times[index]) = (later.first, later.first_at);
        }
        if needs.has(Needs::LAST) {
            (self.lasts[index], self.last_times[index]) = (later.last, later.last_at);
        }
    }

    /// The same of samples of which nothing but a sum is asked for: how many, their sum and
    /// what rounding took from it.
    ///
    /// # Panics
    /// Where more than sums is kept.
    #[inline]
    pub fn append_sum(&mut self, index: usize, count: usize, (sum, compensation): (f64, f64)) {
        assert!(self.needs == Needs::SUM, "other things than sums are kept");
        self.counts[index] += count as u64;
        self.add(index, sum, compensation);
    }

    /// Appends those of `later` from `from` on to those here, one to one, as far as there
    /// are some here; each comes later of the same series.
    pub fn append_all(&mut self, later: &Self, from: usize) {
        let count = self.len();
        if self.is_sums() {
            return self.add_sums(0..count, later, from);
        }
        for index in 0..count {
            if later.counts[from + index] > 0 {
                self.append(index, &later.get(from + index));
            }
        }
    }

    /// Pools one number of a series, taken to stand at `at`, into the one at `index`.
    #[inline]
    pub fn pool_number(&mut self, index: usize, at: i64, number: f64) {
        let mut one = Accumulator::default().with_sum_parts(number, 0.0);
        one.count = 1;
        [one.min, one.max, one.first, one.last] = [number; 4];
        [one.min_at, one.max_at, one.first_at, one.last_at] = [at; 4];
        self.pool_one(index, &one);
    }

    /// Pools what another series has in the same window; at equal times of first or last,
    /// the greater value stays, so that the order of pooling does not matter.
    #[inline]
    pub fn pool_one(&mut self, index: usize, other: &Accumulator) {
        let needs = self.needs;
        self.counts[index] += other.count;
        if needs.has(Needs::SUM) {
            let (sum, compensation) = other.sum_parts();
            self.add(index, sum, compensation);
        }
        if needs.has(Needs::MIN) {
            match self.min_times.get_mut(index) {
                Some(time) => {
                    let (value, before) = (other.min, self.mins[index]);
                    if beats_min(value, before) || (value == before && other.min_at < *time) {
                        (self.mins[index], *time) = (value, other.min_at);
                    }
                }
                None if beats_min(other.min, self.mins[index]) => self.mins[index] = other.min,
                None => {}
            }
        }
        if needs.has(Needs::MAX) {
            match self.max_times.get_mut(index) {
                Some(time) => {
                    let (value, before) = (other.max, self.maxs[index]);
                    if beats_max(value, before) || (value == before && other.max_at < *time) {
                        (self.maxs[index], *time) = (value, other.max_at);
                    }
                }
                None if beats_max(other.max, self.maxs[index]) => self.maxs[index] = other.max,
                None => {}
            }
        }
        if needs.has(Needs::FIRST) {
            let (time, value) = (&mut self.first_times[index], &mut self.firsts[index]);
            let is_tied = other.first_at == *time && beats_max(other.first, *value);
            if other.first_at < *time || is_tied {
                (*time, *value) = (other.first_at, other.first);
            }
        }
        if needs.has(Needs::LAST) {
            let (time, value) = (&mut self.last_times[index], &mut self.lasts[index]);
            let is_tied = other.last_at == *time && beats_max(other.last, *value);
            if other.last_at > *time || is_tied {
                (*time, *value) = (other.last_at, other.last);
            }
        }
    }

    /// Pools those of `other` in `range` into those here from `at` on, one to one.
    ///
    /// # Panics
    /// Where the two do not keep the same.
    pub fn pool(&mut self, at: usize, other: &Self, range: Range<usize>) {
        assert_eq!(self.needs, other.needs, "only likes are pooled");
        let into = at..at + range.len();
        if self.is_sums() {
            return self.add_sums(into, other, range.start);
        }
        for (into, from) in into.zip(range) {
            if other.counts[from] > 0 {
                self.pool_one(into, &other.get(from));
            }
        }
    }

    /// Whether sums and counts are all that is kept, as for most questions. Adding up these
    /// needs no branches, and who comes first does not matter.
    fn is_sums(&self) -> bool {
        self.needs == Needs::SUM || self.needs == Needs::COUNT
    }

    fn add_sums(&mut self, into: Range<usize>, other: &Self, from: usize) {
        let counts = self.counts[into.clone()].iter_mut().zip(&other.counts[from..]);
        counts.for_each(|(ours, theirs)| *ours += theirs);
        if self.needs == Needs::COUNT {
            return;
        }
        let ours = self.sums[into.clone()].iter_mut().zip(&mut self.compensations[into]);
        let theirs = other.sums[from..].iter().zip(&other.compensations[from..]);
        for ((sum, compensation), (theirs, their_compensation)) in ours.zip(theirs) {
            let (total, error) = two_sum(*sum, *theirs);
            *sum = total;
            *compensation += error + their_compensation;
        }
    }

    #[inline]
    fn add(&mut self, index: usize, sum: f64, compensation: f64) {
        let (total, error) = two_sum(self.sums[index], sum);
        self.sums[index] = total;
        self.compensations[index] += error + compensation;
    }
}

/// Whether `value` is less, or the first number.
#[inline]
fn beats_min(value: f64, best: f64) -> bool {
    value < best || best.is_nan()
}

/// Whether `value` is greater, or the first number.
#[inline]
fn beats_max(value: f64, best: f64) -> bool {
    value > best || best.is_nan()
}

/// The sum of two doubles and exactly what rounding took from it (Knuth's TwoSum).
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let second = sum - a;
    (sum, (a - (sum - second)) + (b - second))
}

#[cfg(test)]
mod tests;
