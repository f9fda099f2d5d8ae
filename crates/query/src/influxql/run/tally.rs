//! The running summary of one window.
//!
//! Floats are kept in the accumulator the store uses too, so that both give the same sums;
//! integers are kept exactly.

use crate::influxql::answer::Cell;
use crate::influxql::ast::DataType;
use crate::influxql::plan::Aggregate;
use model::{Accumulator, ValueRef};

/// The running summary of one window.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Tally {
    /// Of floats.
    Float(Accumulator),
    /// Of integers and truth values.
    Whole(Whole),
    /// Of texts.
    Text(Ends),
}

/// Count, sum, extremes and ends of integers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Whole {
    count: u64,
    sum: i128,
    min: (i128, i64),
    max: (i128, i64),
    first: (i128, i64),
    last: (i128, i64),
}

/// Count and ends of texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ends {
    count: u64,
    first: (String, i64),
    last: (String, i64),
}

impl Tally {
    /// The summary of one value, read as `kind`; none where it is not of that kind.
    pub(crate) fn of(at: i64, value: ValueRef<'_>, kind: DataType) -> Option<Self> {
        match kind {
            DataType::Float => {
                let mut accumulator = Accumulator::default();
                accumulator.push(at, number(value)?);
                Some(Self::Float(accumulator))
            }
            DataType::Integer | DataType::Unsigned | DataType::Bool => {
                let stamped = (whole(value, kind)?, at);
                Some(Self::Whole(Whole {
                    count: 1,
                    sum: stamped.0,
                    min: stamped,
                    max: stamped,
                    first: stamped,
                    last: stamped,
                }))
            }
            DataType::Text => match value {
                ValueRef::Str(text) => {
                    let stamped = (text.to_owned(), at);
                    Some(Self::Text(Ends { count: 1, first: stamped.clone(), last: stamped }))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Adds a value of the same input that is later than all before.
    pub(crate) fn push(&mut self, at: i64, value: ValueRef<'_>, kind: DataType) {
        if let (Self::Float(accumulator), Some(number)) = (&mut *self, number(value)) {
            // Two rows of a subquery may share a time; then they are pooled.
            if at > accumulator.last_at {
                accumulator.push(at, number);
                return;
            }
        }
        if let Some(other) = Self::of(at, value, kind) {
            self.pool(&other);
        }
    }

    /// Adds what another input has in the same window. At equal times the greater value is
    /// first and last, so that the order of inputs does not matter.
    pub(crate) fn pool(&mut self, other: &Self) {
        match (self, other) {
            (Self::Float(ours), Self::Float(theirs)) => ours.pool(theirs),
            (Self::Whole(ours), Self::Whole(theirs)) => ours.pool(theirs),
            (Self::Text(ours), Self::Text(theirs)) => ours.pool(theirs),
            _ => debug_assert!(false, "tallies of one column are of one kind"),
        }
    }

    /// What `aggregate` gives, and when it stood where it is a point of the data.
    pub(crate) fn value(&self, aggregate: Aggregate, kind: DataType) -> (Cell, Option<i64>) {
        match self {
            Self::Float(accumulator) => of_floats(accumulator, aggregate, kind),
            Self::Whole(whole) => whole.value(aggregate, kind),
            Self::Text(ends) => match aggregate {
                Aggregate::Count => (Cell::Integer(ends.count as i64), None),
                Aggregate::First => (Cell::Text(ends.first.0.clone()), Some(ends.first.1)),
                Aggregate::Last => (Cell::Text(ends.last.0.clone()), Some(ends.last.1)),
                _ => (Cell::Null, None),
            },
        }
    }
}

/// What `aggregate` gives of floats, and when it stood where it is a point of the data.
pub(crate) fn of_floats(
    accumulator: &Accumulator,
    aggregate: Aggregate,
    kind: DataType,
) -> (Cell, Option<i64>) {
    let cell = |value: f64| super::frame::cast(Cell::Float(value), kind);
    match aggregate {
        Aggregate::Count => (Cell::Integer(accumulator.count as i64), None),
        Aggregate::Sum => (cell(accumulator.sum()), None),
        Aggregate::Mean => (Cell::Float(accumulator.mean()), None),
        Aggregate::Min => (cell(accumulator.min), Some(accumulator.min_at)),
        Aggregate::Max => (cell(accumulator.max), Some(accumulator.max_at)),
        Aggregate::First => (cell(accumulator.first), Some(accumulator.first_at)),
        Aggregate::Last => (cell(accumulator.last), Some(accumulator.last_at)),
        Aggregate::Spread => (cell(accumulator.max - accumulator.min), None),
    }
}

impl Whole {
    fn pool(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        // The least value, and of equal ones the earliest.
        self.min = self.min.min(other.min);
        if other.max.0 > self.max.0 || (other.max.0 == self.max.0 && other.max.1 < self.max.1) {
            self.max = other.max;
        }
        if other.first.1 < self.first.1
            || (other.first.1 == self.first.1 && other.first.0 > self.first.0)
        {
            self.first = other.first;
        }
        if other.last.1 > self.last.1 || (other.last.1 == self.last.1 && other.last.0 > self.last.0)
        {
            self.last = other.last;
        }
    }

    fn value(&self, aggregate: Aggregate, kind: DataType) -> (Cell, Option<i64>) {
        // Sums wrap around at 64 bits, as InfluxDB's do.
        let cell = |value: i128| match kind {
            DataType::Unsigned => Cell::Unsigned(value as u64),
            DataType::Bool => Cell::Bool(value != 0),
            _ => Cell::Integer(value as i64),
        };
        match aggregate {
            Aggregate::Count => (Cell::Integer(self.count as i64), None),
            Aggregate::Sum => (cell(self.sum), None),
            Aggregate::Mean => (Cell::Float(self.sum as f64 / self.count as f64), None),
            Aggregate::Min => (cell(self.min.0), Some(self.min.1)),
            Aggregate::Max => (cell(self.max.0), Some(self.max.1)),
            Aggregate::First => (cell(self.first.0), Some(self.first.1)),
            Aggregate::Last => (cell(self.last.0), Some(self.last.1)),
            Aggregate::Spread => (cell(self.max.0 - self.min.0), None),
        }
    }
}

impl Ends {
    fn pool(&mut self, other: &Self) {
        self.count += other.count;
        let (ours, theirs) = (&self.first, &other.first);
        if theirs.1 < ours.1 || (theirs.1 == ours.1 && theirs.0 > ours.0) {
            self.first.clone_from(&other.first);
        }
        let (ours, theirs) = (&self.last, &other.last);
        if theirs.1 > ours.1 || (theirs.1 == ours.1 && theirs.0 > ours.0) {
            self.last.clone_from(&other.last);
        }
    }
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::F64(value) => Some(value),
        ValueRef::I64(value) => Some(value as f64),
        ValueRef::U64(value) => Some(value as f64),
        _ => None,
    }
}

fn whole(value: ValueRef<'_>, kind: DataType) -> Option<i128> {
    match (value, kind) {
        (ValueRef::Bool(value), DataType::Bool) => Some(i128::from(value)),
        (_, DataType::Bool) => None,
        (ValueRef::I64(value), DataType::Unsigned) => Some(i128::from(value as u64)),
        (ValueRef::I64(value), _) => Some(i128::from(value)),
        (ValueRef::U64(value), DataType::Integer) => Some(i128::from(value as i64)),
        (ValueRef::U64(value), _) => Some(i128::from(value)),
        (ValueRef::F64(value), DataType::Unsigned) => Some(i128::from(value as u64)),
        (ValueRef::F64(value), _) => Some(i128::from(value as i64)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
