//! `SHOW MEASUREMENTS`.
//!
//! Its condition asks about measurements, not about series: `region != 'west'` is true of
//! a measurement that has the tag and no series in the west.

use super::{Scan, by_measurement, limited, named, places_of_all_policies};
use crate::influxql::answer::{Cell, ResultSeries};
use crate::influxql::ast::{Expr, Measurement, ShowMeasurements};
use crate::influxql::condition::split_time;
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::Stream;
use crate::influxql::reduce::Folding;
use crate::influxql::token::Operator;
use model::port::CatalogError;
use std::sync::Arc;

/// `SHOW MEASUREMENTS`.
pub(crate) fn measurements(
    show: &ShowMeasurements,
    context: &Context<'_>,
) -> Result<Vec<ResultSeries>, Error> {
    let condition = tags_only(show.condition.as_ref(), "SHOW MEASUREMENTS", context)?;
    let with = show.with.clone();
    let sources: Vec<_> =
        with.map(|name| Measurement { database: None, policy: None, name }).into_iter().collect();
    let places = match places_of_all_policies(show.database.as_deref(), &sources, context) {
        // InfluxDB shows nothing here, where other statements complain.
        Err(Error::Catalog(CatalogError::NoDatabase(_))) => return Ok(Vec::new()),
        other => other?,
    };
    let streams = Scan::of(None, context)?.streams(&places, context)?;
    let mut names = Vec::new();
    for (name, streams) in by_measurement(&streams) {
        if condition.as_ref().map_or(Ok(true), |condition| holds(condition, &streams))? {
            names.push(name);
        }
    }
    let names: Vec<Arc<str>> = limited(names, &show.limits);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let rows = names.iter().map(|name| vec![Cell::Text(name.to_string())]).collect();
    Ok(vec![named("measurements", &["name"], rows)])
}

/// A condition that must not speak of time.
pub(super) fn tags_only(
    condition: Option<&Expr>,
    statement: &str,
    context: &Context<'_>,
) -> Result<Option<Expr>, Error> {
    let folding = Folding { now: Some(context.now), zone: None };
    let (rest, bounds) = split_time(condition, &folding)?;
    if bounds.min.is_some() || bounds.max.is_some() {
        let message = format!("{statement} doesn't support time in WHERE clause");
        return Err(Error::Invalid(message));
    }
    Ok(rest)
}

/// Whether a condition is true of the measurement that `streams` are all of.
fn holds(condition: &Expr, streams: &[&Stream]) -> Result<bool, Error> {
    let unsupported = || {
        let message = format!("the condition {condition} in SHOW MEASUREMENTS");
        Err(Error::Unsupported(message))
    };
    match condition {
        Expr::Paren(inner) => holds(inner, streams),
        Expr::Bool(value) => Ok(*value),
        Expr::Binary(binary) => match (binary.operator, binary.left.bare(), binary.right.bare()) {
            (Operator::And, left, right) => Ok(holds(left, streams)? && holds(right, streams)?),
            (Operator::Or, left, right) => Ok(holds(left, streams)? || holds(right, streams)?),
            (operator, Expr::Reference(tag), wanted) => {
                let matches = |value: &str| match wanted {
                    Expr::Text(text) => value == text,
                    Expr::Pattern(pattern) => pattern.is_match(value),
                    _ => false,
                };
                let mut values = streams.iter().filter_map(|s| s.key.tags.find(&tag.name));
                let Some(first) = values.next() else { return Ok(false) };
                let found = matches(first) || values.any(|value| matches(value));
                match operator {
                    Operator::Eq | Operator::Like => Ok(found),
                    Operator::NotEq | Operator::NotLike => Ok(!found),
                    _ => unsupported(),
                }
            }
            _ => unsupported(),
        },
        _ => unsupported(),
    }
}
