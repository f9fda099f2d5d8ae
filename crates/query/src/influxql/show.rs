//! `SHOW`: what there is, without its values.

mod cardinality;
mod measurements;
mod series;
mod values;

pub(crate) use cardinality::cardinality;
pub(crate) use measurements::measurements;
pub(crate) use series::{field_keys, series, tag_keys, tag_values};

use super::answer::{Cell, ResultSeries};
use super::ast::{DataType, Expr, KeyFilter, Limits, Measurement, Name, Show};
use super::condition::{Bounds, predicate, split_time};
use super::context::Context;
use super::error::Error;
use super::plan::{Place, Reading, Stream, Wanted};
use super::reduce::Folding;
use model::{Predicate, TimeRange, Timestamp};
use std::sync::Arc;

/// `SHOW DATABASES`.
pub(crate) fn databases(context: &Context<'_>) -> ResultSeries {
    let names = context.catalog.databases();
    let rows = names.iter().map(|name| vec![Cell::Text(name.to_string())]).collect();
    named("databases", &["name"], rows)
}

/// `SHOW RETENTION POLICIES`.
pub(crate) fn policies(
    database: Option<&str>,
    context: &Context<'_>,
) -> Result<ResultSeries, Error> {
    let database = context.database(database)?;
    let policies = context.catalog.policies(&database)?;
    let rows = policies.iter().map(|policy| {
        vec![
            Cell::Text(policy.name.to_string()),
            Cell::Text(go_duration(policy.duration.map_or(0, |duration| duration.0))),
            Cell::Text(go_duration(policy.shard.0)),
            Cell::Integer(i64::from(policy.replication)),
            Cell::Bool(policy.is_default),
        ]
    });
    let columns = ["name", "duration", "shardGroupDuration", "replicaN", "default"];
    Ok(named("", &columns, rows.collect()))
}

/// A length of time as Go prints it: `168h0m0s`.
fn go_duration(nanoseconds: i64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn named(name: &str, columns: &[&str], rows: Vec<Vec<Cell>>) -> ResultSeries {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    ResultSeries { name: name.to_owned(), tags: Vec::new(), columns, rows: rows.into() }
}

/// The part of `rows` that is wanted.
fn limited<T>(rows: Vec<T>, limits: &Limits) -> Vec<T> {
    let limit = if limits.limit == 0 { usize::MAX } else { limits.limit as usize };
    rows.into_iter().skip(limits.offset as usize).take(limit).collect()
}

/// What a `SHOW` looks at.
struct Scan {
    /// What streams must fulfil.
    condition: Predicate,
    /// Streams without points in here are left out.
    bounds: Bounds,
}

impl Scan {
    /// Of a condition over tags and time.
    fn of(condition: Option<&Expr>, context: &Context<'_>) -> Result<Self, Error> {
        let folding = Folding { now: Some(context.now), zone: None };
        let (rest, bounds) = split_time(condition, &folding)?;
        let Some(mut rest) = rest else { return Ok(Self { condition: Predicate::ALL, bounds }) };
        rest.walk_mut(&mut |part| {
            if let Expr::Reference(reference) = part {
                reference.kind = DataType::Tag;
            }
        });
        match predicate(&rest) {
            Some(condition) => Ok(Self { condition, bounds }),
            None => Err(Error::Unsupported(format!("the condition {rest} in a SHOW statement"))),
        }
    }

    fn range(&self) -> TimeRange {
        TimeRange::new(Timestamp(self.bounds.start()), Timestamp(self.bounds.end()))
    }

    /// The streams of `places`, sorted by key, none twice.
    fn streams(&self, places: &[Place], context: &Context<'_>) -> Result<Vec<Stream>, Error> {
        let mut streams = Vec::new();
        for place in places {
            let reading = Reading {
                place: place.clone(),
                tags: self.condition.clone(),
                wanted: Wanted::All,
                range: self.range(),
            };
            streams.extend(reading.streams(context)?);
        }
        streams.sort_by(|a, b| a.key.cmp(&b.key));
        streams.dedup_by(|later, kept| later.key == kept.key);
        Ok(streams)
    }
}

/// The places a `SHOW` about default policies looks at.
fn places(show: &Show, context: &Context<'_>) -> Result<Vec<Place>, Error> {
    let database = show.database.as_deref();
    if show.sources.is_empty() {
        return Ok(vec![context.place(&everything(), database)?]);
    }
    show.sources.iter().map(|source| context.place(source, database)).collect()
}

/// The places a `SHOW` about all policies of a database looks at.
fn places_of_all_policies(
    database: Option<&str>,
    sources: &[Measurement],
    context: &Context<'_>,
) -> Result<Vec<Place>, Error> {
    let database = context.database(database)?;
    let policies = context.catalog.policies(&database)?;
    let everything = [everything()];
    let sources = if sources.is_empty() { &everything[..] } else { sources };
    let mut places = Vec::new();
    for source in sources {
        for policy in &policies {
            let named = source.policy.as_deref();
            if named.is_none_or(|named| named == policy.name.as_ref()) {
                let (policy, name) = (policy.name.clone(), source.name.clone());
                places.push(Place { database: database.clone(), policy, name });
            }
        }
    }
    Ok(places)
}

/// Every measurement.
fn everything() -> Measurement {
    // The empty pattern is valid and finds itself in every name.
    let all = super::ast::Pattern::new("").map_or_else(|_| Name::Is(String::new()), Name::Like);
    Measurement { database: None, policy: None, name: all }
}

/// Streams of one measurement together; they come sorted by database, policy and name.
fn by_measurement(streams: &[Stream]) -> Vec<(Arc<str>, Vec<&Stream>)> {
    let mut sorted: Vec<&Stream> = streams.iter().collect();
    sorted.sort_by(|a, b| a.key.measurement.cmp(&b.key.measurement));
    let runs = sorted.chunk_by(|a, b| a.key.measurement == b.key.measurement);
    runs.map(|run| (run[0].key.measurement.clone(), run.to_vec())).collect()
}

/// Whether a tag key is meant; without a filter every one is.
fn wanted_key(keys: Option<&KeyFilter>, key: &str) -> bool {
    keys.is_none_or(|keys| keys.matches(key))
}
