//! Databases and their retention policies, durable in one small file and its copy.
//!
//! Every policy has a number that is never given again. Log and blocks name streams by it,
//! so that dropping a policy is one atomic replacement of this file: what bears its number
//! is unreachable from then on, also after a restart, and also when the name comes back.
//! The bytes that remain are removed when blocks are merged.

mod file;
mod state;

pub use state::{Class, Known, State};

use crate::disk::Disk;
use crate::error::{Error, is_disk_full};
use crate::twin::{self, Twin, replace_both};
use model::port::{CatalogError, Policy, PolicyChange, WriteError};
use model::{DEFAULT_POLICY, Span, Target};
use parking_lot::{Mutex, RwLock};
use state::Database;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The shortest time a policy may keep, as InfluxDB has it.
const DURATION_MIN: Span = Span::HOUR;

/// Databases and policies.
pub struct Catalog {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// Held while the file is replaced; the state is swapped after it.
    writing: Mutex<()>,
    state: RwLock<Arc<State>>,
    /// Whether replacing the file failed: then it may hold what was refused, or not. What is
    /// acknowledged meanwhile could be unreachable after a restart, so that the file is
    /// written again before anything else is.
    is_in_doubt: AtomicBool,
}

impl Catalog {
    /// Reads the file, which need not be there, and mends what is wrong with its copy, or
    /// with itself by its copy; answers how many of both were damaged, too.
    ///
    /// # Errors
    /// When both are damaged or cannot be read, or one is of another version.
    pub fn open(path: PathBuf, disk: Arc<dyn Disk>) -> Result<(Self, u64), Error> {
        let (state, damages) = match read(&path, disk.as_ref())? {
            Some(twin) => {
                let damages = twin.mend(disk.as_ref());
                (twin.value, damages)
            }
            None => (State::default(), 0),
        };
        let (writing, is_in_doubt) = (Mutex::new(()), AtomicBool::new(false));
        let state = RwLock::new(Arc::new(state));
        Ok((Self { path, disk, writing, state, is_in_doubt }, damages))
    }

    /// What there is now.
    pub fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }

    /// The policy that `target` means; makes the database where `create` allows it.
    ///
    /// # Errors
    /// When it is not there, or cannot be made.
    pub fn resolve(&self, target: &Target, create: bool) -> Result<Arc<Known>, WriteError> {
        let database = target.database.as_ref();
        if self.state().database(database).is_none() {
            if !create {
                return Err(WriteError::NoDatabase { name: database.to_owned() });
            }
            self.create_database(database, None).map_err(|error| match error {
                CatalogError::BadName => {
                    WriteError::BadTarget { what: format!("invalid database name {database:?}") }
                }
                other => WriteError::Failed { what: other.to_string() },
            })?;
        }
        if self.is_in_doubt.load(Ordering::Acquire) {
            let settled = self.change(|_| Ok(false));
            settled.map_err(|error| WriteError::Failed { what: error.to_string() })?;
        }
        let state = self.state();
        let found = state.database(database).and_then(|database| match &target.policy {
            Some(name) => database.policy(name),
            None => database.default_policy(),
        });
        found.cloned().ok_or_else(|| WriteError::NoPolicy {
            name: target.policy.as_deref().unwrap_or_default().to_owned(),
        })
    }

    /// Makes a database; see the port.
    ///
    /// # Errors
    /// See the port.
    pub fn create_database(&self, name: &str, policy: Option<Policy>) -> Result<(), CatalogError> {
        check_name(name)?;
        if let Some(policy) = &policy {
            check_policy(policy)?;
        }
        self.change(|state| {
            let Some(known) = state.database(name) else {
                let born = policy.unwrap_or_else(default_policy);
                state.add_database(name.into(), born)?;
                return Ok(true);
            };
            match policy {
                Some(policy) if !is_default_of(known, &policy) => Err(CatalogError::PolicyConflict),
                _ => Ok(false),
            }
        })
    }

    /// Removes a database; see the port. Answers whether it was there.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn drop_database(&self, name: &str) -> Result<bool, CatalogError> {
        let mut was_there = false;
        self.change(|state| {
            was_there = state.remove_database(name);
            Ok(was_there)
        })?;
        Ok(was_there)
    }

    /// Makes a policy; see the port.
    ///
    /// # Errors
    /// See the port.
    pub fn create_policy(&self, database: &str, policy: Policy) -> Result<(), CatalogError> {
        check_policy(&policy)?;
        self.change(|state| {
            let known = state.existing(database)?;
            if let Some(same) = known.policy(&policy.name) {
                if !is_alike(&same.policy, &policy) {
                    return Err(CatalogError::PolicyExists);
                }
                if policy.is_default && !same.policy.is_default {
                    return Err(CatalogError::PolicyConflict);
                }
                return Ok(false);
            }
            state.add_policy(database, policy)?;
            Ok(true)
        })
    }

    /// Changes a policy; see the port.
    ///
    /// # Errors
    /// See the port.
    pub fn alter_policy(
        &self,
        database: &str,
        name: &str,
        change: PolicyChange,
    ) -> Result<(), CatalogError> {
        if let Some(Some(duration)) = change.duration {
            check_duration(duration)?;
        }
        self.change(|state| {
            let known = state.existing(database)?.policy(name);
            let known = known.ok_or_else(|| CatalogError::NoPolicy(name.to_owned()))?;
            let mut policy = known.policy.clone();
            policy.duration = change.duration.unwrap_or(policy.duration);
            policy.shard = change.shard.unwrap_or(policy.shard);
            policy.replication = change.replication.unwrap_or(policy.replication);
            policy.is_default |= change.make_default;
            let changed = policy != known.policy;
            state.replace_policy(database, policy)?;
            Ok(changed)
        })
    }

    /// Removes a policy; see the port. Answers whether it was there.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn drop_policy(&self, database: &str, name: &str) -> Result<bool, CatalogError> {
        let mut was_there = false;
        self.change(|state| {
            was_there = state.remove_policy(database, name);
            Ok(was_there)
        })?;
        Ok(was_there)
    }

    /// Lets `edit` change a copy of the state; where it says that something changed, or where
    /// the file is in doubt, it is replaced before the copy is shown to anyone.
    fn change(
        &self,
        edit: impl FnOnce(&mut State) -> Result<bool, CatalogError>,
    ) -> Result<(), CatalogError> {
        let _writing = self.writing.lock();
        let mut state = State::clone(&self.state());
        if edit(&mut state)? || self.is_in_doubt.load(Ordering::Acquire) {
            self.is_in_doubt.store(true, Ordering::Release);
            let written = replace_both(self.disk.as_ref(), &self.path, &file::encode(&state));
            written.map_err(|error| {
                let advice = if is_disk_full(&error) { "; free some space" } else { "" };
                CatalogError::Failed(format!("{error}{advice}"))
            })?;
            *self.state.write() = Arc::new(state);
            self.is_in_doubt.store(false, Ordering::Release);
        }
        Ok(())
    }
}

/// What the file or its copy says; none where neither is there.
///
/// # Errors
/// When both are damaged or cannot be read, or one is of another version.
pub fn read(path: &Path, disk: &dyn Disk) -> Result<Option<Twin<State>>, Error> {
    twin::read(path, disk, file::decode)
}

/// The policy that a database is born with where nothing else is said.
fn default_policy() -> Policy {
    Policy {
        name: DEFAULT_POLICY.into(),
        duration: None,
        shard: Span(7 * Span::DAY.0),
        replication: 1,
        is_default: true,
    }
}

fn is_alike(a: &Policy, b: &Policy) -> bool {
    (a.duration, a.shard, a.replication) == (b.duration, b.shard, b.replication)
}

fn is_default_of(database: &Database, policy: &Policy) -> bool {
    let same = database.policy(&policy.name);
    same.is_some_and(|same| same.policy.is_default && is_alike(&same.policy, policy))
}

/// InfluxDB's rule: printable, no slash of either kind, and no name of a folder.
fn check_name(name: &str) -> Result<(), CatalogError> {
    let is_bad = name.is_empty()
        || matches!(name, "." | "..")
        || name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'));
    if is_bad { Err(CatalogError::BadName) } else { Ok(()) }
}

fn check_duration(duration: Span) -> Result<(), CatalogError> {
    if duration < DURATION_MIN { Err(CatalogError::TooShort) } else { Ok(()) }
}

fn check_policy(policy: &Policy) -> Result<(), CatalogError> {
    check_name(&policy.name)?;
    policy.duration.map_or(Ok(()), check_duration)
}

#[cfg(test)]
mod tests;
