//! Numbers of groups: one for each combination of values that is grouped by.

use super::keys::GroupKeys;
use crate::block::Keys;
use crate::catalog::State;
use crate::error::Error;
use crate::identity::PolicyId;
use hashbrown::{DefaultHashBuilder, HashTable};
use model::name::metric_name;
use model::{Attribute, StreamKey};
use std::hash::BuildHasher;
use std::sync::Arc;

/// Numbers of groups.
pub struct Numbers<'a> {
    group_by: &'a [Attribute],
    found: GroupKeys,
    /// How many bytes their texts take.
    text_bytes: usize,
    /// What is looked at just now.
    measurement: Arc<str>,
    field: Arc<str>,
    ranks: Ranks,
    scratch: Vec<u32>,
    key: Vec<Arc<str>>,
}

/// Groups by policy and ranks in the block that is looked at just now.
#[derive(Default)]
struct Ranks {
    /// Policy, ranks and group of each, end to end.
    all: Vec<u32>,
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Ranks {
    fn clear(&mut self) {
        self.all.clear();
        self.places.clear();
    }

    /// The group of these ranks.
    fn find(&self, ranks: &[u32]) -> Option<u32> {
        let is_it = |place: &u32| self.all[*place as usize..].starts_with(ranks);
        let place = self.places.find(self.hasher.hash_one(ranks), is_it)?;
        Some(self.all[*place as usize + ranks.len()])
    }

    /// Notes the group of ranks that are not known, as many as all others.
    fn insert(&mut self, ranks: &[u32], group: u32) {
        let Self { all, places, hasher } = self;
        let place = all.len() as u32;
        all.extend_from_slice(ranks);
        all.push(group);
        let rehash = |place: &u32| hasher.hash_one(&all[*place as usize..][..ranks.len()]);
        places.insert_unique(hasher.hash_one(ranks), place, rehash);
    }
}

impl<'a> Numbers<'a> {
    /// No groups of these attributes yet.
    pub fn new(group_by: &'a [Attribute]) -> Self {
        Self {
            group_by,
            found: GroupKeys::new(group_by.len()),
            text_bytes: 0,
            measurement: Arc::from(""),
            field: Arc::from(""),
            ranks: Ranks::default(),
            scratch: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The tags that are grouped by.
    pub fn tags(&self) -> Vec<&'a str> {
        let tag = |attribute: &'a Attribute| match attribute {
            Attribute::Tag(name) => Some(name.as_ref()),
            _ => None,
        };
        self.group_by.iter().filter_map(tag).collect()
    }

    /// Begins with a column of another block.
    pub fn begin(&mut self, measurement: &Arc<str>, field: &Arc<str>) {
        (self.measurement, self.field) = (measurement.clone(), field.clone());
        self.ranks.clear();
    }

    /// The group of a stream of a block, by the ranks of its tags there.
    ///
    /// # Errors
    /// When the block is damaged or cannot be read.
    pub fn of_ranks(
        &mut self,
        policy: PolicyId,
        state: &State,
        ranks: &[u32],
        keys: &mut Keys<'_>,
    ) -> Result<u32, Error> {
        self.scratch.clear();
        self.scratch.push(policy.0);
        self.scratch.extend_from_slice(ranks);
        if let Some(number) = self.ranks.find(&self.scratch) {
            return Ok(number);
        }
        let known = state.policy(policy);
        let name = |of: fn(&crate::identity::PolicyName) -> &Arc<str>| {
            known.map_or_else(|| Arc::from(""), |known| of(&known.name).clone())
        };
        let mut tags = 0;
        self.key.clear();
        for attribute in self.group_by {
            self.key.push(match attribute {
                Attribute::Tag(_) => {
                    tags += 1;
                    keys.text(tags - 1, ranks[tags - 1])?
                }
                Attribute::Database => name(|name| &name.database),
                Attribute::Policy => name(|name| &name.policy),
                Attribute::Measurement => self.measurement.clone(),
                Attribute::Field => self.field.clone(),
                Attribute::Name => metric_name(&self.measurement, &self.field).as_ref().into(),
            });
        }
        let number = self.of_scratch();
        self.ranks.insert(&self.scratch, number);
        Ok(number)
    }

    /// The group of a stream of the head.
    pub fn of_key(&mut self, stream: &StreamKey, field: &str) -> u32 {
        let value = |attribute: &Attribute| match attribute {
            Attribute::Tag(name) => stream.tags.find(name).cloned().unwrap_or_default(),
            Attribute::Database => stream.database.clone(),
            Attribute::Policy => stream.policy.clone(),
            Attribute::Measurement => stream.measurement.clone(),
            Attribute::Field | Attribute::Name => {
                Arc::from(attribute.value(stream, field).as_ref())
            }
        };
        self.key.clear();
        self.key.extend(self.group_by.iter().map(value));
        self.of_scratch()
    }

    fn of_scratch(&mut self) -> u32 {
        let before = self.found.len();
        let number = self.found.number(&self.key);
        if self.found.len() > before {
            self.text_bytes += self.key.iter().map(|text| text.len()).sum::<usize>();
        }
        number
    }

    /// How much memory keys take.
    pub fn bytes(&self) -> usize {
        self.text_bytes + self.found.len() * self.group_by.len() * size_of::<Arc<str>>()
    }

    /// How many groups there are, and their keys end to end.
    pub fn into_keys(self) -> (usize, Vec<Arc<str>>) {
        self.found.into_texts()
    }
}
