//! Which databases and policies there are, and which a restart may find instead after a
//! change that failed.

use crate::disk::simulated::Random;
use model::Span;
use model::port::{Catalog, CatalogError, Policy, PolicyChange};
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

/// A change of databases and policies.
#[derive(Clone, Debug)]
pub enum Change {
    CreateDatabase { database: String },
    DropDatabase { database: String },
    CreatePolicy { database: String, name: String, duration: Option<Span>, is_default: bool },
    AlterPolicy { database: String, name: String, duration: Option<Span> },
    DropPolicy { database: String, name: String },
}

impl Change {
    pub fn random(random: &mut Random) -> Self {
        let database = format!("d{}", random.below(3));
        let is_first = random.chance(200);
        let name = if is_first { BORN_WITH.to_owned() } else { format!("p{}", random.below(3)) };
        let hours = *random.pick(&[None, Some(1), Some(30), Some(24 * 20), Some(24 * 400)]);
        let duration = hours.map(|hours| Span(hours * Span::HOUR.0));
        match random.below(8) {
            0 => Self::DropDatabase { database },
            1 | 2 => Self::DropPolicy { database, name },
            3 => Self::CreateDatabase { database },
            4 => Self::AlterPolicy { database, name, duration },
            _ => {
                let is_default = random.chance(200);
                Self::CreatePolicy { database, name, duration, is_default }
            }
        }
    }

    /// Asks the store for it; answers what should be there then, and what the store says.
    pub fn make(
        &self,
        databases: &mut Databases,
        store: &dyn Catalog,
    ) -> (Listing, Result<(), CatalogError>) {
        let mut wanted = databases.now.clone();
        let result = match self {
            Self::CreateDatabase { database } => {
                let born = databases.fresh(None, true);
                let policies = [(BORN_WITH.to_owned(), born)].into_iter().collect();
                wanted.entry(database.clone()).or_insert(policies);
                store.create_database(database, None)
            }
            Self::DropDatabase { database } => {
                wanted.remove(database);
                store.drop_database(database)
            }
            Self::CreatePolicy { database, name, duration, is_default } => {
                let made = databases.fresh(*duration, *is_default);
                // One that is there already is the same, or in the way.
                let policies = wanted.get_mut(database);
                if let Some(policies) = policies.filter(|known| !known.contains_key(name)) {
                    policies.values_mut().for_each(|known| known.is_default &= !is_default);
                    policies.insert(name.clone(), made);
                }
                let (duration, is_default) = (*duration, *is_default);
                let (shard, replication) = (Span::DAY, 1);
                let name = name.as_str().into();
                let policy = Policy { name, duration, shard, replication, is_default };
                store.create_policy(database, policy)
            }
            Self::AlterPolicy { database, name, duration } => {
                let known = wanted.get_mut(database).and_then(|known| known.get_mut(name));
                if let Some(known) = known {
                    known.duration = *duration;
                }
                let change = PolicyChange { duration: Some(*duration), ..PolicyChange::default() };
                store.alter_policy(database, name, change)
            }
            Self::DropPolicy { database, name } => {
                if let Some(policies) = wanted.get_mut(database) {
                    policies.remove(name);
                }
                store.drop_policy(database, name)
            }
        };
        (wanted, result)
    }
}

/// Whether both list the same.
pub fn is_alike(a: &Listing, b: &Listing) -> bool {
    text(&plain(a)) == text(&plain(b))
}
