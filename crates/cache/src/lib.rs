//! Bytes by key with expiry: what is cheap to lose and dear to compute again.
//!
//! An implementation of [`model::port::Cache`] in this process. It is never the authority:
//! what is in it may be gone at the next call, and whoever asks goes on without it. What
//! every implementation must keep to stands in `contract.rs` as tests over `&dyn Cache`,
//! which one on a server of its own has to pass too.

#[cfg(test)]
mod contract;
mod memory;

pub use memory::{Memory, Stats};
