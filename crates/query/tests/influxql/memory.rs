//! A store in memory: every sample in a map, nothing clever.

use model::limits::Budget;
use model::port::{
    Aggregation, Catalog, CatalogError, Clock, Groups, Policy, PolicyChange, Reduction, Selection,
    Series, Source, SourceError,
};
use model::value::is_stale;
use model::{
    Accumulator, DEFAULT_POLICY, Kind, Predicate, Samples, SeriesMeta, Span, StreamKey, TimeRange,
    Timestamp, Value,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

/// Floats hold every integer below this one.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

type Column = BTreeMap<i64, Value>;
type Columns = BTreeMap<(Arc<StreamKey>, Arc<str>), Arc<Column>>;

/// Databases with their policies, and all samples.
#[derive(Default)]
pub struct Memory {
    databases: Mutex<BTreeMap<Arc<str>, Vec<Policy>>>,
    series: RwLock<Columns>,
    /// How often it was asked to sum up.
    pub aggregations: AtomicUsize,
}

/// A clock that stands where it is set.
#[derive(Default)]
pub struct StandingClock(pub Mutex<Timestamp>);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Memory {
    /// Writes lines into a database, which is made where it is not there.
    pub fn write(&self, database: &str, policy: Option<&str>, lines: &str, unit: i64, now: i64) {
        self.create_database(database, None).unwrap();
        let policies = self.policies(database).unwrap();
        let chosen = policies.iter().find(|known| match policy {
            Some(name) => known.name.as_ref() == name,
            None => known.is_default,
        });
        let policy = chosen.expect("the policy exists").name.clone();
        let mut series = self.series.write().unwrap();
        for point in crate::line::parse(lines, unit, Timestamp(now)) {
            let key = Arc::new(StreamKey {
                database: Arc::from(database),
                policy: policy.clone(),
                measurement: point.measurement,
                tags: point.tags,
            });
            for (field, value) in point.fields {
                let column = series.entry((key.clone(), field)).or_default();
                // A value of another kind is refused, as a store does.
                let kind = column.values().next().map(|known| known.as_ref().kind());
                if kind.is_none_or(|kind| kind == value.as_ref().kind()) {
                    Arc::make_mut(column).insert(point.at.0, value);
                }
            }
        }
    }

    fn found(&self, predicate: &Predicate) -> Vec<MemorySeries> {
        let series = self.series.read().unwrap();
        let found = series.iter().filter(|((key, field), _)| predicate.matches_column(key, field));
        let found = found.filter_map(|((key, field), column)| {
            let kind = column.values().next()?.as_ref().kind();
            let meta = SeriesMeta { stream: key.clone(), field: field.clone(), kind };
            Some(MemorySeries { meta, column: column.clone() })
        });
        found.collect()
    }
}

struct MemorySeries {
    meta: SeriesMeta,
    column: Arc<Column>,
}

impl Series for MemorySeries {
    fn meta(&self) -> &SeriesMeta {
        &self.meta
    }

    fn read(
        &self,
        range: TimeRange,
        budget: &Budget,
        out: &mut Samples,
    ) -> Result<(), SourceError> {
        out.reset(self.meta.kind);
        if range.is_empty() {
            return Ok(());
        }
        for (at, value) in self.column.range(range.start.0..=range.end.0) {
            assert!(out.push(Timestamp(*at), value.as_ref()), "a column is of one kind");
        }
        budget.charge(out.len() as u64)?;
        Ok(())
    }
}

impl Source for Memory {
    fn select(
        &self,
        selection: &Selection,
        budget: &Budget,
    ) -> Result<Vec<Box<dyn Series>>, SourceError> {
        budget.check()?;
        // As inexact as a source may be: it looks at days only.
        let days = |at: i64| at.div_euclid(Span::DAY.0);
        let (first, last) = (days(selection.range.start.0), days(selection.range.end.0));
        let inside = |series: &MemorySeries| {
            series.column.keys().any(|at| first <= days(*at) && days(*at) <= last)
        };
        // In no particular order: the reader must not rely on one.
        let found = self.found(&selection.predicate).into_iter().rev().filter(inside);
        Ok(found.map(|series| Box::new(series) as Box<dyn Series>).collect())
    }

    fn aggregate(&self, asked: &Aggregation<'_>, budget: &Budget) -> Result<Groups, SourceError> {
        let Aggregation { predicate, windows, reduction, needs, group_by } = *asked;
        assert_eq!(reduction, Reduction::Pooled, "InfluxQL pools");
        self.aggregations.fetch_add(1, Ordering::Relaxed);
        let mut groups: BTreeMap<Vec<Arc<str>>, Vec<Accumulator>> = BTreeMap::new();
        for series in self.found(predicate) {
            if !series.meta.kind.is_numeric() {
                continue;
            }
            let key = group_by.iter().map(|attribute| {
                Arc::from(attribute.value(&series.meta.stream, &series.meta.field).as_ref())
            });
            let sums = groups
                .entry(key.collect())
                .or_insert_with(|| vec![Accumulator::default(); windows.count]);
            for (index, sum) in sums.iter_mut().enumerate() {
                let range = windows.range(index);
                let mut own = Accumulator::default();
                for (at, value) in series.column.range(range.start.0..=range.end.0) {
                    let value = value.as_ref().as_f64().expect("a numeric column");
                    if !is_stale(value) {
                        own.push(*at, value);
                    }
                }
                budget.charge(own.count)?;
                if series.meta.kind != Kind::F64 && own.max.abs().max(own.min.abs()) >= EXACT_MAX {
                    // As the port has it, of integers that floats do not hold exactly.
                    own = own.with_sum_parts(f64::NAN, 0.0);
                }
                sum.pool(&own);
            }
        }
        Ok(Groups::of_each(group_by.len(), windows.count, needs, &groups))
    }
}

fn autogen() -> Policy {
    Policy {
        name: Arc::from(DEFAULT_POLICY),
        duration: None,
        shard: Span(7 * Span::DAY.0),
        replication: 1,
        is_default: true,
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\'])
}

impl Catalog for Memory {
    fn databases(&self) -> Vec<Arc<str>> {
        self.databases.lock().unwrap().keys().cloned().collect()
    }

    fn policies(&self, database: &str) -> Result<Vec<Policy>, CatalogError> {
        let databases = self.databases.lock().unwrap();
        let policies = databases.get(database).cloned();
        policies.ok_or_else(|| CatalogError::NoDatabase(database.to_owned()))
    }

    fn create_database(&self, name: &str, policy: Option<Policy>) -> Result<(), CatalogError> {
        let named = policy.as_ref().is_none_or(|policy| is_name(&policy.name));
        if !is_name(name) || !named {
            return Err(CatalogError::BadName);
        }
        let mut databases = self.databases.lock().unwrap();
        match (databases.get_mut(name), policy) {
            (None, policy) => {
                databases.insert(Arc::from(name), vec![policy.unwrap_or_else(autogen)]);
            }
            (Some(_), None) => {}
            (Some(known), Some(policy)) => {
                let same = known.iter().any(|known| {
                    known.name == policy.name
                        && known.duration == policy.duration
                        && known.shard == policy.shard
                        && known.is_default
                });
                if !same {
                    return Err(CatalogError::PolicyConflict);
                }
            }
        }
        Ok(())
    }

    fn drop_database(&self, name: &str) -> Result<(), CatalogError> {
        self.databases.lock().unwrap().remove(name);
        self.series.write().unwrap().retain(|(key, _), _| key.database.as_ref() != name);
        Ok(())
    }

    fn create_policy(&self, database: &str, policy: Policy) -> Result<(), CatalogError> {
        let mut databases = self.databases.lock().unwrap();
        let Some(policies) = databases.get_mut(database) else {
            return Err(CatalogError::NoDatabase(database.to_owned()));
        };
        if policies.iter().any(|known| known.name == policy.name) {
            return Err(CatalogError::PolicyExists);
        }
        if policy.is_default {
            policies.iter_mut().for_each(|known| known.is_default = false);
        }
        policies.push(policy);
        Ok(())
    }

    fn alter_policy(
        &self,
        database: &str,
        name: &str,
        change: PolicyChange,
    ) -> Result<(), CatalogError> {
        let mut databases = self.databases.lock().unwrap();
        let Some(policies) = databases.get_mut(database) else {
            return Err(CatalogError::NoDatabase(database.to_owned()));
        };
        if change.make_default {
            policies.iter_mut().for_each(|p| p.is_default = p.name.as_ref() == name);
        }
        let Some(policy) = policies.iter_mut().find(|policy| policy.name.as_ref() == name) else {
            return Err(CatalogError::NoPolicy(name.to_owned()));
        };
        policy.duration = change.duration.unwrap_or(policy.duration);
        policy.shard = change.shard.unwrap_or(policy.shard);
        policy.replication = change.replication.unwrap_or(policy.replication);
        Ok(())
    }

    fn delete(&self, what: &Selection) -> Result<(), CatalogError> {
        let mut series = self.series.write().unwrap();
        for ((key, field), column) in series.iter_mut() {
            if what.predicate.matches_column(key, field) {
                Arc::make_mut(column).retain(|at, _| !what.range.contains(Timestamp(*at)));
            }
        }
        series.retain(|_, column| !column.is_empty());
        Ok(())
    }

    fn reclaim(&self) {}

    fn drop_policy(&self, database: &str, name: &str) -> Result<(), CatalogError> {
        if let Some(policies) = self.databases.lock().unwrap().get_mut(database) {
            policies.retain(|policy| policy.name.as_ref() != name);
        }
        let meant = |key: &StreamKey| key.database.as_ref() == database && *key.policy == *name;
        self.series.write().unwrap().retain(|(key, _), _| !meant(key));
        Ok(())
    }
}
