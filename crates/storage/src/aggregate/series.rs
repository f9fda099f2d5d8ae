//! The windows of one series after the other.

use super::cut::{Cut, Times};
use super::found::{Entry, Found, Part};
use super::kernel::Numbers;
use super::shares::{Kept, Key, Shares};
use super::walk::{Decoded, Step, Walk};
use crate::error::Error;
use crate::piece::{Piece, Reader, tell};
use crate::stats::Counters;
use model::limits::{Budget, Exceeded};
use model::value::is_stale;
use model::{Accumulator, Accumulators, Column, Kind, Needs, Samples, TimeRange};
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

/// Windows, and what they are put together from.
struct Windows {
    cut: Cut,
    whole: Accumulators,
    /// Where windows overlap by whole steps: panes of one step each, how they lie, and how
    /// many make a window.
    panes: Option<(Accumulators, Cut, usize)>,
    /// Samples that are no staleness markers, and values that had to be made doubles.
    times: Vec<i64>,
    floats: Vec<f64>,
}

impl<'a> Row<'a> {
    /// For windows that lie as `cut` says.
    pub fn new(
        (found, cut, needs): (&'a Found, Cut, Needs),
        budget: &'a Budget,
        counters: &'a Counters,
    ) -> Self {
        Self {
            found,
            budget,
            counters,
            windows: Windows::new(cut, needs),
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
    pub fn windows(&self) -> &Accumulators {
        &self.windows.whole
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
        {
            self.windows.append(window, &statistics);
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
        if self.windows.is_sum() && !numbers.has_stale(inside.clone()) {
            self.windows.fold_sums(numbers, shares);
        } else {
            let times = walk.times(step, self.reader.open())?;
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

impl Windows {
    fn new(cut: Cut, needs: Needs) -> Self {
        let panes = cut.panes().map(|(cut, overlap)| (Accumulators::new(needs), cut, overlap));
        let (times, floats) = (Vec::new(), Vec::new());
        Self { cut, whole: Accumulators::new(needs), panes, times, floats }
    }

    /// Forgets the series before, and answers what samples are put into.
    fn begin(&mut self) -> Cut {
        self.whole.reset(self.cut.count);
        match &mut self.panes {
            Some((panes, cut, _)) => {
                panes.reset(cut.count);
                *cut
            }
            None => self.cut,
        }
    }

    /// Puts windows together; answers whether any has a sample.
    fn finish(&mut self) -> bool {
        if let Some((panes, _, overlap)) = &self.panes {
            (0..*overlap).for_each(|pane| self.whole.append_all(panes, pane));
        }
        self.whole.is_any()
    }

    /// What samples are put into.
    fn into(&mut self) -> (&mut Accumulators, Cut) {
        match &mut self.panes {
            Some((panes, cut, _)) => (panes, *cut),
            None => (&mut self.whole, self.cut),
        }
    }

    /// How what samples are put into lies.
    fn cut(&self) -> Cut {
        self.panes.as_ref().map_or(self.cut, |(_, cut, _)| *cut)
    }

    /// The only window that all of `range` is inside of.
    fn find(&self, range: TimeRange) -> Option<usize> {
        self.cut().find(range)
    }

    /// Adds to one window what is later than all before.
    fn append(&mut self, window: usize, later: &Accumulator) {
        if later.count > 0 {
            self.into().0.append(window, later);
        }
    }

    /// Whether nothing but sums is asked for.
    fn is_sum(&self) -> bool {
        self.whole.needs() == Needs::SUM
    }

    /// Adds samples that are later than all before to sums; none is a staleness marker.
    fn fold_sums(&mut self, numbers: Numbers<'_>, shares: &Shares) {
        let (into, _) = self.into();
        if let Numbers::Scaled(scaled) = numbers {
            return scaled.each_sum(&shares.of, |window, count, sum| {
                into.append_sum(window, count, (sum, 0.0));
            });
        }
        for (window, inside) in &shares.of {
            into.append_sum(*window, inside.len(), numbers.sum(inside.clone()));
        }
    }

    /// Adds the samples `inside` of a run, which are later than all before.
    fn fold(&mut self, times: Times<'_>, numbers: Numbers<'_>, inside: Range<usize>) {
        if let Numbers::Floats(values) = numbers
            && numbers.has_stale(inside.clone())
        {
            let (mut fresh_times, mut fresh) =
                (std::mem::take(&mut self.times), std::mem::take(&mut self.floats));
            fresh_times.clear();
            fresh.clear();
            for index in inside.filter(|index| !is_stale(values[*index])) {
                fresh_times.push(times.at(index));
                fresh.push(values[index]);
            }
            let all = 0..fresh.len();
            self.split(Times::Slice(&fresh_times), Numbers::Floats(&fresh), all);
            (self.times, self.floats) = (fresh_times, fresh);
        } else {
            self.split(times, numbers, inside);
        }
    }

    fn split(&mut self, times: Times<'_>, numbers: Numbers<'_>, inside: Range<usize>) {
        let (into, cut) = self.into();
        let needs = into.needs();
        cut.split(times, inside, |window, inside| {
            into.append(window, &numbers.summarize(times, inside, needs));
        });
    }

    /// The same of samples that were read.
    fn fold_samples(&mut self, samples: &Samples) {
        let times = Times::Slice(&samples.timestamps);
        let all = 0..samples.len();
        match &samples.values {
            Column::F64(values) => self.fold(times, Numbers::Floats(values), all),
            Column::I64(values) => self.fold(times, Numbers::Whole(values), all),
            values @ (Column::U64(_) | Column::Bool(_)) => {
                let number = |at| values.get(at).as_f64().unwrap_or(f64::NAN);
                let mut floats = std::mem::take(&mut self.floats);
                floats.clear();
                floats.extend(all.clone().map(number));
                self.split(times, Numbers::Floats(&floats), all);
                self.floats = floats;
            }
            Column::Str(_) | Column::Histogram(_) => {}
        }
    }
}
