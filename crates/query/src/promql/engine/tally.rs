//! Counts and extremes of a selector at one time, without the labels of its series.
//!
//! The order of series does not matter to them, so that none are sorted. This way is not taken
//! where two streams could have equal labels, nor where a group is named by what is no tag.

use super::column::{Column, Vector};
use super::evaluate::Query;
use super::grid::{Grid, Instants};
use super::parallel;
use super::select::{FEW_SAMPLES_BLOCK, Scratch, predicate, reach};
use crate::promql::ast::{AggregateOp, Aggregation, ExprKind, Grouping, Selector};
use crate::promql::error::Error;
use crate::promql::matcher::DATABASE_LABEL;
use model::port::{Selection, Series};
use model::value::is_stale;
use model::{Kind, Labels, SeriesMeta};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a value takes the place of the best of its group so far.
type Better = fn(f64, f64) -> bool;

impl Query<'_> {
    /// The answer of `aggregation`, where it is a count or an extreme of a selector.
    pub fn tally(&self, aggregation: &Aggregation, grid: Grid) -> Result<Option<Vector>, Error> {
        let Some((selector, labels)) = self.tallied(aggregation, grid) else { return Ok(None) };
        let better: Option<Better> = match aggregation.op {
            AggregateOp::Count => None,
            AggregateOp::Min => Some(|value, best| value < best),
            AggregateOp::Max => Some(|value, best| value > best),
            _ => return Ok(None),
        };
        let instants = Instants::new(&selector.anchor, grid, self.bounds);
        let range = reach(&instants, self.options.lookback);
        let selection = Selection { predicate: predicate(selector), range };
        let mut found = self.source.select(&selection, self.budget)?;
        if found.iter().any(|series| series.meta().kind == Kind::Histogram) {
            return Ok(None);
        }
        found.retain(|series| series.meta().kind.is_numeric());
        if !are_distinct(&found) {
            return Ok(None);
        }
        let threads = self.options.threads;
        let newest = |series: &dyn Series, scratch: &mut Scratch| -> Result<Option<f64>, Error> {
            let newest = series.newest(range, self.budget, scratch.samples())?;
            Ok(newest.map(|(_, value)| value).filter(|value| !is_stale(*value)))
        };
        let values =
            parallel::map_blocks(&found, threads, FEW_SAMPLES_BLOCK, |series, scratch| {
                newest(series.as_ref(), scratch)
            })?;
        let mut groups: BTreeMap<Vec<&str>, f64> = BTreeMap::new();
        let mut key = Vec::with_capacity(labels.len());
        for (series, value) in found.iter().zip(values) {
            let Some(value) = value else { continue };
            key.clear();
            key.extend(labels.iter().map(|label| series.meta().stream.tags.get(label)));
            match (groups.get_mut(&key), better) {
                (Some(count), None) => *count += 1.0,
                (Some(best), Some(better)) => {
                    if better(value, *best) || best.is_nan() {
                        *best = value;
                    }
                }
                (None, better) => {
                    groups.insert(key.clone(), better.map_or(1.0, |_| value));
                }
            }
        }
        self.hold(groups.len())?;
        let column = |(key, value): (Vec<&str>, f64)| {
            let pairs = labels.iter().cloned().zip(key.into_iter().map(Arc::from));
            Column::new(Labels::from_pairs(pairs), vec![value])
        };
        Ok(Some(groups.into_iter().map(column).collect()))
    }

    /// The selector whose series are looked at, and the tags that name a group.
    fn tallied<'a>(
        &self,
        aggregation: &'a Aggregation,
        grid: Grid,
    ) -> Option<(&'a Selector, &'a [Arc<str>])> {
        let expr = aggregation.expr.bare();
        let ExprKind::Selector(selector) = &expr.kind else { return None };
        let Grouping::By(labels) = &aggregation.grouping else { return None };
        let is_tag = |label: &Arc<str>| !label.starts_with("__") && **label != *DATABASE_LABEL;
        // Series of several names may have equal labels but for these.
        let is_named = selector.name.is_some() && selector.range.is_none();
        (grid.count == 1 && is_named && labels.iter().all(is_tag) && !self.memo.is_repeated(expr))
            .then_some((selector, labels))
    }
}

/// Whether no two of these can have equal labels: when they differ in nothing but tags.
fn are_distinct(found: &[Box<dyn Series>]) -> bool {
    let is_same = |a: &Arc<str>, b: &Arc<str>| Arc::ptr_eq(a, b) || a == b;
    let are_alike = |a: &SeriesMeta, b: &SeriesMeta| {
        is_same(&a.stream.database, &b.stream.database)
            && is_same(&a.stream.policy, &b.stream.policy)
            && is_same(&a.stream.measurement, &b.stream.measurement)
            && is_same(&a.field, &b.field)
    };
    found.windows(2).all(|pair| are_alike(pair[0].meta(), pair[1].meta()))
}
