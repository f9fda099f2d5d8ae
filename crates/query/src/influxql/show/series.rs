//! `SHOW SERIES`, `SHOW TAG KEYS`, `SHOW TAG VALUES` and `SHOW FIELD KEYS`.

use super::{Scan, by_measurement, limited, named, places, places_of_all_policies, wanted_key};
use crate::influxql::answer::{Cell, ResultSeries};
use crate::influxql::ast::{DataType, Show};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::Stream;
use model::StreamKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `SHOW SERIES`.
pub(crate) fn series(show: &Show, context: &Context<'_>) -> Result<Vec<ResultSeries>, Error> {
    let scan = Scan::of(show.condition.as_ref(), context)?;
    let streams = scan.streams(&places(show, context)?, context)?;
    let mut keys: Vec<String> = streams.iter().map(|stream| line_key(&stream.key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let keys = limited(keys, &show.limits);
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = keys.into_iter().map(|key| vec![Cell::Text(key)]).collect();
    Ok(vec![named("", &["key"], rows)])
}

/// `SHOW TAG KEYS`.
pub(crate) fn tag_keys(show: &Show, context: &Context<'_>) -> Result<Vec<ResultSeries>, Error> {
    let streams = streams_of_all_policies(show, context)?;
    let mut answer = Vec::new();
    for (measurement, streams) in by_measurement(&streams) {
        let keys = limited(tag_keys_of(show, &streams), &show.limits);
        if !keys.is_empty() {
            let rows = keys.into_iter().map(|key| vec![Cell::Text(key.to_string())]).collect();
            answer.push(named(&measurement, &["tagKey"], rows));
        }
    }
    Ok(series_limited(answer, show))
}

/// `SHOW TAG VALUES`.
pub(crate) fn tag_values(show: &Show, context: &Context<'_>) -> Result<Vec<ResultSeries>, Error> {
    if let Some(told) = super::values::told(show, context)? {
        let rows = |pairs: Vec<(Arc<str>, String)>| {
            let row = |(key, value): (Arc<str>, String)| {
                vec![Cell::Text(key.to_string()), Cell::Text(value)]
            };
            limited(pairs, &show.limits).into_iter().map(row).collect::<Vec<_>>()
        };
        let named = told
            .into_iter()
            .map(|(measurement, pairs)| named(&measurement, &["key", "value"], rows(pairs)));
        return Ok(named.filter(|series| !series.rows.is_empty()).collect());
    }
    let streams = streams_of_all_policies(show, context)?;
    let mut answer = Vec::new();
    for (measurement, streams) in by_measurement(&streams) {
        let pairs = limited(tag_values_of(show, &streams), &show.limits);
        if !pairs.is_empty() {
            let rows = pairs.into_iter().map(|(key, value)| {
                vec![Cell::Text(key.to_string()), Cell::Text(value.to_string())]
            });
            answer.push(named(&measurement, &["key", "value"], rows.collect()));
        }
    }
    Ok(answer)
}

/// `SHOW FIELD KEYS`.
pub(crate) fn field_keys(show: &Show, context: &Context<'_>) -> Result<Vec<ResultSeries>, Error> {
    let scan = Scan::of(None, context)?;
    let streams = scan.streams(&places(show, context)?, context)?;
    let mut answer = Vec::new();
    for (measurement, streams) in by_measurement(&streams) {
        let keys = limited(field_keys_of(&streams), &show.limits);
        if !keys.is_empty() {
            let rows = keys.into_iter().map(|(key, kind)| {
                vec![Cell::Text(key.to_string()), Cell::Text(kind.name().to_owned())]
            });
            answer.push(named(&measurement, &["fieldKey", "fieldType"], rows.collect()));
        }
    }
    Ok(answer)
}

/// The streams a `SHOW` about tags looks at.
pub(super) fn streams_of_all_policies(
    show: &Show,
    context: &Context<'_>,
) -> Result<Vec<Stream>, Error> {
    let scan = Scan::of(show.condition.as_ref(), context)?;
    let places = places_of_all_policies(show.database.as_deref(), &show.sources, context)?;
    scan.streams(&places, context)
}

/// Tag keys that are meant, sorted.
pub(super) fn tag_keys_of(show: &Show, streams: &[&Stream]) -> Vec<Arc<str>> {
    let tags = streams.iter().flat_map(|stream| stream.key.tags.iter());
    let keys: BTreeSet<&Arc<str>> = tags.map(|(key, _)| key).collect();
    let keys = keys.into_iter().filter(|key| wanted_key(show.keys.as_ref(), key));
    keys.cloned().collect()
}

/// Keys that are meant with each of their values, sorted.
pub(super) fn tag_values_of(show: &Show, streams: &[&Stream]) -> Vec<(Arc<str>, Arc<str>)> {
    let tags = streams.iter().flat_map(|stream| stream.key.tags.iter());
    let tags = tags.filter(|(key, _)| wanted_key(show.keys.as_ref(), key));
    let pairs: BTreeSet<(&Arc<str>, &Arc<str>)> = tags.collect();
    pairs.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Field keys with every kind they have, sorted.
pub(super) fn field_keys_of(streams: &[&Stream]) -> Vec<(Arc<str>, DataType)> {
    let mut keys: BTreeMap<(&Arc<str>, u8), DataType> = BTreeMap::new();
    for field in streams.iter().flat_map(|stream| &stream.fields) {
        keys.insert((&field.name, field.kind.rank()), field.kind);
    }
    keys.into_iter().map(|((key, _), kind)| (key.clone(), kind)).collect()
}

fn series_limited(answer: Vec<ResultSeries>, show: &Show) -> Vec<ResultSeries> {
    let limits = crate::influxql::ast::Limits {
        limit: show.limits.slimit,
        offset: show.limits.soffset,
        ..Default::default()
    };
    limited(answer, &limits)
}

/// A stream's key as line protocol spells it.
fn line_key(key: &StreamKey) -> String {
    let mut line = String::new();
    escape(&key.measurement, &[',', ' '], &mut line);
    for (name, value) in key.tags.iter() {
        line.push(',');
        escape(name, &[',', ' ', '='], &mut line);
        line.push('=');
        escape(value, &[',', ' ', '='], &mut line);
    }
    line
}

fn escape(text: &str, special: &[char], line: &mut String) {
    for c in text.chars() {
        if special.contains(&c) {
            line.push('\\');
        }
        line.push(c);
    }
}
