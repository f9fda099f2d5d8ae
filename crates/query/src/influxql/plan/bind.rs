//! What a `SELECT` means for the data there is.

use super::Interval;
use super::columns::{Schema, column_names, field_name, is_open};
use super::compile::{Query, QuerySource};
use super::operation::Operation;
use super::streams::{Reading, Wanted};
use crate::influxql::ast::{Call, DataType, Expr, Field, Fill, Limits, Reference};
use crate::influxql::condition::{Bounds, split_tags};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::eval::{Math, Node, type_of};
use crate::influxql::moment::{TIME_MIN, Zone};
use model::port::Outline;
use model::{Predicate, TimeRange, Timestamp};
use std::collections::BTreeSet;

/// A `SELECT` ready to be run.
pub(crate) struct Plan {
    /// What the columns are called, the time first.
    pub(crate) columns: Vec<String>,
    /// The columns after the time.
    pub(crate) outputs: Vec<Output>,
    /// The calls in them: their values are the first slots of a row.
    pub(crate) operations: Vec<Operation>,
    /// The columns beside them: their values are the slots after those.
    pub(crate) references: Vec<Reference>,
    /// Where rows come from.
    pub(crate) feeds: Vec<Feed>,
    /// The tags to group by.
    pub(crate) dimensions: BTreeSet<String>,
    /// The bounds its own text sets.
    pub(crate) own: Bounds,
    /// The first point that counts.
    pub(crate) start: i64,
    /// The last point that counts.
    pub(crate) end: i64,
    /// How points are put into windows.
    pub(crate) interval: Option<Interval>,
    /// What stands in empty windows.
    pub(crate) fill: Fill,
    /// Whether the oldest rows come first.
    pub(crate) ascending: bool,
    /// How much is wanted.
    pub(crate) limits: Limits,
    /// The zone of windows and answers.
    pub(crate) zone: Option<Zone>,
}

/// One column.
pub(crate) struct Output {
    /// What a query outside calls it.
    pub(crate) name: String,
    /// What kind of values it has.
    pub(crate) kind: DataType,
    /// How it comes from the slots of a row.
    pub(crate) node: Node,
}

/// Where rows come from.
pub(crate) enum Feed {
    /// Streams of measurements, and what their rows must fulfil beside.
    Streams {
        /// Which they are.
        reading: Box<Reading>,
        /// What columns and tags they have.
        outline: Outline,
        /// What their rows must fulfil.
        condition: Option<Expr>,
    },
    /// Another query, and what its rows must fulfil.
    Subquery {
        /// The query.
        plan: Box<Plan>,
        /// What its rows must fulfil.
        condition: Option<Expr>,
    },
}

impl Plan {
    /// Binds `query` to the data.
    ///
    /// # Errors
    /// Where kinds do not go together, or the data cannot be looked at.
    pub(crate) fn bind(query: &Query, context: &Context<'_>) -> Result<Self, Error> {
        check_buckets(query, context)?;
        let mut inputs = Inputs::open(query, context)?;
        let condition = inputs.bind_condition(query, context)?;
        let schema = inputs.schema();
        let mut fields = schema.expand(&query.fields, &query.dimensions);
        for field in &mut fields {
            bind_kinds(&mut field.expr, &schema);
        }
        let interval = query.interval.as_ref().map(|interval| interval.length);
        let fields = with_extreme_keys(fields);
        let mut slots = Slots { interval, ..Slots::default() };
        let mut outputs = Vec::with_capacity(fields.len());
        for field in &fields {
            let kind = type_of(&field.expr, &|call| type_of_call(call, interval))?;
            slots.collect(&field.expr)?;
            outputs.push((field_name(field), kind));
        }
        let count = slots.operations.len();
        let mut bound = Vec::with_capacity(outputs.len());
        for (field, (name, kind)) in fields.iter().zip(outputs) {
            let node = Node::compile(&field.expr, &mut |expr| slots.find(expr, count))?;
            bound.push(Output { name, kind, node });
        }
        let mut columns = vec![query.time_name.clone()];
        columns.extend(column_names(&fields));
        Ok(Self {
            columns,
            outputs: bound,
            operations: slots.operations.into_iter().map(|(_, operation)| operation).collect(),
            references: slots.references,
            feeds: inputs.into_feeds(condition),
            dimensions: schema.dimensions(&query.dimensions),
            own: query.own,
            start: query.start,
            end: query.end,
            interval: query.interval.clone(),
            fill: query.fill,
            ascending: query.ascending,
            limits: query.limits,
            zone: query.zone.clone(),
        })
    }

    /// Whether rows are points of the data as they are.
    pub(crate) fn is_raw(&self) -> bool {
        self.operations.is_empty()
    }

    /// Whether rows are points one function picked out of the data.
    pub(crate) fn is_selector(&self) -> bool {
        matches!(self.operations.as_slice(), [only] if only.is_selector())
    }
}

/// Refuses more windows than one query may make.
fn check_buckets(query: &Query, context: &Context<'_>) -> Result<(), Error> {
    let Some(interval) = query.interval.as_ref().filter(|_| query.has_calls) else {
        return Ok(());
    };
    if query.start <= TIME_MIN || query.end < query.start {
        return Ok(());
    }
    let span = i128::from(query.end) - i128::from(query.start);
    let buckets = (span / i128::from(interval.length)) as u64 + 1;
    if buckets > context.buckets_max {
        return Err(Error::Buckets { buckets, limit: context.buckets_max });
    }
    Ok(())
}

/// Where a query reads from, before its references are bound.
struct Inputs {
    streams: Vec<(Reading, Outline)>,
    subqueries: Vec<Plan>,
    /// What all streams have, where some of them were left out since.
    known: Option<Schema>,
}

impl Inputs {
    fn open(query: &Query, context: &Context<'_>) -> Result<Self, Error> {
        let (mut streams, mut subqueries) = (Vec::new(), Vec::new());
        let (start, end) = query.read;
        let range = TimeRange::new(Timestamp(start), Timestamp(end));
        for source in &query.sources {
            match source {
                QuerySource::Measurement(measurement) => {
                    let place = context.place(measurement, None)?;
                    let (tags, wanted) = (Predicate::ALL, Wanted::All);
                    let reading = Reading { place, tags, wanted, range };
                    streams.push((reading, Outline::default()));
                }
                QuerySource::Subquery(inner) => subqueries.push(Plan::bind(inner, context)?),
            }
        }
        Ok(Self { streams, subqueries, known: None })
    }

    /// Finds out what the streams have, and returns the condition with its references bound.
    ///
    /// What the condition says about tags narrows the streams; to know what it says about
    /// tags, one must know which of its names are fields. So these are looked up first,
    /// unless all fields are needed anyway.
    fn bind_condition(
        &mut self,
        query: &Query,
        context: &Context<'_>,
    ) -> Result<Option<Expr>, Error> {
        let open = query.fields.iter().any(|field| has_open(&field.expr))
            || query.dimensions.iter().any(is_open);
        let named = references_of(query.condition.iter());
        self.look(if open { Wanted::All } else { Wanted::Fields(named) }, context)?;
        let schema = self.schema();
        let mut condition = query.condition.clone();
        if let Some(condition) = &mut condition {
            condition.walk_mut(&mut |part| {
                if let Expr::Reference(reference) = part {
                    // What is no field is a tag, be it one that no stream has.
                    reference.kind = match schema.kind_of(reference) {
                        DataType::Unknown => DataType::Tag,
                        kind => kind,
                    };
                }
            });
        }
        let (tags, rest) = split_tags(condition.as_ref());
        self.streams.iter_mut().for_each(|(reading, _)| reading.tags = tags.clone());
        if open {
            // Columns are those of all streams, whether they fulfil the condition or not.
            self.known = Some(schema);
        } else {
            let mut names = references_of(query.fields.iter().map(|field| &field.expr));
            names.extend(references_of(rest.iter()));
            self.look(Wanted::Fields(names), context)?;
        }
        Ok(condition)
    }

    /// Finds out what the streams that are wanted have.
    fn look(&mut self, wanted: Wanted, context: &Context<'_>) -> Result<(), Error> {
        for (reading, outline) in &mut self.streams {
            reading.wanted = wanted.clone();
            *outline = reading.outline(context)?;
        }
        Ok(())
    }

    /// What can be asked for.
    fn schema(&self) -> Schema {
        if let Some(known) = &self.known {
            return known.clone();
        }
        let mut schema = Schema::default();
        for (_, outline) in &self.streams {
            for column in &outline.columns {
                if let Some(kind) = DataType::of(column.kind) {
                    schema.add_field(&column.field, kind);
                }
            }
            outline.tags.iter().for_each(|name| schema.add_tag(name));
        }
        for plan in &self.subqueries {
            for output in &plan.outputs {
                schema.add_field(&output.name, output.kind);
            }
            plan.dimensions.iter().for_each(|name| schema.add_tag(name));
        }
        schema
    }

    fn into_feeds(self, condition: Option<Expr>) -> Vec<Feed> {
        let (_, rest) = split_tags(condition.as_ref());
        let streams = self.streams.into_iter().map(|(reading, outline)| Feed::Streams {
            reading: Box::new(reading),
            outline,
            condition: rest.clone(),
        });
        let subqueries = self
            .subqueries
            .into_iter()
            .map(|plan| Feed::Subquery { plan: Box::new(plan), condition: condition.clone() });
        streams.chain(subqueries).collect()
    }
}

/// Whether a field stands for columns the text does not tell.
fn has_open(expr: &Expr) -> bool {
    let mut open = false;
    expr.walk(&mut |part| open |= is_open(part));
    open
}

/// Names that may be fields.
fn references_of<'a>(exprs: impl Iterator<Item = &'a Expr>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for expr in exprs {
        expr.walk(&mut |part| {
            if let Expr::Reference(reference) = part
                && reference.kind != DataType::Tag
            {
                names.insert(reference.name.clone());
            }
        });
    }
    names
}

fn bind_kinds(expr: &mut Expr, schema: &Schema) {
    expr.walk_mut(&mut |part| {
        if let Expr::Reference(reference) = part {
            reference.kind = schema.kind_of(reference);
        }
    });
}

/// `top(x, host, 2)` shows `host` in a column of its own after it.
fn with_extreme_keys(fields: Vec<Field>) -> Vec<Field> {
    let mut all = Vec::with_capacity(fields.len());
    for field in fields {
        let mut keys = Vec::new();
        if let Expr::Call(call) = &field.expr
            && matches!(call.name.as_str(), "top" | "bottom")
        {
            let columns = call.args.iter().skip(1);
            keys.extend(columns.filter(|arg| matches!(arg, Expr::Reference(_))).cloned());
        }
        all.push(field);
        all.extend(keys.into_iter().map(|expr| Field { expr, alias: None }));
    }
    all
}

fn type_of_call(call: &Call, interval: Option<i64>) -> Result<DataType, Error> {
    Operation::of(call, interval).map(|operation| operation.kind)
}

/// The values a row is made of.
#[derive(Default)]
struct Slots {
    interval: Option<i64>,
    operations: Vec<(Call, Operation)>,
    references: Vec<Reference>,
}

impl Slots {
    fn collect(&mut self, expr: &Expr) -> Result<(), Error> {
        match expr {
            Expr::Call(call) if Math::find(&call.name).is_none() => {
                if !self.operations.iter().any(|(known, _)| known == call) {
                    let operation = Operation::of(call, self.interval)?;
                    self.operations.push((call.clone(), operation));
                }
                Ok(())
            }
            Expr::Call(call) => call.args.iter().try_for_each(|arg| self.collect(arg)),
            Expr::Reference(reference) => {
                if !self.references.contains(reference) {
                    self.references.push(reference.clone());
                }
                Ok(())
            }
            Expr::Binary(binary) => {
                self.collect(&binary.left)?;
                self.collect(&binary.right)
            }
            Expr::Paren(inner) => self.collect(inner),
            _ => Ok(()),
        }
    }

    /// The slot of a call or a reference; the `operations` come first.
    fn find(&self, expr: &Expr, operations: usize) -> Option<usize> {
        match expr {
            Expr::Call(call) => self.operations.iter().position(|(known, _)| known == call),
            Expr::Reference(reference) => {
                let at = self.references.iter().position(|known| known == reference)?;
                Some(operations + at)
            }
            _ => None,
        }
    }
}
