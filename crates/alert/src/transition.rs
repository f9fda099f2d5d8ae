//! A decision becomes rows, all of them in one transaction or none: the instance (guarded
//! by how it stood), its history, its notifications, its cooldown.
//!
//! Invariants: whoever finds the instance moved on writes nothing; a firing inside a
//! cooldown is written at once and its notification held; a resolve is told to those, and
//! only to those, who were or will be told of the trigger.

use crate::Error;
use crate::channel::Channels;
use crate::decide::{Cause, Decision, Event};
use crate::instance::{Instance, State};
use crate::notice::{About, End, Kind, Notice};
use crate::rule::Rule;
use crate::store::{FiringRecord, Guard, Notification, Status, Transaction};
use model::port::Split;
use model::{Span, Timestamp};

/// What is about to be written of one instance.
pub(crate) struct Change<'a> {
    pub rule: &'a Rule,
    pub split: Option<&'a Split>,
    /// Measurement and field, where a series was seen.
    pub subject: Option<&'a str>,
    pub before: &'a Instance,
    /// How it stands in the store; none where it is not recorded.
    pub recorded: Option<&'a Guard>,
    pub decision: &'a Decision,
}

/// What was written.
pub(crate) struct Written {
    /// The instance as it now stands in the store.
    pub after: Instance,
    /// How many firings began.
    pub fired: u64,
    /// How many ended.
    pub resolved: u64,
}

/// Writes `change`; none, and nothing written, where somebody else moved the instance.
pub(crate) fn apply(
    tx: &mut dyn Transaction,
    change: &Change<'_>,
    channels: &Channels,
    now: Timestamp,
) -> Result<Option<Written>, Error> {
    let key = &change.before.key;
    // History is asked where no row says how often the instance has fired: its rule may
    // have been deleted and made again.
    let epoch_before = match change.recorded {
        Some(guard) => guard.epoch,
        None => tx.last_epoch(key)?,
    };
    let mut after = Instance { progress: change.decision.after.clone(), ..change.before.clone() };
    after.progress.epoch += epoch_before - change.before.progress.epoch;
    let won = match change.recorded {
        Some(guard) => tx.update_instance(guard, &after)?,
        None => tx.insert_instance(&after)?,
    };
    if !won {
        return Ok(None);
    }
    let mut story = Story { tx, change, channels, now, epoch: epoch_before, fired: 0, resolved: 0 };
    let mut cooldown_until = change.before.cooldown_until;
    for event in &change.decision.events {
        match *event {
            Event::Fired { at, value } => story.fire(at, value, &mut cooldown_until)?,
            Event::Resolved { at, value, peak, cause } => {
                story.resolve(&End { at, value, peak, cause }, &mut cooldown_until)?;
            }
        }
    }
    let (fired, resolved) = (story.fired, story.resolved);
    if cooldown_until != after.cooldown_until {
        let guard = Guard::of(&after.progress);
        after.cooldown_until = cooldown_until;
        tx.update_instance(&guard, &after)?;
    }
    Ok(Some(Written { after, fired, resolved }))
}

/// Ends whatever is open of `instance`, a row of the store, because its rule goes away.
pub(crate) fn close(
    tx: &mut dyn Transaction,
    rule: &Rule,
    instance: &Instance,
    cause: Cause,
    around: (&Channels, Timestamp),
) -> Result<Option<Written>, Error> {
    let (channels, now) = around;
    let mut decision = Decision { after: instance.progress.clone(), events: Vec::new() };
    match instance.progress.state {
        State::Firing | State::Recovering => decision.resolve(now, None, cause),
        State::Pending => {
            decision.after.state = State::Inactive;
            decision.after.since = now;
        }
        State::Inactive | State::Resolved => return Ok(None),
    }
    let guard = Guard::of(&instance.progress);
    let change = Change {
        rule,
        split: None,
        subject: None,
        before: instance,
        recorded: Some(&guard),
        decision: &decision,
    };
    apply(tx, &change, channels, now)
}

/// The events of one change, as they are written one after the other.
struct Story<'a> {
    tx: &'a mut dyn Transaction,
    change: &'a Change<'a>,
    channels: &'a Channels,
    now: Timestamp,
    epoch: i64,
    fired: u64,
    resolved: u64,
}

impl Story<'_> {
    fn fire(
        &mut self,
        at: Timestamp,
        value: f64,
        cooldown_until: &mut Option<Timestamp>,
    ) -> Result<(), Error> {
        let Change { rule, before, .. } = *self.change;
        self.epoch += 1;
        self.fired += 1;
        let value_known = Some(value).filter(|value| !value.is_nan());
        let opened = self.tx.open_firing(&FiringRecord {
            key: before.key.clone(),
            epoch: self.epoch,
            rule_name: rule.name.clone(),
            severity: rule.severity,
            labels: before.labels.clone(),
            value: value_known,
            peak_value: value_known,
            fired_at: at,
            resolved: None,
            acknowledged: None,
        })?;
        if !opened {
            return Err(Error::Corrupt {
                table: "alert_history",
                column: "epoch",
                value: before.key.dedup_key(self.epoch),
                wanted: "a firing yet to come: the instance's own row counts fewer",
            });
        }
        let held_until = cooldown_until.filter(|until| at < *until);
        if held_until.is_none() && rule.cooldown > Span::ZERO && !rule.notify.is_empty() {
            *cooldown_until = Some(at + rule.cooldown);
        }
        let about = About {
            rule,
            split: self.change.split,
            instance: before,
            subject: self.change.subject,
        };
        let notice = Notice::fired(&about, at, value, self.epoch);
        for target in &rule.notify {
            let status = if held_until.is_some() { Status::Held } else { Status::Queued };
            let reason = held_until.map(|_| "inside the cooldown of an earlier firing");
            let due_at = held_until.unwrap_or(self.now);
            let row = self.row(Kind::Trigger, target, &notice, (status, reason), due_at);
            self.tx.enqueue(&row)?;
        }
        Ok(())
    }

    fn resolve(&mut self, end: &End, cooldown_until: &mut Option<Timestamp>) -> Result<(), Error> {
        let Change { rule, before, .. } = *self.change;
        self.resolved += 1;
        self.tx.close_firing(&FiringRecord {
            key: before.key.clone(),
            epoch: self.epoch,
            rule_name: rule.name.clone(),
            severity: rule.severity,
            labels: before.labels.clone(),
            value: end.value,
            peak_value: end.peak,
            fired_at: end.at,
            resolved: Some((end.at, end.cause)),
            acknowledged: None,
        })?;
        let rows = self.tx.notifications(&before.key, self.epoch)?;
        let mut told: Vec<(String, bool)> = Vec::new();
        let mut trigger = None;
        for row in rows.iter().filter(|row| row.kind == Kind::Trigger) {
            let is_told = match row.status {
                Status::Held if end.at < row.due_at => {
                    !self.tx.suppress(row.id, "it was over before the cooldown was")?
                }
                Status::Held | Status::Queued | Status::Claimed | Status::Sent => true,
                Status::Failed | Status::Suppressed => false,
            };
            if is_told && row.first_due_at != row.created_at {
                // It still fired when its cooldown ended, and began the next one then.
                *cooldown_until = Some(row.first_due_at + rule.cooldown);
            }
            match told.iter_mut().find(|(target, _)| *target == row.target) {
                Some((_, known)) => *known |= is_told,
                None => told.push((row.target.clone(), is_told)),
            }
            if trigger.is_none() || row.notice.refused_by.is_none() {
                trigger = Some(&row.notice);
            }
        }
        let Some(trigger) = trigger else { return Ok(()) };
        let notice = trigger.resolved(end);
        for (target, is_told) in &told {
            let standing = match is_told {
                true => (Status::Queued, None),
                false => (Status::Suppressed, Some("its trigger was never sent")),
            };
            let row = self.row(Kind::Resolve, target, &notice, standing, self.now);
            self.tx.enqueue(&row)?;
        }
        Ok(())
    }

    fn row(
        &self,
        kind: Kind,
        target: &str,
        notice: &Notice,
        standing: (Status, Option<&str>),
        due_at: Timestamp,
    ) -> Notification {
        // A channel that left the configuration keeps its notifications until it is back.
        let channel = self.channels.resolve(target).unwrap_or(target);
        Notification {
            id: 0,
            key: self.change.before.key.clone(),
            epoch: self.epoch,
            kind,
            target: target.to_owned(),
            channel: channel.to_owned(),
            notice: notice.clone(),
            status: standing.0,
            reason: standing.1.map(str::to_owned),
            created_at: self.now,
            first_due_at: due_at,
            due_at,
            attempts: 0,
        }
    }
}
