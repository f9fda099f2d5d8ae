//! Which columns and tags the streams of a partition have, with no look at their rows.
//!
//! What a question asks of a stream is settled once for all with the same measurement and
//! columns; names of single streams are made only where it asks for their tags.

use super::{Partition, STREAMS_PER_LOCK, Slots};
use crate::head::Names;
use crate::identity::PolicyId;
use crate::shape::{ColumnDef, Shape};
use hashbrown::{HashMap, HashSet};
use model::limits::{Budget, Exceeded};
use model::{Predicate, TimeRange};
use std::sync::Arc;

/// Takes what is found; some of it more than once.
pub trait Outlined {
    /// Whether streams of this policy are there.
    fn is_live(&self, policy: PolicyId) -> bool;

    /// A column of a measurement.
    fn column(&mut self, policy: PolicyId, measurement: &Arc<str>, column: &ColumnDef);

    /// The name of a tag.
    fn tag(&mut self, name: &Arc<str>);
}

/// What is asked of the streams with one measurement and one shape, which are held so that
/// where they are tells them from others.
struct Asked {
    _held: (Arc<str>, Arc<Shape>),
    /// Ordinals of columns that fit whatever the tags are.
    free: Vec<u32>,
    /// Of those of which the tags decide.
    bound: Vec<u32>,
    is_told: bool,
}

struct Look<'a> {
    predicate: &'a Predicate,
    range: TimeRange,
    /// By policy, and where measurement and shape are.
    asked: HashMap<(PolicyId, usize, usize), Asked>,
    /// Where the names of tags are that were told.
    tags: HashSet<usize>,
}

impl Partition {
    /// Hands the columns that fit and have rows inside `range` to `out`, and the tags of
    /// their streams.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn outline(
        &self,
        predicate: &Predicate,
        range: TimeRange,
        budget: &Budget,
        out: &mut impl Outlined,
    ) -> Result<(), Exceeded> {
        let candidates: Vec<u32> = self.names.read().candidates(predicate).iter().collect();
        let mut look = Look { predicate, range, asked: HashMap::new(), tags: HashSet::new() };
        for batch in candidates.chunks(STREAMS_PER_LOCK) {
            budget.check()?;
            let rows = self.rows.lock();
            let names = self.names.read();
            for slot in batch {
                look.stream(&names, &rows, *slot, out);
            }
        }
        Ok(())
    }
}

impl Look<'_> {
    fn stream(&mut self, names: &Names, rows: &Slots, slot: u32, out: &mut impl Outlined) {
        let Some((policy, label, shape, epoch)) = names.kind(slot) else { return };
        let Some(measurement) = names.try_measurement(label) else { return };
        let (predicate, at) = (self.predicate, (address(measurement), Arc::as_ptr(shape) as usize));
        let asked = self.asked.entry((policy, at.0, at.1)).or_insert_with(|| {
            let known = names.policy(policy);
            let left = match out.is_live(policy) {
                true => predicate.of_policy(&known.database, &known.policy),
                false => Predicate::NONE,
            };
            Asked::new(&left, measurement, shape)
        });
        if asked.free.is_empty() && asked.bound.is_empty() || !rows.may_have(slot, self.range) {
            return;
        }
        let mut is_found = !asked.free.is_empty();
        let columns = shape.columns();
        if !asked.is_told {
            asked.is_told = true;
            for at in &asked.free {
                out.column(policy, measurement, &columns[*at as usize]);
            }
        }
        if !asked.bound.is_empty()
            && let Some(identity) = names.identity(slot, epoch)
        {
            for column in asked.bound.iter().map(|at| &columns[*at as usize]) {
                if predicate.matches_column(&identity.key, &column.name) {
                    is_found = true;
                    out.column(policy, measurement, column);
                }
            }
        }
        if is_found && let Some((_, labels)) = names.labels(slot, epoch) {
            for name in labels[1..].iter().filter_map(|label| names.label_name(*label)) {
                if self.tags.insert(address(name)) {
                    out.tag(name);
                }
            }
        }
    }
}

impl Asked {
    fn new(predicate: &Predicate, measurement: &Arc<str>, shape: &Arc<Shape>) -> Self {
        let (mut free, mut bound) = (Vec::new(), Vec::new());
        for (at, column) in (0..).zip(shape.columns()) {
            match predicate.of_column(measurement, &column.name) {
                Predicate::And(all) if all.is_empty() => free.push(at),
                left if left.is_none() => {}
                _ => bound.push(at),
            }
        }
        Self { _held: (measurement.clone(), shape.clone()), free, bound, is_told: false }
    }
}

fn address(text: &Arc<str>) -> usize {
    Arc::as_ptr(text).cast::<u8>() as usize
}
