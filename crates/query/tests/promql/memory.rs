//! A source in memory, as simple as its contract allows.

use model::change::Ends;
use model::limits::Budget;
use model::port::{
    Aggregation, Groups, Reduction, Selection, Series, Source, SourceError, WindowFunction,
};
use model::value::is_stale;
use model::{Accumulator, Attribute, Kind, Samples, SeriesMeta, TimeRange, Timestamp, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Series with their samples.
#[derive(Clone, Default)]
pub struct Memory {
    series: Vec<Arc<Stored>>,
    /// How often `aggregate` was called.
    pub aggregated: Arc<AtomicUsize>,
}

struct Stored {
    meta: SeriesMeta,
    samples: BTreeMap<i64, Value>,
}

struct Selected(Arc<Stored>);

impl Memory {
    /// Adds samples to a series; a later sample at the same time replaces the earlier.
    pub fn add(&mut self, meta: SeriesMeta, samples: impl IntoIterator<Item = (i64, Value)>) {
        let found = self.series.iter().position(|stored| stored.meta == meta);
        let mut all = match found {
            Some(at) => self.series.remove(at).samples.clone(),
            None => BTreeMap::new(),
        };
        all.extend(samples);
        self.series.push(Arc::new(Stored { meta, samples: all }));
    }
}

impl Source for Memory {
    fn select(
        &self,
        selection: &Selection,
        _: &Budget,
    ) -> Result<Vec<Box<dyn Series>>, SourceError> {
        let fits = |stored: &&Arc<Stored>| {
            let range = selection.range;
            selection.predicate.matches(&stored.meta)
                && !range.is_empty()
                && stored.samples.range(range.start.0..=range.end.0).next().is_some()
        };
        let found = self.series.iter().filter(fits);
        Ok(found.map(|s| Box::new(Selected(s.clone())) as Box<dyn Series>).collect())
    }

    fn aggregate(&self, asked: &Aggregation<'_>, budget: &Budget) -> Result<Groups, SourceError> {
        let Aggregation { predicate, windows, reduction, needs, group_by } = *asked;
        self.aggregated.fetch_add(1, Ordering::Relaxed);
        let mut groups: BTreeMap<Vec<Arc<str>>, Vec<Accumulator>> = BTreeMap::new();
        for stored in &self.series {
            let meta = &stored.meta;
            if !meta.kind.is_numeric() || !predicate.matches(meta) {
                continue;
            }
            let value = |a: &Attribute| Arc::from(a.value(&meta.stream, &meta.field).as_ref());
            let key = group_by.iter().map(value).collect();
            let empty = || vec![Accumulator::default(); windows.count];
            let group = groups.entry(key).or_insert_with(empty);
            for (index, merged) in group.iter_mut().enumerate() {
                let range = windows.range(index);
                let (mut window, mut falls) = (Accumulator::default(), Vec::new());
                for (&at, value) in stored.samples.range(range.start.0..=range.end.0) {
                    budget.charge(1)?;
                    if let Some(number) = value.as_ref().as_f64().filter(|n| !is_stale(*n)) {
                        if window.count > 0 && number < window.last {
                            falls.push(window.last);
                        }
                        window.push(at, number);
                    }
                }
                match reduction {
                    Reduction::Pooled => merged.pool(&window),
                    Reduction::PerSeries(function) => {
                        let number = match function {
                            WindowFunction::Change(change) => {
                                let (count, first) =
                                    (window.count, (window.first_at, window.first));
                                let ends =
                                    Ends { count, first, last: (window.last_at, window.last) };
                                change.of(&ends, windows.ends(index), falls.into_iter())
                            }
                            _ => value_of(function, &window),
                        };
                        if let Some(number) = number {
                            merged.push(windows.anchor(index).0, number);
                        }
                    }
                }
            }
        }
        Ok(Groups::of_each(group_by.len(), windows.count, needs, &groups))
    }
}

fn value_of(function: WindowFunction, window: &Accumulator) -> Option<f64> {
    (window.count > 0).then(|| match function {
        WindowFunction::Count => window.count as f64,
        WindowFunction::Sum => window.sum(),
        WindowFunction::Mean => window.mean(),
        WindowFunction::Min => window.min,
        WindowFunction::Max => window.max,
        WindowFunction::First => window.first,
        WindowFunction::Last => window.last,
        WindowFunction::Change(_) => unreachable!("a change is more than an accumulator tells"),
    })
}

impl Series for Selected {
    fn meta(&self) -> &SeriesMeta {
        &self.0.meta
    }

    fn read(
        &self,
        range: TimeRange,
        budget: &Budget,
        out: &mut Samples,
    ) -> Result<(), SourceError> {
        out.reset(self.0.meta.kind);
        if range.is_empty() {
            return Ok(());
        }
        for (&at, value) in self.0.samples.range(range.start.0..=range.end.0) {
            budget.charge(1)?;
            assert!(out.push(Timestamp(at), value.as_ref()), "a series has one kind");
        }
        Ok(())
    }
}

/// The kind of a script's series.
pub fn kind_named(name: &str) -> Kind {
    match name {
        "integer" => Kind::I64,
        "unsigned" => Kind::U64,
        "boolean" => Kind::Bool,
        "string" => Kind::Str,
        "histogram" => Kind::Histogram,
        _ => Kind::F64,
    }
}
