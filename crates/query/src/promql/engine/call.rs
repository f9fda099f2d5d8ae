//! Function calls.

use super::column::{Column, Vector, is_present};
use super::evaluate::{Query, Value, misplaced};
use super::grid::{Grid, secs};
use super::maths;
use super::select::Cells;
use super::sorting::Direction;
use super::subquery::Windowing;
use crate::promql::ast::{Call, Expr, ExprKind, Type};
use crate::promql::error::Error;
use crate::promql::functions::{Body, Special, WindowBody};
use model::Labels;

impl Query<'_> {
    pub fn call(&self, expr: &Expr, call: &Call, grid: Grid) -> Result<Value, Error> {
        match call.function.body {
            Body::Map(number) => self.mapped(&call.args[0], grid, number).map(Value::Vector),
            Body::Calendar(part) => match call.args.first() {
                Some(arg) => self.mapped(arg, grid, part).map(Value::Vector),
                None => {
                    let cells = grid.iter().map(|at| part(secs(at))).collect();
                    Ok(Value::Vector(vec![Column::new(Labels::default(), cells)]))
                }
            },
            Body::Window(body) => {
                let read = || self.windowed(call, &body, grid);
                self.memo.remember(expr, grid, read).map(Value::Vector)
            }
            Body::Special(special) => self.special(special, &call.args, grid),
        }
    }

    fn mapped(&self, arg: &Expr, grid: Grid, call: impl Fn(f64) -> f64) -> Result<Vector, Error> {
        let mut vector = self.vector(arg, grid)?;
        vector.iter_mut().for_each(|column| column.map(&call));
        self.without_names(vector)
    }

    fn windowed(&self, call: &Call, body: &WindowBody, grid: Grid) -> Result<Vector, Error> {
        let mut params = Vec::new();
        let mut matrix = None;
        for arg in &call.args {
            if arg.value_type() == Type::Matrix {
                matrix = Some(arg);
                continue;
            }
            let cells = self.scalar(arg, grid)?;
            if call.function.name == "double_exponential_smoothing" {
                let what = if params.is_empty() { "smoothing" } else { "trend" };
                check_factor(what, &cells)?;
            }
            params.push(cells);
        }
        let Some(matrix) = matrix else {
            return Err(Error::execution(format!("{}() needs a range vector", call.function.name)));
        };
        let vector = self.over_windows(matrix, &Windowing { body, params: &params }, grid)?;
        if body.quantile && !vector.is_empty() {
            for &phi in params[0].iter().filter(|phi| !(0.0..=1.0).contains(*phi)) {
                self.notes.invalid_quantile(phi, call.args[0].position);
            }
        }
        Ok(vector)
    }

    fn special(&self, special: Special, args: &[Expr], grid: Grid) -> Result<Value, Error> {
        let vector = match special {
            Special::Pi => return Ok(Value::Scalar(vec![std::f64::consts::PI; grid.count])),
            Special::Time => return Ok(Value::Scalar(grid.iter().map(secs).collect())),
            Special::ToScalar => return self.to_scalar(&args[0], grid).map(Value::Scalar),
            Special::ToVector => {
                vec![Column::new(Labels::default(), self.scalar(&args[0], grid)?)]
            }
            Special::Timestamp => self.timestamp(&args[0], grid)?,
            Special::Clamp | Special::ClampMin | Special::ClampMax | Special::Round => {
                self.bounded(special, args, grid)?
            }
            Special::Absent => self.absent(&args[0], grid)?,
            Special::AbsentOverTime => self.absent_over_time(&args[0], grid)?,
            Special::HistogramQuantile => {
                let phi = self.scalar(&args[0], grid)?;
                self.histogram_quantile(&phi, args, grid)?
            }
            Special::HistogramFraction => self.histogram_fraction(args, grid)?,
            Special::HistogramOnly => {
                // Evaluated for its errors and warnings; plain numbers give nothing.
                self.vector(&args[0], grid)?;
                Vector::new()
            }
            Special::LabelJoin => self.label_join(args, grid)?,
            Special::LabelReplace => self.label_replace(args, grid)?,
            Special::Sort => self.sort(&args[0], Direction::Ascending, grid)?,
            Special::SortDescending => self.sort(&args[0], Direction::Descending, grid)?,
            Special::SortByLabel => self.sort_by_label(args, Direction::Ascending, grid)?,
            Special::SortByLabelDescending => {
                self.sort_by_label(args, Direction::Descending, grid)?
            }
        };
        Ok(Value::Vector(vector))
    }

    /// The only value of each step; NaN where there is none, or more than one.
    fn to_scalar(&self, arg: &Expr, grid: Grid) -> Result<Vec<f64>, Error> {
        let vector = self.vector(arg, grid)?;
        let mut counts = vec![0usize; grid.count];
        let mut cells = vec![f64::NAN; grid.count];
        for column in &vector {
            for (step, &cell) in column.cells.iter().enumerate().filter(|(_, c)| is_present(**c)) {
                counts[step] += 1;
                cells[step] = if counts[step] == 1 { cell } else { f64::NAN };
            }
        }
        Ok(cells)
    }

    /// The times of the samples themselves, where they come straight from a selector; else
    /// the times of the steps.
    fn timestamp(&self, arg: &Expr, grid: Grid) -> Result<Vector, Error> {
        if let ExprKind::Selector(selector) = &arg.bare().kind {
            let times = self.instant_vector(selector, arg.position, grid, Cells::Times)?;
            return self.without_names(times);
        }
        let mut vector = self.vector(arg, grid)?;
        for column in &mut vector {
            for (cell, at) in column.cells.iter_mut().zip(grid.iter()) {
                if is_present(*cell) {
                    *cell = secs(at);
                }
            }
        }
        self.without_names(vector)
    }

    /// `clamp`, `clamp_min`, `clamp_max` and `round`, whose bounds may differ from step to step.
    fn bounded(&self, special: Special, args: &[Expr], grid: Grid) -> Result<Vector, Error> {
        let mut vector = self.vector(&args[0], grid)?;
        let constant = |value: f64| vec![value; grid.count];
        let first = match args.get(1) {
            Some(arg) => self.scalar(arg, grid)?,
            None => constant(1.0),
        };
        let second = match args.get(2) {
            Some(arg) => self.scalar(arg, grid)?,
            None => constant(f64::INFINITY),
        };
        for column in &mut vector {
            for (step, cell) in column.cells.iter_mut().enumerate() {
                if !is_present(*cell) {
                    continue;
                }
                let (first, second) = (first[step], second[step]);
                *cell = match special {
                    Special::Round => maths::round(*cell, first),
                    Special::ClampMin => maths::max(*cell, first),
                    Special::ClampMax => maths::min(*cell, first),
                    // Between bounds that are the wrong way round there is nothing.
                    _ if second < first => super::column::ABSENT,
                    _ => maths::max(first, maths::min(second, *cell)),
                };
            }
        }
        vector.retain(Column::is_any_present);
        self.without_names(vector)
    }
}

/// The text of an argument that must be one.
pub(crate) fn text_of(arg: &Expr) -> Result<&str, Error> {
    match &arg.bare().kind {
        ExprKind::Text(text) => Ok(text),
        _ => Err(misplaced(arg)),
    }
}

fn check_factor(what: &str, cells: &[f64]) -> Result<(), Error> {
    match cells.iter().find(|factor| !(**factor > 0.0 && **factor < 1.0)) {
        Some(factor) => Err(Error::execution(format!(
            "invalid {what} factor. Expected: 0 < {}f < 1, got: {factor:.6}",
            &what[..1]
        ))),
        None => Ok(()),
    }
}
