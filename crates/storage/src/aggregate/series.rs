//! The windows of one series after the other.

use super::cut::{Cut, Times};
use super::kernel::Numbers;
use crate::piece::{Reader, clusters};
use crate::series::Stored;
use model::limits::Exceeded;
use model::port::Series as _;
use model::value::is_stale;
use model::{Accumulator, Accumulators, Column, Kind, Needs, Samples};

/// The windows of one series, and memory that is kept from series to series.
#[derive(Debug)]
pub struct Row {
    cut: Cut,
    /// The windows; where they overlap by whole steps, what is put together from `panes`.
    windows: Accumulators,
    /// Panes of one step each, how they lie, and how many make a window.
    panes: Option<(Accumulators, Cut, usize)>,
    samples: Samples,
    /// Samples that are no staleness markers, where there are some among them; and values
    /// that had to be made doubles.
    times: Vec<i64>,
    floats: Vec<f64>,
}

impl Row {
    /// For windows that lie as `cut` says.
    pub fn new(cut: Cut, needs: Needs) -> Self {
        let panes = cut.panes().map(|(cut, overlap)| (Accumulators::new(needs), cut, overlap));
        Self {
            cut,
            windows: Accumulators::new(needs),
            panes,
            samples: Samples::new(Kind::F64),
            times: Vec::new(),
            floats: Vec::new(),
        }
    }

    /// The windows of the series that was accumulated last.
    pub fn windows(&self) -> &Accumulators {
        &self.windows
    }

    /// Accumulates `series`; answers whether any window has a sample.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn accumulate(
        &mut self,
        series: &Stored,
        reader: &mut Reader<'_>,
    ) -> Result<bool, Exceeded> {
        self.windows.reset(self.cut.count);
        let (into, cut) = match &mut self.panes {
            Some((panes, cut, _)) => {
                panes.reset(cut.count);
                (panes, *cut)
            }
            None => (&mut self.windows, self.cut),
        };
        let (parts, meta) = (series.stream(), series.meta());
        let hull = cut.hull().intersect(&parts.visible);
        let mut scratch = Scratch { times: &mut self.times, floats: &mut self.floats };
        for cluster in clusters(&reader.pieces(parts, &meta.field, hull)) {
            if let [piece] = cluster
                && let Some(window) = cut.find(piece.range)
                && hull.contains(piece.range.start)
                && let Some(statistics) = reader.statistics(piece)
                && is_exact(meta.kind, &statistics)
            {
                if statistics.count > 0 {
                    into.append(window, &statistics);
                }
                continue;
            }
            self.samples.reset(meta.kind);
            reader.read(cluster, hull, &mut self.samples)?;
            scratch.fold(&self.samples, &cut, into);
        }
        if let Some((panes, _, overlap)) = &self.panes {
            (0..*overlap).for_each(|pane| self.windows.append_all(panes, pane));
        }
        Ok(self.windows.is_any())
    }
}

/// Whether `statistics` of a column of this kind were made without rounding integers.
fn is_exact(kind: Kind, statistics: &Accumulator) -> bool {
    const EXACT_MAX: f64 = (1u64 << 53) as f64;
    kind != Kind::I64 || (-EXACT_MAX < statistics.min && statistics.max < EXACT_MAX)
}

/// Samples made over so that they can be summed up.
struct Scratch<'a> {
    times: &'a mut Vec<i64>,
    floats: &'a mut Vec<f64>,
}

impl Scratch<'_> {
    /// Adds samples, which come later than those added before, to their windows.
    fn fold(&mut self, samples: &Samples, cut: &Cut, into: &mut Accumulators) {
        let mut times = &samples.timestamps;
        self.floats.clear();
        let numbers = match &samples.values {
            Column::F64(values) if values.iter().any(|value| is_stale(*value)) => {
                let fresh = times.iter().zip(values).filter(|(_, value)| !is_stale(**value));
                (*self.times, *self.floats) = fresh.map(|(at, value)| (*at, *value)).unzip();
                times = self.times;
                Numbers::Floats(self.floats)
            }
            Column::F64(values) => Numbers::Floats(values),
            Column::I64(values) => Numbers::Whole(values),
            Column::U64(values) => {
                self.floats.extend(values.iter().map(|value| *value as f64));
                Numbers::Floats(self.floats)
            }
            Column::Bool(values) => {
                self.floats.extend(values.iter().map(|value| f64::from(*value)));
                Numbers::Floats(self.floats)
            }
            Column::Str(_) | Column::Histogram(_) => return,
        };
        let times = Times::Slice(times);
        let needs = into.needs();
        cut.split(times, 0..times.len(), |window, inside| {
            into.append(window, &numbers.summarize(times, inside, needs));
        });
    }
}
