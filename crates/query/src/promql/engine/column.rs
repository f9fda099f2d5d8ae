//! One value for each step of one series.
//!
//! Where a series has no value, a column holds [`ABSENT`]. That is the staleness marker, which
//! no stored sample can smuggle in, since selectors drop it, and which no arithmetic produces,
//! since it is a signalling NaN.

use crate::promql::error::Error;
use model::Labels;
use model::labels::NAME;
use model::value::{STALE_NAN_BITS, is_stale};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// No value.
pub(crate) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

/// Labels that describe the metric and not the series; they go where the name goes.
const METADATA: [&str; 3] = [NAME, "__type__", "__unit__"];

/// A series of an intermediate result.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub labels: Labels,
    /// One cell for each step.
    pub cells: Vec<f64>,
    /// Whether the name is gone from the answer though its label is still here; only with
    /// delayed removal.
    pub drops_name: bool,
}

/// An instant vector at every step; its order is the order of the answer.
pub(crate) type Vector = Vec<Column>;

/// When the name of a metric goes that an operation made meaningless.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NameRemoval {
    /// At that operation.
    AtOnce,
    /// At the end of the query, so that functions of labels still see it.
    AtEnd,
}

impl Column {
    pub fn new(labels: Labels, cells: Vec<f64>) -> Self {
        Self { labels, cells, drops_name: false }
    }

    /// Whether there is a value at any step.
    pub fn is_any_present(&self) -> bool {
        self.cells.iter().copied().any(is_present)
    }

    /// Notes that the name no longer fits the values.
    pub fn drop_name(&mut self, removal: NameRemoval) {
        match removal {
            NameRemoval::AtOnce => remove_metadata(&mut self.labels),
            NameRemoval::AtEnd => self.drops_name = true,
        }
    }

    /// Replaces every value by what `call` makes of it.
    pub fn map(&mut self, call: impl Fn(f64) -> f64) {
        for cell in &mut self.cells {
            if is_present(*cell) {
                *cell = call(*cell);
            }
        }
    }
}

/// Whether a cell holds a value.
pub(crate) fn is_present(cell: f64) -> bool {
    !is_stale(cell)
}

/// Takes the name and what else describes the metric out of `labels`.
pub(crate) fn remove_metadata(labels: &mut Labels) {
    labels.retain(|name| !METADATA.contains(&name));
}

/// Joins columns of equal labels, which an operation on labels may have produced.
///
/// # Errors
/// When two of them have a value at the same step.
pub(crate) fn merge_equal(vector: Vector) -> Result<Vector, Error> {
    let mut seen: HashMap<Labels, usize> = HashMap::with_capacity(vector.len());
    let mut merged: Vector = Vec::with_capacity(vector.len());
    for column in vector {
        match seen.entry(column.labels.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(merged.len());
                merged.push(column);
            }
            Entry::Occupied(at) => join(&mut merged[*at.get()], &column)?,
        }
    }
    Ok(merged)
}

fn join(into: &mut Column, from: &Column) -> Result<(), Error> {
    for (cell, other) in into.cells.iter_mut().zip(&from.cells) {
        match (is_present(*cell), is_present(*other)) {
            (true, true) => return Err(Error::same_labelset()),
            (false, true) => *cell = *other,
            _ => {}
        }
    }
    Ok(())
}

/// # Errors
/// When two columns have equal labels, at whatever steps.
pub(crate) fn reject_equal(vector: &[Column]) -> Result<(), Error> {
    let mut seen = std::collections::HashSet::with_capacity(vector.len());
    if vector.iter().all(|column| seen.insert(&column.labels)) {
        Ok(())
    } else {
        Err(Error::same_labelset())
    }
}
