//! Aggregations that the source can compute without handing samples over:
//! `sum by (host) (rate(x[5m]))` and its kin.
//!
//! The answer is the same as the long way's. Where it could differ, this way is not taken:
//! when grouping looks at a label that may be no tag, when two streams could have equal labels
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
use crate::promql::position::Position;
use model::port::{self, Edge, Group, Outline, Reduction, Selection, WindowFunction, Windows};
use model::{Accumulator, Attribute, DEFAULT_DATABASE, Kind, Labels, Needs, Span, Timestamp, name};
use std::sync::Arc;

/// What the source is asked for.
struct Plan<'a> {
    selector: &'a Selector,
    position: Position,
    width: Span,
    function: WindowFunction,
    grouping: &'a Grouping,
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
        let outline = self.source.outline(&selection, self.budget)?;
        if !is_distinct(&outline) {
            return Ok(None);
        }
        let Some(labels) = labels(plan.grouping, &outline) else { return Ok(None) };
        let windows = Windows {
            start: Timestamp(start),
            step: Span(grid.step),
            width: plan.width,
            count: grid.count,
            edge: Edge::LeftOpen,
        };
        let attributes: Vec<Attribute> = labels.iter().cloned().map(Attribute::Tag).collect();
        let asked = port::Aggregation {
            predicate: &predicate,
            windows,
            reduction: Reduction::PerSeries(plan.function),
            needs: plan.needs,
            group_by: &attributes,
        };
        let groups = self.source.aggregate(&asked, self.budget)?;
        self.hold(groups.len().saturating_mul(grid.count))?;
        let vector: Vector = groups.iter().map(|group| plan.column(&labels, group)).collect();
        let odd = |cell: &f64| !cell.is_finite() && cell.to_bits() != ABSENT.to_bits();
        if vector.iter().any(|column| column.cells.iter().any(odd)) {
            return Ok(None);
        }
        if !vector.is_empty() {
            self.note_counters(&plan, &outline);
        }
        Ok(Some(vector.into_iter().filter(Column::is_any_present).collect()))
    }

    /// Says so where a function of counters meets a name that is not a counter's.
    fn note_counters(&self, plan: &Plan<'_>, outline: &Outline) {
        if !matches!(plan.function, WindowFunction::Change(change) if change.is_of_counter()) {
            return;
        }
        for column in outline.columns.iter().filter(|column| column.kind.is_numeric()) {
            let name = name::metric_name(&column.measurement, &column.field);
            self.note_counter(&name, plan.position);
        }
    }
}

impl Plan<'_> {
    fn column(&self, labels: &[Arc<str>], group: Group<'_>) -> Column {
        let pairs = labels.iter().cloned().zip(group.key.iter().cloned());
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
    let ExprKind::Call(call) = &aggregation.expr.bare().kind else { return None };
    let Body::Window(body) = call.function.body else { return None };
    let arg = &call.args[0];
    let ExprKind::Selector(selector) = &arg.bare().kind else { return None };
    let (width, function) = (selector.range?, body.pushed_down?);
    let (position, grouping) = (arg.position, &aggregation.grouping);
    Some(Plan { selector, position, width, function, grouping, needs, finish })
}

/// The tags that name a group; none where labels do that may be no tags.
fn labels(grouping: &Grouping, outline: &Outline) -> Option<Vec<Arc<str>>> {
    // What describes the metric is gone by now.
    let is_special = |label: &Arc<str>| label.starts_with("__");
    match grouping {
        Grouping::By(labels) => {
            let is_tag = |label| !is_special(label) && label.as_ref() != DATABASE_LABEL;
            labels.iter().all(is_tag).then(|| labels.clone())
        }
        Grouping::Without(dropped) => {
            let is_plain = outline.columns.iter().all(|c| c.database.as_ref() == DEFAULT_DATABASE);
            let left = outline.tags.iter().filter(|tag| !dropped.contains(tag));
            (is_plain && !outline.tags.iter().any(is_special)).then(|| left.cloned().collect())
        }
    }
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
