//! Which columns and tags there are, without making the names of each series.

use super::Store;
use crate::aggregate::Seen;
use crate::block::{Block, Lookup, Measurement};
use crate::catalog::State;
use crate::error::Error;
use crate::head::Outlined;
use crate::identity::PolicyId;
use crate::piece::tell;
use crate::shape::ColumnDef;
use crate::tombstone::{Cuts, Hidden};
use model::Predicate;
use model::limits::{Budget, Exceeded};
use model::port::{ColumnOf, Outline, Selection};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Columns of one measurement, and what their streams must fulfil.
type Asked<'a> = (Vec<&'a str>, Predicate);

impl Store {
    /// The outline of what a selection finds. Damage is told with the answer.
    pub(super) fn outline_of(
        &self,
        selection: &Selection,
        budget: &Budget,
    ) -> Result<Outline, Exceeded> {
        let mut outline = Outline::default();
        if selection.range.is_empty() {
            return Ok(outline);
        }
        let state = self.catalog.state();
        let mut found = InHead { state: &state, outline: &mut outline };
        // Before the blocks, as queries look: what is flushed meanwhile is found in both.
        for partition in self.head.partitions() {
            partition.outline(&selection.predicate, selection.range, budget, &mut found)?;
        }
        for seen in self.seen_inside(selection.range, &state, budget) {
            budget.check()?;
            if let Err(error) = add_block(&seen, selection, &state, &mut outline) {
                tell(&error, budget, &self.counters);
            }
        }
        Ok(outline)
    }
}

/// What the head has goes to an outline.
struct InHead<'a> {
    state: &'a State,
    outline: &'a mut Outline,
}

impl Outlined for InHead<'_> {
    fn is_live(&self, policy: PolicyId) -> bool {
        self.state.policy(policy).is_some()
    }

    fn column(&mut self, policy: PolicyId, measurement: &Arc<str>, column: &ColumnDef) {
        let Some(known) = self.state.policy(policy) else { return };
        self.outline.columns.insert(ColumnOf {
            database: known.name.database.clone(),
            policy: known.name.policy.clone(),
            measurement: measurement.clone(),
            field: column.name.clone(),
            kind: column.kind,
        });
    }

    fn tag(&mut self, name: &Arc<str>) {
        self.outline.tags.insert(name.clone());
    }
}

fn add_block(
    Seen { block, hidden }: &Seen,
    selection: &Selection,
    state: &State,
    outline: &mut Outline,
) -> Result<(), Error> {
    let mut all = Vec::new();
    Lookup::new(block)?.each_measurement(|_, one| all.push(one.clone()))?;
    for one in &all {
        for (fields, left) in asked(one, &selection.predicate) {
            let known = |id| state.policy(id).map(|known| known.name.clone());
            let mut streams = block.find(&left, &known)?;
            streams.remove_range(..one.first);
            streams.remove_range(one.ordinals().end..);
            let fields = match hidden.is_empty() {
                true => fields,
                false => without_deleted(block, hidden, &fields, &mut streams)?,
            };
            for family in block.families(&streams, selection.range)? {
                let Some(known) = state.policy(family.policy) else { continue };
                let shape = family.measurement.shapes.get(family.shape as usize);
                let columns = shape.into_iter().flat_map(|(shape, _)| shape.columns());
                let mut is_found = false;
                for column in columns.filter(|column| fields.contains(&column.name.as_ref())) {
                    is_found = true;
                    outline.columns.insert(ColumnOf {
                        database: known.name.database.clone(),
                        policy: known.name.policy.clone(),
                        measurement: one.name.clone(),
                        field: column.name.clone(),
                        kind: column.kind,
                    });
                }
                if is_found {
                    outline.tags.extend(family.tags);
                }
            }
        }
    }
    Ok(())
}

/// Those of `fields` that were not deleted of all `streams`, which lose those of which all
/// fields were. What differs from stream to stream is told too much rather than too little.
pub(super) fn without_deleted<'a>(
    block: &Block,
    hidden: &[Hidden],
    fields: &[&'a str],
    streams: &mut RoaringBitmap,
) -> Result<Vec<&'a str>, Error> {
    let mut look = Lookup::new(block)?;
    let touched = hidden.iter().map(|one| streams.clone() & one.streams()).reduce(|a, b| a | b);
    let touched = touched.unwrap_or_default();
    let mut gone = RoaringBitmap::new();
    let mut left: Vec<&str> = Vec::new();
    if touched.len() < streams.len() {
        left.extend(fields);
    }
    for ordinal in &touched {
        let range = look.stream(ordinal)?.range.intersect(&block.range);
        let own: Vec<&str> = fields
            .iter()
            .copied()
            .filter(|field| !Cuts::new(hidden, ordinal, field).hide(range))
            .collect();
        if own.is_empty() {
            gone.insert(ordinal);
        }
        for field in own {
            if !left.contains(&field) {
                left.push(field);
            }
        }
    }
    *streams -= gone;
    Ok(left)
}

/// The columns of a measurement that may fit, those together of which the same is left to
/// ask.
fn asked<'a>(one: &'a Measurement, predicate: &Predicate) -> Vec<Asked<'a>> {
    let mut asked: Vec<Asked<'a>> = Vec::new();
    for column in &one.columns {
        let field = column.def.name.as_ref();
        let left = predicate.of_column(&one.name, field);
        if left.is_none() {
            continue;
        }
        match asked.iter_mut().find(|(_, known)| known.is_same(&left)) {
            Some((fields, _)) => fields.push(field),
            None => asked.push((vec![field], left)),
        }
    }
    asked
}
