//! The main job, on the built binary, as its users see it.

mod alerting;
mod backup;
mod damage;
mod durability;
mod refusals;
mod serving;
