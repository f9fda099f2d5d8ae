//! Aggregations that make one number of a group: sum, avg, min, max, count and their kin.

use super::column::{ABSENT, Column, NameRemoval, Vector, is_present, reject_equal};
use super::evaluate::{Query, misplaced};
use super::grid::Grid;
use super::maths::{self, Mean, Sum};
use super::parallel;
use crate::promql::ast::{AggregateOp, Aggregation, ExprKind, Grouping};
use crate::promql::error::Error;
use crate::promql::format::{format_brief, format_value};
use crate::promql::position::Position;
use model::Labels;
use model::labels::NAME;
use std::collections::HashMap;

/// Columns that are aggregated into one.
pub(crate) struct Members<'a> {
    pub labels: Labels,
    pub columns: Vec<&'a Column>,
}

impl Query<'_> {
    pub fn aggregate(&self, aggregation: &Aggregation, grid: Grid) -> Result<Vector, Error> {
        use AggregateOp as Op;
        let op = aggregation.op;
        if op == Op::CountValues {
            return self.count_values(aggregation, grid);
        }
        if let Some(vector) = self.push_down(aggregation, grid)? {
            return Ok(vector);
        }
        if let Some(vector) = self.tally(aggregation, grid)? {
            return Ok(vector);
        }
        let param = match &aggregation.param {
            Some(param) => {
                let cells = self.scalar(param, grid)?;
                self.check_param(op, &cells, param.position)?;
                cells
            }
            None => Vec::new(),
        };
        let input = self.vector(&aggregation.expr, grid)?;
        let groups = group(&input, &aggregation.grouping);
        if matches!(op, Op::Topk | Op::Bottomk | Op::Limitk | Op::LimitRatio) {
            return self.rank(op, &groups, &param);
        }
        let vector = parallel::map(&groups, self.options.threads, |members, _: &mut ()| {
            self.hold(grid.count)?;
            let cells = reduce(op, &members.columns, &param, grid.count);
            let drops_name = members.columns.iter().any(|column| column.drops_name);
            Ok(Column { labels: members.labels.clone(), cells, drops_name })
        })?;
        if self.removal == NameRemoval::AtOnce {
            reject_equal(&vector)?;
        }
        Ok(vector)
    }

    /// What must be said about the parameter, or makes it none.
    fn check_param(&self, op: AggregateOp, cells: &[f64], position: Position) -> Result<(), Error> {
        let any_nan = cells.iter().any(|cell| cell.is_nan());
        match op {
            AggregateOp::Quantile => {
                for &phi in cells.iter().filter(|phi| !(0.0..=1.0).contains(*phi)) {
                    self.notes.invalid_quantile(phi, position);
                }
            }
            AggregateOp::LimitRatio => {
                if any_nan {
                    return Err(Error::execution("Ratio value is NaN"));
                }
                for &ratio in cells.iter().filter(|ratio| ratio.abs() > 1.0) {
                    self.notes.invalid_ratio(ratio, ratio.signum(), position);
                }
            }
            _ => {
                if any_nan {
                    return Err(Error::execution("Parameter value is NaN"));
                }
                let too_large = |cell: &&f64| cell.abs() >= i64::MAX as f64;
                if let Some(cell) = cells.iter().find(too_large) {
                    let verb = if *cell > 0.0 { "overflows" } else { "underflows" };
                    let cell = format_brief(*cell);
                    return Err(Error::execution(format!("Scalar value {cell} {verb} int64")));
                }
            }
        }
        Ok(())
    }

    /// A series for each value that occurs in a group, with how often it does.
    fn count_values(&self, aggregation: &Aggregation, grid: Grid) -> Result<Vector, Error> {
        let Some(param) = &aggregation.param else { return Err(misplaced(&aggregation.expr)) };
        let ExprKind::Text(label) = &param.bare().kind else { return Err(misplaced(param)) };
        if label.is_empty() {
            return Err(Error::execution("invalid label name \"\""));
        }
        let grouping = match &aggregation.grouping {
            Grouping::By(labels) => {
                Grouping::By(labels.iter().cloned().chain([label.as_str().into()]).collect())
            }
            without => without.clone(),
        };
        let input = self.vector(&aggregation.expr, grid)?;
        let mut found: HashMap<Labels, usize> = HashMap::new();
        let mut vector = Vector::new();
        for column in &input {
            self.budget.check()?;
            for (step, &cell) in column.cells.iter().enumerate() {
                if !is_present(cell) {
                    continue;
                }
                let mut labels = column.labels.clone();
                labels.set(label.as_str(), format_value(cell));
                restrict(&mut labels, &grouping);
                let index = match found.get(&labels) {
                    Some(&index) => index,
                    None => {
                        self.hold(grid.count)?;
                        found.insert(labels.clone(), vector.len());
                        vector.push(Column::new(labels, vec![ABSENT; grid.count]));
                        vector.len() - 1
                    }
                };
                let count = &mut vector[index].cells[step];
                *count = if is_present(*count) { *count + 1.0 } else { 1.0 };
            }
        }
        Ok(vector)
    }
}

/// Puts columns into groups; groups and members keep the order of `input`.
pub(crate) fn group<'a>(input: &'a [Column], grouping: &Grouping) -> Vec<Members<'a>> {
    let mut found: HashMap<Labels, usize> = HashMap::new();
    let mut groups: Vec<Members<'a>> = Vec::new();
    for column in input {
        let mut labels = column.labels.clone();
        restrict(&mut labels, grouping);
        match found.get(&labels) {
            Some(&index) => groups[index].columns.push(column),
            None => {
                found.insert(labels.clone(), groups.len());
                groups.push(Members { labels, columns: vec![column] });
            }
        }
    }
    groups
}

/// Leaves the labels that name a group.
fn restrict(labels: &mut Labels, grouping: &Grouping) {
    match grouping {
        Grouping::By(kept) => labels.retain(|name| kept.iter().any(|k| k.as_ref() == name)),
        Grouping::Without(dropped) => {
            labels.retain(|name| name != NAME && !dropped.iter().any(|d| d.as_ref() == name));
        }
    }
}

/// One number for each step at which any member has one.
fn reduce(op: AggregateOp, members: &[&Column], param: &[f64], steps: usize) -> Vec<f64> {
    use AggregateOp as Op;
    match op {
        Op::Sum => fold(members, steps, Sum::from, |sum, value| *sum = sum.plus(value), Sum::value),
        Op::Avg => {
            let start = |value| {
                let mut mean = Mean::default();
                mean.push(value);
                mean
            };
            fold(members, steps, start, Mean::push, |mean| mean.value())
        }
        Op::Min => extreme(members, steps, |value, best| value < best),
        Op::Max => extreme(members, steps, |value, best| value > best),
        Op::Count => fold(members, steps, |_| 1.0, |count, _| *count += 1.0, |count| count),
        Op::Stddev => fold(members, steps, Spread::from, Spread::push, |s| s.variance().sqrt()),
        Op::Stdvar => fold(members, steps, Spread::from, Spread::push, |s| s.variance()),
        Op::Quantile => quantiles(members, param),
        // What is left is `group`; the others are ranked and never get here.
        _ => fold(members, steps, |_| (), |(), _| {}, |()| 1.0),
    }
}

/// Carries one state for each step through all members.
fn fold<S: Clone>(
    members: &[&Column],
    steps: usize,
    start: impl Fn(f64) -> S,
    push: impl Fn(&mut S, f64),
    finish: impl Fn(S) -> f64,
) -> Vec<f64> {
    let mut states: Vec<Option<S>> = vec![None; steps];
    for column in members {
        for (state, &cell) in states.iter_mut().zip(&column.cells) {
            if !is_present(cell) {
                continue;
            }
            match state {
                Some(state) => push(state, cell),
                None => *state = Some(start(cell)),
            }
        }
    }
    states.into_iter().map(|state| state.map_or(ABSENT, &finish)).collect()
}

fn extreme(members: &[&Column], steps: usize, beats: impl Fn(f64, f64) -> bool) -> Vec<f64> {
    let push = |best: &mut f64, value: f64| {
        if beats(value, *best) || best.is_nan() {
            *best = value;
        }
    };
    fold(members, steps, |first| first, push, |best| best)
}

/// Welford's running variance.
#[derive(Clone)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn from(first: f64) -> Self {
        // A first value that is no finite number spoils the variance at once.
        Self { count: 1.0, mean: first, squares: if first.is_finite() { 0.0 } else { f64::NAN } }
    }

    fn push(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    fn variance(&self) -> f64 {
        self.squares / self.count
    }
}

fn quantiles(members: &[&Column], param: &[f64]) -> Vec<f64> {
    let mut values = Vec::with_capacity(members.len());
    let mut at_step = |step: usize, phi: f64| {
        values.clear();
        values.extend(members.iter().map(|column| column.cells[step]).filter(|&c| is_present(c)));
        if values.is_empty() { ABSENT } else { maths::quantile(phi, &mut values) }
    };
    param.iter().enumerate().map(|(step, &phi)| at_step(step, phi)).collect()
}
