//! Which series of one vector belongs to which of another.

use super::column::{Column, is_present};
use crate::promql::ast::Matching;
use model::Labels;
use model::labels::NAME;
use std::collections::HashMap;

/// The labels by which `matching` compares a series.
pub(crate) fn signature(labels: &Labels, matching: &Matching) -> Labels {
    let mut signature = labels.clone();
    let named = |name: &str| matching.labels.iter().any(|label| label.as_ref() == name);
    if matching.on {
        signature.retain(named);
    } else {
        signature.retain(|name| name != NAME && !named(name));
    }
    signature
}

/// Two vectors with a number for each signature that occurs.
pub(crate) struct Groups {
    /// The number of each series of the first vector.
    pub first: Vec<usize>,
    /// The number of each series of the second vector.
    pub second: Vec<usize>,
    /// How many numbers there are.
    pub count: usize,
}

impl Groups {
    pub fn new(first: &[Column], second: &[Column], matching: &Matching) -> Self {
        let mut numbers: HashMap<Labels, usize> = HashMap::new();
        let mut number = |column: &Column| {
            let next = numbers.len();
            *numbers.entry(signature(&column.labels, matching)).or_insert(next)
        };
        let first = first.iter().map(&mut number).collect();
        let second = second.iter().map(&mut number).collect();
        Self { first, second, count: numbers.len() }
    }
}

/// At which steps any of `columns` has a value.
pub(crate) fn presence<'a>(
    columns: impl IntoIterator<Item = &'a Column>,
    steps: usize,
) -> Vec<bool> {
    let mut present = vec![false; steps];
    for column in columns {
        for (present, &cell) in present.iter_mut().zip(&column.cells) {
            *present |= is_present(cell);
        }
    }
    present
}
