//! Streams of measurements, found but not read.

use crate::influxql::ast::{DataType, Name};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use model::port::{Selection, Series};
use model::{Attribute, MatchOp, Matcher, Predicate, StreamKey, TimeRange};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Measurements of one policy of one database.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Place {
    /// The database.
    pub(crate) database: Arc<str>,
    /// The retention policy.
    pub(crate) policy: Arc<str>,
    /// Which measurements.
    pub(crate) name: Name,
}

/// Which fields are needed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Wanted {
    /// Every one.
    All,
    /// Those of these names, where they exist.
    Fields(BTreeSet<String>),
}

/// One stream, with the fields that are needed.
pub(crate) struct Stream {
    /// Which it is.
    pub(crate) key: Arc<StreamKey>,
    /// Its fields.
    pub(crate) fields: Vec<StreamField>,
}

/// One field of a stream.
pub(crate) struct StreamField {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// What it holds.
    pub(crate) kind: DataType,
    /// Its samples, not read yet.
    pub(crate) series: Box<dyn Series>,
}

impl Stream {
    /// The field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&StreamField> {
        self.fields.iter().find(|field| field.name.as_ref() == name)
    }
}

/// What all series of `place` fit, whatever their fields and tags.
pub(crate) fn stream_predicate(place: &Place) -> Predicate {
    let name = match &place.name {
        Name::Is(name) => MatchOp::Equal(Arc::from(name.as_str())),
        Name::Like(pattern) => MatchOp::Regex(pattern.regex().clone()),
    };
    Predicate::all_of([
        Matcher::equal(Attribute::Database, place.database.clone()),
        Matcher::equal(Attribute::Policy, place.policy.clone()),
        Matcher { attribute: Attribute::Measurement, op: name },
    ])
}

/// The streams of `place` that fit `tags` and have a needed field, sorted by key.
pub(crate) fn load(
    context: &Context<'_>,
    place: &Place,
    wanted: &Wanted,
    tags: &Predicate,
    range: TimeRange,
) -> Result<Vec<Stream>, Error> {
    let mut parts = vec![stream_predicate(place), tags.clone()];
    if let Wanted::Fields(names) = wanted {
        if names.is_empty() || range.is_empty() {
            return Ok(Vec::new());
        }
        let equal = |name: &String| Matcher::equal(Attribute::Field, name.as_str());
        parts.push(Predicate::Or(names.iter().map(equal).map(Predicate::Match).collect()));
    }
    let selection = Selection { predicate: Predicate::And(parts), range };
    let mut streams: BTreeMap<Arc<StreamKey>, Vec<StreamField>> = BTreeMap::new();
    for series in context.source.select(&selection, context.budget)? {
        let meta = series.meta();
        let Some(kind) = DataType::of(meta.kind) else { continue };
        let (key, name) = (meta.stream.clone(), meta.field.clone());
        streams.entry(key).or_default().push(StreamField { name, kind, series });
    }
    Ok(streams.into_iter().map(|(key, fields)| Stream { key, fields }).collect())
}
