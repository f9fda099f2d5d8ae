//! Which values a tag has, told by the indexes of head and blocks.

use super::Store;
use super::outline::without_deleted;
use crate::aggregate::Seen;
use crate::block::{Block, Lookup, Measurement};
use crate::catalog::State;
use crate::error::Error;
use crate::head::Fitting;
use crate::piece::tell;
use crate::shape::Shape;
use model::Predicate;
use model::limits::{Budget, Exceeded};
use model::port::TagValues;
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Columns of measurements of one block that leave the same to ask of their streams.
struct Asked {
    left: Predicate,
    of: Vec<(Arc<Measurement>, Vec<Arc<str>>)>,
}

impl Store {
    /// The values that a tag has, sorted, each once. Damage is told with the answer.
    pub(super) fn values_of(
        &self,
        asked: &TagValues<'_>,
        budget: &Budget,
    ) -> Result<Vec<String>, Exceeded> {
        let TagValues { tag, selection, kinds } = *asked;
        let mut values = Vec::new();
        if selection.range.is_empty() {
            return Ok(values);
        }
        let state = self.catalog.state();
        let is_live = |policy| state.policy(policy).is_some();
        let (predicate, range) = (&selection.predicate, selection.range);
        let fitting = Fitting { predicate, kinds, is_live: &is_live, range };
        // Before the blocks, as queries look: what is flushed meanwhile is found in both.
        for partition in self.head.partitions() {
            partition.tag_values(tag, &fitting, budget, &mut values)?;
        }
        for seen in self.seen_inside(selection.range, &state, budget) {
            budget.check()?;
            if let Err(error) = add_block(&seen, asked, &state, &mut values) {
                tell(&error, budget, &self.counters);
            }
        }
        // Each block has its own in order, which this sort makes use of.
        values.sort();
        values.dedup();
        Ok(values)
    }
}

fn add_block(
    Seen { block, hidden }: &Seen,
    asked: &TagValues<'_>,
    state: &State,
    values: &mut Vec<String>,
) -> Result<(), Error> {
    let mut fitting = RoaringBitmap::new();
    let known = |id| state.policy(id).map(|known| known.name.clone());
    for Asked { left, of } in questions(block, asked)? {
        let streams = block.find(&left, &known)?;
        for (one, fields) in of {
            let mut own = RoaringBitmap::new();
            own.insert_range(one.ordinals());
            own &= &streams;
            let mut fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
            if !hidden.is_empty() {
                fields = without_deleted(block, hidden, &fields, &mut own)?;
            }
            let has = |shape: &Shape| fields.iter().any(|field| shape.find(field, 0).is_some());
            block.keep_present(&one, &has, asked.selection.range, &mut own)?;
            fitting |= own;
        }
    }
    block.tag_values(asked.tag, &fitting, values)
}

/// What to ask of which streams.
fn questions(block: &Block, asked: &TagValues<'_>) -> Result<Vec<Asked>, Error> {
    let mut all: Vec<Asked> = Vec::new();
    Lookup::new(block)?.each_measurement(|_, one| {
        for column in one.columns.iter().filter(|column| (asked.kinds)(column.def.kind)) {
            let left = asked.selection.predicate.of_column(&one.name, &column.def.name);
            if left.is_none() {
                continue;
            }
            let same = all.iter().position(|known| known.left.is_same(&left));
            let at = same.unwrap_or_else(|| {
                all.push(Asked { left, of: Vec::new() });
                all.len() - 1
            });
            match all[at].of.last_mut() {
                Some((last, fields)) if Arc::ptr_eq(last, one) => {
                    fields.push(column.def.name.clone());
                }
                _ => all[at].of.push((one.clone(), vec![column.def.name.clone()])),
            }
        }
    })?;
    Ok(all)
}
