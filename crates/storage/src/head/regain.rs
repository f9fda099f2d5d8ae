//! Streams out of the definitions of an earlier run of the program.
//!
//! A start with a full log reads millions of definitions, of which most differ in one label
//! from the one before: what a frame said of labels and columns once is not looked up again.

use super::Head;
use super::names::Names;
use super::partition::Partition;
use crate::identity::{PolicyId, PolicyName};
use crate::shape::{ColumnDef, Shape};
use crate::wal::definition::Definition;
use hashbrown::HashMap;
use parking_lot::RwLockWriteGuard;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Makes the streams of one frame again. Nobody else reads the names of their partition
/// meanwhile.
pub struct Regain<'a> {
    head: &'a Head,
    names: RwLockWriteGuard<'a, Names>,
    /// The head's labels by the frame's numbers: as measurement, and as tag.
    labels: Vec<[Option<u32>; 2]>,
    /// By policy and measurement, what the first new stream has.
    alike: HashMap<(PolicyId, u32), Alike>,
    streams: u64,
}

/// What a stream has, and how many after it that have the same.
struct Alike {
    columns: Arc<[ColumnDef]>,
    shape: Arc<Shape>,
    count: u64,
}

/// Where a stream is.
pub struct Regained {
    /// Its slot.
    pub slot: u32,
    /// Where each column of the definition is, if any is elsewhere than there.
    pub moved: Option<Vec<Option<u32>>>,
}

impl<'a> Regain<'a> {
    /// Begins a frame of a partition.
    pub fn new(head: &'a Head, partition: &'a Partition) -> Self {
        let names = partition.names_mut();
        Self { head, names, labels: Vec::new(), alike: HashMap::new(), streams: 0 }
    }

    /// The stream of a definition, made where it is not known; `hash` is that of its names.
    pub fn stream(
        &mut self,
        policy: &PolicyName,
        hash: u128,
        definition: &Definition<'_, '_>,
    ) -> Regained {
        if let Some(slot) = self.names.find(hash, policy.id) {
            return self.widen(slot, policy.id, definition);
        }
        let Definition { measurement, pairs, numbers, .. } = definition;
        let labels = &self.labels;
        let known = |place: usize| {
            let by_place = labels.get(numbers[place] as usize)?;
            by_place[usize::from(place > 0)]
        };
        let slot = self.names.add_alike(hash, policy, measurement, pairs, known);
        self.streams += 1;
        let own = self.names.own_labels(slot);
        let bound = numbers.iter().max().map_or(0, |last| *last as usize + 1);
        self.labels.resize(bound.max(self.labels.len()), [None; 2]);
        for (place, (number, label)) in numbers.iter().zip(own).enumerate() {
            self.labels[*number as usize][usize::from(place > 0)] = Some(*label);
        }
        let kind = (policy.id, own[0]);
        if let Some(alike) = self.alike.get_mut(&kind)
            && Arc::ptr_eq(&alike.columns, definition.columns)
            && let Some(shape) = self.names.shape_mut(slot)
        {
            *shape = alike.shape.clone();
            alike.count += 1;
            return Regained { slot, moved: None };
        }
        let regained = self.widen(slot, policy.id, definition);
        if regained.moved.is_none()
            && let Some((shape, _)) = self.names.shape(slot)
        {
            let (columns, shape) = (definition.columns.clone(), shape.clone());
            let before = self.alike.insert(kind, Alike { columns, shape, count: 0 });
            before.into_iter().for_each(|before| self.count(kind, &before));
        }
        regained
    }

    /// Gives a stream the columns of its definition that it lacks.
    fn widen(&mut self, slot: u32, policy: PolicyId, definition: &Definition<'_, '_>) -> Regained {
        let (_, measurement) = self.names.measurement(slot).expect("a stream keeps its slot");
        let shape = self.names.shape_mut(slot).expect("a stream keeps its slot");
        let ordinals = self.head.schema.restore(policy, &measurement, shape, definition.columns);
        let is_there = (0..).zip(&ordinals).all(|(place, now)| *now == Some(place));
        Regained { slot, moved: (!is_there).then_some(ordinals) }
    }

    /// Counts the streams that were like another.
    fn count(&self, (policy, measurement): (PolicyId, u32), alike: &Alike) {
        let Some(measurement) = self.names.try_measurement(measurement) else { return };
        let series = alike.count * alike.shape.len() as u64;
        self.head.schema.came(policy, measurement, series);
    }
}

impl Drop for Regain<'_> {
    fn drop(&mut self) {
        for (kind, alike) in &self.alike {
            self.count(*kind, alike);
        }
        self.head.streams.fetch_add(self.streams, Ordering::Relaxed);
    }
}
