//! Values of tags as the source's index tells them, without a look at each stream.

use super::{Scan, places_of_all_policies, wanted_key};
use crate::influxql::ast::{DataType, Name, Show};
use crate::influxql::context::Context;
use crate::influxql::error::Error;
use crate::influxql::plan::{Place, Reading, Wanted, stream_predicate};
use model::port::{Selection, TagValues};
use model::{Kind, Predicate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The index is asked for one tag of one measurement at a time. Where that are more than so
/// many, looking at the streams once costs less.
const QUESTIONS_MAX: usize = 64;

/// Keys with each of their values, sorted, by measurement.
type Told = BTreeMap<Arc<str>, Vec<(Arc<str>, String)>>;

/// By measurement, the keys that are meant with each of their values, sorted; none where a look
/// at the streams is the better way.
pub(super) fn told(show: &Show, context: &Context<'_>) -> Result<Option<Told>, Error> {
    let scan = Scan::of(show.condition.as_ref(), context)?;
    let mut questions = Vec::new();
    for place in places_of_all_policies(show.database.as_deref(), &show.sources, context)? {
        let reading = Reading {
            place,
            tags: scan.condition.clone(),
            wanted: Wanted::All,
            range: scan.range(),
        };
        let outline = reading.outline(context)?;
        let names: BTreeSet<Arc<str>> =
            outline.columns.into_iter().map(|column| column.measurement).collect();
        let keys = outline.tags.iter().filter(|key| wanted_key(show.keys.as_ref(), key));
        let keys: Vec<&Arc<str>> = keys.collect();
        for name in names {
            questions.extend(
                keys.iter().map(|key| (reading.place.clone(), name.clone(), (*key).clone())),
            );
            if questions.len() > QUESTIONS_MAX {
                return Ok(None);
            }
        }
    }
    let mut found = Told::new();
    for (place, measurement, key) in questions {
        let one = Place { name: Name::Is(measurement.to_string()), ..place };
        let predicate = Predicate::And(vec![stream_predicate(&one), scan.condition.clone()]);
        let selection = Selection { predicate, range: scan.range() };
        let is_shown = |kind: Kind| DataType::of(kind).is_some();
        let asked = TagValues { tag: &key, selection: &selection, kinds: is_shown };
        let values = context.source.values(&asked, context.budget)?;
        let pairs = found.entry(measurement).or_default();
        pairs.extend(values.into_iter().map(|value| (key.clone(), value)));
    }
    for pairs in found.values_mut() {
        // Several policies may have the same.
        if !pairs.is_sorted_by(|a, b| a < b) {
            pairs.sort();
            pairs.dedup();
        }
    }
    Ok(Some(found))
}
