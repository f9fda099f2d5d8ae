//! The windows of one series, and what they are put together from.

use super::changes::Changes;
use super::cut::{Cut, Times};
use super::kernel::Numbers;
use super::shares::Shares;
use model::change::Ends;
use model::port::{self, WindowFunction};
use model::value::is_stale;
use model::{Accumulator, Accumulators, Change, Column, Needs, Samples, TimeRange};
use std::ops::Range;

/// Windows, and what they are put together from.
pub struct Windows {
    cut: Cut,
    whole: Accumulators,
    /// Where windows overlap by whole steps: panes of one step each, how they lie, and how
    /// many make a window.
    panes: Option<(Accumulators, Cut, usize)>,
    /// Where changes are asked for: what is kept in place of all that.
    changes: Option<Changes>,
    /// Samples that are no staleness markers, and values that had to be made doubles.
    times: Vec<i64>,
    floats: Vec<f64>,
}

impl Windows {
    /// Windows that lie as `cut` says, of which `needs` will be looked at, or a change.
    pub fn new(cut: Cut, needs: Needs, change: Option<Change>) -> Self {
        // Ends of windows that overlap cost less than panes.
        let panes = cut.panes().filter(|_| change.is_none());
        let panes = panes.map(|(cut, overlap)| (Accumulators::new(needs), cut, overlap));
        let (times, floats) = (Vec::new(), Vec::new());
        let (whole, changes) = (Accumulators::new(needs), change.map(Changes::new));
        Self { cut, whole, panes, changes, times, floats }
    }

    /// What each window of the series at hand has; nothing where changes are asked for.
    pub fn whole(&self) -> &Accumulators {
        &self.whole
    }

    /// Hands what `function` makes of each window that has samples to `each`.
    #[inline]
    pub fn each_value(
        &self,
        function: WindowFunction,
        windows: &port::Windows,
        mut each: impl FnMut(usize, f64),
    ) {
        if let Some(changes) = &self.changes {
            return changes.each(windows, each);
        }
        for window in 0..self.cut.count {
            if let Some(value) = function.of(&self.whole, window) {
                each(window, value);
            }
        }
    }

    /// Forgets the series before, and answers what samples are put into.
    pub fn begin(&mut self) -> Cut {
        if let Some(changes) = &mut self.changes {
            changes.begin(self.cut.count);
            return self.cut;
        }
        self.whole.reset(self.cut.count);
        match &mut self.panes {
            Some((panes, cut, _)) => {
                panes.reset(cut.count);
                *cut
            }
            None => self.cut,
        }
    }

    /// Puts windows together; answers whether any has a sample, or a change.
    pub fn finish(&mut self) -> bool {
        if let Some(changes) = &self.changes {
            return changes.is_any();
        }
        if let Some((panes, _, overlap)) = &self.panes {
            (0..*overlap).for_each(|pane| self.whole.append_all(panes, pane));
        }
        self.whole.is_any()
    }

    /// What samples are put into.
    fn into(&mut self) -> (&mut Accumulators, Cut) {
        match &mut self.panes {
            Some((panes, cut, _)) => (panes, *cut),
            None => (&mut self.whole, self.cut),
        }
    }

    /// How what samples are put into lies.
    pub fn cut(&self) -> Cut {
        self.panes.as_ref().map_or(self.cut, |(_, cut, _)| *cut)
    }

    /// The only window that all of `range` is inside of.
    pub fn find(&self, range: TimeRange) -> Option<usize> {
        self.cut().find(range)
    }

    /// Adds to one window what is later than all before; answers whether that says enough.
    pub fn append(&mut self, window: usize, later: &Accumulator) -> bool {
        if later.count == 0 {
            return true;
        }
        let Some(changes) = &mut self.changes else {
            self.into().0.append(window, later);
            return true;
        };
        // Of falls it must be known what was before them.
        let is_rising = later.resets == 0;
        if is_rising {
            let (first, last) = ((later.first_at, later.first), (later.last_at, later.last));
            changes.append_rising(window, &Ends { count: later.count, first, last });
        }
        is_rising
    }

    /// Whether samples without staleness markers can be added by shares that are known.
    pub fn is_by_shares(&self) -> bool {
        self.changes.is_some() || self.whole.needs() == Needs::SUM
    }

    /// Adds samples that are later than all before; none is a staleness marker.
    pub fn fold_shares(&mut self, times: Times<'_>, numbers: Numbers<'_>, shares: &Shares) {
        if let Some(changes) = &mut self.changes {
            return changes.add((times, numbers), shares.inside.clone(), &shares.of);
        }
        let (into, _) = self.into();
        if let Numbers::Scaled(scaled) = numbers {
            return scaled.each_sum(&shares.of, |window, count, sum| {
                into.append_sum(window, count, (sum, 0.0));
            });
        }
        for (window, inside) in &shares.of {
            into.append_sum(*window, inside.len(), numbers.sum(inside.clone()));
        }
    }

    /// Adds the samples `inside` of a run, which are later than all before.
    pub fn fold(&mut self, times: Times<'_>, numbers: Numbers<'_>, inside: Range<usize>) {
        if let Numbers::Floats(values) = numbers
            && numbers.has_stale(inside.clone())
        {
            let (mut fresh_times, mut fresh) =
                (std::mem::take(&mut self.times), std::mem::take(&mut self.floats));
            fresh_times.clear();
            fresh.clear();
            for index in inside.filter(|index| !is_stale(values[*index])) {
                fresh_times.push(times.at(index));
                fresh.push(values[index]);
            }
            let all = 0..fresh.len();
            self.split(Times::Slice(&fresh_times), Numbers::Floats(&fresh), all);
            (self.times, self.floats) = (fresh_times, fresh);
        } else {
            self.split(times, numbers, inside);
        }
    }

    fn split(&mut self, times: Times<'_>, numbers: Numbers<'_>, inside: Range<usize>) {
        if let Some(changes) = &mut self.changes {
            return changes.add_cut((times, numbers), inside, &self.cut);
        }
        let (into, cut) = self.into();
        let needs = into.needs();
        cut.split(times, inside, |window, inside| {
            into.append(window, &numbers.summarize(times, inside, needs));
        });
    }

    /// The same of samples that were read.
    pub fn fold_samples(&mut self, samples: &Samples) {
        let times = Times::Slice(&samples.timestamps);
        let all = 0..samples.len();
        match &samples.values {
            Column::F64(values) => self.fold(times, Numbers::Floats(values), all),
            Column::I64(values) => self.fold(times, Numbers::Whole(values), all),
            values @ (Column::U64(_) | Column::Bool(_)) => {
                let number = |at| values.get(at).as_f64().unwrap_or(f64::NAN);
                let mut floats = std::mem::take(&mut self.floats);
                floats.clear();
                floats.extend(all.clone().map(number));
                self.split(times, Numbers::Floats(&floats), all);
                self.floats = floats;
            }
            Column::Str(_) | Column::Histogram(_) => {}
        }
    }
}
