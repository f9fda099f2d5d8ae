//! Notifications and the attempts to send them.
//!
//! A *lane* is what must arrive in order: the notifications of one instance to one target.
//! Only the first undelivered one of a lane can be claimed.

use super::columns::{Columns, change, json_column, rows};
use crate::Error;
use crate::instance::Key;
use crate::notice::{Kind, Notice};
use crate::store::{Attempt, Backlog, Claim, Notification, Outcome, Status, Verdict};
use crate::time::to_column;
use model::{Span, Timestamp};
use rusqlite::{Connection, named_params, params};

const TABLE: &str = "notification_queue";

/// Due, and first in its lane; needs `:now`.
/// The first condition is there for the planner, which then takes the index of open rows.
const CLAIMABLE: &str = "q.status IN ('queued', 'held', 'claimed')
    AND ((q.status IN ('queued', 'held') AND q.due_at <= :now)
        OR (q.status = 'claimed' AND q.claimed_until <= :now))
    AND NOT EXISTS (SELECT 1 FROM notification_queue e
        WHERE e.rule_id = q.rule_id AND e.instance = q.instance AND e.target = q.target
            AND e.id < q.id AND e.status IN ('queued', 'held', 'claimed'))";

/// When the first of each lane of a channel is due, or its lease ends.
const NEXT_DUE: &str = "SELECT CASE status WHEN 'claimed' THEN claimed_until ELSE due_at END AS at
        FROM notification_queue q
        WHERE channel = ?1 AND status IN ('queued', 'held', 'claimed')
            AND NOT EXISTS (SELECT 1 FROM notification_queue e
                WHERE e.rule_id = q.rule_id AND e.instance = q.instance AND e.target = q.target
                    AND e.id < q.id AND e.status IN ('queued', 'held', 'claimed'))
        ORDER BY at LIMIT 1";

const BACKLOG: &str = "SELECT
            COUNT(*) FILTER (WHERE status <> 'held' OR due_at <= ?1) AS queued,
            COUNT(*) FILTER (WHERE status = 'held' AND due_at > ?1) AS held,
            MIN(first_due_at) FILTER (WHERE first_due_at <= ?1) AS oldest
        FROM notification_queue WHERE status IN ('queued', 'held', 'claimed')";

fn claim_sql() -> String {
    format!(
        "UPDATE notification_queue SET status = 'claimed', claimed_by = :owner,
            claimed_until = :until, attempts = attempts + 1
        WHERE id IN (SELECT q.id FROM notification_queue q
            WHERE q.channel = :channel AND {CLAIMABLE}
            ORDER BY q.severity = 'critical' DESC, q.id LIMIT :count_max)
        RETURNING *"
    )
}

fn due_channels_sql() -> String {
    format!(
        "SELECT DISTINCT q.channel AS channel FROM notification_queue q WHERE {CLAIMABLE}
        ORDER BY q.channel"
    )
}

/// What runs again and again, for a look at how it is planned.
#[cfg(test)]
pub(super) fn statements() -> [String; 4] {
    [claim_sql(), due_channels_sql(), NEXT_DUE.to_owned(), BACKLOG.to_owned()]
}

pub(super) fn enqueue(connection: &Connection, new: &Notification) -> Result<bool, Error> {
    let sql = "INSERT INTO notification_queue (rule_id, instance, epoch, kind, target, refused_by,
            channel, severity, dedup_key, status, reason, notice, created_at, first_due_at, due_at)
        VALUES (:rule_id, :instance, :epoch, :kind, :target, :refused_by, :channel, :severity,
            :dedup_key, :status, :reason, :notice, :created_at, :first_due_at, :due_at)
        ON CONFLICT (rule_id, instance, epoch, kind, target, refused_by) DO NOTHING";
    let parameters = named_params! {
        ":rule_id": new.key.rule_id, ":instance": new.key.hash, ":epoch": new.epoch,
        ":kind": new.kind.word(), ":target": new.target,
        ":refused_by": new.notice.refused_by.as_deref().unwrap_or_default(),
        ":channel": new.channel, ":severity": new.notice.severity.word(),
        ":dedup_key": new.notice.dedup_key, ":status": new.status.word(),
        ":reason": new.reason, ":notice": json_column(&new.notice),
        ":created_at": to_column(new.created_at), ":first_due_at": to_column(new.first_due_at),
        ":due_at": to_column(new.due_at),
    };
    Ok(change(connection, "enqueue notification", sql, parameters)? == 1)
}

pub(super) fn suppress(connection: &Connection, id: i64, reason: &str) -> Result<bool, Error> {
    let sql = "UPDATE notification_queue SET status = 'suppressed', reason = ?2
        WHERE id = ?1 AND status IN ('queued', 'held') AND attempts = 0";
    Ok(change(connection, "suppress notification", sql, params![id, reason])? == 1)
}

pub(super) fn of_firing(
    connection: &Connection,
    key: &Key,
    epoch: i64,
) -> Result<Vec<Notification>, Error> {
    let sql = "SELECT * FROM notification_queue
        WHERE rule_id = ?1 AND instance = ?2 AND epoch = ?3 ORDER BY id";
    rows(connection, TABLE, sql, params![key.rule_id, key.hash, epoch], read_notification)
}

pub(super) fn claim(
    connection: &Connection,
    claim: &Claim<'_>,
) -> Result<Vec<Notification>, Error> {
    let parameters = named_params! {
        ":owner": claim.owner, ":until": to_column(claim.until), ":channel": claim.channel,
        ":now": to_column(claim.now), ":count_max": claim.count_max as i64,
    };
    let mut claimed = rows(connection, TABLE, &claim_sql(), parameters, read_notification)?;
    claimed.sort_by_key(|notification| notification.id);
    Ok(claimed)
}

pub(super) fn release_claims(connection: &Connection) -> Result<usize, Error> {
    let sql = "UPDATE notification_queue
        SET status = 'queued', claimed_by = NULL, claimed_until = NULL WHERE status = 'claimed'";
    change(connection, "release claims", sql, [])
}

pub(super) fn settle(
    connection: &Connection,
    attempt: &Attempt,
    verdict: &Verdict,
    owner: &str,
) -> Result<bool, Error> {
    let sql = "INSERT INTO notification_log
            (notification_id, attempted_at, outcome, http_status, latency_ms, response)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let parameters = params![
        attempt.notification,
        to_column(attempt.at),
        attempt.outcome.word(),
        attempt.status,
        attempt.latency.as_millis(),
        attempt.response,
    ];
    change(connection, "log attempt", sql, parameters)?;
    let (status, due_at, reason) = match verdict {
        Verdict::Sent => (Status::Sent, None, None),
        Verdict::Again(at) => (Status::Queued, Some(to_column(*at)), Some(&attempt.response)),
        Verdict::Failed(reason) => (Status::Failed, None, Some(reason)),
    };
    let sql = "UPDATE notification_queue SET status = ?2, due_at = COALESCE(?3, due_at),
            reason = ?4, claimed_by = NULL, claimed_until = NULL
        WHERE id = ?1 AND status = 'claimed' AND claimed_by = ?5";
    let parameters = params![attempt.notification, status.word(), due_at, reason, owner];
    Ok(change(connection, "settle notification", sql, parameters)? == 1)
}

pub(super) fn due_channels(connection: &Connection, now: Timestamp) -> Result<Vec<String>, Error> {
    let parameters = named_params! { ":now": to_column(now) };
    rows(connection, TABLE, &due_channels_sql(), parameters, |row| row.get("channel"))
}

pub(super) fn next_due(connection: &Connection, channel: &str) -> Result<Option<Timestamp>, Error> {
    Ok(rows(connection, TABLE, NEXT_DUE, [channel], |row| row.time("at"))?.into_iter().next())
}

pub(super) fn backlog(connection: &Connection, now: Timestamp) -> Result<Backlog, Error> {
    let found = rows(connection, TABLE, BACKLOG, [to_column(now)], |row| {
        Ok(Backlog {
            queued: row.get::<i64>("queued")?.max(0) as u64,
            held: row.get::<i64>("held")?.max(0) as u64,
            oldest: row.maybe_time("oldest")?.map(|since| (now - since).max(Span::ZERO)),
        })
    })?;
    Ok(found.into_iter().next().unwrap_or_default())
}

pub(super) fn attempts(connection: &Connection, id: i64) -> Result<Vec<Attempt>, Error> {
    let sql = "SELECT * FROM notification_log WHERE notification_id = ?1 ORDER BY id";
    rows(connection, "notification_log", sql, [id], |row| {
        Ok(Attempt {
            notification: row.get("notification_id")?,
            at: row.time("attempted_at")?,
            outcome: row.word("outcome", Outcome::from_word)?,
            status: row.get("http_status")?,
            latency: Span::from_millis(row.get("latency_ms")?),
            response: row.get("response")?,
        })
    })
}

fn read_notification(row: &Columns<'_>) -> Result<Notification, Error> {
    Ok(Notification {
        id: row.get("id")?,
        key: Key { rule_id: row.get("rule_id")?, hash: row.get("instance")? },
        epoch: row.get("epoch")?,
        kind: row.word("kind", Kind::from_word)?,
        target: row.get("target")?,
        channel: row.get("channel")?,
        notice: row.json::<Notice>("notice")?,
        status: row.word("status", Status::from_word)?,
        reason: row.get("reason")?,
        created_at: row.time("created_at")?,
        first_due_at: row.time("first_due_at")?,
        due_at: row.time("due_at")?,
        attempts: row.get("attempts")?,
    })
}
