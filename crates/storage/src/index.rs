//! Which streams fit a predicate, over whatever finds them by one condition.
//!
//! Head and blocks have an index of their own each. An answer holds every stream that fits;
//! it may hold others where a condition is not of the stream alone.

use model::{Matcher, Predicate};
use roaring::RoaringBitmap;

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
