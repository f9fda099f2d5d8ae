//! The plain map that a store is compared with: policies, series, times, and what each
//! point may be.

use super::super::rig::{Point, identify};
use super::catalog::Databases;
use super::cells::{Candidate, Holding, Name};
use super::deletes::Deletion;
use super::found::{Found, tags_text};
use crate::Options;
use model::{Kind, Span, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What became of a body.
pub enum Outcome {
    /// It was acknowledged, but for these of its rows.
    Acknowledged { refused: BTreeSet<usize> },
    /// Nobody knows.
    Doubt,
    /// It was acknowledged, and so were others at the same time: one of them is there.
    Contended,
}

/// What must be there.
pub struct Model {
    pub databases: Databases,
    holdings: BTreeMap<u64, Holding>,
    retention: Option<Span>,
    future_max: Option<Span>,
    /// Whether what is acknowledged now may be lost in a power cut.
    is_lazy_now: bool,
    /// Whether that was so at some time.
    is_lazy: bool,
    /// Whether a limit may refuse rows of a body that is in doubt.
    is_limited: bool,
    /// Whether, with that, a sync may have failed since the last flush.
    is_lossy: bool,
    bodies: u64,
}

/// Policy, body, series and day: it is there or is not, as a whole.
type Unit<'a> = (u64, u64, &'a Name, i64);

impl Model {
    pub fn new(options: &Options) -> Self {
        let mut model = Self {
            databases: Databases::default(),
            holdings: BTreeMap::new(),
            retention: None,
            future_max: None,
            is_lazy_now: false,
            is_lazy: false,
            is_limited: false,
            is_lossy: false,
            bodies: 0,
        };
        model.set_options(options);
        model
    }

    /// Notes the options that a store is opened with.
    pub fn set_options(&mut self, options: &Options) {
        (self.retention, self.future_max) = (options.retention, options.future_max);
        self.is_lazy_now = options.fsync != crate::Fsync::Always;
        self.is_lazy |= self.is_lazy_now;
        self.is_limited |= options.series_max < super::step::SERIES_MAX;
    }

    /// Whether a policy with this duration takes a row of this time.
    pub fn takes(&self, duration: Option<Span>, at: i64, now: i64) -> bool {
        let kept = duration.or(self.retention);
        let first = kept.map_or(0, |kept| now.saturating_sub(kept.0).max(0));
        let last = match (self.retention, self.future_max) {
            (Some(_), Some(ahead)) => now.saturating_add(ahead.0),
            _ => i64::MAX,
        };
        (first..=last).contains(&at)
    }

    /// Whether a field has had values of this kind.
    pub fn has_kind(&self, generation: u64, measurement: &str, field: &str, kind: Kind) -> bool {
        let holding = self.holdings.get(&generation);
        holding.is_some_and(|holding| holding.kinds(measurement, field).contains(&kind))
    }

    /// Notes a body that was written to a policy at `now`.
    pub fn write(&mut self, generation: u64, points: &[Point], outcome: &Outcome) {
        self.bodies += 1;
        let none = BTreeSet::new();
        let (is_acknowledged, refused) = match outcome {
            Outcome::Acknowledged { refused } => (true, refused),
            Outcome::Doubt | Outcome::Contended => (false, &none),
        };
        if is_acknowledged && refused.len() < points.len() {
            self.databases.proven(generation);
        }
        let is_durable = !self.is_lazy_now;
        let holding = self.holdings.entry(generation).or_default();
        let certain: Vec<bool> = points.iter().map(|p| is_taken(holding, p, points)).collect();
        for (row, point) in points.iter().enumerate().filter(|(at, _)| !refused.contains(at)) {
            let is_of_body = matches!(outcome, Outcome::Doubt) && certain[row];
            let body = is_of_body.then_some(self.bodies);
            let (measurement, tags) = identify(point.key.as_bytes()).expect("key");
            for (field, value) in &point.fields {
                holding.take(&measurement, field, value.as_ref().kind(), is_acknowledged);
                let name = Name {
                    measurement: measurement.to_string(),
                    tags: tags_text(&tags),
                    field: field.clone(),
                };
                let value = value.clone();
                let candidate = Candidate { value, body, is_acknowledged };
                holding.write(name, point.at, candidate, is_durable);
            }
        }
    }

    /// Notes a delete; of one that failed nobody knows.
    pub fn delete(&mut self, deletion: &Deletion, succeeded: bool) {
        let policies = self.databases.now.get(&deletion.database);
        let hit: Vec<u64> =
            policies.into_iter().flatten().map(|(_, known)| known.generation).collect();
        for generation in hit {
            let Some(holding) = self.holdings.get_mut(&generation) else { continue };
            for (name, cells) in &mut holding.series {
                for (_, cell) in cells.iter_mut().filter(|(at, _)| deletion.hits(name, **at)) {
                    if succeeded { cell.delete() } else { cell.is_optional = true }
                }
            }
        }
    }

    /// Syncs may fail from here on.
    pub fn doubt_syncs(&mut self) {
        self.is_lossy = self.is_lazy;
    }

    /// Everything that was acknowledged is durable.
    pub fn sync(&mut self) {
        self.is_lossy = false;
        for cell in self.holdings.values_mut().flat_map(|h| h.series.values_mut()).flatten() {
            cell.1.sync();
        }
    }

    /// Forgets what was dropped.
    pub fn forget_dropped(&mut self) {
        let now = &self.databases.now;
        let live: BTreeSet<u64> =
            now.values().flat_map(BTreeMap::values).map(|known| known.generation).collect();
        self.holdings.retain(|generation, _| live.contains(generation));
    }

    /// Notes what may be gone by `now`.
    pub fn expire(&mut self, now: i64) {
        for known in self.databases.now.values().flat_map(BTreeMap::values) {
            let kept = known.duration.or(self.retention);
            let (Some(kept), Some(holding)) = (kept, self.holdings.get_mut(&known.generation))
            else {
                continue;
            };
            let first = now.saturating_sub(kept.0);
            for cells in holding.series.values_mut() {
                cells.range_mut(..first).for_each(|(_, cell)| cell.is_optional = true);
            }
        }
    }

    /// Compares with everything that was read at `now`.
    pub fn check(&self, found: &Found, now: i64, is_after_cut: bool) {
        let mut expected = 0;
        for (database, policies) in &self.databases.now {
            for (policy, known) in policies {
                let kept = known.duration.or(self.retention);
                let day = Span::DAY.0;
                let gone = kept.map_or(i64::MIN, |kept| {
                    let first = now.saturating_sub(kept.0);
                    first - first.rem_euclid(day)
                });
                let Some(holding) = self.holdings.get(&known.generation) else { continue };
                let place = |name: &Name| (database.clone(), policy.clone(), name.clone());
                for name in holding.series.keys() {
                    let samples = found.get(&place(name)).map(|read| &read.samples);
                    expected += samples.map_or(0, BTreeMap::len);
                    let what = format!("{database}.{policy}");
                    self.check_series(holding, name, samples, gone, is_after_cut, &what);
                }
                self.check_units(known.generation, holding, |name| {
                    found.get(&place(name)).map(|read| &read.samples)
                });
            }
        }
        let all: usize = found.values().map(|read| read.samples.len()).sum();
        if all != expected {
            let is_known = |(database, policy, name): &&super::found::Place| {
                let known = self.databases.resolve(database, Some(policy));
                let holding = known.and_then(|known| self.holdings.get(&known.generation));
                holding.is_some_and(|holding| holding.series.contains_key(name))
            };
            let unknown: Vec<_> = found.keys().filter(|place| !is_known(place)).collect();
            panic!("series that nobody wrote: {unknown:?}");
        }
    }

    fn check_series(
        &self,
        holding: &Holding,
        name: &Name,
        samples: Option<&BTreeMap<i64, Value>>,
        gone: i64,
        is_after_cut: bool,
        what: &str,
    ) {
        let cells = &holding.series[name];
        for (at, cell) in cells {
            let value = samples.and_then(|samples| samples.get(at));
            let is_lost = self.is_lossy || (is_after_cut && self.is_lazy);
            let allowed = cell.allowed(is_lost);
            let is_allowed = if *at < gone {
                value.is_none()
            } else {
                allowed.iter().any(|one| holding.is_it(name, value, *one))
            };
            assert!(
                is_allowed,
                "{what} {name:?} at {at} is {value:?}, allowed are {allowed:?}{}",
                if *at < gone { ", but it has expired" } else { "" }
            );
        }
        let unknown = |at: &&i64| !cells.contains_key(*at);
        let unknown: Vec<_> =
            samples.into_iter().flat_map(BTreeMap::keys).filter(unknown).collect();
        assert!(unknown.is_empty(), "{what} {name:?} has times that nobody wrote: {unknown:?}");
    }

    /// A body in doubt is there or not, for each of its series and days.
    fn check_units<'a>(
        &self,
        generation: u64,
        holding: &Holding,
        samples: impl Fn(&Name) -> Option<&'a BTreeMap<i64, Value>>,
    ) {
        if self.is_lazy || self.is_limited {
            return;
        }
        let mut units: BTreeMap<Unit<'_>, (bool, i64)> = BTreeMap::new();
        for (name, cells) in &holding.series {
            if holding.is_mixed(name) {
                continue;
            }
            let samples = samples(name);
            for (at, cell) in cells {
                let found = samples.and_then(|samples| samples.get(at));
                let Some((body, is_there)) = cell.doubt(found) else { continue };
                let unit = (generation, body, name, at.div_euclid(Span::DAY.0));
                let (others, first) = units.entry(unit).or_insert((is_there, *at));
                assert!(
                    *others == is_there,
                    "a part of a body is there: {name:?} at {at} is {is_there}, at {first} {others}"
                );
            }
        }
    }

    /// What a start after a power cut found stays, and what one after failed syncs did not find
    /// is in doubt.
    pub fn settle(&mut self, found: &Found, is_after_cut: bool) {
        if !is_after_cut && !self.is_lossy {
            return;
        }
        for (database, policies) in &self.databases.now {
            for (policy, known) in policies {
                let Some(holding) = self.holdings.get_mut(&known.generation) else { continue };
                for (name, cells) in &mut holding.series {
                    let place = (database.clone(), policy.clone(), name.clone());
                    let samples = found.get(&place).map(|read| &read.samples);
                    for (at, cell) in cells.iter_mut() {
                        let value = samples.and_then(|samples| samples.get(at));
                        if is_after_cut { cell.settle(value) } else { cell.lose(value) }
                    }
                    cells.retain(|_, cell| !cell.is_void());
                }
                holding.series.retain(|_, cells| !cells.is_empty());
            }
        }
    }

    /// Of values that several writers wrote at once, the one that is found stays.
    pub fn settle_contended(&mut self, generation: u64, found: &Found, points: &[&Point]) {
        let mut places = self.databases.now.iter().flat_map(|(database, policies)| {
            policies.iter().map(move |(policy, known)| (database, policy, known.generation))
        });
        let Some((database, policy, _)) = places.find(|place| place.2 == generation) else {
            return;
        };
        let Some(holding) = self.holdings.get_mut(&generation) else { return };
        for point in points {
            let (measurement, tags) = identify(point.key.as_bytes()).expect("key");
            for (name, cells) in &mut holding.series {
                if name.measurement != *measurement || name.tags != tags_text(&tags) {
                    continue;
                }
                let read = found.get(&(database.clone(), policy.clone(), name.clone()));
                let value = read.and_then(|read| read.samples.get(&point.at));
                if let (Some(cell), Some(value)) = (cells.get_mut(&point.at), value) {
                    cell.settle(Some(value));
                }
            }
        }
    }
}

/// Whether a row is taken for certain where its body is: no field of it has, or may have in
/// this body, another kind.
fn is_taken(holding: &Holding, point: &Point, body: &[Point]) -> bool {
    let measurement = |point: &Point| point.key.split(',').next().map(str::to_owned);
    let (own, name) = (measurement(point), measurement(point).unwrap_or_default());
    point.fields.iter().all(|(field, value)| {
        let kind = value.as_ref().kind();
        let is_alike =
            |other: &(String, Value)| other.0 != *field || other.1.as_ref().kind() == kind;
        holding.kinds(&name, field).iter().all(|known| *known == kind)
            && body
                .iter()
                .filter(|other| measurement(other) == own)
                .all(|other| other.fields.iter().all(is_alike))
    })
}
