//! What a rule's instances did since they were last judged, read from the samples.
//!
//! Reading decides nothing and changes nothing. What could not be read is said beside what
//! could: an instance that was not read keeps its place, and is read from there next time.

mod expression;
mod series;

use crate::decide::Observation;
use crate::evaluator::Watch;
use crate::rule::Query;
use model::port::{Evaluate, Source};
use model::{Labels, Span, Timestamp};

/// How far back a series is read when it is first seen, unless the duration needs more:
/// enough to learn its rhythm, up to one sample in five minutes.
pub(crate) const LOOKBACK_MIN: Span = Span::from_secs(15 * 60);
/// How far back samples are judged at most, after a restart or a silence.
pub(crate) const LOOKBACK_MAX: Span = Span::DAY;
/// The most steps an expression is evaluated over after a restart: four hours at 5 s.
/// Time before them is a gap, and a gap is no evidence.
pub(crate) const GAP_STEPS_MAX: i64 = 2_880;
/// The most instances one rule may have in memory.
pub(crate) const INSTANCES_MAX: usize = 200_000;

/// What one instance did.
pub(crate) struct Seen {
    pub labels: Labels,
    pub hash: String,
    /// Measurement and field, where it is a series.
    pub subject: Option<String>,
    pub observations: Vec<Observation>,
}

/// What a rule's instances did.
#[derive(Default)]
pub(crate) struct Observed {
    pub seen: Vec<Seen>,
    /// What could not be read.
    pub error: Option<String>,
}

/// Where samples come from.
pub(crate) struct Origin<'a> {
    pub source: &'a dyn Source,
    pub evaluate: &'a dyn Evaluate,
    /// From one tick to the next.
    pub interval: Span,
    /// The most samples one rule may read in one tick.
    pub samples_max: u64,
}

/// Reads what `watch` has to judge as of `now`.
///
/// # Errors
/// When nothing could be read; the text says why.
pub(crate) fn observe(
    watch: &Watch,
    origin: &Origin<'_>,
    now: Timestamp,
) -> Result<Observed, String> {
    match &watch.rule.query {
        Query::Metric(name) => series::observe(watch, name, origin, now),
        Query::Expr(expr) => expression::observe(watch, expr, origin, now),
    }
}

/// How many series `watch` matches now, without judging any.
pub(crate) fn matches(watch: &Watch, origin: &Origin<'_>, now: Timestamp) -> usize {
    match &watch.rule.query {
        Query::Metric(name) => series::matches(watch, name, origin, now),
        Query::Expr(expr) => expression::matches(watch, expr, origin, now),
    }
}
