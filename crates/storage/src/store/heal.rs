//! Damage that the store lives with: what cannot be read is tried again, what lies put aside
//! is told with answers.

use super::Store;
use crate::block::{Block, Lookup, Measurement, Name};
use crate::compact::Candidate;
use crate::error::Error;
use crate::gap;
use crate::identity::PolicyId;
use crate::retention;
use crate::trouble::Kind;
use std::cmp::Reverse;
use std::io;
use std::sync::Arc;

impl Store {
    /// Notes the blocks that a start could not open, and which fields the others have.
    pub(super) fn begin_healing(&self, refused: &[(Name, Error)]) {
        let now = self.clock.now();
        for (name, error) in refused {
            self.counters.corruption();
            self.troubles.note((Kind::Open, *name), gap::range_of(name), error, now);
        }
        // The newest first: a field that was deleted and written again has the kind it has now.
        let mut blocks = self.blocks.list().to_vec();
        blocks.sort_by_key(|block| Reverse(block.name.sequences.last));
        blocks.iter().for_each(|block| self.note_fields(block));
    }

    /// Tells the schema which fields a block has.
    fn note_fields(&self, block: &Block) {
        let (deleted, state) = (self.tombstones.state(), self.catalog.state());
        let policies: Vec<PolicyId> = block.policies().collect();
        // Where it is not known what was deleted, nothing was.
        let hidden = self.tombstones.hidden(&deleted, block, &state).unwrap_or_default();
        let mut unread = None;
        let mut note = |_, measurement: &Arc<Measurement>| {
            for column in &measurement.columns {
                let (field, at) = (&column.def.name, &column.policies);
                let gone = block.hidden_policies(&hidden, measurement, field, at);
                let gone = gone.unwrap_or_else(|error| {
                    unread.get_or_insert(error);
                    Vec::new()
                });
                let own = at.iter().filter_map(|at| policies.get(*at as usize));
                for policy in own.filter(|policy| !gone.contains(policy)) {
                    self.head.schema.note(*policy, &measurement.name, &column.def);
                }
            }
        };
        let noted = Lookup::new(block).and_then(|mut look| look.each_measurement(&mut note));
        let noted = noted.and_then(|()| unread.map_or(Ok(()), Err));
        match noted {
            Ok(()) => self.troubles.end(Kind::Fields, block.name),
            Err(error) => {
                let (of, now) = ((Kind::Fields, block.name), self.clock.now());
                if self.troubles.note(of, block.range, &error, now) {
                    self.counters.corruption();
                }
            }
        }
    }

    /// Tries again what could not be read, where that is due, and forgets troubles with
    /// blocks that are gone.
    ///
    /// # Errors
    /// When a folder cannot be listed, or an expired file not be removed.
    pub(super) fn heal(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let unopened = self.troubles.of(Kind::Open);
        let classes = self.catalog.state().classes_at_most(self.options.retention);
        for name in retention::plan(&unopened, &classes, now) {
            tracing::info!(block = %name, "retention drops a block that cannot be opened");
            // One that cannot be removed, or that a person took away, is no reason to do
            // nothing else.
            match self.blocks.remove(name) {
                Err(Error::Io(error)) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(block = %name, %error, "it could not be removed");
                }
                _ => self.troubles.end(Kind::Open, name),
            }
        }
        for name in self.troubles.due(Kind::Open, now) {
            match self.blocks.try_again(name) {
                Ok(opened) => {
                    self.troubles.end(Kind::Open, name);
                    if let Some(block) = opened {
                        self.tombstones.reserve(block.applied);
                        self.note_fields(&block);
                    } else {
                        self.counters.corruption();
                    }
                }
                Err(error) => {
                    self.troubles.note((Kind::Open, name), gap::range_of(&name), &error, now);
                }
            }
        }
        let due = self.troubles.due(Kind::Fields, now);
        self.named(&due).iter().for_each(|block| self.note_fields(block));
        let list = self.blocks.list();
        for kind in [Kind::Fields, Kind::Merge] {
            let names = self.troubles.of(kind).into_iter();
            let gone = names.filter(|name| !list.iter().any(|block| block.name == *name));
            gone.for_each(|name| self.troubles.end(kind, name));
        }
        // Whether a person has taken something away.
        if self.gaps.found().files > 0 || !unopened.is_empty() { self.look_aside() } else { Ok(()) }
    }

    /// Looks at what lies put aside.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub(super) fn look_aside(&self) -> Result<(), Error> {
        let mut found = gap::look(&self.folder.path, self.disk.as_ref())?;
        let names: Vec<Name> = found.gaps.iter().filter_map(|gap| gap.block).collect();
        let classes = self.catalog.state().classes_at_most(self.options.retention);
        // What nothing would keep any more is not missed.
        let over = retention::plan(&names, &classes, self.clock.now());
        found.gaps.retain(|gap| gap.block.is_none_or(|name| !over.contains(&name)));
        self.gaps.set(found);
        Ok(())
    }

    /// Says what lies put aside.
    pub(super) fn tell_aside(&self) {
        for gap in &self.gaps.found().gaps {
            tracing::warn!(path = %gap.path.display(), "a damaged file lies put aside: {}, and answers say so until it is taken away", gap.what());
        }
    }

    /// Blocks that are not in the list and must not be merged over: they may come back.
    pub(super) fn unread(&self, list: &[Arc<Block>]) -> Vec<Candidate> {
        let gaps = self.gaps.found();
        let aside = gaps.gaps.iter().filter_map(|gap| gap.block);
        // What was merged without what was damaged has its copy aside, and is there.
        let is_it = |block: &Block, name: &Name| block.name == *name || block.name.replaces(name);
        let is_missing = |name: &Name| !list.iter().any(|block| is_it(block, name));
        let names = self.troubles.of(Kind::Open).into_iter().chain(aside);
        let candidate = |name| Candidate {
            name,
            range: gap::range_of(&name),
            bytes: 0,
            has_dropped: false,
            is_cold: false,
            is_fixed: true,
        };
        names.filter(is_missing).map(candidate).collect()
    }
}
