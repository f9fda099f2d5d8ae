//! Reading: which series fit, over head and blocks.

use super::Store;
use crate::aggregate::{self, Seen};
use crate::block::Lookup;
use crate::catalog::State;
use crate::error::Error;
use crate::head::{Frozen, Partition};
use crate::identity::PolicyId;
use crate::piece::{BlockPart, Part, StreamParts, tell};
use crate::series::{Shared, Stored, of_stream};
use crate::stats::Counters;
use crate::threads;
use hashbrown::HashMap;
use model::limits::{Budget, Exceeded, Holding};
use model::port::{
    Aggregation, Groups, Outline, Selection, Series, Source, SourceError, TagValues,
};
use model::{Predicate, Span, StreamKey, TimeRange, Timestamp};
use roaring::RoaringBitmap;
use std::sync::Arc;

/// After this many streams, the budget is asked whether to go on.
const STREAMS_PER_CHECK: usize = 1024;
/// Fewer streams are gathered before another thread has begun.
const STREAMS_PER_THREAD_MIN: u64 = 512;

impl Source for Store {
    fn select(
        &self,
        selection: &Selection,
        budget: &Budget,
    ) -> Result<Vec<Box<dyn Series>>, SourceError> {
        let series = self.gather(&selection.predicate, selection.range, budget)?;
        Ok(series.into_iter().map(|series| Box::new(series) as Box<dyn Series>).collect())
    }

    fn outline(&self, selection: &Selection, budget: &Budget) -> Result<Outline, SourceError> {
        Ok(self.outline_of(selection, budget)?)
    }

    fn values(&self, asked: &TagValues<'_>, budget: &Budget) -> Result<Vec<String>, SourceError> {
        Ok(self.values_of(asked, budget)?)
    }

    fn aggregate(&self, asked: &Aggregation<'_>, budget: &Budget) -> Result<Groups, SourceError> {
        let windows = &asked.windows;
        if windows.step <= Span::ZERO || windows.width <= Span::ZERO {
            return Err(SourceError::Failed("windows need a step and a width above zero".into()));
        }
        let range = windows.hull();
        if range.is_empty() {
            return Ok(Groups::none(asked.group_by.len(), windows.count, asked.needs));
        }
        // What is found is given back when it is answered.
        let mut holding = Holding::new(budget);
        let head = self.head_parts(asked.predicate, range, &mut holding)?;
        let state = self.catalog.state();
        let blocks = self.seen_inside(range, &state, budget);
        let now = self.clock.now();
        let places = aggregate::Places {
            state: &state,
            blocks: &blocks,
            head: &head,
            range,
            streams_per_thread: self.options.streams_per_thread,
            visible: &|policy| visible(&state, policy, self.options.retention, now),
            budget,
            counters: &self.counters,
        };
        Ok(aggregate::run(&places, asked)?)
    }
}

impl Store {
    /// Every series that fits and may have a sample inside `range`.
    fn gather(
        &self,
        predicate: &Predicate,
        range: TimeRange,
        budget: &Budget,
    ) -> Result<Vec<Stored>, SourceError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let mut holding = Holding::new(budget);
        let head = self.head_parts(predicate, range, &mut holding)?;
        holding.keep();
        let state = self.catalog.state();
        let mut shares: Vec<Share> =
            head.into_iter().map(|head| Share { head, blocks: Vec::new() }).collect();
        let mut streams = shares.iter().map(|share| share.head.len() as u64).sum::<u64>();
        for seen in self.seen_inside(range, &state, budget) {
            let known = |id: PolicyId| state.policy(id).map(|known| known.name.clone());
            match seen.block.streams_of(predicate, &known) {
                Ok(found) => {
                    streams += found.len();
                    let partition = usize::from(seen.block.name.partition);
                    if shares.len() <= partition {
                        shares.resize_with(partition + 1, Share::default);
                    }
                    shares[partition].blocks.push((seen, found));
                }
                Err(error) => tell(&error, budget, &self.counters),
            }
            budget.check()?;
        }
        let shared = Arc::new(Shared::new(self.counters.clone()));
        let asked = Asked { state: &state, predicate, range, shared: &shared, budget };
        // A stream lies in one partition, so that each is gathered by itself.
        let is_worth = self.options.streams_per_thread.min(STREAMS_PER_THREAD_MIN);
        if streams < is_worth || shares.len() < 2 {
            let mut series = Vec::new();
            for share in shares {
                series.append(&mut self.gather_share(share, &asked)?);
            }
            return Ok(series);
        }
        let found: Vec<_> = std::thread::scope(|scope| {
            let gather = |share| self.gather_share(share, &asked);
            let mut shares = shares.into_iter();
            let own = shares.next();
            let others: Vec<_> = shares.map(|share| scope.spawn(move || gather(share))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            own.map(gather).into_iter().chain(others.into_iter().map(join)).collect()
        });
        let mut series = Vec::new();
        for found in found {
            series.append(&mut found?);
        }
        Ok(series)
    }

    /// The series of one partition.
    fn gather_share(&self, share: Share, asked: &Asked<'_>) -> Result<Vec<Stored>, Exceeded> {
        let mut gathered = Gathered::new(asked.state, asked.budget, &self.counters);
        for frozen in &share.head {
            gathered.expect(frozen);
        }
        for (seen, found) in &share.blocks {
            gathered.add_block(seen, found, asked.range)?;
        }
        for frozen in share.head {
            gathered.add_head(frozen);
        }
        let now = self.clock.now();
        let mut series = Vec::new();
        for (index, stream) in gathered.streams.into_iter().enumerate() {
            let visible = visible(asked.state, stream.policy, self.options.retention, now);
            let stream = StreamParts { key: stream.key, parts: stream.parts, visible };
            of_stream(stream, asked.predicate, asked.shared, &mut series);
            if index % STREAMS_PER_CHECK == 0 {
                asked.budget.check()?;
            }
        }
        Ok(series)
    }
}

/// What one partition has of streams that may fit: rows of the head, and streams of blocks.
#[derive(Default)]
struct Share {
    head: Vec<Frozen>,
    blocks: Vec<(Seen, RoaringBitmap)>,
}

/// What is asked of every partition.
struct Asked<'a> {
    state: &'a State,
    predicate: &'a Predicate,
    range: TimeRange,
    shared: &'a Arc<Shared>,
    budget: &'a Budget,
}

impl Store {
    /// What the head has inside `range` of streams that may fit, by partition. It is looked at
    /// before the blocks: what is flushed meanwhile is then found in both, never in none.
    fn head_parts(
        &self,
        predicate: &Predicate,
        range: TimeRange,
        holding: &mut Holding<'_>,
    ) -> Result<Vec<Vec<Frozen>>, Exceeded> {
        let partitions = self.head.partitions();
        // Where values are named, little is looked at.
        let streams = match predicate.names_values() {
            true => 0,
            false => partitions.iter().map(Partition::streams).sum(),
        };
        let threads = threads::of(streams, self.options.streams_per_thread, partitions.len());
        let budget = holding.budget();
        let parts = threads::map(threads, partitions.len(), |number| {
            budget.check()?;
            let mut own = Holding::new(budget);
            let found = partitions[number].select(predicate, range, &mut own)?;
            Ok((found, own))
        });
        let parts = parts.into_iter().map(|part| {
            let (found, own) = part?;
            holding.take(own);
            Ok(found)
        });
        parts.collect()
    }

    /// The blocks that may have rows inside `range`, from the oldest flush to the newest, and
    /// what is hidden of them. One of which that cannot be told is left out, and the answer
    /// says so, as it does of what lies put aside.
    pub(super) fn seen_inside(
        &self,
        range: TimeRange,
        state: &State,
        budget: &Budget,
    ) -> Vec<Seen> {
        self.gaps.tell(range, budget);
        self.troubles.tell(range, budget);
        // Before the blocks: a tombstone is forgotten when what it concerns is merged.
        let tombstones = self.tombstones.state();
        let list = self.blocks.list();
        let inside = list.iter().filter(|block| block.range.overlaps(&range));
        let mut seen: Vec<Seen> = Vec::new();
        for block in inside {
            match self.tombstones.hidden(&tombstones, block, state) {
                Ok(hidden) => seen.push(Seen { block: block.clone(), hidden }),
                Err(error) => tell(&error, budget, &self.counters),
            }
        }
        seen.sort_by_key(|seen| seen.block.name.sequences);
        seen
    }
}

/// Streams and their parts, gathered from the oldest to the newest.
struct Gathered<'a> {
    state: &'a State,
    budget: &'a Budget,
    counters: &'a Counters,
    /// In the order they were found, so that sums come out alike each time.
    streams: Vec<Gathering>,
    /// Where a stream is, by the hash of its names and its policy.
    places: HashMap<(u128, PolicyId), usize>,
}

/// One stream.
struct Gathering {
    key: Arc<StreamKey>,
    policy: PolicyId,
    parts: Vec<Part>,
}

impl<'a> Gathered<'a> {
    fn new(state: &'a State, budget: &'a Budget, counters: &'a Counters) -> Self {
        Self { state, budget, counters, streams: Vec::new(), places: HashMap::new() }
    }

    /// Makes a place for a stream of the head, whose names are at hand; its rows are newer
    /// than those of blocks and come after them.
    fn expect(&mut self, frozen: &Frozen) {
        let identity = &frozen.identity;
        // What belongs to a dropped policy is gone, wherever its bytes still are.
        if self.state.policy(identity.policy).is_some() {
            self.places.insert((identity.hash(), identity.policy), self.streams.len());
            let (key, policy) = (identity.key.clone(), identity.policy);
            self.streams.push(Gathering { key, policy, parts: Vec::new() });
        }
    }

    /// Adds what a block has. Damage is told with the answer, and the rest is served.
    fn add_block(
        &mut self,
        seen: &Seen,
        candidates: &RoaringBitmap,
        range: TimeRange,
    ) -> Result<(), Exceeded> {
        let mut look = match Lookup::new(&seen.block) {
            Ok(look) => look,
            Err(error) => {
                tell(&error, self.budget, self.counters);
                return self.budget.check();
            }
        };
        let mut last_error = String::new();
        for (index, ordinal) in candidates.iter().enumerate() {
            if index % STREAMS_PER_CHECK == 0 {
                self.budget.check()?;
            }
            if let Err(error) = self.add_stream(seen, ordinal, range, &mut look) {
                // Streams of a damaged page all say the same.
                let text = error.to_string();
                if text != last_error {
                    tell(&error, self.budget, self.counters);
                    last_error = text;
                }
            }
        }
        Ok(())
    }

    fn add_stream(
        &mut self,
        Seen { block, hidden }: &Seen,
        ordinal: u32,
        range: TimeRange,
        look: &mut Lookup<'_>,
    ) -> Result<(), Error> {
        let stream = look.stream(ordinal)?;
        if !stream.range.overlaps(&range) {
            return Ok(());
        }
        let policy = look.policy(&stream)?;
        let measurement = look.measurement(stream.common.measurement)?;
        let place = match self.places.get(&(stream.hash, policy)) {
            Some(place) => *place,
            None => {
                let Some(known) = self.state.policy(policy) else { return Ok(()) };
                let key = Arc::new(look.key(ordinal, &known.name)?);
                self.places.insert((stream.hash, policy), self.streams.len());
                self.streams.push(Gathering { key, policy, parts: Vec::new() });
                self.streams.len() - 1
            }
        };
        let part = BlockPart {
            block: block.clone(),
            ordinal,
            measurement,
            shape: stream.common.shape,
            range: stream.range.intersect(&block.range),
            hidden: hidden.clone(),
        };
        self.streams[place].parts.push(Part::Block(part));
        Ok(())
    }

    fn add_head(&mut self, frozen: Frozen) {
        let identity = &frozen.identity;
        if let Some(place) = self.places.get(&(identity.hash(), identity.policy)) {
            self.streams[*place].parts.extend(frozen.parts.into_iter().map(Part::Head));
        }
    }
}

/// The time that a stream's policy keeps, from the start of a day: what a dropped slice
/// would have held is gone, whichever slices are left.
fn visible(state: &State, policy: PolicyId, server: Option<Span>, now: Timestamp) -> TimeRange {
    let kept = state.policy(policy).and_then(|known| known.retention(server));
    let start = kept.map_or(Timestamp::MIN, |kept| (now - kept).floor(Span::DAY));
    TimeRange::new(start, Timestamp::MAX)
}
