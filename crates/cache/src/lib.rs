//! Bytes by key with expiry.
