//! Raw samples of every series of one metric.

use super::{INSTANCES_MAX, LOOKBACK_MAX, LOOKBACK_MIN, Observed, Origin, Seen};
use crate::decide::{Observation, SILENCE_MIN};
use crate::evaluator::{Tracked, Watch};
use crate::instance::{Progress, hash};
use model::labels::NAME;
use model::limits::Budget;
use model::name::{VALUE_FIELD, labels};
use model::port::{Selection, Series, SourceError};
use model::value::is_stale;
use model::{
    Attribute, DEFAULT_DATABASE, Labels, Matcher, Predicate, Samples, SeriesMeta, Span, TimeRange,
    Timestamp,
};
use std::collections::BTreeMap;

/// The label of a database that is not the default one.
const DATABASE_LABEL: &str = "db";

pub(super) fn observe(
    watch: &Watch,
    name: &str,
    origin: &Origin<'_>,
    now: Timestamp,
) -> Result<Observed, String> {
    let budget = Budget::new(origin.samples_max);
    let range = TimeRange::new(earliest(watch, now), now);
    let selection = Selection { predicate: predicate(watch, name), range };
    let found = origin.source.select(&selection, &budget).map_err(|error| error.to_string())?;
    let mut observed = Observed::default();
    let mut fresh = 0;
    for (labels, members) in by_labels(&found) {
        let hash = hash(&labels);
        let tracked = watch.instances.get(&hash);
        if tracked.is_none() {
            if watch.instances.len() + fresh >= INSTANCES_MAX {
                observed.error = Some(too_many());
                continue;
            }
            fresh += 1;
        }
        let from = tracked.and_then(|tracked| next_from(watch, tracked));
        let from = from.unwrap_or_else(|| first_from(watch, now)).max(now - LOOKBACK_MAX);
        match read(&members, TimeRange::new(from, now), &budget) {
            Ok(observations) if tracked.is_none() && observations.is_empty() => {}
            Ok(observations) => {
                let subject = tracked.is_none_or(|tracked| tracked.subject.is_none());
                let subject = subject.then(|| subject_of(members[0].meta()));
                observed.seen.push(Seen { labels, hash, subject, observations });
            }
            Err(error) => {
                observed.error = Some(error.to_string());
                if matches!(error, SourceError::Exceeded(_)) {
                    break;
                }
            }
        }
    }
    // A part that is missing from the answer is an error, though what is there is judged.
    if let Some(warning) = budget.warnings().into_iter().next() {
        observed.seen.retain(|seen| !seen.observations.is_empty());
        observed.error.get_or_insert(warning);
    }
    Ok(observed)
}

pub(super) fn matches(watch: &Watch, name: &str, origin: &Origin<'_>, now: Timestamp) -> usize {
    let budget = Budget::new(origin.samples_max);
    let range = TimeRange::new(now - LOOKBACK_MIN, now);
    let selection = Selection { predicate: predicate(watch, name), range };
    origin.source.select(&selection, &budget).map_or(0, |found| by_labels(&found).len())
}

fn too_many() -> String {
    format!(
        "the rule matches more than {INSTANCES_MAX} series: narrow its tags_filter; series beyond that are not judged"
    )
}

/// Where reading starts for a series that is not known yet.
fn first_from(watch: &Watch, now: Timestamp) -> Timestamp {
    let needed = Span(watch.rule.duration.0.saturating_add(SILENCE_MIN.0));
    let lookback = now - needed.max(LOOKBACK_MIN).min(LOOKBACK_MAX);
    let restored = watch.restored_at.map_or(lookback, |at| at - LOOKBACK_MIN);
    lookback.min(restored.max(now - LOOKBACK_MAX))
}

/// Where reading goes on for a series that was judged before.
fn next_from(watch: &Watch, tracked: &Tracked) -> Option<Timestamp> {
    let Progress { state, judged_at, .. } = &tracked.instance.progress;
    let next = (*judged_at)? + Span(1);
    match watch.restored_at {
        // What is not open is not checkpointed, and need not be read from long ago.
        Some(at) if !state.is_open() => Some(next.max(at - LOOKBACK_MIN)),
        _ => Some(next),
    }
}

fn earliest(watch: &Watch, now: Timestamp) -> Timestamp {
    let judged = watch.instances.values().filter_map(|t| t.instance.progress.judged_at).min();
    let first = first_from(watch, now);
    judged.map_or(first, |at| first.min(at.max(now - LOOKBACK_MAX)))
}

fn predicate(watch: &Watch, name: &str) -> Predicate {
    let tag = |name: &str, value: &str| {
        Predicate::Match(Matcher::equal(Attribute::Tag(name.into()), value))
    };
    let mut parts = vec![Predicate::Match(Matcher::equal(Attribute::Name, name))];
    for (name, value) in &watch.rule.tags_filter {
        let mut part = tag(name, value);
        // `db` is a label without being a tag, for streams that have no tag of that name.
        if name == DATABASE_LABEL && value != DEFAULT_DATABASE {
            let database = Matcher::equal(Attribute::Database, value.as_str());
            let as_label = Predicate::And(vec![tag(name, ""), Predicate::Match(database)]);
            part = Predicate::Or(vec![part, as_label]);
        }
        parts.push(part);
    }
    Predicate::And(parts)
}

/// Series by the labels people see; two streams may look alike. The metric's name is the
/// rule's, and no label of an instance.
fn by_labels(found: &[Box<dyn Series>]) -> BTreeMap<Labels, Vec<&dyn Series>> {
    let mut groups: BTreeMap<Labels, Vec<&dyn Series>> = BTreeMap::new();
    for series in found.iter().filter(|series| series.meta().kind.is_numeric()) {
        let mut labels = labels(series.meta());
        labels.retain(|name| name != NAME);
        groups.entry(labels).or_default().push(series.as_ref());
    }
    groups
}

fn read(
    members: &[&dyn Series],
    range: TimeRange,
    budget: &Budget,
) -> Result<Vec<Observation>, SourceError> {
    let mut observations = Vec::new();
    for series in members {
        let mut samples = Samples::new(series.meta().kind);
        series.read(range, budget, &mut samples)?;
        let numbers = (0..samples.len()).map(|index| samples.get(index));
        observations.extend(numbers.filter_map(|(at, value)| {
            let value = value.as_f64().filter(|value| !is_stale(*value))?;
            Some(Observation { at, value: Some(value) })
        }));
    }
    if members.len() > 1 {
        observations.sort_by_key(|observation| observation.at);
        observations.dedup_by_key(|observation| observation.at);
    }
    Ok(observations)
}

fn subject_of(meta: &SeriesMeta) -> String {
    match meta.field.as_ref() {
        VALUE_FIELD => meta.stream.measurement.to_string(),
        field => format!("{} {field}", meta.stream.measurement),
    }
}
