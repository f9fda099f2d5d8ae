//! Rules to instances to transitions to notifications: none lost, no transition twice.
//!
//! A [`rule::Rule`] says what is wrong and who must know. Each label set it sees is an
//! instance with a state of its own. A *tick* reads samples, lets the pure functions in
//! [`decide`] say what changed, and writes every change in one transaction guarded by the
//! instance's epoch: instance row, history row, notification rows. *Delivery* claims those
//! notification rows under a lease, sends them, and marks them, as often as it takes.
//!
//! The store is the authority; what a [`Service`] holds in memory is what it may lose.
//! This room knows the samples only through [`model::port::Source`] and expressions only
//! through [`model::port::Evaluate`].

mod audit;
pub mod channel;
pub mod decide;
mod delivery;
mod error;
mod evaluator;
pub mod instance;
pub mod notice;
mod observe;
pub mod rule;
mod running;
mod service;
mod stats;
pub mod store;
mod tick;
mod time;
mod transition;
pub mod view;

pub use channel::ChannelConfig;
pub use delivery::DeliveryReport;
pub use error::{ApiError, Error};
pub use rule::file::check_rules_file;
pub use rule::input::RuleInput;
pub use running::Running;
pub use service::{Options, Service};
pub use stats::Stats;
pub use store::Store;
pub use store::sqlite::{Sqlite, check_database, copy_database};
pub use tick::TickReport;
pub use view::{AckInput, AckView, AuditView, ChannelView, Firing, InstanceView, RuleView};

#[cfg(test)]
mod tests;
