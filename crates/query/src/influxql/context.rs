//! What a statement runs in: where data is, which database is meant, what time it is.

use super::ast::Measurement;
use super::error::Error;
use super::plan::Place;
use model::limits::Budget;
use model::port::{Catalog, CatalogError, Source};
use std::sync::Arc;

/// What a statement runs in.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Samples.
    pub(crate) source: &'a dyn Source,
    /// Databases.
    pub(crate) catalog: &'a dyn Catalog,
    /// The database of the request.
    pub(crate) database: Option<&'a str>,
    /// The retention policy of the request.
    pub(crate) policy: Option<&'a str>,
    /// What `now()` is, in nanoseconds.
    pub(crate) now: i64,
    /// How many windows one series of an answer may have.
    pub(crate) buckets_max: u64,
    /// On how many threads series are read at once.
    pub(crate) threads: usize,
    /// What the query may use.
    pub(crate) budget: &'a Budget,
}

impl Context<'_> {
    /// The database a statement means: the one it names, or the request's.
    ///
    /// # Errors
    /// Where neither names one.
    pub(crate) fn database(&self, named: Option<&str>) -> Result<Arc<str>, Error> {
        named.or(self.database).map(Arc::from).ok_or(Error::NoDatabase)
    }

    /// Where a measurement is.
    ///
    /// # Errors
    /// Where its database or policy does not exist.
    pub(crate) fn place(
        &self,
        measurement: &Measurement,
        database: Option<&str>,
    ) -> Result<Place, Error> {
        let database = self.database(measurement.database.as_deref().or(database))?;
        let policies = self.catalog.policies(&database)?;
        let wanted = measurement.policy.as_deref().or(self.policy);
        let policy = match wanted {
            Some(name) => policies.iter().find(|policy| policy.name.as_ref() == name),
            None => policies.iter().find(|policy| policy.is_default),
        };
        match (policy, wanted) {
            (Some(policy), _) => {
                let (policy, name) = (policy.name.clone(), measurement.name.clone());
                Ok(Place { database, policy, name })
            }
            (None, Some(name)) => Err(CatalogError::NoPolicy(name.to_owned()).into()),
            (None, None) => {
                Err(Error::Invalid(format!("default retention policy not set for: {database}")))
            }
        }
    }
}
