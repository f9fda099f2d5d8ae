//! Which columns of a block fit a predicate, and for each exactly which streams.
//!
//! Conditions on measurement, field and PromQL's name are the same for all streams of a
//! column: once they are decided, the rest is of the stream alone, and its answer exact.
//! Columns for which they come out alike share one answer.

use super::find::{Finder, Policies};
use super::measurements::Measurement;
use super::{Block, Lookup};
use crate::error::Error;
use crate::index::evaluate;
use model::{Attribute, MatchOp, Matcher, Predicate};
use roaring::RoaringBitmap;
use std::sync::Arc;

impl Block {
    /// Hands every column of which series fit to `each`, by its measurement and its place
    /// there, with the streams that fit; not each of them need have the column. Streams of
    /// dropped policies are left out: `known` tells how a policy is called that is not dropped.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn each_fitting(
        &self,
        predicate: &Predicate,
        known: &Policies<'_>,
        mut each: impl FnMut(&Measurement, usize, RoaringBitmap),
    ) -> Result<(), Error> {
        let finder = Finder::new(self, known)?;
        let mut answers: Vec<(Predicate, RoaringBitmap)> = Vec::new();
        let mut look = Lookup::new(self)?;
        for measurement in measurements(&mut look, predicate)? {
            let mut ordinals = RoaringBitmap::new();
            ordinals.insert_range(measurement.ordinals());
            for (at, column) in measurement.columns.iter().enumerate() {
                let left = predicate.of_column(&measurement.name, &column.def.name);
                let known = answers.iter().position(|(answered, _)| answered.is_same(&left));
                let answer = match known {
                    Some(known) => known,
                    None => {
                        let set = evaluate(&finder, &left)?.set;
                        answers.push((left, set));
                        answers.len() - 1
                    }
                };
                let streams = &answers[answer].1 & &ordinals;
                if !streams.is_empty() {
                    each(&measurement, at, streams);
                }
            }
        }
        Ok(())
    }

    /// The streams of which some column fits, those of dropped policies left out: `known`
    /// tells how a policy is called that is not dropped.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn streams_of(
        &self,
        predicate: &Predicate,
        known: &Policies<'_>,
    ) -> Result<RoaringBitmap, Error> {
        let mut streams = RoaringBitmap::new();
        self.each_fitting(predicate, known, |_, _, fitting| streams |= fitting)?;
        Ok(streams)
    }
}

/// The measurements of which columns may fit: found by name where one is asked for.
fn measurements(
    look: &mut Lookup<'_>,
    predicate: &Predicate,
) -> Result<Vec<Arc<Measurement>>, Error> {
    let mut found = Vec::new();
    match wanted_names(predicate) {
        Some(names) => {
            for name in names {
                found.extend(look.find_measurement(name)?.map(|(_, one)| one));
            }
        }
        None => look.each_measurement(|_, one| found.push(one.clone()))?,
    }
    Ok(found)
}

/// The only names that measurements which fit can have, where that is easily told.
fn wanted_names(predicate: &Predicate) -> Option<Vec<&str>> {
    match predicate {
        Predicate::And(parts) => parts.iter().find_map(wanted_names),
        Predicate::Match(Matcher { attribute, op: MatchOp::Equal(wanted) }) => match attribute {
            Attribute::Measurement => Some(vec![wanted]),
            // The name is `measurement` or `measurement_field`.
            Attribute::Name => {
                let cuts = wanted.match_indices('_').map(|(at, _)| &wanted[..at]);
                Some(cuts.chain([wanted.as_ref()]).collect())
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
