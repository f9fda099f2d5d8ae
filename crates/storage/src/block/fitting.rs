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
use hashbrown::HashMap;
use model::name::metric_name;
use model::{Attribute, MatchOp, Matcher, Predicate};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// A column of which some series fit.
#[derive(Clone, Debug)]
pub struct Fitting {
    /// Its measurement.
    pub measurement: Arc<Measurement>,
    /// The number by which streams call it.
    pub number: u32,
    /// Its place among the measurement's columns.
    pub column: usize,
    /// The streams of the measurement that fit; not each of them need have the column.
    pub streams: RoaringBitmap,
}

impl Block {
    /// The columns of which series fit, streams of dropped policies left out: `known` tells
    /// how a policy is called that is not dropped.
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn fitting(
        &self,
        predicate: &Predicate,
        known: &Policies<'_>,
    ) -> Result<Vec<Fitting>, Error> {
        let finder = Finder::new(self, known)?;
        let mut answers: HashMap<Vec<bool>, RoaringBitmap> = HashMap::new();
        let mut fitting = Vec::new();
        let mut look = Lookup::new(self)?;
        for (number, measurement) in measurements(&mut look, predicate)? {
            let ordinals: RoaringBitmap = {
                let mut all = RoaringBitmap::new();
                all.insert_range(measurement.ordinals());
                all
            };
            for (at, column) in measurement.columns.iter().enumerate() {
                let mut truths = Vec::new();
                let of = Of { measurement: &measurement.name, field: &column.def.name };
                decide(predicate, &of, &mut truths);
                if !answers.contains_key(&truths) {
                    let rest = rest(predicate, &mut truths.iter().copied());
                    answers.insert(truths.clone(), evaluate(&finder, &rest)?.set);
                }
                let streams = &answers[&truths] & &ordinals;
                if !streams.is_empty() {
                    let measurement = measurement.clone();
                    fitting.push(Fitting { measurement, number, column: at, streams });
                }
            }
        }
        Ok(fitting)
    }

    /// The streams of which some column fits; see [`Block::fitting`].
    ///
    /// # Errors
    /// When the index is damaged or cannot be read.
    pub fn streams_of(
        &self,
        predicate: &Predicate,
        known: &Policies<'_>,
    ) -> Result<RoaringBitmap, Error> {
        let mut streams = RoaringBitmap::new();
        for fitting in self.fitting(predicate, known)? {
            streams |= fitting.streams;
        }
        Ok(streams)
    }
}

/// What is the same for all streams of a column.
struct Of<'a> {
    measurement: &'a str,
    field: &'a str,
}

impl Of<'_> {
    /// Whether a condition holds; none where streams differ.
    fn decides(&self, matcher: &Matcher) -> Option<bool> {
        match matcher.attribute {
            Attribute::Name => Some(matcher.op.matches(&metric_name(self.measurement, self.field))),
            Attribute::Measurement => Some(matcher.op.matches(self.measurement)),
            Attribute::Field => Some(matcher.op.matches(self.field)),
            Attribute::Database | Attribute::Policy | Attribute::Tag(_) => None,
        }
    }
}

/// How the conditions come out that are the same for all streams of a column, in their order.
fn decide(predicate: &Predicate, of: &Of<'_>, out: &mut Vec<bool>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().for_each(|part| decide(part, of, out));
        }
        Predicate::Not(part) => decide(part, of, out),
        Predicate::Match(matcher) => out.extend(of.decides(matcher)),
    }
}

/// What is left of a predicate once these conditions came out like this.
fn rest(predicate: &Predicate, truths: &mut impl Iterator<Item = bool>) -> Predicate {
    const NONE: Predicate = Predicate::Or(Vec::new());
    let is_all = |part: &Predicate| matches!(part, Predicate::And(parts) if parts.is_empty());
    let is_none = |part: &Predicate| matches!(part, Predicate::Or(parts) if parts.is_empty());
    match predicate {
        Predicate::And(parts) => {
            let mut left: Vec<_> = parts.iter().map(|part| rest(part, truths)).collect();
            left.retain(|part| !is_all(part));
            if left.iter().any(is_none) { NONE } else { Predicate::And(left) }
        }
        Predicate::Or(parts) => {
            let mut left: Vec<_> = parts.iter().map(|part| rest(part, truths)).collect();
            left.retain(|part| !is_none(part));
            if left.iter().any(is_all) { Predicate::ALL } else { Predicate::Or(left) }
        }
        Predicate::Not(part) => Predicate::Not(Box::new(rest(part, truths))),
        Predicate::Match(matcher) => match matcher.attribute {
            Attribute::Name | Attribute::Measurement | Attribute::Field => {
                if truths.next().unwrap_or(false) { Predicate::ALL } else { NONE }
            }
            Attribute::Database | Attribute::Policy | Attribute::Tag(_) => predicate.clone(),
        },
    }
}

/// The measurements of which columns may fit: found by name where one is asked for.
fn measurements(
    look: &mut Lookup<'_>,
    predicate: &Predicate,
) -> Result<Vec<(u32, Arc<Measurement>)>, Error> {
    let mut found = Vec::new();
    match wanted_names(predicate) {
        Some(names) => {
            for name in names {
                found.extend(look.find_measurement(name)?);
            }
        }
        None => look.each_measurement(|number, one| found.push((number, one.clone())))?,
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
