//! Finds the series of a question in blocks and head, column by column.
//!
//! For one column of one measurement, what a predicate says of names is settled, and the
//! index answers the rest exactly: no series need be looked at to know whether it fits. A
//! stream lies in one partition, so that streams are joined, by hash and policy, only where
//! a partition has more than one place with rows of them, and so that threads look through
//! partitions side by side. What they find is put together in the order of partitions.

use super::found::{BlockColumn, Entry, Found, Part};
use super::number::Numbers;
use crate::block::{Block, Keys, Lookup, Measurement};
use crate::catalog::State;
use crate::error::Error;
use crate::head::Frozen;
use crate::identity::PolicyId;
use crate::piece::tell;
use crate::series::joined;
use crate::stats::Counters;
use crate::threads;
use crate::tombstone::{Cuts, Hidden};
use hashbrown::HashMap;
use model::limits::{Budget, Exceeded};
use model::{Attribute, Kind, Predicate, TimeRange};
use std::collections::BTreeSet;
use std::sync::Arc;

/// After this many streams, the budget is asked whether to go on.
const STREAMS_PER_CHECK: usize = 4096;
/// Where one in so many streams of a column is asked for, its groups are read whole.
const DENSE: u64 = 16;

/// A block, and what tombstones hide of it.
pub struct Seen {
    /// The block.
    pub block: Arc<Block>,
    /// What is hidden.
    pub hidden: Arc<[Hidden]>,
}

/// Where series may be.
pub struct Places<'a> {
    /// Who may be seen.
    pub state: &'a State,
    /// Blocks that overlap the time asked for, from the oldest flush to the newest.
    pub blocks: &'a [Seen],
    /// Streams of the head that may fit, by partition.
    pub head: &'a [Vec<Frozen>],
    /// The time asked for.
    pub range: TimeRange,
    /// The time that a policy keeps.
    pub visible: &'a (dyn Fn(PolicyId) -> TimeRange + Sync),
    /// How many streams are worth a thread.
    pub streams_per_thread: u64,
    /// What the query may use.
    pub budget: &'a Budget,
    /// Where damage is counted.
    pub counters: &'a Counters,
}

/// The series that fit and are numeric.
///
/// # Errors
/// When the budget is used up. Damage is no error: it is told with the answer, and the rest
/// is served.
pub fn find(
    places: &Places<'_>,
    predicate: &Predicate,
    group_by: &[Attribute],
) -> Result<Found, Exceeded> {
    let all: Vec<Vec<Arc<Measurement>>> =
        places.blocks.iter().map(|seen| measurements(places, &seen.block)).collect();
    let settled = columns(places, &all).into_iter().filter_map(|(measurement, field)| {
        let left = predicate.of_column(&measurement, &field);
        (!left.is_none()).then_some((measurement, field, left))
    });
    let columns: Vec<Settled> = settled.collect();
    let partitions = places.head.len();
    let in_blocks = places.blocks.iter().map(|seen| u64::from(seen.block.streams()));
    let streams = in_blocks.chain(places.head.iter().map(|head| head.len() as u64)).sum();
    let threads = threads::of(streams, places.streams_per_thread, partitions);
    let found = threads::map(threads, partitions, |partition| {
        find_in(partition, places, (&columns, &all), group_by)
    });
    let found: Result<Vec<Found>, Exceeded> = found.into_iter().collect();
    Ok(Found::joined(found?, group_by.len()))
}

/// A column, and what of a predicate its names leave open.
type Settled = (Arc<str>, Arc<str>, Predicate);

/// The series of one partition.
fn find_in(
    partition: usize,
    places: &Places<'_>,
    (columns, all): (&[Settled], &[Vec<Arc<Measurement>>]),
    group_by: &[Attribute],
) -> Result<Found, Exceeded> {
    let mut finder = Finder {
        places,
        found: Found::default(),
        numbers: Numbers::new(group_by),
        policies: HashMap::new(),
    };
    for (measurement, field, left) in columns {
        finder.column(partition, (measurement, field), left, all)?;
    }
    let Finder { mut found, numbers, .. } = finder;
    (found.groups, found.keys) = numbers.into_keys();
    Ok(found)
}

fn measurements(places: &Places<'_>, block: &Block) -> Vec<Arc<Measurement>> {
    let mut all = Vec::new();
    let looked = Lookup::new(block)
        .and_then(|mut look| look.each_measurement(|_, one| all.push(one.clone())));
    if let Err(error) = looked {
        tell(&error, places.budget, places.counters);
    }
    all
}

/// Every column of every measurement there is.
fn columns(places: &Places<'_>, all: &[Vec<Arc<Measurement>>]) -> BTreeSet<(Arc<str>, Arc<str>)> {
    let mut columns = BTreeSet::new();
    for one in all.iter().flatten() {
        let fields = one.columns.iter().map(|column| column.def.name.clone());
        columns.extend(fields.map(|field| (one.name.clone(), field)));
    }
    let mut last: Option<(&Arc<str>, *const _)> = None;
    for frozen in places.head.iter().flatten() {
        let measurement = &frozen.identity.key.measurement;
        for part in &frozen.parts {
            // Neighbours mostly share measurement and shape.
            let is_known = |(name, shape): (&Arc<str>, _)| {
                Arc::ptr_eq(name, measurement) && shape == Arc::as_ptr(part.shape())
            };
            if !last.is_some_and(is_known) {
                last = Some((measurement, Arc::as_ptr(part.shape())));
                let fields = part.shape().columns().iter().map(|column| column.name.clone());
                columns.extend(fields.map(|field| (measurement.clone(), field)));
            }
        }
    }
    columns
}

struct Finder<'a> {
    places: &'a Places<'a>,
    found: Found,
    numbers: Numbers<'a>,
    /// The number of each policy's time; none of those that were dropped.
    policies: HashMap<PolicyId, Option<u32>>,
}

/// Series of one column in one partition, joined.
#[derive(Default)]
struct Joined {
    places: HashMap<(u128, PolicyId), u32>,
    /// The parts as they were found, each with its series.
    parts: Vec<(u32, Part)>,
}

impl Finder<'_> {
    /// How much memory series and keys take that were found so far.
    fn bytes(&self) -> usize {
        self.found.series.len() * size_of::<Entry>()
            + self.found.parts.len() * size_of::<Part>()
            + self.numbers.bytes()
    }

    fn tell(&self, error: &Error) -> Result<(), Exceeded> {
        tell(error, self.places.budget, self.places.counters);
        self.places.budget.check()
    }

    /// Adds the series of one column of one measurement in one partition.
    fn column(
        &mut self,
        partition: usize,
        (measurement, field): (&str, &str),
        left: &Predicate,
        all: &[Vec<Arc<Measurement>>],
    ) -> Result<(), Exceeded> {
        let places = self.places;
        let before = self.bytes();
        let fits = |frozen: &&Frozen| {
            let key = &frozen.identity.key;
            key.measurement.as_ref() == measurement && left.matches_column(key, field)
        };
        let head: Vec<&Frozen> = places.head[partition].iter().filter(fits).collect();
        let in_blocks = places.blocks.iter().zip(all);
        let in_blocks = in_blocks
            .filter(|(seen, _)| usize::from(seen.block.name.partition) == partition)
            .filter_map(|(seen, all)| {
                Some((seen, all.iter().find(|one| one.name.as_ref() == measurement)?))
            });
        let columns = in_blocks.flat_map(|(seen, one)| {
            let columns = one.columns.iter().enumerate();
            let columns = columns.filter(|(_, column)| column.def.name.as_ref() == field);
            columns.map(move |(number, _)| (seen, one, number as u32))
        });
        let columns: Vec<_> = columns.collect();
        let is_alone = columns.len() + usize::from(!head.is_empty()) == 1;
        let mut into = (!is_alone).then(Joined::default);
        let first = self.found.series.len();
        for (seen, one, number) in columns {
            let added = self.block_column(seen, one, number, left, &mut into)?;
            if let Err(error) = added {
                self.tell(&error)?;
            }
        }
        for frozen in head {
            self.head_column(frozen, field, &mut into);
        }
        if let Some(into) = into {
            self.gather(first, into.parts);
        }
        places.budget.hold(self.bytes().saturating_sub(before) as u64)
    }

    /// Adds what a column of a block has.
    fn block_column(
        &mut self,
        Seen { block, hidden }: &Seen,
        one: &Measurement,
        number: u32,
        left: &Predicate,
        into: &mut Option<Joined>,
    ) -> Result<Result<(), Error>, Exceeded> {
        let column = &one.columns[number as usize];
        let state = self.places.state;
        let known = |id: PolicyId| state.policy(id).map(|known| known.name.clone());
        let opened = block.find(left, &known).and_then(|mut streams| {
            streams.remove_range(..one.first);
            streams.remove_range(one.ordinals().end..);
            let keys = Keys::new(block, &self.numbers.tags())?;
            Ok((streams, keys, block.all_groups(&column.groups)?))
        });
        let (streams, mut keys, groups) = match opened {
            Ok(opened) => opened,
            Err(error) => return Ok(Err(error)),
        };
        let kind = column.def.kind;
        let is_dense = streams.len() * DENSE >= u64::from(one.streams);
        let source = self.found.columns.len() as u32;
        self.found.columns.push(BlockColumn {
            block: block.clone(),
            field: column.def.name.clone(),
            hidden: hidden.clone(),
            groups,
            kind,
            is_dense,
        });
        self.numbers.begin(&one.name, &column.def.name);
        let has_column: Vec<bool> =
            one.shapes.iter().map(|(_, columns)| columns.contains(&number)).collect();
        let mut ranks = Vec::new();
        for (index, ordinal) in streams.iter().enumerate() {
            if index % STREAMS_PER_CHECK == 0 {
                self.places.budget.check()?;
            }
            ranks.clear();
            let stream = match keys.stream(ordinal, &mut ranks) {
                Ok(stream) => stream,
                Err(error) => return Ok(Err(error)),
            };
            let is_there = has_column.get(stream.shape as usize).is_some_and(|has| *has);
            if !is_there || !stream.range.overlaps(&self.places.range) {
                continue;
            }
            if Cuts::new(hidden, ordinal, &column.def.name).hide(stream.range) {
                continue;
            }
            let Some(visible) = self.visible(stream.policy) else { continue };
            let group = self.numbers.of_ranks(stream.policy, state, &ranks, &mut keys);
            let group = match group {
                Ok(group) => group,
                Err(error) => return Ok(Err(error)),
            };
            let (who, part) = ((stream.hash, stream.policy), Part::Block(source, ordinal));
            self.add(who, (group, visible, kind), &[part], into);
        }
        Ok(Ok(()))
    }

    /// Adds what the head has of one column of a stream.
    fn head_column(&mut self, frozen: &Frozen, field: &str, into: &mut Option<Joined>) {
        let identity = &frozen.identity;
        let Some(visible) = self.visible(identity.policy) else { return };
        let group = self.numbers.of_key(&identity.key, field);
        let mut parts = Vec::new();
        let mut kind = None;
        for part in &frozen.parts {
            let Some(ordinal) = part.shape().find(field, 0) else { continue };
            let own = part.shape().columns()[ordinal].kind;
            kind = Some(kind.map_or(own, |kind| joined(kind, own)));
            parts.push(Part::Head(self.found.heads.len() as u32));
            self.found.heads.push((part.clone(), ordinal as u32));
        }
        if let Some(kind) = kind {
            let who = (identity.hash(), identity.policy);
            self.add(who, (group, visible, kind), &parts, into);
        }
    }

    /// Adds parts of one series.
    fn add(
        &mut self,
        who: (u128, PolicyId),
        (group, visible, kind): (u32, u32, Kind),
        parts: &[Part],
        into: &mut Option<Joined>,
    ) {
        let next = self.found.series.len() as u32;
        let Some(into) = into else {
            let place = (self.found.parts.len() as u32, parts.len() as u32);
            self.found.series.push(Entry { group, visible, parts: place, kind });
            self.found.parts.extend_from_slice(parts);
            return;
        };
        let series = *into.places.entry(who).or_insert(next);
        if series == next {
            self.found.series.push(Entry { group, visible, parts: (0, 0), kind });
        }
        let entry = &mut self.found.series[series as usize];
        entry.parts.1 += parts.len() as u32;
        entry.kind = joined(entry.kind, kind);
        into.parts.extend(parts.iter().map(|part| (series, *part)));
    }

    /// Puts the parts of each series from `first` on together, in the order they were found.
    fn gather(&mut self, first: usize, parts: Vec<(u32, Part)>) {
        let start = self.found.parts.len() as u32;
        let mut next = start;
        for entry in &mut self.found.series[first..] {
            entry.parts.0 = next;
            next += entry.parts.1;
            entry.parts.1 = 0;
        }
        self.found.parts.resize(next as usize, Part::Head(0));
        for (series, part) in parts {
            let entry = &mut self.found.series[series as usize];
            self.found.parts[(entry.parts.0 + entry.parts.1) as usize] = part;
            entry.parts.1 += 1;
        }
    }

    /// The number of a policy's time; none where it was dropped.
    fn visible(&mut self, policy: PolicyId) -> Option<u32> {
        let (places, found) = (self.places, &mut self.found);
        *self.policies.entry(policy).or_insert_with(|| {
            places.state.policy(policy)?;
            found.visible.push((places.visible)(policy));
            Some(found.visible.len() as u32 - 1)
        })
    }
}
