//! Range vectors: of a selector or of a subquery.

use super::column::{Column, NameRemoval, Vector, is_present, reject_equal};
use super::evaluate::{Query, misplaced};
use super::grid::{Grid, Instants};
use super::parallel;
use super::select::{Markers, Scratch, reach};
use super::window::{Cut, Points};
use crate::promql::answer::RangeSeries;
use crate::promql::ast::{Expr, ExprKind, Selector, Subquery};
use crate::promql::error::Error;
use crate::promql::functions::WindowBody;
use crate::promql::position::Position;
use model::Timestamp;
use model::labels::NAME;

/// How many steps one subquery may have: 46 days of seconds.
const SUBQUERY_STEPS_MAX: usize = 4_000_000;

/// What is computed of each window.
pub(crate) struct Windowing<'a> {
    pub body: &'a WindowBody,
    /// The function's other arguments, each at every step.
    pub params: &'a [Vec<f64>],
}

impl Query<'_> {
    /// What `windowing` makes of the windows of the range vector `expr`; series without a
    /// value at any step are left out.
    pub fn over_windows(
        &self,
        expr: &Expr,
        windowing: &Windowing<'_>,
        grid: Grid,
    ) -> Result<Vector, Error> {
        let columns = match &expr.bare().kind {
            ExprKind::Selector(selector) => {
                self.over_selector(selector, expr.position, windowing, grid)?
            }
            ExprKind::Subquery(subquery) => {
                self.over_subquery(subquery, expr.position, windowing, grid)?
            }
            _ => return Err(misplaced(expr)),
        };
        let mut vector: Vector = columns.into_iter().filter(Column::is_any_present).collect();
        if !windowing.body.keeps_name {
            vector.iter_mut().for_each(|column| column.drop_name(self.removal));
        }
        if self.removal == NameRemoval::AtOnce {
            reject_equal(&vector)?;
        }
        Ok(vector)
    }

    fn over_selector(
        &self,
        selector: &Selector,
        position: Position,
        windowing: &Windowing<'_>,
        grid: Grid,
    ) -> Result<Vector, Error> {
        let width = selector.range.unwrap_or(self.options.lookback);
        let instants = Instants::new(&selector.anchor, grid, self.bounds);
        let cut = Cut { grid, instants, width };
        let range = reach(&instants, width);
        let stored = self.select(selector, range, position)?;
        parallel::map(&stored, self.options.threads, |stored, scratch: &mut Scratch| {
            self.hold(grid.count)?;
            let points = stored.read(range, Markers::Drop, self.budget, scratch)?;
            if windowing.body.counter && !points.times.is_empty() {
                self.note_counter(stored.labels.get(NAME), position);
            }
            let cells = cut.apply(windowing.body, windowing.params, points, self.budget)?;
            Ok(Column::new(stored.labels.clone(), cells))
        })
    }

    fn over_subquery(
        &self,
        subquery: &Subquery,
        position: Position,
        windowing: &Windowing<'_>,
        grid: Grid,
    ) -> Result<Vector, Error> {
        let instants = Instants::new(&subquery.anchor, grid, self.bounds);
        let cut = Cut { grid, instants, width: subquery.range };
        let Some(inner_grid) = self.inner_grid(subquery, &instants)? else {
            return Ok(Vector::new());
        };
        let inner = self.vector(&subquery.expr, inner_grid)?;
        parallel::map(&inner, self.options.threads, |column, dense: &mut Dense| {
            self.hold(grid.count)?;
            let points = dense.fill(column, inner_grid);
            if windowing.body.counter && !points.times.is_empty() {
                self.note_counter(column.labels.get(NAME), position);
            }
            let cells = cut.apply(windowing.body, windowing.params, points, self.budget)?;
            Ok(Column { labels: column.labels.clone(), cells, drops_name: column.drops_name })
        })
    }

    /// The steps of a subquery: multiples of its step inside all its windows.
    fn inner_grid(&self, subquery: &Subquery, instants: &Instants) -> Result<Option<Grid>, Error> {
        let step = subquery.step.unwrap_or(self.options.subquery_step);
        let (first, last) = instants.hull();
        let open = Timestamp(first) - subquery.range;
        // The first multiple after the open end.
        let start = open.floor(step) + step;
        if start.0 > last {
            return Ok(None);
        }
        let grid = Grid::new(start.0, last, step.0);
        if grid.count > SUBQUERY_STEPS_MAX {
            return Err(Error::execution(format!(
                "subquery has {} steps, more than {SUBQUERY_STEPS_MAX}: choose a longer step or a shorter range",
                grid.count
            )));
        }
        Ok(Some(grid))
    }

    /// Says so where a function of counters meets a name that is not a counter's.
    pub fn note_counter(&self, name: &str, position: Position) {
        const SUFFIXES: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];
        let is_named_so = SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
        if !name.is_empty() && !is_named_so {
            self.notes.possible_non_counter(name, position);
        }
    }

    /// The samples of a range vector in its one window, as an instant query answers them.
    pub fn samples(&self, expr: &Expr, grid: Grid) -> Result<Vec<RangeSeries>, Error> {
        let points = |points: Points<'_>| -> Vec<(Timestamp, f64)> {
            points
                .times
                .iter()
                .map(|&at| Timestamp(at))
                .zip(points.values.iter().copied())
                .collect()
        };
        let mut series = match &expr.bare().kind {
            ExprKind::Selector(selector) => {
                let instants = Instants::new(&selector.anchor, grid, self.bounds);
                let range = reach(&instants, selector.range.unwrap_or(self.options.lookback));
                let stored = self.select(selector, range, expr.position)?;
                parallel::map(&stored, self.options.threads, |stored, scratch: &mut Scratch| {
                    let read = stored.read(range, Markers::Drop, self.budget, scratch)?;
                    Ok(RangeSeries { labels: stored.labels.clone(), points: points(read) })
                })?
            }
            ExprKind::Subquery(subquery) => {
                let instants = Instants::new(&subquery.anchor, grid, self.bounds);
                let Some(inner_grid) = self.inner_grid(subquery, &instants)? else {
                    return Ok(Vec::new());
                };
                let inner = self.finish(self.vector(&subquery.expr, inner_grid)?)?;
                let mut dense = Dense::default();
                let of = |column: &Column| RangeSeries {
                    labels: column.labels.clone(),
                    points: points(dense.fill(column, inner_grid)),
                };
                inner.iter().map(of).collect()
            }
            _ => return Err(misplaced(expr)),
        };
        series.retain(|series| !series.points.is_empty());
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(series)
    }
}

/// The cells of a column that hold something, with their times.
#[derive(Default)]
struct Dense {
    times: Vec<i64>,
    values: Vec<f64>,
}

impl Dense {
    fn fill(&mut self, column: &Column, grid: Grid) -> Points<'_> {
        self.times.clear();
        self.values.clear();
        for (at, &cell) in grid.iter().zip(&column.cells) {
            if is_present(cell) {
                self.times.push(at);
                self.values.push(cell);
            }
        }
        Points { times: &self.times, values: &self.values }
    }
}
