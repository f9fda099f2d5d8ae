//! The rows of one input that are looked at together.
//!
//! Invariant: times never fall, and every column's values stand in the order of its rows.

use super::bounds;
use super::keep::keep;
use crate::influxql::answer::Cell;
use crate::influxql::ast::{DataType, Expr, Reference};
use crate::influxql::error::Error;
use crate::influxql::eval::Node;
use crate::influxql::plan::{Plan, Stream};
use crate::influxql::points::Values;
use crate::influxql::run::Table;
use model::limits::Budget;
use model::value::is_stale;
use model::{Column, Kind, Samples, StreamKey, TimeRange, ValueRef};
use std::ops::Range;
use std::sync::Arc;

/// Below this a double holds every whole number.
const EXACT_MAX: f64 = (1u64 << 53) as f64;

/// Rows of one input.
pub(crate) struct Frame {
    /// When each row stands.
    pub(crate) times: Vec<i64>,
    /// The columns that were asked for.
    columns: Vec<FrameColumn>,
    tags: FrameTags,
}

struct FrameColumn {
    values: Column,
    /// Which row each value stands in; none where every row has one.
    rows: Option<Vec<u32>>,
}

enum FrameTags {
    Stream(Arc<StreamKey>),
    Table(Arc<[(String, String)]>),
}

impl FrameColumn {
    fn absent() -> Self {
        Self { values: Column::new(Kind::F64), rows: Some(Vec::new()) }
    }

    /// The values that stand in `rows`, as a range of values.
    fn within(&self, rows: &Range<usize>) -> Range<usize> {
        match &self.rows {
            None => rows.clone(),
            Some(present) => {
                let from = present.partition_point(|row| (*row as usize) < rows.start);
                let to = present.partition_point(|row| (*row as usize) < rows.end);
                from..to
            }
        }
    }

    fn row_of(&self, value: usize) -> usize {
        self.rows.as_ref().map_or(value, |rows| rows[value] as usize)
    }

    fn get(&self, row: usize) -> Option<ValueRef<'_>> {
        match &self.rows {
            None => Some(self.values.get(row)),
            Some(rows) => {
                let at = rows.binary_search(&(row as u32)).ok()?;
                Some(self.values.get(at))
            }
        }
    }
}

impl Frame {
    /// Reads `columns` of a stream.
    pub(crate) fn read(
        stream: &Stream,
        columns: &[Reference],
        range: TimeRange,
        budget: &Budget,
    ) -> Result<Self, Error> {
        let mut read = Vec::with_capacity(columns.len());
        for column in columns {
            // A column that cannot be turned into the kind it is wanted as is not there.
            let field = stream.field(&column.name).filter(|f| casts(f.kind, column.kind));
            read.push(match field {
                None => None,
                Some(field) => {
                    let mut samples = Samples::new(field.series.meta().kind);
                    field.series.read(range, budget, &mut samples)?;
                    drop_stale(&mut samples);
                    Some(samples)
                }
            });
        }
        Ok(Self::align(read, stream.key.clone()))
    }

    /// Puts samples of several columns of a stream into rows of equal time.
    pub(crate) fn align(read: Vec<Option<Samples>>, stream: Arc<StreamKey>) -> Self {
        let mut present = read.iter().flatten();
        let alone = present.next().is_some() && present.next().is_none();
        let mut times = Vec::new();
        if !alone {
            for samples in read.iter().flatten() {
                times.extend_from_slice(&samples.timestamps);
            }
            times.sort_unstable();
            times.dedup();
        }
        let mut columns = Vec::with_capacity(read.len());
        for samples in read {
            columns.push(match samples {
                None => FrameColumn::absent(),
                Some(samples) if alone => {
                    times = samples.timestamps;
                    FrameColumn { values: samples.values, rows: None }
                }
                Some(samples) if samples.len() == times.len() => {
                    FrameColumn { values: samples.values, rows: None }
                }
                Some(samples) => {
                    let rows = rows_of(&samples.timestamps, &times);
                    FrameColumn { values: samples.values, rows: Some(rows) }
                }
            });
        }
        Self { times, columns, tags: FrameTags::Stream(stream) }
    }

    /// The rows of a subquery's answer, as `columns` of it.
    pub(crate) fn of_table(
        table: &Table,
        plan: &Plan,
        columns: &[Reference],
        range: TimeRange,
    ) -> Self {
        let mut rows: Vec<_> = table.rows.iter().collect();
        if !plan.ascending {
            rows.reverse();
        }
        rows.retain(|row| range.contains(model::Timestamp(row.at)));
        let times = rows.iter().map(|row| row.at).collect();
        let columns = columns.iter().map(|column| {
            let Some(at) = plan.outputs.iter().position(|output| output.name == column.name) else {
                return FrameColumn::absent();
            };
            let mut filled =
                FrameColumn { values: Column::new(kind_of(column.kind)), rows: Some(Vec::new()) };
            for (index, row) in rows.iter().enumerate() {
                let cell = cast(row.cells[at].clone(), column.kind);
                if let Some(value) = value_of(&cell)
                    && filled.values.push(value)
                    && let Some(present) = &mut filled.rows
                {
                    present.push(index as u32);
                }
            }
            filled
        });
        let columns = columns.collect();
        Self { times, columns, tags: FrameTags::Table(table.tags.clone()) }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// The rows inside `range`.
    pub(crate) fn rows_within(&self, range: TimeRange) -> Range<usize> {
        let from = self.times.partition_point(|at| *at < range.start.0);
        let to = self.times.partition_point(|at| *at <= range.end.0);
        from..to.max(from)
    }

    /// Visits the values of a column that stand in `rows`: the row, its time, the value.
    pub(crate) fn each<'a>(
        &'a self,
        column: usize,
        rows: &Range<usize>,
        mut visit: impl FnMut(usize, i64, ValueRef<'a>),
    ) {
        let column = &self.columns[column];
        for value in column.within(rows) {
            let row = column.row_of(value);
            visit(row, self.times[row], column.values.get(value));
        }
    }

    /// The values of a column, and which row each stands in; none where every row has one.
    pub(crate) fn column(&self, column: usize) -> (&Column, Option<&[u32]>) {
        let column = &self.columns[column];
        (&column.values, column.rows.as_deref())
    }

    /// Whether a column has a value in `row`.
    pub(crate) fn has(&self, column: usize, row: usize) -> bool {
        self.columns[column].get(row).is_some()
    }

    /// What `access` finds in `row`.
    pub(crate) fn cell(&self, access: &Access, row: usize) -> Cell {
        match access {
            Access::Nothing => Cell::Null,
            Access::Column(column, kind) => match self.columns[*column].get(row) {
                Some(value) => cast(Cell::from(value), *kind),
                None => Cell::Null,
            },
            Access::Tag(name) => Cell::Text(self.tag(name).to_owned()),
            // A tag that is shown is null where the stream does not have it.
            Access::ShownTag(name) => match (self.tag(name), &self.tags) {
                ("", FrameTags::Stream(_)) => Cell::Null,
                (value, _) => Cell::Text(value.to_owned()),
            },
        }
    }

    /// What `access` finds in each of `rows`.
    pub(crate) fn values(&self, access: &Access, rows: &[usize]) -> Values {
        let Access::Column(column, kind) = access else {
            return Values::Same(self.cell(access, 0));
        };
        let found = &self.columns[*column];
        match (&found.values, kind, &found.rows) {
            (Column::F64(values), DataType::Float, None) => {
                Values::Floats(rows.iter().map(|row| values[*row]).collect())
            }
            (Column::I64(values), DataType::Integer, None) => {
                Values::Integers(rows.iter().map(|row| values[*row]).collect())
            }
            _ => Values::Cells(rows.iter().map(|row| self.cell(access, *row)).collect()),
        }
    }

    fn tag(&self, name: &str) -> &str {
        match &self.tags {
            FrameTags::Stream(key) => key.tags.get(name),
            FrameTags::Table(tags) => {
                tags.iter().find(|(tag, _)| tag == name).map_or("", |(_, value)| value)
            }
        }
    }
}

/// Which rows of `times` the timestamps `wanted`, all of which are in it, stand in.
fn rows_of(wanted: &[i64], times: &[i64]) -> Vec<u32> {
    let mut row = 0;
    let rows = wanted.iter().map(|at| {
        while times[row] < *at {
            row += 1;
        }
        row as u32
    });
    rows.collect()
}

/// Staleness markers are Prometheus's; InfluxQL knows nothing of them.
fn drop_stale(samples: &mut Samples) {
    let Column::F64(values) = &mut samples.values else { return };
    if !values.iter().any(|value| is_stale(*value)) {
        return;
    }
    let mut fresh = values.iter().map(|value| !is_stale(*value));
    samples.timestamps.retain(|_| fresh.next().unwrap_or(true));
    values.retain(|value| !is_stale(*value));
}

/// Where a reference's value is found.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Access {
    /// In this column, as a value of this kind.
    Column(usize, DataType),
    /// It is a tag; absent means empty.
    Tag(String),
    /// It is a tag that is shown; absent means null.
    ShownTag(String),
    /// Nowhere.
    Nothing,
}

/// The columns a frame needs, each once.
#[derive(Clone, Default, Debug)]
pub(crate) struct Columns {
    /// The columns.
    pub(crate) columns: Vec<Reference>,
}

impl Columns {
    /// The column of a field, asked for from now on.
    pub(crate) fn column(&mut self, reference: &Reference) -> usize {
        match self.columns.iter().position(|known| known == reference) {
            Some(at) => at,
            None => {
                self.columns.push(reference.clone());
                self.columns.len() - 1
            }
        }
    }

    /// Where the value of a reference that is shown is found.
    pub(crate) fn shown(&mut self, reference: &Reference) -> Access {
        match reference.kind {
            DataType::Unknown => Access::Nothing,
            DataType::Tag => Access::ShownTag(reference.name.clone()),
            kind => Access::Column(self.column(reference), kind),
        }
    }

    /// A condition whose columns are asked for from now on.
    pub(crate) fn condition(&mut self, expr: Option<&Expr>) -> Result<Option<Condition>, Error> {
        let Some(expr) = expr else { return Ok(None) };
        let mut accesses = Vec::new();
        let node = Node::compile(expr, &mut |part| {
            let Expr::Reference(reference) = part else { return None };
            accesses.push(match reference.kind {
                DataType::Tag => Access::Tag(reference.name.clone()),
                DataType::Unknown => Access::Nothing,
                kind => Access::Column(self.column(reference), kind),
            });
            Some(accesses.len() - 1)
        })?;
        Ok(Some(Condition { node, accesses }))
    }
}

/// What rows must fulfil.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    node: Node,
    accesses: Vec<Access>,
}

impl Condition {
    /// Which rows fulfil it.
    pub(crate) fn kept(&self, frame: &Frame) -> Vec<bool> {
        self.by_columns(frame).unwrap_or_else(|| self.by_rows(frame))
    }

    /// Whether it may hold in a row of a stream, as far as that can be told unread.
    pub(crate) fn may_hold(
        &self,
        stream: &Stream,
        columns: &[Reference],
        range: TimeRange,
        budget: &Budget,
    ) -> bool {
        bounds::may_hold(&self.node, &|slot| {
            let Access::Column(column, kind) = self.accesses.get(slot)? else { return None };
            let field = stream.field(&columns.get(*column)?.name)?;
            if field.kind != *kind || !kind.is_number() {
                return None;
            }
            // A budget that is used up is told by whoever reads next.
            let (low, high) = field.series.bounds(range, budget).ok().flatten()?;
            // Of whole numbers that a double may not hold, bounds are rounded.
            let is_exact = |bound: f64| bound.abs() < EXACT_MAX || bound.is_infinite();
            let is_told = *kind == DataType::Float || (is_exact(low) && is_exact(high));
            is_told.then_some((low, high))
        })
    }

    /// The same, where columns alone tell.
    pub(crate) fn by_columns(&self, frame: &Frame) -> Option<Vec<bool>> {
        keep(&self.node, &self.accesses, frame)
    }

    /// The same, one row after the other.
    pub(crate) fn by_rows(&self, frame: &Frame) -> Vec<bool> {
        let holds = |row| self.node.holds(&|slot| frame.cell(&self.accesses[slot], row));
        (0..frame.len()).map(holds).collect()
    }
}

/// Whether values of one kind can be had as values of another.
fn casts(from: DataType, to: DataType) -> bool {
    from == to || (from.is_number() && to.is_number())
}

/// A value as one of another kind; null where it cannot be.
pub(crate) fn cast(cell: Cell, kind: DataType) -> Cell {
    match (cell, kind) {
        (Cell::Integer(value), DataType::Float) => Cell::Float(value as f64),
        (Cell::Unsigned(value), DataType::Float) => Cell::Float(value as f64),
        (Cell::Float(value), DataType::Integer) => Cell::Integer(value as i64),
        (Cell::Unsigned(value), DataType::Integer) => Cell::Integer(value as i64),
        (Cell::Float(value), DataType::Unsigned) => Cell::Unsigned(value as u64),
        (Cell::Integer(value), DataType::Unsigned) => Cell::Unsigned(value as u64),
        (cell, _) => cell,
    }
}

fn kind_of(kind: DataType) -> Kind {
    match kind {
        DataType::Integer => Kind::I64,
        DataType::Unsigned => Kind::U64,
        DataType::Bool => Kind::Bool,
        DataType::Text | DataType::Tag => Kind::Str,
        _ => Kind::F64,
    }
}

fn value_of(cell: &Cell) -> Option<ValueRef<'_>> {
    Some(match cell {
        Cell::Float(value) => ValueRef::F64(*value),
        Cell::Integer(value) => ValueRef::I64(*value),
        Cell::Unsigned(value) => ValueRef::U64(*value),
        Cell::Bool(value) => ValueRef::Bool(*value),
        Cell::Text(value) => ValueRef::Str(value),
        Cell::Null | Cell::Time(_) => return None,
    })
}
