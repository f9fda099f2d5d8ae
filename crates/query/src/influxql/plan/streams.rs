//! Streams of measurements, found but not read.

use crate::influxql::ast::{DataType, Name};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use model::port::{Outline, Selection, Series};
use model::{Attribute, MatchOp, Matcher, Predicate, StreamKey, TimeRange};
use std::cmp::Ordering;
use std::collections::BTreeSet;
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
        Name::Like(pattern) => MatchOp::Regex(pattern.compiled().clone()),
    };
    Predicate::all_of([
        Matcher::equal(Attribute::Database, place.database.clone()),
        Matcher::equal(Attribute::Policy, place.policy.clone()),
        Matcher { attribute: Attribute::Measurement, op: name },
    ])
}

/// What is read of a place: some fields of the streams whose tags fit.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// Where.
    pub(crate) place: Place,
    /// What tags must fulfil.
    pub(crate) tags: Predicate,
    /// Which fields.
    pub(crate) wanted: Wanted,
    /// Streams without points in here are left out.
    pub(crate) range: TimeRange,
}

impl Reading {
    /// What is selected; none where nothing is needed.
    fn selection(&self) -> Option<Selection> {
        let mut parts = vec![stream_predicate(&self.place), self.tags.clone()];
        if let Wanted::Fields(names) = &self.wanted {
            if names.is_empty() || self.range.is_empty() {
                return None;
            }
            let equal = |name: &String| Matcher::equal(Attribute::Field, name.as_str());
            parts.push(Predicate::Or(names.iter().map(equal).map(Predicate::Match).collect()));
        }
        Some(Selection { predicate: Predicate::And(parts), range: self.range })
    }

    /// Which columns and tags there are.
    pub(crate) fn outline(&self, context: &Context<'_>) -> Result<Outline, Error> {
        let Some(selection) = self.selection() else { return Ok(Outline::default()) };
        let mut outline = context.source.outline(&selection, context.budget)?;
        outline.columns.retain(|column| DataType::of(column.kind).is_some());
        Ok(outline)
    }

    /// The streams that have a needed field, sorted by key.
    pub(crate) fn streams(&self, context: &Context<'_>) -> Result<Vec<Stream>, Error> {
        let Some(selection) = self.selection() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for series in context.source.select(&selection, context.budget)? {
            if let Some(kind) = DataType::of(series.meta().kind) {
                found.push((kind, series));
            }
        }
        found.sort_by(|(_, a), (_, b)| {
            let (a, b) = (&a.meta().stream, &b.meta().stream);
            if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) }
        });
        let mut streams: Vec<Stream> = Vec::new();
        for (kind, series) in found {
            let meta = series.meta();
            let field = StreamField { name: meta.field.clone(), kind, series };
            let key = &field.series.meta().stream;
            match streams.last_mut() {
                Some(last) if Arc::ptr_eq(&last.key, key) || last.key == *key => {
                    last.fields.push(field);
                }
                _ => streams.push(Stream { key: key.clone(), fields: vec![field] }),
            }
        }
        Ok(streams)
    }
}
