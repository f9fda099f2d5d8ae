//! Bytes that nobody meant, for every decoder: each target takes any bytes, and must end
//! without a panic and within its bounds of memory.
//!
//! The tests of this crate run each target over the corpus in `fuzz/corpus` and over seeded
//! changes of it; `fuzz/README.md` says how to run them for long.

mod mutation;
mod target;
mod volume;

pub use mutation::{Mutation, Random};
pub use target::{TARGETS, Target};

#[cfg(test)]
mod tests;
