//! Which databases and policies there are, and which a restart may find instead after a
//! change that failed.

use model::Span;
use model::port::{Catalog, Policy};
use std::collections::BTreeMap;

/// What is known of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Never given again: what is made under an old name is another policy.
    pub generation: u64,
    pub duration: Option<Span>,
    pub is_default: bool,
}

/// Policies by database and name.
pub type Listing = BTreeMap<String, BTreeMap<String, Known>>;

/// The catalog as it must be.
#[derive(Default)]
pub struct Databases {
    pub now: Listing,
    /// What a restart may find instead.
    others: Vec<Listing>,
    generations: u64,
}

impl Databases {
    /// A policy as it is made now.
    pub fn fresh(&mut self, duration: Option<Span>, is_default: bool) -> Known {
        self.generations += 1;
        Known { generation: self.generations, duration, is_default }
    }

    /// Notes what a change should have led to, and how it ended. `store` says what is there.
    pub fn changed(&mut self, wanted: Listing, succeeded: bool, store: &dyn Catalog) {
        if succeeded {
            self.now = wanted;
            self.others.clear();
        } else if wanted != self.now {
            self.others.push(wanted);
        }
        assert_eq!(text(&list(store)), text(&plain(&self.now)), "databases and policies");
    }

    /// What was acknowledged in a policy proves that the policy is there to stay.
    pub fn proven(&mut self, generation: u64) {
        self.others.retain(|other| has(other, generation));
    }

    /// Takes notice of what a restart found.
    pub fn reopened(&mut self, store: &dyn Catalog) {
        let found = text(&list(store));
        let fits = |listing: &&Listing| text(&plain(listing)) == found;
        let candidates = || std::iter::once(&self.now).chain(&self.others);
        let Some(fitting) = candidates().find(fits) else {
            let allowed: Vec<_> = candidates().map(|listing| text(&plain(listing))).collect();
            panic!("a restart found {found}, allowed are {allowed:#?}");
        };
        self.now = fitting.clone();
        self.others.clear();
    }

    /// The policy that a write to `database` means.
    pub fn resolve(&self, database: &str, policy: Option<&str>) -> Option<&Known> {
        let policies = self.now.get(database)?;
        match policy {
            Some(name) => policies.get(name),
            None => policies.values().find(|known| known.is_default),
        }
    }
}

fn has(listing: &Listing, generation: u64) -> bool {
    listing.values().flat_map(BTreeMap::values).any(|known| known.generation == generation)
}

/// Names, durations and defaults, as the store lists them.
type Plain = BTreeMap<String, BTreeMap<String, (Option<Span>, bool)>>;

fn plain(listing: &Listing) -> Plain {
    let policies = |policies: &BTreeMap<String, Known>| {
        policies.iter().map(|(name, k)| (name.clone(), (k.duration, k.is_default))).collect()
    };
    listing.iter().map(|(name, inside)| (name.clone(), policies(inside))).collect()
}

fn list(store: &dyn Catalog) -> Plain {
    let policies = |database: &str| {
        let policies = store.policies(database).expect("a database that is listed");
        policies.iter().map(|p| (p.name.to_string(), (p.duration, p.is_default))).collect()
    };
    store.databases().iter().map(|name| (name.to_string(), policies(name))).collect()
}

fn text(plain: &Plain) -> String {
    format!("{plain:?}")
}

/// The policy that a database is born with.
pub const BORN_WITH: &str = "autogen";

/// A policy as it is asked for.
pub fn policy(name: &str, duration: Option<Span>, is_default: bool) -> Policy {
    Policy { name: name.into(), duration, shard: Span::DAY, replication: 1, is_default }
}

/// Whether both list the same.
pub fn is_alike(a: &Listing, b: &Listing) -> bool {
    text(&plain(a)) == text(&plain(b))
}
