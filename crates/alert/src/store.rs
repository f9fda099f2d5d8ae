//! Where rules, instances, history and the outbox are kept: the authority.
//!
//! A store offers two verbs: `read`, which sees one state of the database, and `write`, a
//! transaction that is durable when it returns or has left no trace. What happens inside
//! is the same code for every store; a store only knows how to find and change rows. The
//! two promises it keeps by constraints, whoever asks: one history row for each (instance,
//! epoch), and one notification for each (instance, epoch, kind, target, refused target).

mod record;
pub mod sqlite;

#[cfg(test)]
pub(crate) mod contract;

pub use record::{
    Acknowledgement, Attempt, Audit, Backlog, Checkpoint, Claim, FiringRecord, Guard, Notification,
    Outcome, Status, Verdict,
};

use crate::Error;
use crate::instance::{Instance, Key};
use crate::rule::Rule;
use model::Timestamp;

/// What a transaction does. It may be run again from its start.
pub type Write<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), Error> + 'a;
/// What a read does.
pub type Read<'a> = dyn FnMut(&dyn Reader) -> Result<(), Error> + 'a;

/// A database of alerts.
pub trait Store: Send + Sync {
    /// Runs `work` in a transaction of its own, serial with all others.
    ///
    /// # Errors
    /// When `work` or the database fails; then nothing has changed.
    fn write(&self, work: &mut Write<'_>) -> Result<(), Error>;

    /// Runs `work` on one state of the database.
    ///
    /// # Errors
    /// When `work` or the database fails.
    fn read(&self, work: &mut Read<'_>) -> Result<(), Error>;
}

/// What can be found.
pub trait Reader {
    /// A number that changes whenever a rule does.
    ///
    /// # Errors
    /// When the database fails; so of all below.
    fn rules_version(&self) -> Result<i64, Error>;

    /// Every rule, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    fn rules(&self) -> Result<Vec<Rule>, Error>;

    /// One rule.
    ///
    /// # Errors
    /// When the database fails.
    fn rule(&self, id: &str) -> Result<Option<Rule>, Error>;

    /// The recorded instances of a rule.
    ///
    /// # Errors
    /// When the database fails.
    fn instances(&self, rule_id: &str) -> Result<Vec<Instance>, Error>;

    /// The last epoch history knows of an instance, 0 where it knows none.
    ///
    /// # Errors
    /// When the database fails.
    fn last_epoch(&self, key: &Key) -> Result<i64, Error>;

    /// The firings of a rule, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    fn firings(&self, rule_id: &str, count_max: usize) -> Result<Vec<FiringRecord>, Error>;

    /// The firings of a rule that have not ended.
    ///
    /// # Errors
    /// When the database fails.
    fn open_firings(&self, rule_id: &str) -> Result<Vec<FiringRecord>, Error>;

    /// All notifications of one firing, in the order they were made.
    ///
    /// # Errors
    /// When the database fails.
    fn notifications(&self, key: &Key, epoch: i64) -> Result<Vec<Notification>, Error>;

    /// Channels that have something due at `now`.
    ///
    /// # Errors
    /// When the database fails.
    fn due_channels(&self, now: Timestamp) -> Result<Vec<String>, Error>;

    /// When the next notification of a channel is due, past or future.
    ///
    /// # Errors
    /// When the database fails.
    fn next_due(&self, channel: &str) -> Result<Option<Timestamp>, Error>;

    /// What is not delivered yet.
    ///
    /// # Errors
    /// When the database fails.
    fn backlog(&self, now: Timestamp) -> Result<Backlog, Error>;

    /// Attempts to send one notification, in order.
    ///
    /// # Errors
    /// When the database fails.
    fn attempts(&self, notification: i64) -> Result<Vec<Attempt>, Error>;

    /// Changes to a rule, or to all, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    fn audit(&self, rule_id: Option<&str>, count_max: usize) -> Result<Vec<Audit>, Error>;
}

/// What can be changed. Every verb that may lose against somebody else says whether it won.
pub trait Transaction: Reader {
    /// Adds a rule; false where there is one of that id.
    ///
    /// # Errors
    /// When the database fails; so of all below.
    fn insert_rule(&mut self, rule: &Rule) -> Result<bool, Error>;

    /// Replaces the rule of that id, whatever stood there.
    ///
    /// # Errors
    /// When the database fails.
    fn update_rule(&mut self, rule: &Rule) -> Result<(), Error>;

    /// Removes a rule and its instances; history and notifications stay.
    ///
    /// # Errors
    /// When the database fails.
    fn delete_rule(&mut self, id: &str) -> Result<(), Error>;

    /// Records an instance for the first time; false where it is recorded already, or its
    /// rule is gone.
    ///
    /// # Errors
    /// When the database fails.
    fn insert_instance(&mut self, instance: &Instance) -> Result<bool, Error>;

    /// Moves a recorded instance on; false where it no longer stands as `guard` says.
    ///
    /// # Errors
    /// When the database fails.
    fn update_instance(&mut self, guard: &Guard, instance: &Instance) -> Result<bool, Error>;

    /// Forgets the instances of a rule; history and notifications stay.
    ///
    /// # Errors
    /// When the database fails.
    fn delete_instances(&mut self, rule_id: &str) -> Result<(), Error>;

    /// Notes how far judging has come, where it changes no state.
    ///
    /// # Errors
    /// When the database fails.
    fn checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Error>;

    /// Opens a firing in history; false where that epoch is there already.
    ///
    /// # Errors
    /// When the database fails.
    fn open_firing(&mut self, firing: &FiringRecord) -> Result<bool, Error>;

    /// Ends a firing in history; false where it is not open.
    ///
    /// # Errors
    /// When the database fails.
    fn close_firing(&mut self, firing: &FiringRecord) -> Result<bool, Error>;

    /// Marks an open firing as taken.
    ///
    /// # Errors
    /// When the database fails.
    fn acknowledge(&mut self, key: &Key, epoch: i64, by: &Acknowledgement) -> Result<(), Error>;

    /// Puts a notification into the outbox; false where it is there already.
    ///
    /// # Errors
    /// When the database fails.
    fn enqueue(&mut self, notification: &Notification) -> Result<bool, Error>;

    /// Takes an unsent, unclaimed notification out of the outbox, with the reason.
    ///
    /// # Errors
    /// When the database fails.
    fn suppress(&mut self, notification: i64, reason: &str) -> Result<bool, Error>;

    /// Claims what is due of a channel: critical first, then the oldest, and nothing that
    /// has an undelivered one of the same instance and target before it.
    ///
    /// # Errors
    /// When the database fails.
    fn claim(&mut self, claim: &Claim<'_>) -> Result<Vec<Notification>, Error>;

    /// Makes everything due again that is claimed, whoever claims it; says how many.
    ///
    /// # Errors
    /// When the database fails.
    fn release_claims(&mut self) -> Result<usize, Error>;

    /// Writes an attempt down and settles its notification, where `owner` still holds the
    /// claim; false, and only the attempt written, where it does not.
    ///
    /// # Errors
    /// When the database fails.
    fn settle(&mut self, attempt: &Attempt, verdict: &Verdict, owner: &str) -> Result<bool, Error>;

    /// Writes down who changed what.
    ///
    /// # Errors
    /// When the database fails.
    fn append_audit(&mut self, audit: &Audit) -> Result<(), Error>;
}

/// Runs `work` as a transaction and hands on what it gives.
pub(crate) fn write<T>(
    store: &dyn Store,
    mut work: impl FnMut(&mut dyn Transaction) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut given = None;
    store.write(&mut |tx| {
        given = Some(work(tx)?);
        Ok(())
    })?;
    Ok(given.expect("a store that returns without an error has run the work"))
}

/// Runs `work` as a read and hands on what it gives.
pub(crate) fn read<T>(
    store: &dyn Store,
    mut work: impl FnMut(&dyn Reader) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut given = None;
    store.read(&mut |reader| {
        given = Some(work(reader)?);
        Ok(())
    })?;
    Ok(given.expect("a store that returns without an error has run the work"))
}
