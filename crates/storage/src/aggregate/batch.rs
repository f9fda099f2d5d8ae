//! A batch of series, accumulated into groups of its own.

use super::Task;
use super::series::Row;
use crate::stats::Counters;
use model::Accumulators;
use model::limits::{Budget, Exceeded};
use model::port::Reduction;

/// The groups of one batch.
#[derive(Debug)]
pub struct Batch {
    /// Which groups its series are of, in the order they were met.
    pub groups: Vec<u32>,
    /// The windows of each of them, end to end.
    pub cells: Accumulators,
}

/// What one thread works with.
pub struct Worker<'a> {
    task: &'a Task<'a>,
    budget: &'a Budget,
    row: Row<'a>,
    /// Where each group stands in the batch at hand, and in which batch that was.
    places: Vec<(u32, u32)>,
}

impl<'a> Worker<'a> {
    /// A thread's own.
    pub fn new(task: &'a Task<'a>, budget: &'a Budget, counters: &'a Counters) -> Self {
        Self {
            task,
            budget,
            row: Row::new(task.found, task.windows_of_series(), budget, counters),
            places: vec![(0, u32::MAX); task.found.groups],
        }
    }

    /// Accumulates batch `number`.
    ///
    /// # Errors
    /// When the budget is used up.
    pub fn accumulate(&mut self, number: usize) -> Result<Batch, Exceeded> {
        let asked = self.task.asked;
        let windows = asked.windows.count;
        let mut batch = Batch { groups: Vec::new(), cells: Accumulators::new(asked.needs) };
        let series = &self.task.found.series;
        let from = number * self.task.batch;
        for entry in &series[from..series.len().min(from + self.task.batch)] {
            self.budget.check()?;
            if !self.row.accumulate(entry)? {
                continue;
            }
            let place = &mut self.places[entry.group as usize];
            if place.1 != number as u32 {
                *place = (batch.groups.len() as u32, number as u32);
                batch.groups.push(entry.group);
                batch.cells.resize(batch.groups.len() * windows);
            }
            let first = place.0 as usize * windows;
            match asked.reduction {
                Reduction::Pooled => {
                    batch.cells.pool(first, self.row.windows().whole(), 0..windows);
                }
                Reduction::PerSeries(function) => {
                    self.row.windows().each_value(function, &asked.windows, |window, value| {
                        let at = asked.windows.anchor(window).0;
                        batch.cells.pool_number(first + window, at, value);
                    });
                }
            }
        }
        self.row.charge()?;
        Ok(batch)
    }
}
