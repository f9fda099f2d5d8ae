//! Window functions over many series, and their answers by group.

use crate::{
    Accumulator, Accumulators, Attribute, Change, Needs, Predicate, Span, TimeRange, Timestamp,
};
use std::sync::Arc;

/// Which end of a window is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// `(at - width, at]`, as PromQL has it.
    LeftOpen,
    /// `[at, at + width)`, as InfluxQL has it.
    RightOpen,
}

/// Evenly spaced windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Windows {
    /// Where the first window is anchored.
    pub start: Timestamp,
    /// From one anchor to the next; positive.
    pub step: Span,
    /// How wide each is; positive. Windows overlap where it is more than the step.
    pub width: Span,
    /// How many there are.
    pub count: usize,
    /// How an anchor and a width make a window.
    pub edge: Edge,
}

impl Windows {
    /// The anchor of window `index`.
    pub fn anchor(&self, index: usize) -> Timestamp {
        Timestamp(self.start.0.saturating_add(self.step.0.saturating_mul(index as i64)))
    }

    /// The points inside window `index`, both ends included.
    pub fn range(&self, index: usize) -> TimeRange {
        let at = self.anchor(index);
        match self.edge {
            Edge::LeftOpen => TimeRange::new(at - Span(self.width.0 - 1), at),
            Edge::RightOpen => TimeRange::new(at, at + Span(self.width.0 - 1)),
        }
    }

    /// Where window `index` begins and ends, the open end among them.
    pub fn ends(&self, index: usize) -> (i64, i64) {
        let at = self.anchor(index);
        match self.edge {
            Edge::LeftOpen => ((at - self.width).0, at.0),
            Edge::RightOpen => (at.0, (at + self.width).0),
        }
    }

    /// The points inside any window.
    pub fn hull(&self) -> TimeRange {
        match self.count.checked_sub(1) {
            Some(last) => self.range(0).union(&self.range(last)),
            None => TimeRange::new(Timestamp::MAX, Timestamp::MIN),
        }
    }
}

/// What becomes of one series in one window before groups are merged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowFunction {
    /// How many samples.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The earliest.
    First,
    /// The latest.
    Last,
    /// How they changed.
    Change(Change),
}

impl WindowFunction {
    /// What must be known of a window, beside the falls of a counter.
    pub fn needs(self) -> Needs {
        match self {
            Self::Count => Needs::COUNT,
            Self::Sum | Self::Mean => Needs::SUM,
            Self::Min => Needs::MIN,
            Self::Max => Needs::MAX,
            Self::First => Needs::FIRST,
            Self::Last => Needs::LAST,
            Self::Change(_) => Needs::FIRST | Needs::LAST,
        }
    }

    /// Its value of window `index`; none where that is empty, and none of a change, which
    /// is more than a window on its own tells.
    #[inline]
    pub fn of(self, windows: &Accumulators, index: usize) -> Option<f64> {
        let count = windows.count(index);
        if count == 0 {
            return None;
        }
        Some(match self {
            Self::Count => count as f64,
            Self::Sum => windows.sum(index),
            Self::Mean => windows.sum(index) / count as f64,
            Self::Min => windows.landmarks(index)[0],
            Self::Max => windows.landmarks(index)[1],
            Self::First => windows.landmarks(index)[2],
            Self::Last => windows.landmarks(index)[3],
            Self::Change(_) => return None,
        })
    }
}

/// How the series of a group become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduction {
    /// All samples of all series count alike (InfluxQL's `mean(x)`).
    Pooled,
    /// Each series becomes one number a window first, and those are accumulated at the
    /// window's anchor (PromQL's `avg(avg_over_time(x[5m]))`).
    PerSeries(WindowFunction),
}

/// What is asked of many series at once.
#[derive(Clone, Copy, Debug)]
pub struct Aggregation<'a> {
    /// Which series; those that are not numeric are left out.
    pub predicate: &'a Predicate,
    /// Over which times.
    pub windows: Windows,
    /// How series of a group become one.
    pub reduction: Reduction,
    /// What of the groups' windows will be looked at; nothing else need be computed.
    pub needs: Needs,
    /// Which series are a group: those with equal values of these.
    pub group_by: &'a [Attribute],
}

/// The groups of an aggregation, sorted by key.
#[derive(Clone, PartialEq, Debug)]
pub struct Groups {
    /// How many values a key has.
    attributes: usize,
    /// How many windows a group has.
    windows: usize,
    /// The keys, end to end.
    keys: Vec<Arc<str>>,
    /// The windows of all groups, end to end.
    cells: Accumulators,
    /// The groups in the order of their keys.
    order: Vec<u32>,
}

impl Groups {
    /// Groups whose keys, of `attributes` values each, and whose windows, `windows` each,
    /// stand end to end in one order. There are `count` of them.
    ///
    /// # Panics
    /// Where keys or windows are too few or too many.
    pub fn new(
        count: usize,
        (attributes, keys): (usize, Vec<Arc<str>>),
        (windows, cells): (usize, Accumulators),
    ) -> Self {
        assert_eq!(keys.len(), attributes * count, "each group has a key");
        assert_eq!(cells.len(), windows * count, "each group has its windows");
        let mut order: Vec<u32> = (0..count as u32).collect();
        let key = |group: u32| &keys[group as usize * attributes..][..attributes];
        if !order.is_sorted_by(|a, b| key(*a) <= key(*b)) {
            order.sort_unstable_by(|a, b| key(*a).cmp(key(*b)));
        }
        Self { attributes, windows, keys, cells, order }
    }

    /// No groups.
    pub fn none(attributes: usize, windows: usize, needs: Needs) -> Self {
        Self::new(0, (attributes, Vec::new()), (windows, Accumulators::new(needs)))
    }

    /// The same of groups that were accumulated one by one, each with `windows` windows; those
    /// without any sample are left out, and of the others what `needs` does not name.
    ///
    /// # Panics
    /// Where keys or windows are too few or too many.
    pub fn of_each<'a>(
        attributes: usize,
        windows: usize,
        needs: Needs,
        groups: impl IntoIterator<Item = (&'a Vec<Arc<str>>, &'a Vec<Accumulator>)>,
    ) -> Self {
        let (mut keys, mut cells) = (Vec::new(), Accumulators::new(needs));
        let mut count = 0;
        for (key, group) in groups {
            if group.iter().all(|window| window.count == 0) {
                continue;
            }
            keys.extend(key.iter().cloned());
            cells.resize((count + 1) * windows);
            assert_eq!(group.len(), windows, "each group has its windows");
            let filled = group.iter().enumerate().filter(|(_, window)| window.count > 0);
            filled.for_each(|(index, window)| cells.pool_one(count * windows + index, window));
            count += 1;
        }
        Self::new(count, (attributes, keys), (windows, cells))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Group<'_>> {
        self.order.iter().map(|group| {
            let group = *group as usize;
            let key = &self.keys[group * self.attributes..][..self.attributes];
            let (cells, first, count) = (&self.cells, group * self.windows, self.windows);
            Group { key, cells, first, count }
        })
    }
}

/// One group of an aggregation.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// The value of each attribute grouped by, `""` where it is absent.
    pub key: &'a [Arc<str>],
    cells: &'a Accumulators,
    first: usize,
    count: usize,
}

impl<'a> Group<'a> {
    /// Its windows in order, as far as was asked for; with a count of zero where nothing was.
    pub fn windows(self) -> impl ExactSizeIterator<Item = Accumulator> + 'a {
        (self.first..self.first + self.count).map(|index| self.cells.get(index))
    }
}

#[cfg(test)]
mod tests;
