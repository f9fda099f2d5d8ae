//! Aggregations that the source can compute without handing samples over:
//! `sum by (host) (max_over_time(x[5m]))` and its kin.
//!
//! The answer is the same as the long way's. Where it could differ, this way is not taken:
//! when grouping looks at a label that is no tag, when two streams could have equal labels
//! (so that their samples must be merged first), when a series holds native histograms, and
//! when a result is not finite (the two ways overflow differently). Means may differ in the
//! last bit, since the source divides once where Prometheus divides sum and compensation.

use super::column::{ABSENT, Column, Vector};
use super::evaluate::Query;
use super::grid::{Grid, Instants};
use super::select::{predicate, reach};
use crate::promql::ast::{AggregateOp, Aggregation, ExprKind, Grouping, Selector};
use crate::promql::error::Error;
use crate::promql::functions::Body;
use crate::promql::matcher::DATABASE_LABEL;
use model::port::{self, Edge, Group, Outline, Reduction, Selection, WindowFunction, Windows};
use model::{Accumulator, Attribute, Kind, Labels, Needs, Span, Timestamp};
use std::sync::Arc;

/// What the source is asked for.
struct Plan<'a> {
    selector: &'a Selector,
    width: Span,
    function: WindowFunction,
    labels: &'a [Arc<str>],
    /// What is looked at of the groups, and how it becomes the answer.
    needs: Needs,
    finish: fn(&Accumulator) -> f64,
}

impl Query<'_> {
    /// The answer of `aggregation` from the source's own aggregation, where that is possible.
    pub fn push_down(
        &self,
        aggregation: &Aggregation,
        grid: Grid,
    ) -> Result<Option<Vector>, Error> {
        let Some(plan) = plan(aggregation) else { return Ok(None) };
        let instants = Instants::new(&plan.selector.anchor, grid, self.bounds);
        let start = match instants {
            Instants::Moving(moved) => moved.start,
            Instants::Fixed(at) if grid.count == 1 => at,
            Instants::Fixed(_) => return Ok(None),
        };
        let predicate = predicate(plan.selector);
        let range = reach(&instants, plan.width);
        let selection = Selection { predicate: predicate.clone(), range };
        if !is_distinct(&self.source.outline(&selection, self.budget)?) {
            return Ok(None);
        }
        let windows = Windows {
            start: Timestamp(start),
            step: Span(grid.step),
            width: plan.width,
            count: grid.count,
            edge: Edge::LeftOpen,
        };
        let attributes: Vec<Attribute> = plan.labels.iter().cloned().map(Attribute::Tag).collect();
        let asked = port::Aggregation {
            predicate: &predicate,
            windows,
            reduction: Reduction::PerSeries(plan.function),
            needs: plan.needs,
            group_by: &attributes,
        };
        let groups = self.source.aggregate(&asked, self.budget)?;
        self.hold(groups.len().saturating_mul(grid.count))?;
        let vector: Vector = groups.iter().map(|group| plan.column(group)).collect();
        let odd = |cell: &f64| !cell.is_finite() && cell.to_bits() != ABSENT.to_bits();
        if vector.iter().any(|column| column.cells.iter().any(odd)) {
            return Ok(None);
        }
        Ok(Some(vector.into_iter().filter(Column::is_any_present).collect()))
    }
}

impl Plan<'_> {
    fn column(&self, group: Group<'_>) -> Column {
        let pairs = self.labels.iter().cloned().zip(group.key.iter().cloned());
        let cell = |window: Accumulator| match window.count {
            0 => ABSENT,
            _ => (self.finish)(&window),
        };
        Column::new(Labels::from_pairs(pairs), group.windows().map(cell).collect())
    }
}

fn plan(aggregation: &Aggregation) -> Option<Plan<'_>> {
    let (needs, finish): (Needs, fn(&Accumulator) -> f64) = match aggregation.op {
        AggregateOp::Sum => (Needs::SUM, Accumulator::sum),
        AggregateOp::Avg => (Needs::SUM, Accumulator::mean),
        AggregateOp::Min => (Needs::MIN, |group| group.min),
        AggregateOp::Max => (Needs::MAX, |group| group.max),
        AggregateOp::Count => (Needs::COUNT, |group| group.count as f64),
        _ => return None,
    };
    let Grouping::By(labels) = &aggregation.grouping else { return None };
    // The database label is not always a tag; what describes the metric is gone by now.
    if labels.iter().any(|label| label.starts_with("__") || label.as_ref() == DATABASE_LABEL) {
        return None;
    }
    let ExprKind::Call(call) = &aggregation.expr.bare().kind else { return None };
    let Body::Window(body) = call.function.body else { return None };
    let ExprKind::Selector(selector) = &call.args[0].bare().kind else { return None };
    let (width, function) = (selector.range?, body.pushed_down?);
    Some(Plan { selector, width, function, labels, needs, finish })
}

/// Whether no two numeric series of these can have equal labels: when they differ in nothing
/// but tags. False where a native histogram is among them, too.
fn is_distinct(outline: &Outline) -> bool {
    let mut numeric = outline.columns.iter().filter(|column| column.kind.is_numeric());
    let Some(first) = numeric.next() else { return outline.columns.is_empty() };
    outline.columns.iter().all(|column| column.kind != Kind::Histogram)
        && numeric.all(|column| {
            column.database == first.database
                && column.policy == first.policy
                && column.measurement == first.measurement
                && column.field == first.field
        })
}
