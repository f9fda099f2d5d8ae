//! What a query answers: one result for each statement.

use super::moment::Zone;
use super::points::Points;
use model::{Timestamp, ValueRef};
use std::ops::Range;

/// One value of an answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Cell {
    /// There is none.
    #[default]
    Null,
    /// A point in time.
    Time(Timestamp),
    /// A float.
    Float(f64),
    /// A signed integer.
    Integer(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
}

impl Cell {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number it is; none for texts, truth values and times.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Float(value) => Some(value),
            Self::Integer(value) => Some(value as f64),
            Self::Unsigned(value) => Some(value as f64),
            _ => None,
        }
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::F64(value) => Self::Float(value),
            ValueRef::I64(value) => Self::Integer(value),
            ValueRef::U64(value) => Self::Unsigned(value),
            ValueRef::Bool(value) => Self::Bool(value),
            ValueRef::Str(value) => Self::Text(value.to_owned()),
            // The language has no histograms.
            ValueRef::Histogram(_) => Self::Null,
        }
    }
}

/// One series of an answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ResultSeries {
    /// The measurement, or what is shown; empty where InfluxDB leaves it out.
    pub name: String,
    /// The tags grouped by, sorted by name; empty without `GROUP BY`.
    pub tags: Vec<(String, String)>,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The values, a row for each point.
    pub rows: Rows,
}

/// Rows of a series of an answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Rows {
    /// Each with its cells.
    Cells(Vec<Vec<Cell>>),
    /// Points of the data as they are.
    Points(Points),
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Cells(rows) => rows.len(),
            Self::Points(points) => points.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands the cells of each row in `rows` to `each`.
    pub fn each(&self, rows: Range<usize>, mut each: impl FnMut(&[Cell])) {
        match self {
            Self::Cells(all) => all[rows].iter().for_each(|row| each(row)),
            Self::Points(points) => points.each(rows, each),
        }
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self::Cells(Vec::new())
    }
}

impl From<Vec<Vec<Cell>>> for Rows {
    fn from(rows: Vec<Vec<Cell>>) -> Self {
        Self::Cells(rows)
    }
}

/// What one statement answers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StatementResult {
    /// The answer; empty where nothing was found.
    pub series: Vec<ResultSeries>,
    /// What the reader must know beside it.
    pub messages: Vec<Message>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// The zone times are to be printed in, with [`super::format_time`]; UTC where none.
    pub zone: Option<Zone>,
}

/// A remark about an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// How grave it is: `warning`.
    pub level: &'static str,
    /// What it says.
    pub text: String,
}

impl Message {
    /// A warning.
    pub(crate) fn warning(text: String) -> Self {
        Self { level: "warning", text }
    }
}
