//! What the catalog holds, as plain data.
//!
//! Invariants: policy and class numbers are never given twice; at most one policy of a
//! database is its default.

use crate::identity::{PolicyId, PolicyName};
use hashbrown::{HashMap, HashSet};
use model::Span;
use model::port::{CatalogError, Policy};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which blocks a policy's rows share: all that follow the server's retention share class
/// 0, a policy that once had a duration of its own keeps a class of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Class(pub u16);

impl Class {
    /// The class of policies that follow the server's retention.
    pub const SHARED: Self = Self(0);
}

/// A policy with its numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its number, its database and its name.
    pub name: PolicyName,
    /// Which blocks its rows go to.
    pub class: Class,
    /// What it says.
    pub policy: Policy,
}

impl Known {
    /// How long it keeps, where the server keeps `server`; none is for ever.
    pub fn retention(&self, server: Option<Span>) -> Option<Span> {
        self.policy.duration.or(server)
    }
}

/// A database.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Database {
    pub(super) policies: Vec<Arc<Known>>,
}

impl Database {
    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Arc<Known>> {
        self.policies.iter().find(|known| known.policy.name.as_ref() == name)
    }

    /// The policy that writes without one mean.
    pub fn default_policy(&self) -> Option<&Arc<Known>> {
        self.policies.iter().find(|known| known.policy.is_default)
    }

    /// Every policy, in the order they were made.
    pub fn policies(&self) -> &[Arc<Known>] {
        &self.policies
    }
}

/// Everything the catalog holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    pub(super) databases: BTreeMap<Arc<str>, Database>,
    pub(super) by_id: HashMap<PolicyId, Arc<Known>>,
    pub(super) next_policy: u32,
    pub(super) next_class: u16,
}

impl Default for State {
    fn default() -> Self {
        Self {
            databases: BTreeMap::new(),
            by_id: HashMap::new(),
            next_policy: 1,
            next_class: Class::SHARED.0 + 1,
        }
    }
}

impl State {
    /// The database of this name.
    pub fn database(&self, name: &str) -> Option<&Database> {
        self.databases.get(name)
    }

    /// Names of the databases, sorted.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.databases.keys().cloned().collect()
    }

    /// The policy with this number; none where it was dropped.
    pub fn policy(&self, id: PolicyId) -> Option<&Arc<Known>> {
        self.by_id.get(&id)
    }

    /// How long each class keeps, where the server keeps `server`. A class that is missing
    /// holds nothing that can be reached.
    pub fn classes(&self, server: Option<Span>) -> HashMap<Class, Option<Span>> {
        let own = self.by_id.values().filter(|known| known.class != Class::SHARED);
        let mut classes: HashMap<_, _> =
            own.map(|known| (known.class, known.retention(server))).collect();
        classes.insert(Class::SHARED, server);
        classes
    }

    /// How long each class may have to be kept, where it cannot be seen whose rows a block of it
    /// has: a policy that got a duration of its own may have left some in the shared class.
    pub fn classes_at_most(&self, server: Option<Span>) -> HashMap<Class, Option<Span>> {
        let mut classes = self.classes(server);
        let all = self.by_id.values().map(|known| known.retention(server)).chain([server]);
        // None is for ever.
        let longest = all.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b)));
        classes.insert(Class::SHARED, longest.unwrap_or(server));
        classes
    }

    /// Numbers of all policies that are not dropped.
    pub fn live(&self) -> HashSet<PolicyId> {
        self.by_id.keys().copied().collect()
    }

    pub(super) fn existing(&self, database: &str) -> Result<&Database, CatalogError> {
        let found = self.databases.get(database);
        found.ok_or_else(|| CatalogError::NoDatabase(database.to_owned()))
    }

    pub(super) fn add_database(
        &mut self,
        name: Arc<str>,
        policy: Policy,
    ) -> Result<(), CatalogError> {
        self.databases.insert(name.clone(), Database::default());
        self.add_policy(&name, Policy { is_default: true, ..policy })
    }

    pub(super) fn remove_database(&mut self, name: &str) -> bool {
        let removed = self.databases.remove(name);
        self.index();
        removed.is_some()
    }

    pub(super) fn add_policy(
        &mut self,
        database: &str,
        policy: Policy,
    ) -> Result<(), CatalogError> {
        let class = self.class_for(&policy, Class::SHARED)?;
        let id = PolicyId(self.next_policy);
        let next = self.next_policy.checked_add(1);
        self.next_policy = next.ok_or_else(|| out_of("policies"))?;
        let name = PolicyName { id, database: database.into(), policy: policy.name.clone() };
        self.put(database, Known { name, class, policy });
        Ok(())
    }

    pub(super) fn replace_policy(
        &mut self,
        database: &str,
        policy: Policy,
    ) -> Result<(), CatalogError> {
        let known = self.existing(database)?.policy(&policy.name).cloned();
        let known = known.ok_or_else(|| CatalogError::NoPolicy(policy.name.to_string()))?;
        let class = self.class_for(&policy, known.class)?;
        self.put(database, Known { name: known.name.clone(), class, policy });
        Ok(())
    }

    pub(super) fn remove_policy(&mut self, database: &str, name: &str) -> bool {
        let Some(known) = self.databases.get_mut(database) else { return false };
        let before = known.policies.len();
        known.policies.retain(|known| known.policy.name.as_ref() != name);
        let is_removed = known.policies.len() < before;
        self.index();
        is_removed
    }

    /// Puts a policy in place of the one of its name, or behind the others.
    pub(super) fn put(&mut self, database: &str, known: Known) {
        let policies = &mut self.databases.entry(database.into()).or_default().policies;
        if known.policy.is_default {
            for other in policies.iter_mut().filter(|other| other.policy.is_default) {
                Arc::make_mut(other).policy.is_default = false;
            }
        }
        match policies.iter_mut().find(|other| other.policy.name == known.policy.name) {
            Some(other) => *other = Arc::new(known),
            None => policies.push(Arc::new(known)),
        }
        self.index();
    }

    fn class_for(&mut self, policy: &Policy, current: Class) -> Result<Class, CatalogError> {
        if policy.duration.is_none() || current != Class::SHARED {
            return Ok(current);
        }
        let class = Class(self.next_class);
        let next = self.next_class.checked_add(1);
        self.next_class = next.ok_or_else(|| out_of("policies with a duration"))?;
        Ok(class)
    }

    fn index(&mut self) {
        let all = self.databases.values().flat_map(|database| &database.policies);
        self.by_id = all.map(|known| (known.name.id, known.clone())).collect();
    }
}

fn out_of(what: &str) -> CatalogError {
    CatalogError::Failed(format!("this folder has no numbers left for more {what}"))
}
