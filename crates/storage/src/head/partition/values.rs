//! Which values a tag has among the streams of a partition, with no look at their rows.
//!
//! Where few streams may fit, they are looked at; else the values are, each until one of its
//! streams fits.

use super::{Names, Partition, STREAMS_PER_LOCK, Slots};
use crate::identity::PolicyId;
use crate::shape::Shape;
use hashbrown::{HashMap, HashSet};
use model::limits::{Budget, Exceeded};
use model::{Kind, Predicate, TimeRange};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// Which streams count.
#[derive(Clone, Copy)]
pub struct Fitting<'a> {
    /// One of their columns fits.
    pub predicate: &'a Predicate,
    /// It is of such a kind.
    pub kinds: fn(Kind) -> bool,
    /// Their policy was not dropped.
    pub is_live: &'a dyn Fn(PolicyId) -> bool,
    /// They may have a row inside.
    pub range: TimeRange,
}

/// Whether streams of one policy, measurement and shape fit.
#[derive(Clone, Copy)]
enum Fits {
    All,
    None,
    /// Those of a set, by its number.
    Some(usize),
}

/// What is known of streams that were looked at.
struct Known<'a> {
    asked: Fitting<'a>,
    /// By policy, the label of the measurement, and where the shape is.
    by_kind: HashMap<(PolicyId, u32, usize), Fits>,
    /// What tags must fulfil, and the streams that do.
    sets: Vec<(Predicate, RoaringBitmap)>,
}

impl Partition {
    /// Appends the values that a tag has among streams that fit, in no order; some more than
    /// once.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn tag_values(
        &self,
        tag: &str,
        asked: &Fitting<'_>,
        budget: &Budget,
        out: &mut Vec<String>,
    ) -> Result<(), Exceeded> {
        let names = self.names.read();
        let candidates = names.candidates(asked.predicate);
        let labels = names.labels_of(tag);
        drop(names);
        let mut known = Known { asked: *asked, by_kind: HashMap::new(), sets: Vec::new() };
        if candidates.len() < labels.len() as u64 {
            let slots: Vec<u32> = candidates.iter().collect();
            for batch in slots.chunks(STREAMS_PER_LOCK) {
                budget.check()?;
                self.values_of_streams(tag, batch, &mut known, out);
            }
            return Ok(());
        }
        for batch in labels.chunks(STREAMS_PER_LOCK) {
            budget.check()?;
            let rows = self.rows.lock();
            let names = self.names.read();
            for label in batch {
                // A label that went away since may have come again as another.
                let Some((value, streams)) = names.tag_value(tag, *label) else { continue };
                if streams.any(|slot| known.fits(&names, &rows, slot)) {
                    out.push(value.to_string());
                }
            }
        }
        Ok(())
    }

    fn values_of_streams(
        &self,
        tag: &str,
        slots: &[u32],
        known: &mut Known<'_>,
        out: &mut Vec<String>,
    ) {
        let rows = self.rows.lock();
        let names = self.names.read();
        let mut found = HashSet::new();
        for slot in slots.iter().filter(|slot| known.fits(&names, &rows, **slot)) {
            let label = names.label_of(*slot, tag);
            if let Some((label, value)) = label
                && found.insert(label)
            {
                out.push(value.to_string());
            }
        }
    }
}

impl Known<'_> {
    /// Whether a stream fits.
    fn fits(&mut self, names: &Names, rows: &Slots, slot: u32) -> bool {
        let Some((policy, measurement, shape, epoch)) = names.kind(slot) else { return false };
        let key = (policy, measurement, Arc::as_ptr(shape) as usize);
        let fits = match self.by_kind.get(&key) {
            Some(fits) => *fits,
            None => {
                let fits = self.of_kind(names, policy, measurement, shape);
                self.by_kind.insert(key, fits);
                fits
            }
        };
        let may_fit = match fits {
            Fits::All => true,
            Fits::None => false,
            Fits::Some(set) => self.sets[set].1.contains(slot),
        };
        let is_there = may_fit && rows.may_have(slot, self.asked.range);
        // A slot may have gone to another stream since its set was made.
        is_there && (matches!(fits, Fits::All) || self.fits_now(names, slot, epoch, shape))
    }

    fn fits_now(&self, names: &Names, slot: u32, epoch: u32, shape: &Shape) -> bool {
        let Some(identity) = names.identity(slot, epoch) else { return false };
        let Fitting { predicate, kinds, .. } = self.asked;
        let mut columns = shape.columns().iter().filter(|column| kinds(column.kind));
        columns.any(|column| predicate.matches_column(&identity.key, &column.name))
    }

    fn of_kind(
        &mut self,
        names: &Names,
        policy: PolicyId,
        measurement: u32,
        shape: &Shape,
    ) -> Fits {
        if !(self.asked.is_live)(policy) {
            return Fits::None;
        }
        let (_, name) = names.label(measurement);
        let mut ways = Vec::new();
        for column in shape.columns().iter().filter(|column| (self.asked.kinds)(column.kind)) {
            let left = self.asked.predicate.of_column(name, &column.name);
            match &left {
                Predicate::And(all) if all.is_empty() => return Fits::All,
                left if left.is_none() || ways.iter().any(|way| left.is_same(way)) => {}
                _ => ways.push(left),
            }
        }
        if ways.is_empty() {
            return Fits::None;
        }
        let left = Predicate::Or(ways);
        if let Some(known) = self.sets.iter().position(|(known, _)| known.is_same(&left)) {
            return Fits::Some(known);
        }
        let set = names.candidates(&left);
        self.sets.push((left, set));
        Fits::Some(self.sets.len() - 1)
    }
}
