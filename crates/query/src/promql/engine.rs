//! Answers expressions over a source.

mod absent;
mod aggregation;
mod binary;
pub(crate) mod calendar;
mod call;
mod column;
mod evaluate;
mod filter;
mod grid;
mod histogram;
mod invariant;
mod label_functions;
mod matching;
pub(crate) mod maths;
mod memo;
mod metadata;
pub(crate) mod over_time;
mod parallel;
mod pushdown;
mod ranking;
pub(crate) mod rates;
mod select;
mod sets;
mod sorting;
mod subquery;
mod tally;
pub(crate) mod window;

pub(crate) use self::binary::arithmetic;
pub use self::metadata::predicate_of;

use self::column::NameRemoval;
use self::column::{Vector, is_present};
use self::evaluate::{Query, Value};
use self::grid::{Bounds, Grid};
use self::memo::Memo;
use super::answer::{Answer, AnswerValue, InstantSample, RangeSeries};
use super::ast::{Expr, Type};
use super::error::Error;
use super::notes::Notes;
use model::limits::Budget;
use model::port::Source;
use model::{Labels, Span, Timestamp};
use std::sync::Arc;

/// How many points one series of a range query may have.
pub(crate) const POINTS_MAX: i64 = 11_000;

/// What an engine does where the language leaves it open.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For how long a sample stands for its series.
    pub lookback: Span,
    /// The step of a subquery that names none.
    pub subquery_step: Span,
    /// Whether a metric's name stays visible to functions of labels until the end of the
    /// query, as under Prometheus's feature flag `promql-delayed-name-removal`.
    pub delayed_name_removal: bool,
    /// How many threads one query uses; 0 for as many as there are cores.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lookback: Span(5 * Span::MINUTE.0),
            subquery_step: Span::MINUTE,
            delayed_name_removal: false,
            threads: 0,
        }
    }
}

/// Answers expressions over a source.
pub struct Engine {
    source: Arc<dyn Source>,
    options: Options,
}

impl Engine {
    /// An engine over `source`.
    pub fn new(source: Arc<dyn Source>, mut options: Options) -> Self {
        if options.threads == 0 {
            options.threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        }
        Self { source, options }
    }

    /// What `text` gives at `at`. Samples read and cells computed are charged to `budget`.
    ///
    /// # Errors
    /// When it does not parse, cannot be answered, or uses more than it may.
    pub fn instant(&self, text: &str, at: Timestamp, budget: &Budget) -> Result<Answer, Error> {
        let expr = super::parse(text)?;
        let query = self.query(text, &expr, Bounds { start: at.0, end: at.0 }, budget);
        let grid = Grid::single(at.0);
        let value = if expr.value_type() == Type::Matrix {
            AnswerValue::Matrix(query.samples(&expr, grid)?)
        } else {
            match query.evaluate(&expr, grid)? {
                Value::Scalar(cells) => AnswerValue::Scalar(at, cells[0]),
                Value::Text(text) => AnswerValue::String(at, text),
                Value::Vector(vector) => AnswerValue::Vector(
                    query
                        .finish(vector)?
                        .into_iter()
                        .filter(|column| is_present(column.cells[0]))
                        .map(|column| InstantSample {
                            labels: column.labels,
                            at,
                            value: column.cells[0],
                        })
                        .collect(),
                ),
            }
        };
        Ok(answer(value, query))
    }

    /// What `text` gives at `start`, and each `step` later up to `end`. Samples read and
    /// cells computed are charged to `budget`.
    ///
    /// # Errors
    /// When times and step make no range, when it does not parse, cannot be answered, or uses
    /// more than it may.
    pub fn range(
        &self,
        text: &str,
        start: Timestamp,
        end: Timestamp,
        step: Span,
        budget: &Budget,
    ) -> Result<Answer, Error> {
        let grid = steps(start, end, step)?;
        let expr = super::parse(text)?;
        check_range_type(&expr)?;
        let query = self.query(text, &expr, Bounds { start: start.0, end: end.0 }, budget);
        if let Some(series) = query.plain_points(&expr, grid)? {
            return Ok(answer(AnswerValue::Matrix(series), query));
        }
        let vector = match query.evaluate(&expr, grid)? {
            Value::Vector(vector) => query.finish(vector)?,
            Value::Scalar(cells) => vec![column::Column::new(Labels::default(), cells)],
            Value::Text(_) => Vector::new(),
        };
        Ok(answer(AnswerValue::Matrix(matrix(vector, grid)), query))
    }

    fn query<'a>(
        &'a self,
        text: &'a str,
        expr: &Expr,
        bounds: Bounds,
        budget: &'a Budget,
    ) -> Query<'a> {
        let removal = if self.options.delayed_name_removal {
            NameRemoval::AtEnd
        } else {
            NameRemoval::AtOnce
        };
        Query {
            source: self.source.as_ref(),
            options: &self.options,
            budget,
            notes: Notes::new(text),
            memo: Memo::new(expr),
            bounds,
            removal,
        }
    }
}

fn answer(value: AnswerValue, query: Query<'_>) -> Answer {
    let missing = query.budget.warnings();
    let (mut warnings, infos) = query.notes.take();
    let partial = !missing.is_empty();
    warnings.extend(missing);
    Answer { value, warnings, infos, partial }
}

/// The steps of a range query.
fn steps(start: Timestamp, end: Timestamp, step: Span) -> Result<Grid, Error> {
    let refuse = |reason: &str| Err(Error::Request(reason.to_owned()));
    if end < start {
        return refuse("end timestamp must not be before start time");
    }
    if step.0 <= 0 {
        return refuse(
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        );
    }
    if (end - start).0 / step.0 > POINTS_MAX {
        return refuse(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        );
    }
    Ok(Grid::new(start.0, end.0, step.0))
}

fn check_range_type(expr: &Expr) -> Result<(), Error> {
    match expr.value_type() {
        Type::Scalar | Type::Vector => Ok(()),
        other => Err(Error::Request(format!(
            "invalid expression type \"{}\" for range query, must be Scalar or instant Vector",
            other.documented()
        ))),
    }
}

fn matrix(vector: Vector, grid: Grid) -> Vec<RangeSeries> {
    let mut series: Vec<RangeSeries> = vector
        .into_iter()
        .map(|column| {
            let cells = grid.iter().zip(column.cells).filter(|(_, cell)| is_present(*cell));
            let points = cells.map(|(at, cell)| (Timestamp(at), cell)).collect();
            RangeSeries { labels: column.labels, points }
        })
        .filter(|series: &RangeSeries| !series.points.is_empty())
        .collect();
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series
}
