//! Finds streams by their names and tags: for each value the set of streams that have it.
//!
//! Ordinals are places in a block. The answer to a
//! predicate holds every stream that fits; it may hold others, so that whoever asks looks
//! at each again.

use crate::identity::PolicyName;
use model::{Attribute, MatchOp, Matcher, Predicate};
use roaring::{MultiOps, RoaringBitmap};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// Streams by value.
pub type Postings = BTreeMap<Arc<str>, RoaringBitmap>;

/// Finds streams by their names and tags.
#[derive(Default, Debug)]
pub struct Index {
    all: RoaringBitmap,
    policies: Vec<(PolicyName, RoaringBitmap)>,
    measurements: Postings,
    tags: BTreeMap<Arc<str>, Postings>,
}

/// Streams that may fit.
pub struct Found {
    /// Their ordinals.
    pub set: RoaringBitmap,
    /// Whether every one of them does.
    pub is_exact: bool,
}

/// Finds streams by one condition, so that [`evaluate`] finds them by many.
pub trait Leaves {
    /// Why that may fail.
    type Error;

    /// Every stream.
    fn all(&self) -> RoaringBitmap;

    /// The streams that may fit a condition.
    ///
    /// # Errors
    /// Where the index cannot be read.
    fn find(&self, matcher: &Matcher) -> Result<Found, Self::Error>;
}

/// The streams that may fit conditions that are joined.
///
/// # Errors
/// Where the index cannot be read.
pub fn evaluate<L: Leaves>(leaves: &L, predicate: &Predicate) -> Result<Found, L::Error> {
    match predicate {
        Predicate::And(parts) => {
            let mut found = Found { set: leaves.all(), is_exact: true };
            for part in parts {
                // Where nothing is left, nothing can come back.
                if found.set.is_empty() {
                    break;
                }
                let part = evaluate(leaves, part)?;
                found.set &= part.set;
                found.is_exact &= part.is_exact;
            }
            Ok(found)
        }
        Predicate::Or(parts) => {
            let mut found = Found { set: RoaringBitmap::new(), is_exact: true };
            for part in parts {
                let part = evaluate(leaves, part)?;
                found.set |= part.set;
                found.is_exact &= part.is_exact;
            }
            Ok(found)
        }
        Predicate::Not(part) => {
            let part = evaluate(leaves, part)?;
            // What may fit may also not: only an exact answer can be turned round.
            let all = leaves.all();
            let set = if part.is_exact { all - part.set } else { all };
            Ok(Found { set, is_exact: part.is_exact })
        }
        Predicate::Match(matcher) => leaves.find(matcher),
    }
}

/// Whether PromQL's name `wanted` may be that of a field of `measurement`: names are
/// `measurement` or `measurement_field`.
pub fn may_begin_name(measurement: &str, wanted: &str) -> bool {
    let rest = wanted.strip_prefix(measurement);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

impl Index {
    /// From parts that were written down. `policies` say which streams belong to each.
    pub fn from_parts(
        policies: Vec<(PolicyName, RoaringBitmap)>,
        measurements: Postings,
        tags: BTreeMap<Arc<str>, Postings>,
    ) -> Self {
        let all = policies.iter().map(|(_, set)| set).union();
        Self { all, policies, measurements, tags }
    }

    /// Every stream that may fit.
    pub fn candidates(&self, predicate: &Predicate) -> RoaringBitmap {
        let Ok(found) = evaluate(self, predicate);
        found.set
    }

    fn of_policies(&self, fits: impl Fn(&PolicyName) -> bool) -> RoaringBitmap {
        self.policies.iter().filter(|(name, _)| fits(name)).map(|(_, set)| set).union()
    }

    /// A stream without the tag has the value `""`.
    fn of_tag(&self, name: &str, op: &MatchOp) -> RoaringBitmap {
        let Some(values) = self.tags.get(name) else {
            return if op.matches("") { self.all.clone() } else { RoaringBitmap::new() };
        };
        if !op.matches("") {
            return of_values(values, op);
        }
        match op {
            MatchOp::NotEqual(value) => match values.get(value.as_ref()) {
                Some(set) => &self.all - set,
                None => self.all.clone(),
            },
            _ => {
                let others = values.iter().filter(|(value, _)| !op.matches(value));
                &self.all - others.map(|(_, set)| set).union()
            }
        }
    }

    /// PromQL's name is `measurement` or `measurement_field`: an equality leaves the
    /// measurements that it begins with.
    fn of_name(&self, op: &MatchOp) -> RoaringBitmap {
        let MatchOp::Equal(wanted) = op else { return self.all.clone() };
        let fits = |measurement: &str| may_begin_name(measurement, wanted);
        self.measurements.iter().filter(|(name, _)| fits(name)).map(|(_, set)| set).union()
    }
}

impl Leaves for Index {
    type Error = Infallible;

    fn all(&self) -> RoaringBitmap {
        self.all.clone()
    }

    fn find(&self, matcher: &Matcher) -> Result<Found, Infallible> {
        let op = &matcher.op;
        let set = match &matcher.attribute {
            Attribute::Database => self.of_policies(|name| op.matches(&name.database)),
            Attribute::Policy => self.of_policies(|name| op.matches(&name.policy)),
            Attribute::Measurement => of_values(&self.measurements, op),
            Attribute::Tag(name) => self.of_tag(name, op),
            Attribute::Field => return Ok(Found { set: self.all(), is_exact: false }),
            Attribute::Name => return Ok(Found { set: self.of_name(op), is_exact: false }),
        };
        Ok(Found { set, is_exact: true })
    }
}

/// Streams with a value that fits, where the value is always there.
fn of_values(values: &Postings, op: &MatchOp) -> RoaringBitmap {
    match op {
        MatchOp::Equal(value) => values.get(value.as_ref()).cloned().unwrap_or_default(),
        _ => values.iter().filter(|(value, _)| op.matches(value)).map(|(_, set)| set).union(),
    }
}
