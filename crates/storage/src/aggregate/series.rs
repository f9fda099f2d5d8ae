//! The windows of one series after the other.

use super::found::{Entry, Found, Part};
use super::shares::{Kept, Key};
use super::walk::{Decoded, Step, Walk};
use super::windows::Windows;
use crate::error::Error;
use crate::piece::{Piece, Reader, tell};
use crate::stats::Counters;
use model::limits::{Budget, Exceeded};
use model::{Accumulator, Kind, Samples, TimeRange};
use std::ops::Range;

/// So many samples are charged at once: threads that did it for each chunk would wait for each
/// other's writes.
const CHARGED: u64 = 1 << 16;

/// The windows of one series, and memory that is kept from series to series.
pub struct Row<'a> {
    found: &'a Found,
    budget: &'a Budget,
    counters: &'a Counters,
    windows: Windows,
    reader: Reader<'a>,
    /// One for each column of a block.
    walks: Vec<Walk<'a>>,
    /// What the series at hand has, in the order of time.
    places: Vec<Place<'a>>,
    /// The chunks of one part of it.
    steps: Vec<Step>,
    cluster: Vec<Piece<'a>>,
    samples: Samples,
    decoded: Decoded,
    kept: Kept,
    /// Samples that were read and not yet charged.
    read: u64,
}

/// Some samples of a series.
struct Place<'a> {
    piece: Piece<'a>,
    /// For a chunk of a block, in which column and where.
    chunk: Option<(u32, Step)>,
}

impl<'a> Row<'a> {
    /// For these windows.
    pub fn new(
        found: &'a Found,
        windows: Windows,
        budget: &'a Budget,
        counters: &'a Counters,
    ) -> Self {
        Self {
            found,
            budget,
            counters,
            windows,
            reader: Reader::new(budget, counters),
            walks: found.columns.iter().map(Walk::new).collect(),
            places: Vec::new(),
            steps: Vec::new(),
            cluster: Vec::new(),
            samples: Samples::new(Kind::F64),
            decoded: Decoded::default(),
            kept: Kept::new(),
            read: 0,
        }
    }

    /// The windows of the series that was accumulated last.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Accumulates a series; answers whether any window has a sample.
    ///
    /// # Errors
    /// When the budget is used up. Damage is no error: it is told with the answer, and the
    /// rest is served.
    pub fn accumulate(&mut self, entry: &Entry) -> Result<bool, Exceeded> {
        if !entry.kind.is_numeric() {
            return Ok(false);
        }
        let cut = self.windows.begin();
        let hull = cut.hull().intersect(&self.found.visible[entry.visible as usize]);
        self.find(entry, hull)?;
        let mut first = 0;
        while let Some(place) = self.places.get(first) {
            let mut end = place.piece.range.end;
            let mut next = first + 1;
            while let Some(later) = self.places.get(next).filter(|p| p.piece.range.start <= end) {
                end = end.max(later.piece.range.end);
                next += 1;
            }
            match place.chunk {
                Some((column, step)) if next == first + 1 && !place.piece.is_cut() => {
                    self.fold_chunk(first, (column, &step), (entry.visible, hull))?;
                }
                _ => self.fold_merged(first..next, entry.kind, hull)?,
            }
            first = next;
        }
        Ok(self.windows.finish())
    }

    /// Finds what a series has inside `hull`.
    fn find(&mut self, entry: &Entry, hull: TimeRange) -> Result<(), Exceeded> {
        self.places.clear();
        let mut failed = None;
        for (age, part) in (0..).zip(self.found.parts_of(entry)) {
            match *part {
                Part::Head(number) => {
                    let (part, ordinal) = &self.found.heads[number as usize];
                    let piece = Piece::of_head(part, *ordinal, age);
                    if piece.range.overlaps(&hull) {
                        self.places.push(Place { piece, chunk: None });
                    }
                }
                Part::Block(column, ordinal) => {
                    let walk = &mut self.walks[column as usize];
                    let (open, steps) = (self.reader.open(), &mut self.steps);
                    steps.clear();
                    if let Err(error) = walk.steps(ordinal, hull, open, steps) {
                        failed = Some(error);
                    }
                    let place = |step: Step| {
                        let piece = walk.piece(ordinal, &step, age);
                        Place { piece, chunk: Some((column, step)) }
                    };
                    let places = self.steps.drain(..).map(place);
                    self.places.extend(places.filter(|place| !place.piece.is_hidden()));
                }
            }
        }
        if !self.places.is_sorted_by_key(|place| place.piece.order()) {
            self.places.sort_by_key(|place| place.piece.order());
        }
        failed.map_or(Ok(()), |error| self.tell(&error))
    }

    fn tell(&self, error: &Error) -> Result<(), Exceeded> {
        tell(error, self.budget, self.counters);
        self.budget.check()
    }

    /// Adds a chunk that nothing else overlaps.
    fn fold_chunk(
        &mut self,
        place: usize,
        (column, step): (u32, &Step),
        (visible, hull): (u32, TimeRange),
    ) -> Result<(), Exceeded> {
        let kind = self.found.columns[column as usize].kind;
        if !kind.is_numeric() {
            return self.budget.check();
        }
        let range = step.range();
        if hull.contains(range.start)
            && hull.contains(range.end)
            && let Some(window) = self.windows.find(range)
            && let Some(statistics) = self.reader.statistics(&self.places[place].piece)
            && is_exact(kind, &statistics)
            && self.windows.append(window, &statistics)
        {
            return self.budget.check();
        }
        match self.fold_decoded((column, step), (visible, hull)) {
            Ok(read) => {
                self.read += read as u64;
                if self.read < CHARGED { Ok(()) } else { self.charge() }
            }
            Err(error) => self.tell(&error),
        }
    }

    /// Decodes a chunk and adds it; answers how many samples that are.
    fn fold_decoded(
        &mut self,
        (column, step): (u32, &Step),
        (visible, hull): (u32, TimeRange),
    ) -> Result<usize, Error> {
        let walk = &mut self.walks[column as usize];
        let numbers = walk.numbers(step, &mut self.decoded)?;
        let key = Key { block: walk.block(), list: step.times(), visible };
        if self.kept.get(key).is_none() {
            let times = walk.times(step, self.reader.open())?;
            self.kept.put(key, &self.windows.cut(), times, hull);
        }
        let Some(shares) = self.kept.get(key) else { return Ok(0) };
        let inside = shares.inside.clone();
        let times = walk.times(step, self.reader.open())?;
        if self.windows.is_by_shares() && !numbers.has_stale(inside.clone()) {
            self.windows.fold_shares(times, numbers, shares);
        } else {
            self.windows.fold(times, numbers, inside.clone());
        }
        Ok(inside.len())
    }

    /// Charges what was read and not yet charged.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn charge(&mut self) -> Result<(), Exceeded> {
        self.budget.charge(std::mem::take(&mut self.read))
    }

    /// Adds rows of the head, and chunks that overlap each other.
    fn fold_merged(
        &mut self,
        places: Range<usize>,
        kind: Kind,
        hull: TimeRange,
    ) -> Result<(), Exceeded> {
        self.cluster.clear();
        self.cluster.extend(self.places[places].iter().map(|place| place.piece));
        self.samples.reset(kind);
        self.reader.read(&self.cluster, hull, &mut self.samples)?;
        self.windows.fold_samples(&self.samples);
        Ok(())
    }
}

/// Whether `statistics` of a column of this kind were made without rounding integers.
fn is_exact(kind: Kind, statistics: &Accumulator) -> bool {
    const EXACT_MAX: f64 = (1u64 << 53) as f64;
    let is_exact = |value: f64| value.abs() < EXACT_MAX;
    kind != Kind::I64
        || (is_exact(statistics.min) && is_exact(statistics.max) && is_exact(statistics.sum()))
}
