//! What a `SELECT` means before any data is looked at.

use super::Interval;
use super::check::Checker;
use crate::influxql::ast::{Call, Expr, Field, Fill, Limits, Measurement, Order, Select, Source};
use crate::influxql::condition::{Bounds, split_time};
use crate::influxql::error::Error;
use crate::influxql::eval::Math;
use crate::influxql::moment::{TIME_MAX, TIME_MIN, Zone, parse_time};
use crate::influxql::reduce::Folding;

/// A `SELECT` that does not contradict itself.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// What is asked for, time left out.
    pub(crate) fields: Vec<Field>,
    /// What the time column is called.
    pub(crate) time_name: String,
    /// Where it is read from.
    pub(crate) sources: Vec<QuerySource>,
    /// What holds beside the time bounds.
    pub(crate) condition: Option<Expr>,
    /// The bounds its own text sets.
    pub(crate) own: Bounds,
    /// The first point that counts.
    pub(crate) start: i64,
    /// The last point that counts.
    pub(crate) end: i64,
    /// The points to be read, with the windows that functions look back on.
    pub(crate) read: (i64, i64),
    /// How points are put into windows; none where they are not.
    pub(crate) interval: Option<Interval>,
    /// Tags, patterns and `*` to group by.
    pub(crate) dimensions: Vec<Expr>,
    /// What stands in empty windows.
    pub(crate) fill: Fill,
    /// Whether the oldest rows come first.
    pub(crate) ascending: bool,
    /// How much is wanted.
    pub(crate) limits: Limits,
    /// The zone of windows and answers.
    pub(crate) zone: Option<Zone>,
    /// Whether any function is called.
    pub(crate) has_calls: bool,
}

/// Where a query reads from.
#[derive(Clone, Debug)]
pub(crate) enum QuerySource {
    /// A measurement, or several.
    Measurement(Measurement),
    /// Another query.
    Subquery(Box<Query>),
}

impl Query {
    /// Compiles `select` as of `now`.
    ///
    /// # Errors
    /// Where the text contradicts itself, in InfluxDB's words.
    pub(crate) fn compile(select: &Select, now: i64) -> Result<Self, Error> {
        if select.target.is_some() {
            return Err(Error::Unsupported("SELECT INTO".to_owned()));
        }
        let (mut query, checker) = Self::prepare(select, now)?;
        let range = (query.start, query.end);
        query.finish(select, checker, now, range)?;
        Ok(query)
    }

    /// Everything but fields and sources.
    fn prepare(select: &Select, now: i64) -> Result<(Self, Checker), Error> {
        let zone = select.zone.as_deref().and_then(Zone::find);
        let folding = Folding { now: Some(now), zone: zone.as_ref() };
        let (condition, bounds) = split_time(select.condition.as_ref(), &folding)?;
        if let Some(condition) = &condition {
            check_condition(condition)?;
        }
        let mut interval = None;
        let mut dimensions = Vec::new();
        for dimension in &select.dimensions {
            match dimension.bare() {
                Expr::Reference(tag) if tag.name.eq_ignore_ascii_case("time") => {
                    let message = "time() is a function and expects at least one argument";
                    return Err(Error::invalid(message));
                }
                Expr::Call(_) if interval.is_some() => {
                    return Err(Error::invalid("multiple time dimensions not allowed"));
                }
                Expr::Call(call) => interval = Some(time_dimension(call, now, zone.as_ref())?),
                Expr::Reference(_) | Expr::Wildcard(_) | Expr::Pattern(_) => {
                    dimensions.push(dimension.bare().clone());
                }
                _ => return Err(Error::invalid("only time and tag dimensions allowed")),
            }
        }
        // Windows up to the end of time would be too many, so that grouping ends now.
        let latest = if interval.is_some() { now } else { TIME_MAX };
        let bounds = Bounds { max: bounds.max.or(Some(latest)), ..bounds };
        let checker = Checker::new(select, interval.is_some());
        let query = Self {
            fields: Vec::new(),
            time_name: "time".to_owned(),
            sources: Vec::new(),
            condition,
            own: bounds,
            start: bounds.start(),
            end: bounds.end(),
            read: (bounds.start(), bounds.end()),
            interval,
            dimensions,
            fill: select.fill,
            ascending: select.order != Some(Order::Descending),
            limits: select.limits,
            zone,
            has_calls: false,
        };
        Ok((query, checker))
    }

    /// Fields and sources, once the rest is settled.
    ///
    /// `range` is what would be read if no function looked back.
    fn finish(
        &mut self,
        select: &Select,
        mut checker: Checker,
        now: i64,
        range: (i64, i64),
    ) -> Result<(), Error> {
        let folding = Folding::default();
        for field in &select.fields {
            if let Expr::Reference(reference) = &field.expr
                && reference.name == "time"
            {
                if let Some(alias) = &field.alias {
                    self.time_name.clone_from(alias);
                }
                continue;
            }
            let mut expr = folding.fold(&field.expr);
            checker.field(&expr)?;
            expr.walk_mut(&mut |part| {
                if let Expr::Distinct(name) = part {
                    *part = distinct_call(name);
                }
            });
            self.fields.push(Field { expr, alias: field.alias.clone() });
        }
        let looked_back = checker.finish(self.fields.len())?;
        self.read = self.widened(range, looked_back);
        self.has_calls = checker.has_calls();
        for source in &select.sources {
            self.sources.push(match source {
                Source::Measurement(measurement) => QuerySource::Measurement(measurement.clone()),
                Source::Subquery(inner) => {
                    QuerySource::Subquery(Box::new(self.subquery(inner, now)?))
                }
            });
        }
        Ok(())
    }

    /// A query this one reads from: it inherits bounds, order and windows.
    fn subquery(&self, select: &Select, now: i64) -> Result<Self, Error> {
        if select.target.is_some() {
            return Err(Error::Unsupported("SELECT INTO".to_owned()));
        }
        let (mut query, mut checker) = Self::prepare(select, now)?;
        if select.order.is_some() && query.ascending != self.ascending {
            let message = "subqueries must be ordered in the same direction as the query itself";
            return Err(Error::invalid(message));
        }
        query.ascending = self.ascending;
        query.start = query.start.max(self.start);
        query.end = query.end.min(self.end);
        // Nulls would be skipped by the outer query anyway.
        if query.interval.is_some() && query.fill == Fill::Null {
            query.fill = Fill::None;
        }
        if query.interval.is_none() && self.interval.is_some() {
            query.interval.clone_from(&self.interval);
            checker.inherit_interval();
        }
        let range = (query.own.start().max(self.read.0), query.own.end().min(self.read.1));
        query.finish(select, checker, now, range)?;
        Ok(query)
    }

    /// A range with so many windows more on the side that functions look back on.
    fn widened(&self, (start, end): (i64, i64), intervals: i64) -> (i64, i64) {
        let length = self.interval.as_ref().map_or(0, |interval| interval.length);
        let more = length.saturating_mul(intervals);
        if self.ascending {
            (start.saturating_sub(more).max(TIME_MIN), end)
        } else {
            (start, end.saturating_add(more).min(TIME_MAX))
        }
    }
}

fn distinct_call(name: &str) -> Expr {
    let reference =
        crate::influxql::ast::Reference { name: name.to_owned(), kind: Default::default() };
    Expr::Call(Call { name: "distinct".to_owned(), args: vec![Expr::Reference(reference)] })
}

/// `time(5m, 1m)`.
fn time_dimension(call: &Call, now: i64, zone: Option<&Zone>) -> Result<Interval, Error> {
    if call.name != "time" {
        return Err(Error::invalid("only time() calls allowed in dimensions"));
    }
    let folding = Folding::default();
    let args: Vec<_> = call.args.iter().map(|arg| folding.fold(arg)).collect();
    if args.is_empty() || args.len() > 2 {
        return Err(Error::invalid("time dimension expected 1 or 2 arguments"));
    }
    let Expr::Duration(length) = args[0] else {
        return Err(Error::invalid("time dimension must have duration argument"));
    };
    if length <= 0 {
        return Err(Error::invalid("time dimension must have duration argument"));
    }
    let offset = match args.get(1) {
        None => 0,
        Some(Expr::Duration(offset)) => offset % length,
        Some(Expr::Time(at)) => at.rem_euclid(length),
        Some(Expr::Call(call)) if call.name != "now" => {
            return Err(Error::invalid("time dimension offset function must be now()"));
        }
        Some(Expr::Call(call)) if !call.args.is_empty() => {
            let message = "time dimension offset now() function requires no arguments";
            return Err(Error::invalid(message));
        }
        Some(Expr::Call(_)) => now.rem_euclid(length),
        Some(Expr::Text(text)) => match parse_time(text, zone) {
            Ok(at) => at.rem_euclid(length),
            Err(_) => return Err(bad_offset()),
        },
        Some(_) => return Err(bad_offset()),
    };
    Ok(Interval { length, offset })
}

fn bad_offset() -> Error {
    Error::invalid("time dimension offset must be duration or now()")
}

/// Refuses functions that need more than one row.
fn check_condition(expr: &Expr) -> Result<(), Error> {
    let mut wrong = None;
    expr.walk(&mut |part| {
        let Expr::Call(call) = part else { return };
        let problem = match Math::find(&call.name) {
            None => Some(format!("invalid function call in condition: {call}")),
            Some(math) if math.arity() != call.args.len() => Some(format!(
                "invalid number of arguments for {}, expected {}, got {}",
                call.name,
                math.arity(),
                call.args.len()
            )),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            wrong.get_or_insert(problem);
        }
    });
    wrong.map_or(Ok(()), |message| Err(Error::Invalid(message)))
}
