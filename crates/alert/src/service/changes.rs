//! Rules are made, replaced and deleted, and firings taken. Each is one transaction with
//! its row in the audit log.

use super::{Inner, Posted, Service, no_rule};
use crate::audit;
use crate::decide::Cause;
use crate::instance::State;
use crate::notice::Kind;
use crate::rule::Rule;
use crate::rule::input::{RuleInput, Surroundings};
use crate::store::{
    Acknowledgement, Audit, FiringRecord, Notification, Status, Transaction, write,
};
use crate::transition::close;
use crate::view::{AckInput, AckView, Firing, RuleView, Standing, label_map};
use crate::{ApiError, Error};
use model::Span;

/// How often an id is made up again where there is one of that id already.
const ID_ATTEMPTS_MAX: usize = 4;

/// What a transaction found: an answer, or why there is none.
type Answer<T> = Result<T, ApiError>;

impl Service {
    /// Makes a rule.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] where it is not sound, [`ApiError::Conflict`] where there is
    /// one of that id.
    pub fn create(&self, input: RuleInput) -> Answer<RuleView> {
        let inner = &*self.inner;
        for _ in 0..ID_ATTEMPTS_MAX {
            let rule = inner.checked(input.clone())?;
            let audit = audit::change(rule.created_at, rule.created_by.clone(), None, Some(&rule));
            let inserted = write(&*inner.store, |tx| {
                let inserted = tx.insert_rule(&rule)?;
                if inserted {
                    tx.append_audit(&audit)?;
                }
                Ok(inserted)
            })?;
            if inserted {
                let standing = inner.announce(&rule);
                return Ok(RuleView::new(&rule, &standing));
            }
            if input.alert_id.is_some() {
                let said = format!("there is an alert of the id {:?} already", rule.id);
                return Err(ApiError::Conflict(said));
            }
        }
        Err(ApiError::Internal("no free alert id was found".to_owned()))
    }

    /// Replaces the rule `id`. Firings go on where the same is still watched, and are
    /// closed where it is not, or where the rule is turned off.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is none, [`ApiError::BadRequest`] where the new
    /// one is not sound.
    pub fn replace(&self, id: &str, input: RuleInput) -> Answer<RuleView> {
        let inner = &*self.inner;
        if let Some(other) = input.alert_id.as_deref().filter(|other| *other != id) {
            let said = format!("alert_id {other:?} is not {id:?}: an id cannot change");
            return Err(ApiError::BadRequest(said));
        }
        let who = input.created_by.clone();
        let new = inner.checked(RuleInput { alert_id: Some(id.to_owned()), ..input })?;
        let (rule, closed) = write(&*inner.store, |tx| {
            let Some(old) = tx.rule(id)? else { return Ok(Err(no_rule(id))) };
            let mut rule = new.clone();
            rule.created_by = rule.created_by.or_else(|| old.created_by.clone());
            rule.created_at = old.created_at;
            rule.revision = old.revision + 1;
            let goes_on = old.enabled && rule.enabled && rule.watches_as(&old);
            if goes_on {
                rule.judged_at = old.judged_at;
            }
            let closed = inner.close_for(tx, &old, &rule)?;
            tx.update_rule(&rule)?;
            let who = who.clone();
            tx.append_audit(&audit::change(rule.updated_at, who, Some(&old), Some(&rule)))?;
            Ok(Ok((rule, closed)))
        })??;
        inner.counters.note(|stats| stats.resolved += closed);
        let standing = inner.announce(&rule);
        inner.outbox_bell.ring();
        Ok(RuleView::new(&rule, &standing))
    }

    /// Deletes the rule `id`. Its firings are closed, and those who know of them are told;
    /// history stays.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is none.
    pub fn delete(&self, id: &str) -> Answer<()> {
        let inner = &*self.inner;
        let now = inner.now();
        let closed = write(&*inner.store, |tx| {
            let Some(old) = tx.rule(id)? else { return Ok(Err(no_rule(id))) };
            let mut closed = 0;
            for instance in tx.instances(id)? {
                let written = close(tx, &old, &instance, Cause::Deleted, (&inner.channels, now))?;
                closed += written.map_or(0, |written| written.resolved);
            }
            tx.delete_rule(id)?;
            tx.append_audit(&audit::change(now, None, Some(&old), None))?;
            Ok(Ok(closed))
        })??;
        inner.counters.note(|stats| stats.resolved += closed);
        inner.board.write().remove(id);
        inner.rules_bell.ring();
        inner.outbox_bell.ring();
        Ok(())
    }

    /// Takes the current firings of the rule `id`: all, or those with the given labels.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such rule, [`ApiError::Conflict`] where
    /// nothing of it fires.
    pub fn ack(&self, id: &str, input: AckInput) -> Answer<AckView> {
        let inner = &*self.inner;
        let by = Acknowledgement { at: inner.now(), by: input.author, comment: input.comment };
        let wanted = input.labels.unwrap_or_default();
        let acknowledged = write(&*inner.store, |tx| {
            if tx.rule(id)?.is_none() {
                return Ok(Err(no_rule(id)));
            }
            let mut firings = tx.open_firings(id)?;
            firings.retain(|firing| wanted.iter().all(|(n, v)| firing.labels.get(n) == v));
            if firings.is_empty() {
                let which = if wanted.is_empty() { "" } else { " with these labels" };
                let said = format!("nothing of alert {id:?} is firing{which}");
                return Ok(Err(ApiError::Conflict(said)));
            }
            for firing in &mut firings {
                inner.take(tx, firing, &by)?;
                firing.acknowledged = Some(by.clone());
            }
            let labels: Vec<_> = firings.iter().map(|firing| label_map(&firing.labels)).collect();
            tx.append_audit(&Audit {
                at: by.at,
                who: by.by.clone(),
                action: "acknowledge".to_owned(),
                rule_id: id.to_owned(),
                before: None,
                after: Some(serde_json::json!({ "labels": labels, "comment": by.comment })),
            })?;
            Ok(Ok(firings))
        })??;
        inner.outbox_bell.ring();
        Ok(AckView { acknowledged: acknowledged.iter().map(Firing::new).collect() })
    }
}

impl Inner {
    fn checked(&self, input: RuleInput) -> Answer<Rule> {
        // Stores keep microseconds; what is answered now must be what is answered later.
        let now = self.now().floor(Span(1_000));
        let around = Surroundings { channels: &self.channels, evaluate: &*self.evaluate, now };
        input.into_rule(&around)
    }

    /// Closes what `new` does not carry on of `old`, and says how many firings that ended.
    /// A pending instance begins again under the new terms, from the samples there are.
    fn close_for(&self, tx: &mut dyn Transaction, old: &Rule, new: &Rule) -> Result<u64, Error> {
        let moved = !new.watches_as(old);
        let mut closed = 0;
        let cause = if moved { Cause::Replaced } else { Cause::Disabled };
        for instance in tx.instances(&old.id)? {
            let pending = instance.progress.state == State::Pending;
            if moved || !new.enabled || pending {
                let around = (&self.channels, new.updated_at);
                let written = close(tx, old, &instance, cause, around)?;
                closed += written.map_or(0, |written| written.resolved);
            }
        }
        if moved {
            tx.delete_instances(&old.id)?;
        }
        Ok(closed)
    }

    /// Marks `firing` as taken, and tells those who were told of it and want to know.
    fn take(
        &self,
        tx: &mut dyn Transaction,
        firing: &FiringRecord,
        by: &Acknowledgement,
    ) -> Result<(), Error> {
        tx.acknowledge(&firing.key, firing.epoch, by)?;
        let told = |row: &Notification| {
            let on_its_way = matches!(row.status, Status::Queued | Status::Claimed | Status::Sent);
            row.kind == Kind::Trigger
                && on_its_way
                && self.channels.takes(&row.channel, Kind::Acknowledge)
        };
        for row in tx.notifications(&firing.key, firing.epoch)? {
            if told(&row) {
                tx.enqueue(&acknowledgement(row, by))?;
            }
        }
        Ok(())
    }

    /// Makes a changed rule visible at once, and has it judged soon.
    fn announce(&self, rule: &Rule) -> Standing {
        let matches = self.matches(rule);
        let mut board = self.board.write();
        let posted = board.entry(rule.id.clone()).or_insert_with(|| Posted::unjudged(matches));
        if posted.standing.instances_total == 0 || !rule.enabled {
            *posted = Posted::unjudged(matches);
        }
        let standing = posted.standing.clone();
        drop(board);
        self.rules_bell.ring();
        standing
    }
}

/// The acknowledgement that follows the trigger `row`.
fn acknowledgement(row: Notification, by: &Acknowledgement) -> Notification {
    let mut notice = row.notice;
    notice.acknowledged_by = by.by.clone();
    notice.refused_by = None;
    Notification {
        id: 0,
        kind: Kind::Acknowledge,
        notice,
        status: Status::Queued,
        reason: None,
        created_at: by.at,
        first_due_at: by.at,
        due_at: by.at,
        attempts: 0,
        ..row
    }
}
