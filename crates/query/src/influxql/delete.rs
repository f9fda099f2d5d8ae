//! `DELETE`, `DROP SERIES` and `DROP MEASUREMENT`: what a statement hits, for the catalog to
//! delete. As InfluxDB has it, they hit every policy of the database.

use super::ast::{DataType, Delete, Expr, Measurement, Name};
use super::condition::{predicate, split_time};
use super::context::Context;
use super::error::Error;
use super::reduce::Folding;
use model::port::Selection;
use model::{Attribute, MatchOp, Matcher, Predicate, TimeRange, Timestamp};
use std::sync::Arc;

/// What InfluxDB says, a shard of one database being one here.
const NO_FIELDS: &str = "shard 1: fields not supported in WHERE clause during deletion";

/// `DELETE`.
pub(crate) fn delete(delete: &Delete, context: &Context<'_>) -> Result<(), Error> {
    let what = selection(delete, context)?;
    Ok(context.catalog.delete(&what)?)
}

/// `DROP SERIES`.
pub(crate) fn drop_series(drop: &Delete, context: &Context<'_>) -> Result<(), Error> {
    let what = selection(drop, context)?;
    if what.range != TimeRange::ALL {
        return Err(Error::invalid("DROP SERIES doesn't support time in WHERE clause"));
    }
    Ok(context.catalog.delete(&what)?)
}

/// `DROP MEASUREMENT`.
pub(crate) fn drop_measurement(name: &str, context: &Context<'_>) -> Result<(), Error> {
    let name = Name::Is(name.to_owned());
    let sources = vec![Measurement { database: None, policy: None, name }];
    delete(&Delete { sources, condition: None }, context)
}

/// What a statement hits.
fn selection(delete: &Delete, context: &Context<'_>) -> Result<Selection, Error> {
    let database = context.database(None)?;
    context.catalog.policies(&database)?;
    let mut parts = vec![Predicate::Match(Matcher::equal(Attribute::Database, database))];
    if !delete.sources.is_empty() {
        parts.push(Predicate::Or(delete.sources.iter().map(measurement).collect()));
    }
    let folding = Folding { now: Some(context.now), zone: None };
    let (rest, bounds) = split_time(delete.condition.as_ref(), &folding)?;
    if let Some(rest) = rest {
        let tags = of_tags(rest, &Predicate::And(parts.clone()), context)?;
        parts.push(tags);
    }
    let start = bounds.min.map_or(Timestamp::MIN, Timestamp);
    let end = bounds.max.map_or(Timestamp::MAX, Timestamp);
    Ok(Selection { predicate: Predicate::And(parts), range: TimeRange::new(start, end) })
}

fn measurement(source: &Measurement) -> Predicate {
    let op = match &source.name {
        Name::Is(name) => MatchOp::Equal(Arc::from(name.as_str())),
        Name::Like(pattern) => MatchOp::Regex(pattern.compiled().clone()),
    };
    Predicate::Match(Matcher { attribute: Attribute::Measurement, op })
}

/// A condition without times as one of tags; fields of what `hit` means are refused.
fn of_tags(mut rest: Expr, hit: &Predicate, context: &Context<'_>) -> Result<Predicate, Error> {
    let everything = Selection { predicate: hit.clone(), range: TimeRange::ALL };
    let outline = context.source.outline(&everything, context.budget)?;
    let mut has_field = false;
    rest.walk_mut(&mut |part| {
        if let Expr::Reference(reference) = part {
            reference.kind = DataType::Tag;
            has_field |= outline.columns.iter().any(|of| *of.field == *reference.name);
        }
    });
    if has_field {
        return Err(Error::invalid(NO_FIELDS));
    }
    // What is neither equal nor like a text is no condition on tags.
    predicate(&rest).ok_or_else(|| Error::invalid(NO_FIELDS))
}
