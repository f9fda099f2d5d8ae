//! A bound `SELECT` to rows.
//!
//! Rows of all inputs are put into groups by measurement and tags; within a group each
//! function call becomes a list of points, and the lists of all calls are joined by time
//! into rows. Inputs are read one by one and, where there are many, on several threads;
//! what they leave behind are summaries or the points a function asked for, never frames.

mod bounds;
mod calls;
mod fill;
mod frame;
mod gather;
mod grid;
mod group;
mod join;
mod keep;
mod pushdown;
mod raw;
mod spread;
mod step;
mod tally;

use super::answer::{Cell, ResultSeries, Rows};
use super::context::Context;
use super::error::Error;
use super::plan::{Interval, Plan};
use super::points::Points;
use model::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One series of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The measurement.
    pub(crate) name: Arc<str>,
    /// The tags grouped by, sorted by name.
    pub(crate) tags: Arc<[(String, String)]>,
    /// Its rows, in the order of the query.
    pub(crate) rows: Vec<Row>,
}

/// One row of an answer.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row {
    /// When.
    pub(crate) at: i64,
    /// The columns after the time.
    pub(crate) cells: Vec<Cell>,
}

/// What a plan is run for: the whole of it, or a part the query outside asks for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Scope {
    /// The first point that counts.
    pub(crate) start: i64,
    /// The last point that counts.
    pub(crate) end: i64,
    /// How points are put into windows.
    pub(crate) interval: Option<Interval>,
    /// The tags to group by.
    pub(crate) dimensions: BTreeSet<String>,
    /// How many series are wanted; 0 means all.
    pub(crate) slimit: u64,
    /// How many series are left out first.
    pub(crate) soffset: u64,
}

impl Scope {
    /// All of `plan`.
    fn whole(plan: &Plan) -> Self {
        Self {
            start: plan.start,
            end: plan.end,
            interval: plan.interval.clone(),
            dimensions: plan.dimensions.clone(),
            slimit: plan.limits.slimit,
            soffset: plan.limits.soffset,
        }
    }

    /// What this scope of the query outside asks of `plan` inside.
    fn inside(&self, plan: &Plan) -> Self {
        Self {
            start: plan.own.start().max(self.start),
            end: plan.own.end().min(self.end),
            interval: plan.interval.clone().or_else(|| self.interval.clone()),
            dimensions: plan.dimensions.union(&self.dimensions).cloned().collect(),
            slimit: plan.limits.slimit.saturating_add(self.slimit),
            soffset: plan.limits.soffset.saturating_add(self.soffset),
        }
    }

    /// This scope with so many windows more on the side that functions look back on.
    fn looking_back(&self, windows: i64, ascending: bool) -> Self {
        let mut scope = self.clone();
        if let Some(interval) = &self.interval {
            let more = interval.length.saturating_mul(windows);
            if ascending {
                scope.start = scope.start.saturating_sub(more).max(super::moment::TIME_MIN);
            } else {
                scope.end = scope.end.saturating_add(more).min(super::moment::TIME_MAX);
            }
        }
        scope
    }
}

/// Runs `plan`, and answers the series it gives.
///
/// # Errors
/// Where data cannot be read, or the query uses more than it may.
pub(crate) fn select(plan: &Plan, context: &Context<'_>) -> Result<Vec<ResultSeries>, Error> {
    let scope = Scope::whole(plan);
    let series = |name: Arc<str>, tags: Arc<[(String, String)]>, rows| ResultSeries {
        name: name.to_string(),
        tags: tags.to_vec(),
        columns: plan.columns.clone(),
        rows,
    };
    if plan.is_raw() && raw::is_plain(plan) {
        let mut tables = match plan.outputs.is_empty() || scope.start > scope.end {
            true => Vec::new(),
            false => raw::points(plan, &scope, context)?,
        };
        if !plan.ascending {
            tables.reverse();
        }
        let tables = tables.into_iter().filter(|table| !table.points.is_empty());
        let rows = |points: Points| Rows::Points(points.without_nan());
        return Ok(tables.map(|it| series(it.name, it.tags, rows(it.points))).collect());
    }
    let with_time = |row: Row| {
        let mut cells = row.cells;
        cells.insert(0, Cell::Time(Timestamp(row.at)));
        cells
    };
    let rows = |rows: Vec<Row>| Rows::Cells(rows.into_iter().map(with_time).collect());
    let tables = execute(plan, &scope, context)?.into_iter();
    Ok(tables.map(|table| series(table.name, table.tags, rows(table.rows))).collect())
}

fn execute(plan: &Plan, scope: &Scope, context: &Context<'_>) -> Result<Vec<Table>, Error> {
    if plan.outputs.is_empty() || scope.start > scope.end {
        return Ok(Vec::new());
    }
    let mut tables = if plan.is_raw() {
        raw::tables(plan, scope, context)?
    } else {
        calls::tables(plan, scope, context)?
    };
    tables.retain(|table| !table.rows.is_empty());
    if !plan.ascending {
        tables.reverse();
    }
    Ok(tables)
}
