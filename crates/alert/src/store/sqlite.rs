//! The store in one SQLite file.
//!
//! One connection writes, under a mutex, in `BEGIN IMMEDIATE` transactions with
//! `synchronous=FULL`; another one reads, so that a page never waits for an fsync. Both
//! use the write-ahead log. Another process on the same file is waited for, up to
//! `BUSY_TIMEOUT`.

mod check;
mod columns;
mod copy;
mod history;
mod instances;
mod outbox;
mod rules;
mod schema;

pub use check::check_database;
pub use copy::copy_database;

use super::{
    Acknowledgement, Attempt, Audit, Backlog, Checkpoint, Claim, FiringRecord, Guard, Notification,
    Read, Reader, Store, Transaction, Verdict, Write,
};
use crate::Error;
use crate::instance::{Instance, Key};
use crate::rule::Rule;
use model::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// How long a transaction waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A SQLite file.
pub struct Sqlite {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl Sqlite {
    /// Opens the database at `path`, makes it where there is none, and takes an older one
    /// to the present schema.
    ///
    /// # Errors
    /// When it cannot be opened, is no database, or was written by a later version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut writer = connect(path)?;
        schema::migrate(&mut writer, path)?;
        let reader = connect(path)?;
        reader
            .pragma_update(None, "query_only", true)
            .map_err(Error::sqlite("prepare reading connection"))?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open(path).map_err(Error::sqlite("open alert database"))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(Error::sqlite("set busy timeout"))?;
    let prepare = || {
        // This one answers with the mode it chose, which is a row.
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)
    };
    prepare().map_err(Error::sqlite("prepare alert database"))?;
    Ok(connection)
}

impl Store for Sqlite {
    fn write(&self, work: &mut Write<'_>) -> Result<(), Error> {
        let connection = self.writer.lock();
        // Dropped without a commit, also by a panic, it rolls back.
        let tx = rusqlite::Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)
            .map_err(Error::sqlite("begin transaction"))?;
        work(&mut Session { connection: &tx })?;
        tx.commit().map_err(Error::sqlite("commit transaction"))
    }

    fn read(&self, work: &mut Read<'_>) -> Result<(), Error> {
        let connection = self.reader.lock();
        let tx = rusqlite::Transaction::new_unchecked(&connection, TransactionBehavior::Deferred)
            .map_err(Error::sqlite("begin read"))?;
        work(&Session { connection: &tx })?;
        tx.commit().map_err(Error::sqlite("end read"))
    }
}

/// One transaction.
struct Session<'a> {
    connection: &'a Connection,
}

impl Reader for Session<'_> {
    fn rules_version(&self) -> Result<i64, Error> {
        rules::version(self.connection)
    }

    fn rules(&self) -> Result<Vec<Rule>, Error> {
        rules::all(self.connection)
    }

    fn rule(&self, id: &str) -> Result<Option<Rule>, Error> {
        rules::one(self.connection, id)
    }

    fn instances(&self, rule_id: &str) -> Result<Vec<Instance>, Error> {
        instances::of_rule(self.connection, rule_id)
    }

    fn last_epoch(&self, key: &Key) -> Result<i64, Error> {
        history::last_epoch(self.connection, key)
    }

    fn firings(&self, rule_id: &str, count_max: usize) -> Result<Vec<FiringRecord>, Error> {
        history::latest(self.connection, rule_id, count_max)
    }

    fn open_firings(&self, rule_id: &str) -> Result<Vec<FiringRecord>, Error> {
        history::open(self.connection, rule_id)
    }

    fn notifications(&self, key: &Key, epoch: i64) -> Result<Vec<Notification>, Error> {
        outbox::of_firing(self.connection, key, epoch)
    }

    fn due_channels(&self, now: Timestamp) -> Result<Vec<String>, Error> {
        outbox::due_channels(self.connection, now)
    }

    fn next_due(&self, channel: &str) -> Result<Option<Timestamp>, Error> {
        outbox::next_due(self.connection, channel)
    }

    fn backlog(&self, now: Timestamp) -> Result<Backlog, Error> {
        outbox::backlog(self.connection, now)
    }

    fn attempts(&self, notification: i64) -> Result<Vec<Attempt>, Error> {
        outbox::attempts(self.connection, notification)
    }

    fn audit(&self, rule_id: Option<&str>, count_max: usize) -> Result<Vec<Audit>, Error> {
        rules::audit(self.connection, rule_id, count_max)
    }
}

impl Transaction for Session<'_> {
    fn insert_rule(&mut self, rule: &Rule) -> Result<bool, Error> {
        rules::insert(self.connection, rule)
    }

    fn update_rule(&mut self, rule: &Rule) -> Result<(), Error> {
        rules::update(self.connection, rule)
    }

    fn delete_rule(&mut self, id: &str) -> Result<(), Error> {
        rules::delete(self.connection, id)
    }

    fn insert_instance(&mut self, instance: &Instance) -> Result<bool, Error> {
        instances::insert(self.connection, instance)
    }

    fn update_instance(&mut self, guard: &Guard, instance: &Instance) -> Result<bool, Error> {
        instances::update(self.connection, guard, instance)
    }

    fn delete_instances(&mut self, rule_id: &str) -> Result<(), Error> {
        instances::delete(self.connection, rule_id)
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<(), Error> {
        match checkpoint {
            Checkpoint::Rule { id, judged_at } => rules::judged(self.connection, id, *judged_at),
            Checkpoint::Instance { key, guard, progress } => {
                instances::judged(self.connection, key, guard, progress)
            }
        }
    }

    fn open_firing(&mut self, firing: &FiringRecord) -> Result<bool, Error> {
        history::insert(self.connection, firing)
    }

    fn close_firing(&mut self, firing: &FiringRecord) -> Result<bool, Error> {
        history::close(self.connection, firing)
    }

    fn acknowledge(&mut self, key: &Key, epoch: i64, by: &Acknowledgement) -> Result<(), Error> {
        history::acknowledge(self.connection, key, epoch, by)
    }

    fn enqueue(&mut self, notification: &Notification) -> Result<bool, Error> {
        outbox::enqueue(self.connection, notification)
    }

    fn suppress(&mut self, notification: i64, reason: &str) -> Result<bool, Error> {
        outbox::suppress(self.connection, notification, reason)
    }

    fn claim(&mut self, claim: &Claim<'_>) -> Result<Vec<Notification>, Error> {
        outbox::claim(self.connection, claim)
    }

    fn release_claims(&mut self) -> Result<usize, Error> {
        outbox::release_claims(self.connection)
    }

    fn settle(&mut self, attempt: &Attempt, verdict: &Verdict, owner: &str) -> Result<bool, Error> {
        outbox::settle(self.connection, attempt, verdict, owner)
    }

    fn append_audit(&mut self, audit: &Audit) -> Result<(), Error> {
        rules::append_audit(self.connection, audit)
    }
}

#[cfg(test)]
mod tests;
