//! The outbox is emptied: claim under a lease, commit, send, mark.
//!
//! Every notification is sent at least once, with the same `dedup_key` each time: a
//! process that dies between sending and marking leaves a claim whose lease runs out. What
//! is of one instance and target goes out in order. A receiver that is down rests, so that
//! its queue is not a queue of timeouts.

use crate::Error;
use crate::channel::{Channels, Reply, SEND_TIMEOUT, Sent};
use crate::notice::Kind;
use crate::rule::Severity;
use crate::store::{
    Attempt, Claim, Notification, Outcome, Status, Store, Transaction, Verdict, read, write,
};
use model::{Span, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::panic::resume_unwind;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How long a claim is good for. After a crash this is how long its notification waits
/// where the store is shared; who owns it releases the claims when it opens.
const LEASE: Span = Span::from_secs(20);
const _: () = assert!(LEASE.0 > SEND_TIMEOUT.0 + SEND_TIMEOUT.0 / 2);
/// How many notifications of one channel are on their way at one time. They share the two
/// transactions around them, and the wait for a receiver that is far away.
const AT_ONCE_MAX: usize = 16;
/// The first wait after a failure; it doubles with each one …
const BACKOFF_FIRST: Span = Span::SECOND;
/// … up to this.
const BACKOFF_MAX: Span = Span::from_secs(5 * 60);
/// How long a receiver that is down rests before the next notification is tried.
const REST_MAX: Span = Span::from_secs(30);
/// How long anything but a critical notification is retried.
pub const RETRY_FOR_MAX: Span = Span::DAY;

/// What one round of delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Notifications that receivers took.
    pub delivered: usize,
    /// Attempts that will be repeated.
    pub retried: usize,
    /// Notifications that were given up.
    pub failed: usize,
}

impl DeliveryReport {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Delivered => self.delivered += 1,
            Outcome::Retry => self.retried += 1,
            Outcome::Failed => self.failed += 1,
        }
    }
}

/// What delivery works with.
pub(crate) struct Post<'a> {
    pub store: &'a dyn Store,
    pub channels: &'a Channels,
    /// Who claims, different in every process.
    pub owner: &'a str,
    /// Receivers that rest, and until when.
    pub resting: &'a Mutex<HashMap<String, Timestamp>>,
    /// What time it is.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Whether to claim no more.
    pub is_stopping: &'a dyn Fn() -> bool,
    /// Told of every attempt.
    pub note: &'a dyn Fn(&str, Outcome),
}

impl Post<'_> {
    /// Channels with something due, whether they are configured or not.
    pub fn due_channels(&self) -> Result<Vec<String>, Error> {
        read(self.store, |reader| reader.due_channels((self.now)()))
    }

    /// Sends what is due of one channel, until nothing is or the receiver is down.
    pub fn deliver(&self, channel: &str) -> Result<DeliveryReport, Error> {
        let mut report = DeliveryReport::default();
        // One is tried first, and more only while all goes well: a receiver in trouble is
        // not flooded.
        let mut at_once = 1;
        while !(self.is_stopping)() && !self.rests(channel) {
            let (now, owner) = ((self.now)(), self.owner);
            let claim = Claim { channel, now, until: now + LEASE, owner, count_max: at_once };
            let claimed = write(self.store, |tx| tx.claim(&claim))?;
            if claimed.is_empty() {
                break;
            }
            let outcomes = self.settle(&claimed, &self.send(&claimed, now), now)?;
            let all_well = outcomes.iter().all(|outcome| *outcome == Outcome::Delivered);
            at_once = if all_well { (at_once * 2).min(AT_ONCE_MAX) } else { 1 };
            for outcome in outcomes {
                (self.note)(channel, outcome);
                report.add(outcome);
            }
        }
        Ok(report)
    }

    /// Sends all of `claimed` side by side: no two of them are of one lane. Says of each
    /// what came of it, and how long it took.
    fn send(&self, claimed: &[Notification], now: Timestamp) -> Vec<(Sent, Span)> {
        let channels = self.channels;
        let send = |notification: &Notification| {
            let begun = std::time::Instant::now();
            (channels.send(notification, now), Span::from(begun.elapsed()))
        };
        if let [only] = claimed {
            return vec![send(only)];
        }
        std::thread::scope(|scope| {
            let sends: Vec<_> = claimed.iter().map(|one| scope.spawn(move || send(one))).collect();
            let ended = sends.into_iter().map(|thread| thread.join());
            ended.map(|sent| sent.unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    /// When the channel has something to do next, as far as is known.
    pub fn next_due(&self, channel: &str) -> Result<Option<Timestamp>, Error> {
        let due = read(self.store, |reader| reader.next_due(channel))?;
        let rest = self.resting.lock().get(channel).copied();
        Ok(due.map(|due| rest.map_or(due, |rest| due.max(rest))))
    }

    fn rests(&self, channel: &str) -> bool {
        let mut resting = self.resting.lock();
        match resting.get(channel) {
            Some(until) if (self.now)() < *until => true,
            Some(_) => {
                resting.remove(channel);
                false
            }
            None => false,
        }
    }

    /// Writes down what came of `claimed`, in one transaction.
    fn settle(
        &self,
        claimed: &[Notification],
        sent: &[(Sent, Span)],
        begun: Timestamp,
    ) -> Result<Vec<Outcome>, Error> {
        let now = (self.now)();
        let decided: Vec<_> = claimed
            .iter()
            .zip(sent)
            .map(|(notification, (sent, latency))| {
                let (verdict, outcome) = verdict(notification, &sent.reply, now);
                self.note_rest(notification, sent, &verdict, now);
                (notification, sent, *latency, verdict, outcome)
            })
            .collect();
        write(self.store, |tx| {
            for (notification, sent, latency, verdict, outcome) in &decided {
                let attempt = Attempt {
                    notification: notification.id,
                    at: begun,
                    outcome: *outcome,
                    status: sent.status,
                    latency: *latency,
                    response: sent.response.clone(),
                };
                if tx.settle(&attempt, verdict, self.owner)? {
                    self.follow_up(tx, notification, sent, *outcome)?;
                }
            }
            Ok(())
        })?;
        decided
            .iter()
            .for_each(|(notification, sent, .., outcome)| log(notification, sent, *outcome));
        Ok(decided.into_iter().map(|(.., outcome)| outcome).collect())
    }

    /// A receiver that is down rests until it is worth a try.
    fn note_rest(&self, of: &Notification, sent: &Sent, verdict: &Verdict, now: Timestamp) {
        if let (Reply::Retry { after, receiver_down: true }, Verdict::Again(due)) =
            (&sent.reply, verdict)
        {
            let until = if after.is_some() { *due } else { (*due).min(now + REST_MAX) };
            let mut resting = self.resting.lock();
            let known = resting.entry(of.channel.clone()).or_insert(until);
            *known = until.max(*known);
        }
    }

    /// What an attempt means for other notifications of the same firing.
    fn follow_up(
        &self,
        tx: &mut dyn Transaction,
        notification: &Notification,
        sent: &Sent,
        outcome: Outcome,
    ) -> Result<(), Error> {
        if outcome == Outcome::Failed {
            drop_followers(tx, notification)?;
        }
        // A channel that is not configured cannot take the page now; somebody else must.
        let absent = notification.attempts == 1 && self.channels.lack(notification);
        if (sent.reply == Reply::Refused || absent)
            && let Some(row) = fallback(notification, self.channels, (self.now)())
        {
            tx.enqueue(&row)?;
        }
        Ok(())
    }
}

fn log(notification: &Notification, sent: &Sent, outcome: Outcome) {
    // `target` is what tracing calls the module an event comes from.
    let Notification { target: to, kind, notice, attempts, .. } = notification;
    let (kind, key, status) = (kind.word(), &notice.dedup_key, sent.status);
    match outcome {
        Outcome::Delivered => tracing::info!(to, kind, key, attempts, "notification delivered"),
        Outcome::Retry => {
            tracing::warn!(
                to,
                kind,
                key,
                attempts,
                ?status,
                response = sent.response,
                "notification not delivered yet"
            );
        }
        Outcome::Failed => {
            tracing::error!(
                to,
                kind,
                key,
                attempts,
                ?status,
                response = sent.response,
                "notification given up"
            );
        }
    }
}

/// What becomes of `notification` after `reply`.
fn verdict(notification: &Notification, reply: &Reply, now: Timestamp) -> (Verdict, Outcome) {
    let after = match reply {
        Reply::Delivered => return (Verdict::Sent, Outcome::Delivered),
        Reply::Refused => {
            return (Verdict::Failed("the receiver refused it".to_owned()), Outcome::Failed);
        }
        Reply::Retry { after, .. } => *after,
    };
    let critical = notification.notice.severity == Severity::Critical;
    if !critical && now - notification.first_due_at >= RETRY_FOR_MAX {
        let reason = format!("not delivered within {RETRY_FOR_MAX}");
        return (Verdict::Failed(reason), Outcome::Failed);
    }
    let wait = backoff(notification.id, notification.attempts);
    let wait = after.map_or(wait, |after| after.max(BACKOFF_FIRST));
    (Verdict::Again(now + wait), Outcome::Retry)
}

/// The wait after the given number of attempts: doubling, capped, and spread over its upper
/// half by a hash, so that what failed together does not come back together.
fn backoff(id: i64, attempts: i64) -> Span {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(30);
    let full = BACKOFF_FIRST.0.saturating_mul(1 << doublings).min(BACKOFF_MAX.0);
    let hash = xxh3_64_with_seed(&id.to_le_bytes(), attempts as u64);
    let half = full / 2;
    Span(half + (hash % (full - half).max(1) as u64) as i64)
}

/// A receiver that never heard of the trigger is not told of what came after it.
fn drop_followers(tx: &mut dyn Transaction, failed: &Notification) -> Result<(), Error> {
    if failed.kind != Kind::Trigger {
        return Ok(());
    }
    let rows = tx.notifications(&failed.key, failed.epoch)?;
    let same = |row: &&Notification| row.target == failed.target && row.id != failed.id;
    let others: Vec<_> = rows.iter().filter(same).collect();
    let told = |row: &&Notification| {
        row.kind == Kind::Trigger && !matches!(row.status, Status::Failed | Status::Suppressed)
    };
    if others.iter().any(told) {
        return Ok(());
    }
    for row in others.iter().filter(|row| row.kind != Kind::Trigger) {
        tx.suppress(row.id, "its trigger was never delivered")?;
    }
    Ok(())
}

/// The same critical trigger to the next entry of the rule's `notify`, round to its
/// beginning, saying who refused it. The next one may have been told already: that its
/// neighbour was not is news to it.
fn fallback(refused: &Notification, channels: &Channels, now: Timestamp) -> Option<Notification> {
    let notice = &refused.notice;
    if notice.severity != Severity::Critical || refused.kind != Kind::Trigger {
        return None;
    }
    // The first one that refused is named, however far the notice has been handed on.
    let origin = notice.refused_by.as_ref().unwrap_or(&refused.target);
    let at = notice.notify.iter().position(|target| *target == refused.target)?;
    let next = &notice.notify[(at + 1) % notice.notify.len()];
    if next == origin || *next == refused.target {
        return None;
    }
    let channel = channels.resolve(next)?.to_owned();
    let mut notice = notice.clone();
    notice.refused_by = Some(origin.clone());
    Some(Notification {
        id: 0,
        target: next.clone(),
        channel,
        notice,
        status: Status::Queued,
        reason: None,
        created_at: now,
        first_due_at: now,
        due_at: now,
        attempts: 0,
        key: refused.key.clone(),
        ..*refused
    })
}

#[cfg(test)]
mod tests;
