//! The store as a whole, against a model of it: a map from series and time to value.

mod asking;
mod begin;
mod compat;
mod crash;
mod damage;
mod deletes;
mod faults;
mod flips;
mod histories;
mod limits;
mod looking;
mod memory;
mod mending;
mod merging;
mod model_map;
mod queries;
mod rig;
mod tenancy;
mod widening;
