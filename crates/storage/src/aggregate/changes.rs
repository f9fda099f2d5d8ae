//! How one series changes in each window: the ends of windows, and where its values fall.
//!
//! Windows may overlap as they like: a sample is looked at once for its fall, and a window
//! takes no more than its first and its last.

use super::cut::{Cut, Times};
use super::kernel::Numbers;
use model::change::{Change, Ends};
use model::port;
use std::ops::Range;

/// So many samples are looked at together for a fall among them.
const BLOCK: usize = 128;

/// The changes of one series, and memory that is kept from series to series.
pub struct Changes {
    change: Change,
    windows: Vec<Ends>,
    /// When a value was less than the one before it, and that one; counters only.
    falls: Vec<(i64, f64)>,
    /// The last value so far.
    before: f64,
}

impl Changes {
    /// None yet.
    pub fn new(change: Change) -> Self {
        Self { change, windows: Vec::new(), falls: Vec::new(), before: f64::NAN }
    }

    /// Forgets the series before.
    pub fn begin(&mut self, count: usize) {
        self.windows.clear();
        self.windows.resize(count, Ends { count: 0, first: (0, 0.0), last: (0, 0.0) });
        self.falls.clear();
        // Nothing is less than it.
        self.before = f64::NAN;
    }

    /// Whether any window has a change.
    pub fn is_any(&self) -> bool {
        self.windows.iter().any(|ends| ends.count > 1)
    }

    /// Adds the samples `inside` of a run, which are later than all before, with those that
    /// each window has.
    pub fn add(
        &mut self,
        (times, numbers): (Times<'_>, Numbers<'_>),
        inside: Range<usize>,
        shares: &[(usize, Range<usize>)],
    ) {
        self.find_falls((times, numbers), inside);
        match numbers {
            Numbers::Floats(values) => self.add_ends(times, shares, |at| values[at]),
            Numbers::Whole(values) => self.add_ends(times, shares, |at| values[at] as f64),
            Numbers::Scaled(scaled) => {
                let value = |at: usize| scaled.scale.value(scaled.integers[at]);
                self.add_ends(times, shares, value);
            }
        }
    }

    /// The same, cut into windows here.
    pub fn add_cut(
        &mut self,
        (times, numbers): (Times<'_>, Numbers<'_>),
        inside: Range<usize>,
        cut: &Cut,
    ) {
        self.find_falls((times, numbers), inside.clone());
        cut.split(times, inside, |window, samples| {
            self.append(window, &ends(times, &samples, |at| numbers.at(at)));
        });
    }

    /// Appends samples that are later than all before to a window; none of them falls.
    pub fn append_rising(&mut self, window: usize, ends: &Ends) {
        if ends.first.1 < self.before {
            self.falls.push((ends.first.0, self.before));
        }
        self.before = ends.last.1;
        self.append(window, ends);
    }

    /// Hands the change of each window that has one to `each`.
    pub fn each(&self, windows: &port::Windows, mut each: impl FnMut(usize, f64)) {
        let mut low = 0;
        for (window, ends) in self.windows.iter().enumerate().filter(|(_, ends)| ends.count > 1) {
            // A fall counts where the sample before it is inside, too.
            while self.falls.get(low).is_some_and(|(at, _)| *at <= ends.first.0) {
                low += 1;
            }
            let falls = self.falls[low..].iter().take_while(|(at, _)| *at <= ends.last.0);
            let before = falls.map(|(_, before)| *before);
            if let Some(value) = self.change.of(ends, windows.ends(window), before) {
                each(window, value);
            }
        }
    }

    #[inline]
    fn append(&mut self, window: usize, ends: &Ends) {
        let own = &mut self.windows[window];
        if own.count == 0 {
            own.first = ends.first;
        }
        own.last = ends.last;
        own.count += ends.count;
    }

    #[inline]
    fn add_ends(
        &mut self,
        times: Times<'_>,
        shares: &[(usize, Range<usize>)],
        value: impl Fn(usize) -> f64,
    ) {
        for (window, samples) in shares {
            self.append(*window, &ends(times, samples, &value));
        }
    }

    fn find_falls(&mut self, (times, numbers): (Times<'_>, Numbers<'_>), inside: Range<usize>) {
        if !self.change.is_of_counter() || inside.is_empty() {
            return;
        }
        let first = numbers.at(inside.start);
        if first < self.before {
            self.falls.push((times.at(inside.start), self.before));
        }
        self.before = numbers.at(inside.end - 1);
        let falls = &mut self.falls;
        let note = |at: usize| {
            // Integers may differ where doubles do not.
            let (before, value) = (numbers.at(at - 1), numbers.at(at));
            if value < before {
                falls.push((times.at(at), before));
            }
        };
        match numbers {
            Numbers::Floats(values) => each_fall(&values[inside.clone()], inside.start, note),
            Numbers::Whole(values) => each_fall(&values[inside.clone()], inside.start, note),
            Numbers::Scaled(scaled) => {
                each_fall(&scaled.integers[inside.clone()], inside.start, note);
            }
        }
    }
}

/// Count, first and last of some samples, of which there is one at least.
#[inline]
fn ends(times: Times<'_>, samples: &Range<usize>, value: impl Fn(usize) -> f64) -> Ends {
    let (first, last) = (samples.start, samples.end - 1);
    Ends {
        count: samples.len() as u64,
        first: (times.at(first), value(first)),
        last: (times.at(last), value(last)),
    }
}

/// Hands each place where a value is less than the one before it to `note`; the first of
/// `values` is at `start`.
#[inline]
fn each_fall<T: PartialOrd + Copy>(values: &[T], start: usize, mut note: impl FnMut(usize)) {
    let mut from = 1;
    while from < values.len() {
        let to = (from + BLOCK).min(values.len());
        let pairs = || values[from - 1..to - 1].iter().zip(&values[from..to]);
        // Most counters never fall: this loop runs in vector registers.
        if pairs().fold(0, |any, (before, value)| any | u64::from(value < before)) > 0 {
            let falls = pairs().enumerate().filter(|(_, (before, value))| value < before);
            falls.for_each(|(at, _)| note(start + from + at));
        }
        from = to;
    }
}

#[cfg(test)]
mod tests;
