//! The main job, on the built binary, as its users see it.

mod alerting;
mod backup;
mod bench;
mod bucket;
mod damage;
mod deletes;
mod durability;
mod looking;
mod refusals;
mod serving;
