//! Reading: which series fit, over head and blocks.

use super::Store;
use crate::aggregate;
use crate::block::Block;
use crate::catalog::State;
use crate::head::Frozen;
use crate::identity::{Identity, PolicyId};
use crate::piece::{Part, StreamParts};
use crate::series::{Stored, of_stream};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::limits::Budget;
use model::port::{Aggregation, Groups, Outline, Selection, Series, Source, SourceError};
use model::{Predicate, Span, TimeRange, Timestamp};
use std::sync::Arc;

/// After this many streams, the budget is asked whether to go on.
const STREAMS_PER_CHECK: usize = 1024;

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
        let mut outline = Outline::default();
        for series in self.gather(&selection.predicate, selection.range, budget)? {
            outline.add(series.meta());
        }
        Ok(outline)
    }

    fn aggregate(&self, asked: &Aggregation<'_>, budget: &Budget) -> Result<Groups, SourceError> {
        let windows = &asked.windows;
        if windows.step <= Span::ZERO || windows.width <= Span::ZERO {
            return Err(SourceError::Failed("windows need a step and a width above zero".into()));
        }
        let mut series = self.gather(asked.predicate, windows.hull(), budget)?;
        series.retain(|series| series.meta().kind.is_numeric());
        Ok(aggregate::run(&series, asked, budget, &self.counters)?)
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
        // The head first: what is flushed meanwhile is then found in both, never in none.
        let mut head = Vec::new();
        for partition in self.head.partitions() {
            head.extend(partition.select(predicate, range));
            budget.check()?;
        }
        let blocks = self.blocks.list();
        let mut gathered = Gathered { state: self.catalog.state(), ..Gathered::default() };
        let mut overlapping: Vec<_> = blocks.iter().filter(|b| b.range.overlaps(&range)).collect();
        overlapping.sort_by_key(|block| block.name.sequences);
        for block in overlapping {
            gathered.add_block(block, predicate, range);
            budget.check()?;
        }
        for frozen in head {
            gathered.add_head(frozen);
        }
        let now = self.clock.now();
        let mut series = Vec::new();
        for (index, (identity, parts)) in gathered.streams.into_iter().enumerate() {
            let visible = visible(&gathered.state, &identity, self.options.retention, now);
            let stream = StreamParts { identity, parts, visible };
            of_stream(stream, predicate, &self.counters, &mut series);
            if index % STREAMS_PER_CHECK == 0 {
                budget.check()?;
            }
        }
        Ok(series)
    }
}

/// Streams and their parts, gathered from the oldest to the newest.
#[derive(Default)]
struct Gathered {
    state: Arc<State>,
    /// In the order they were found, so that sums come out alike each time.
    streams: Vec<(Arc<Identity>, Vec<Part>)>,
    /// Where a stream is, by the hash of its names and its policy, see `identity`.
    places: HashMap<(u128, PolicyId), usize>,
}

impl Gathered {
    fn add_block(&mut self, block: &Arc<Block>, predicate: &Predicate, range: TimeRange) {
        for ordinal in block.index.candidates(predicate) {
            let stream = block.streams.get(ordinal as usize);
            let Some(identity) = stream.and_then(|stream| stream.identity.as_ref()) else {
                continue;
            };
            let mut chunks = block.chunks(ordinal).iter();
            if chunks.any(|place| place.summary.range.overlaps(&range)) {
                self.add(identity, Part::Block(block.clone(), ordinal));
            }
        }
    }

    fn add_head(&mut self, frozen: Frozen) {
        for part in frozen.parts {
            self.add(&frozen.identity, Part::Head(part));
        }
    }

    fn add(&mut self, identity: &Arc<Identity>, part: Part) {
        match self.places.entry((identity.hash(), identity.policy)) {
            Entry::Occupied(place) => self.streams[*place.get()].1.push(part),
            Entry::Vacant(place) => {
                // What belongs to a dropped policy is gone, wherever its bytes still are.
                if self.state.policy(identity.policy).is_some() {
                    place.insert(self.streams.len());
                    self.streams.push((identity.clone(), vec![part]));
                }
            }
        }
    }
}

/// The time that a stream's policy keeps, from the start of a day: what a dropped slice
/// would have held is gone, whichever slices are left.
fn visible(state: &State, identity: &Identity, server: Option<Span>, now: Timestamp) -> TimeRange {
    let kept = state.policy(identity.policy).and_then(|known| known.retention(server));
    let start = kept.map_or(Timestamp::MIN, |kept| (now - kept).floor(Span::DAY));
    TimeRange::new(start, Timestamp::MAX)
}
