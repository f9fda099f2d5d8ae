//! What a store answers, as maps.

use super::cells::Name;
use crate::Store;
use model::limits::Budget;
use model::port::{Selection, Source};
use model::{Kind, Predicate, Samples, SeriesMeta, Tags, TimeRange, Value};
use std::collections::BTreeMap;

/// A series of a policy: database, policy, series.
pub type Place = (String, String, Name);

/// A series as it was read.
pub struct Read {
    pub meta: SeriesMeta,
    pub samples: BTreeMap<i64, Value>,
}

/// What was read.
pub type Found = BTreeMap<Place, Read>;

/// Tags as text.
pub fn tags_text(tags: &Tags) -> String {
    tags.iter().map(|(name, value)| format!(",{name}={value}")).collect()
}

/// What `select` answers.
///
/// # Errors
/// What the source says.
pub fn select(
    store: &Store,
    predicate: &Predicate,
    range: TimeRange,
    budget: &Budget,
) -> Result<Found, model::port::SourceError> {
    let selection = Selection { predicate: predicate.clone(), range };
    let mut found = Found::new();
    let mut samples = Samples::new(Kind::F64);
    for series in store.select(&selection, budget)? {
        let meta = series.meta().clone();
        let name = Name {
            measurement: meta.stream.measurement.to_string(),
            tags: tags_text(&meta.stream.tags),
            field: meta.field.to_string(),
        };
        let place = (meta.stream.database.to_string(), meta.stream.policy.to_string(), name);
        series.read(range, budget, &mut samples)?;
        assert!(samples.timestamps.is_sorted_by(|a, b| a < b), "{place:?}: times rise strictly");
        assert_eq!(samples.values.kind(), meta.kind, "{place:?}: kinds agree");
        assert_eq!(samples.values.len(), samples.len(), "{place:?}: one value a time");
        let value = |at: usize| (samples.timestamps[at], samples.values.get(at).to_value());
        let samples: BTreeMap<_, _> = (0..samples.len()).map(value).collect();
        assert!(samples.keys().all(|at| range.contains(model::Timestamp(*at))), "{place:?}");
        if !samples.is_empty() {
            let earlier = found.insert(place.clone(), Read { meta, samples });
            assert!(earlier.is_none(), "{place:?} comes once");
        }
    }
    Ok(found)
}
