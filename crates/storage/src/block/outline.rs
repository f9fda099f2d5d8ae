//! What series a block has, but for the values of their tags: told from runs of streams that
//! have the same columns, without looking at each stream.

use super::Block;
use super::find::Policies;
use super::fitting::Fitting;
use super::streams::{Common, STREAMS, Streams};
use crate::error::Error;
use hashbrown::HashMap;
use model::port::{ColumnOf, Outline};
use model::{Predicate, TimeRange};
use roaring::RoaringBitmap;
use std::ops::Range;

impl Block {
    /// Adds the columns and tags of the series that fit and may have a sample inside `range`.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn outline(
        &self,
        predicate: &Predicate,
        known: &Policies<'_>,
        range: TimeRange,
        out: &mut Outline,
    ) -> Result<(), Error> {
        let fitting = self.fitting(predicate, known)?;
        let mut streams = RoaringBitmap::new();
        fitting.iter().for_each(|one| streams |= &one.streams);
        let dictionary = self.dictionary()?;
        let mut runs: HashMap<Common, Vec<&Fitting>> = HashMap::new();
        let mut next = streams.min();
        while let Some(first) = next {
            let index = first / STREAMS;
            let base = index * STREAMS;
            let page = self.streams_in(index)?;
            for (common, run) in page.runs() {
                let left = runs.entry(*common).or_insert_with(|| candidates(&fitting, common));
                let before = left.len();
                left.retain(|one| {
                    !has_any(one, &page, base, run.clone(), range, |found| {
                        self.note(one, found, known, out);
                    })
                });
                if left.len() < before {
                    let tags = dictionary.sets.get(common.tags as usize);
                    let names = tags.into_iter().flatten();
                    out.tags.extend(names.map(|tag| dictionary.tags[*tag as usize].name.clone()));
                }
            }
            next = base.checked_add(STREAMS).and_then(|from| streams.range(from..).next());
        }
        Ok(())
    }

    fn note(&self, one: &Fitting, common: &Common, known: &Policies<'_>, out: &mut Outline) {
        let policy = self.root.policies.get(common.policy as usize);
        let Some(policy) = policy.and_then(|(id, _)| known(*id)) else { return };
        let def = &one.measurement.columns[one.column].def;
        out.columns.insert(ColumnOf {
            database: policy.database,
            policy: policy.policy,
            measurement: one.measurement.name.clone(),
            field: def.name.clone(),
            kind: def.kind,
        });
    }
}

/// The fitting columns that streams of a run may have.
fn candidates<'a>(fitting: &'a [Fitting], common: &Common) -> Vec<&'a Fitting> {
    let has = |one: &&Fitting| {
        let shape = one.measurement.shapes.get(common.shape as usize);
        one.number == common.measurement
            && shape.is_some_and(|(_, columns)| columns.contains(&(one.column as u32)))
    };
    fitting.iter().filter(has).collect()
}

/// Whether a stream of a run fits and may have samples inside `range`.
fn has_any(
    one: &Fitting,
    page: &Streams,
    base: u32,
    run: Range<usize>,
    range: TimeRange,
    found: impl FnOnce(&Common),
) -> bool {
    let inside = base + run.start as u32..base + run.end as u32;
    let mut members =
        one.streams.range(inside).map(|ordinal| page.stream((ordinal - base) as usize));
    match members.find(|stream| stream.range.overlaps(&range)) {
        Some(stream) => {
            found(&stream.common);
            true
        }
        None => false,
    }
}
