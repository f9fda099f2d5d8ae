//! Bytes by key with expiry.

use crate::Span;

/// Why a cache did not answer. A caller goes on without it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cache: {what}")]
pub struct CacheError {
    /// What went wrong.
    pub what: String,
}

/// A cache: it may forget anything at any time, and is never the authority.
pub trait Cache: Send + Sync {
    /// The value of `key`, where it has not expired.
    ///
    /// # Errors
    /// When the cache is out of reach.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError>;

    /// Sets `key` for as long as `ttl`.
    ///
    /// # Errors
    /// When the cache is out of reach.
    fn set(&self, key: &str, value: &[u8], ttl: Span) -> Result<(), CacheError>;

    /// Sets `key` where it is absent; says whether it did. Atomic among all users.
    ///
    /// # Errors
    /// When the cache is out of reach.
    fn set_if_absent(&self, key: &str, value: &[u8], ttl: Span) -> Result<bool, CacheError>;

    /// Forgets `key`.
    ///
    /// # Errors
    /// When the cache is out of reach.
    fn remove(&self, key: &str) -> Result<(), CacheError>;
}
