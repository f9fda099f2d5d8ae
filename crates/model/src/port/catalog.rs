//! Databases and their retention policies.

use super::Selection;
use crate::Span;
use std::sync::Arc;

/// A retention policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Its name, unique in its database.
    pub name: Arc<str>,
    /// How long it keeps; none means for ever.
    pub duration: Option<Span>,
    /// How much time one shard group spans, as InfluxDB reports it.
    pub shard: Span,
    /// Copies, as InfluxDB reports them.
    pub replication: u32,
    /// Whether writes and queries without a policy mean this one.
    pub is_default: bool,
}

/// What to change of a policy; what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PolicyChange {
    /// How long it keeps; the inner none means for ever.
    pub duration: Option<Option<Span>>,
    /// How much time one shard group spans.
    pub shard: Option<Span>,
    /// Copies.
    pub replication: Option<u32>,
    /// Whether it becomes the default. It cannot stop being one.
    pub make_default: bool,
}

/// Why the catalog refused. The texts are InfluxDB's where it has one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CatalogError {
    /// No such database.
    #[error("database not found: {0}")]
    NoDatabase(String),
    /// No such policy.
    #[error("retention policy not found: {0}")]
    NoPolicy(String),
    /// There is one of that name with other properties.
    #[error("retention policy conflicts with an existing policy")]
    PolicyConflict,
    /// There is one of that name.
    #[error("retention policy already exists")]
    PolicyExists,
    /// The name cannot be one.
    #[error("invalid name")]
    BadName,
    /// A duration is too short.
    #[error("retention policy duration must be at least 1h0m0s")]
    TooShort,
    /// It could not be written down.
    #[error("write catalog: {0}")]
    Failed(String),
}

/// Databases, policies, and the removal of what is in them.
pub trait Catalog: Send + Sync {
    /// Names of the databases, sorted.
    fn databases(&self) -> Vec<Arc<str>>;

    /// Policies of a database, the default one included.
    ///
    /// # Errors
    /// When there is no such database.
    fn policies(&self, database: &str) -> Result<Vec<Policy>, CatalogError>;

    /// Makes a database; with `policy`, that is its default one. Making one again that is
    /// the same does nothing.
    ///
    /// # Errors
    /// When its policy conflicts, a name cannot be one, or it cannot be written down.
    fn create_database(&self, name: &str, policy: Option<Policy>) -> Result<(), CatalogError>;

    /// Removes a database with all its data; one that is not there is no error.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn drop_database(&self, name: &str) -> Result<(), CatalogError>;

    /// Makes a policy.
    ///
    /// # Errors
    /// When there is one of that name that differs.
    fn create_policy(&self, database: &str, policy: Policy) -> Result<(), CatalogError>;

    /// Changes a policy.
    ///
    /// # Errors
    /// When there is none of that name.
    fn alter_policy(
        &self,
        database: &str,
        name: &str,
        change: PolicyChange,
    ) -> Result<(), CatalogError>;

    /// Removes a policy with all its data; one that is not there is no error.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn drop_policy(&self, database: &str, name: &str) -> Result<(), CatalogError>;

    /// Deletes the samples of the series that fit, in the time that is given. What was
    /// acknowledged before is gone from every answer once this returns; what is written later
    /// stays, whatever its time. With all of time, series are gone with their samples, and a
    /// field that nothing is left of may come back with another kind.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn delete(&self, what: &Selection) -> Result<(), CatalogError>;

    /// Asks for the space of what was deleted to be given back soon.
    fn reclaim(&self);
}
