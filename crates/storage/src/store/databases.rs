//! The catalog's port: databases and policies, and what dropping one takes with it.

use super::Store;
use model::port::{Catalog, CatalogError, Policy, PolicyChange, Selection};
use std::sync::Arc;

impl Catalog for Store {
    fn databases(&self) -> Vec<Arc<str>> {
        self.catalog.state().names()
    }

    fn policies(&self, database: &str) -> Result<Vec<Policy>, CatalogError> {
        let state = self.catalog.state();
        let found = state.database(database);
        let found = found.ok_or_else(|| CatalogError::NoDatabase(database.to_owned()))?;
        Ok(found.policies().iter().map(|known| known.policy.clone()).collect())
    }

    fn create_database(&self, name: &str, policy: Option<Policy>) -> Result<(), CatalogError> {
        self.catalog.create_database(name, policy)
    }

    fn drop_database(&self, name: &str) -> Result<(), CatalogError> {
        let was_there = self.catalog.drop_database(name)?;
        self.purge(was_there);
        Ok(())
    }

    fn create_policy(&self, database: &str, policy: Policy) -> Result<(), CatalogError> {
        self.catalog.create_policy(database, policy)
    }

    fn alter_policy(
        &self,
        database: &str,
        name: &str,
        change: PolicyChange,
    ) -> Result<(), CatalogError> {
        self.catalog.alter_policy(database, name, change)
    }

    fn drop_policy(&self, database: &str, name: &str) -> Result<(), CatalogError> {
        let was_there = self.catalog.drop_policy(database, name)?;
        self.purge(was_there);
        Ok(())
    }

    fn delete(&self, what: &Selection) -> Result<(), CatalogError> {
        self.delete_what(what)
    }

    fn reclaim(&self) {
        self.wake();
    }
}

impl Store {
    /// Takes what was dropped out of the head; blocks give their space back when they are
    /// merged, which is asked for.
    fn purge(&self, was_there: bool) {
        if was_there {
            self.head.purge(&self.catalog.state().live());
            self.wake();
        }
    }
}
