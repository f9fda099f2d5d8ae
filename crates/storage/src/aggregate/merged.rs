//! The answer so far: batches, merged in their order.

use super::batch::Batch;
use model::limits::{Budget, Exceeded};
use model::{Accumulators, Needs};
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;

/// How many batches may wait for one before them; who is further ahead waits too, so that
/// waiting ones do not fill the memory.
const WAITING_MAX: usize = 64;

/// The answer so far.
pub struct Merged<'a> {
    windows: usize,
    budget: &'a Budget,
    state: Mutex<State>,
    has_moved: Condvar,
}

struct State {
    /// The batch whose turn it is.
    next: usize,
    waiting: BTreeMap<usize, Batch>,
    failed: Option<Exceeded>,
    /// Where each group stands among those found, by its number.
    places: Vec<Option<u32>>,
    groups: Vec<u32>,
    cells: Accumulators,
}

impl<'a> Merged<'a> {
    /// Nothing yet.
    pub fn new(windows: usize, needs: Needs, budget: &'a Budget) -> Self {
        let state = State {
            next: 0,
            waiting: BTreeMap::new(),
            failed: None,
            places: Vec::new(),
            groups: Vec::new(),
            cells: Accumulators::new(needs),
        };
        Self { windows, budget, state: Mutex::new(state), has_moved: Condvar::new() }
    }

    /// Takes in batch `number`, or that it failed; answers whether to go on.
    pub fn add(&self, number: usize, batch: Result<Batch, Exceeded>) -> bool {
        let mut state = self.state.lock();
        while state.failed.is_none() && number > state.next + WAITING_MAX {
            self.has_moved.wait(&mut state);
        }
        match batch {
            Ok(batch) => drop(state.waiting.insert(number, batch)),
            Err(error) => drop(state.failed.get_or_insert(error)),
        }
        while state.failed.is_none() {
            let next = state.next;
            let Some(batch) = state.waiting.remove(&next) else { break };
            if let Err(error) = state.merge(&batch, self.windows, self.budget) {
                state.failed = Some(error);
            }
            state.next += 1;
        }
        self.has_moved.notify_all();
        state.failed.is_none()
    }

    /// Lets the others go on where this thread panics, so that they do not wait for it.
    pub fn guard(&self) -> Guard<'_> {
        Guard { merged: self }
    }

    /// The numbers of the groups that were found, and their windows end to end.
    ///
    /// # Errors
    /// The first error of any batch.
    pub fn finish(self) -> Result<(Vec<u32>, Accumulators), Exceeded> {
        let state = self.state.into_inner();
        match state.failed {
            Some(error) => Err(error),
            None => Ok((state.groups, state.cells)),
        }
    }
}

/// Ends the question for all threads where one panics.
pub struct Guard<'a> {
    merged: &'a Merged<'a>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.merged.state.lock().failed = Some(Exceeded::Killed);
            self.merged.has_moved.notify_all();
        }
    }
}

impl State {
    fn merge(&mut self, batch: &Batch, windows: usize, budget: &Budget) -> Result<(), Exceeded> {
        let before = self.groups.len();
        for group in &batch.groups {
            if self.places.len() <= *group as usize {
                self.places.resize(*group as usize + 1, None);
            }
            let place = &mut self.places[*group as usize];
            if place.is_none() {
                *place = Some(self.groups.len() as u32);
                self.groups.push(*group);
            }
        }
        let cells = (self.groups.len() - before) * windows;
        budget.hold((cells * Accumulators::bytes_of_one(self.cells.needs())) as u64)?;
        self.cells.resize(self.groups.len() * windows);
        for (index, group) in batch.groups.iter().enumerate() {
            let Some(place) = self.places[*group as usize] else { continue };
            let from = index * windows;
            self.cells.pool(place as usize * windows, &batch.cells, from..from + windows);
        }
        Ok(())
    }
}
