//! Numbers of groups: one for each combination of values that is grouped by.

use crate::block::Keys;
use crate::catalog::State;
use crate::error::Error;
use crate::identity::PolicyId;
use hashbrown::HashMap;
use model::name::metric_name;
use model::{Attribute, StreamKey};
use std::sync::Arc;

/// Numbers of groups.
pub struct Numbers<'a> {
    group_by: &'a [Attribute],
    found: HashMap<Vec<Arc<str>>, u32>,
    /// The keys of the groups, end to end.
    keys: Vec<Arc<str>>,
    /// How many bytes their texts take.
    text_bytes: usize,
    /// What is looked at just now.
    measurement: Arc<str>,
    field: Arc<str>,
    /// By policy and ranks of the block that is looked at just now.
    by_ranks: HashMap<Box<[u32]>, u32>,
    scratch: Vec<u32>,
}

impl<'a> Numbers<'a> {
    /// No groups of these attributes yet.
    pub fn new(group_by: &'a [Attribute]) -> Self {
        Self {
            group_by,
            found: HashMap::new(),
            keys: Vec::new(),
            text_bytes: 0,
            measurement: Arc::from(""),
            field: Arc::from(""),
            by_ranks: HashMap::new(),
            scratch: Vec::new(),
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
        self.by_ranks.clear();
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
        if let Some(number) = self.by_ranks.get(self.scratch.as_slice()) {
            return Ok(*number);
        }
        let known = state.policy(policy);
        let name = |of: fn(&crate::identity::PolicyName) -> &Arc<str>| {
            known.map_or_else(|| Arc::from(""), |known| of(&known.name).clone())
        };
        let mut key = Vec::with_capacity(self.group_by.len());
        let mut tags = 0;
        for attribute in self.group_by {
            key.push(match attribute {
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
        let number = self.of(key);
        self.by_ranks.insert(self.scratch.as_slice().into(), number);
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
        let key = self.group_by.iter().map(value).collect();
        self.of(key)
    }

    fn of(&mut self, key: Vec<Arc<str>>) -> u32 {
        if let Some(number) = self.found.get(&key) {
            return *number;
        }
        let number = self.found.len() as u32;
        self.text_bytes += key.iter().map(|text| text.len()).sum::<usize>();
        self.keys.extend(key.iter().cloned());
        self.found.insert(key, number);
        number
    }

    /// How much memory keys take: each stands in the list and in the map.
    pub fn bytes(&self) -> usize {
        self.text_bytes + 2 * self.keys.len() * size_of::<Arc<str>>()
    }

    /// How many groups there are, and their keys end to end.
    pub fn into_keys(self) -> (usize, Vec<Arc<str>>) {
        (self.found.len(), self.keys)
    }
}
