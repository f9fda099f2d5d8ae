//! The values that a tag has among some streams of a block, without their names.
//!
//! Of all streams, the pages of values are the answer. Of some, whichever is less is looked
//! at: the streams of each value, or the value of each stream.

use super::dictionary::Tag;
use super::postings::Set;
use super::streams::{Common, STREAMS};
use super::values::{VALUES, Values};
use super::{Block, Keys, Measurement};
use crate::error::{Damage, Error};
use crate::shape::Shape;
use model::TimeRange;
use roaring::RoaringBitmap;

/// Looking at the value of one stream costs about as much as looking at one value's streams
/// costs for so many of them.
const STREAMS_PER_VALUE: u64 = 8;

impl Block {
    /// Appends the values that the tag has among `streams` to `out`, in their order.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn tag_values(
        &self,
        tag: &str,
        streams: &RoaringBitmap,
        out: &mut Vec<String>,
    ) -> Result<(), Error> {
        let dictionary = self.dictionary()?;
        let Some(of) = dictionary.find(tag) else { return Ok(()) };
        if streams.len() == u64::from(self.root.streams) {
            return self.each_value_page(of, |page, values| {
                let damaged = |damage| self.damaged_value(of, page, damage);
                values.each(|_, value| out.push(value.to_owned())).map_err(damaged)
            });
        }
        let own = streams & self.set(&of.streams)?;
        if own.len() > u64::from(of.values).saturating_mul(STREAMS_PER_VALUE) {
            return self.each_value_page(of, |page, values| {
                let has =
                    self.has_any(&own, &values).map_err(|d| self.damaged_value(of, page, d))??;
                let keep = |at: usize, value: &str| {
                    if has.get(at).is_some_and(|has| *has) {
                        out.push(value.to_owned());
                    }
                };
                values.each(keep).map_err(|damage| self.damaged_value(of, page, damage))
            });
        }
        let mut keys = Keys::new(self, &[tag])?;
        let (mut ranks, mut one) = (RoaringBitmap::new(), Vec::new());
        for ordinal in &own {
            one.clear();
            keys.stream(ordinal, &mut one)?;
            ranks.extend(one.iter().filter_map(|rank| rank.checked_sub(1)));
        }
        self.texts_of(of, &ranks, out)
    }

    fn each_value_page(
        &self,
        tag: &Tag,
        mut each: impl FnMut(u32, Values) -> Result<(), Error>,
    ) -> Result<(), Error> {
        (0..tag.values.div_ceil(VALUES)).try_for_each(|at| each(at, self.values_in(tag, at)?))
    }

    /// For each value of a page whether any of `streams` has it.
    fn has_any(
        &self,
        streams: &RoaringBitmap,
        values: &Values,
    ) -> Result<Result<Vec<bool>, Error>, Damage> {
        let all: Vec<usize> = (0..values.count).collect();
        let mut has = Vec::with_capacity(values.count);
        let looked = values.each_set(&all, |set| {
            has.push(match &set {
                Set::All => true,
                Set::Few(few) => few.iter().any(|stream| streams.contains(*stream)),
                Set::Paged(..) => !self.set(&set)?.is_disjoint(streams),
            });
            Ok(())
        })?;
        Ok(looked.map(|()| has))
    }

    /// Appends the values of these ranks.
    fn texts_of(
        &self,
        tag: &Tag,
        ranks: &RoaringBitmap,
        out: &mut Vec<String>,
    ) -> Result<(), Error> {
        let mut next = ranks.min();
        while let Some(rank) = next {
            let page = rank / VALUES;
            let first = page * VALUES;
            let keep = |at: usize, value: &str| {
                if ranks.contains(first + at as u32) {
                    out.push(value.to_owned());
                }
            };
            let damaged = |damage| self.damaged_value(tag, page, damage);
            self.values_in(tag, page)?.each(keep).map_err(damaged)?;
            next = ranks.range(first.saturating_add(VALUES)..).next();
        }
        Ok(())
    }

    /// Takes out of `streams`, which are of `one`, those without any of some columns, and those
    /// without a row that may be inside `range`.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn keep_present(
        &self,
        one: &Measurement,
        has_column: &dyn Fn(&Shape) -> bool,
        range: TimeRange,
        streams: &mut RoaringBitmap,
    ) -> Result<(), Error> {
        let has: Vec<bool> = one.shapes.iter().map(|(shape, _)| has_column(shape)).collect();
        let is_inside = range.contains(self.range.start) && range.contains(self.range.end);
        if is_inside && has.iter().all(|has| *has) {
            return Ok(());
        }
        let fits = |common: &Common| has.get(common.shape as usize).is_some_and(|has| *has);
        let mut kept = Vec::new();
        let mut next = streams.min();
        while let Some(ordinal) = next {
            let index = ordinal / STREAMS;
            let first = index * STREAMS;
            let page = self.streams_in(index)?;
            for (_, run) in page.runs().iter().filter(|(common, _)| fits(common)) {
                let run = first + run.start as u32..first + run.end as u32;
                let is_there = |at: &u32| {
                    is_inside || page.stream((*at - first) as usize).range.overlaps(&range)
                };
                kept.extend(streams.range(run).filter(is_there));
            }
            next = streams.range(first.saturating_add(STREAMS)..).next();
        }
        *streams = kept.into_iter().collect();
        Ok(())
    }
}
