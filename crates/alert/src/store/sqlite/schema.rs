//! The tables, and how an older database becomes the present one. `SCHEMA.md` explains
//! each column to the people who query them.
//!
//! `PRAGMA user_version` counts the steps a database has behind it. A step is never edited
//! once released; a new one is appended. A database with more steps than this program
//! knows is refused before anything is touched.

use crate::Error;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Every step, from an empty file to the present schema.
const STEPS: &[&str] = &[FIRST];

const FIRST: &str = "
CREATE TABLE alerts (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL,
    metric_name        TEXT,
    expr               TEXT,
    condition          TEXT,
    threshold          REAL,
    recovery_threshold REAL,
    duration           TEXT NOT NULL,
    severity           TEXT NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    tags_filter        TEXT NOT NULL,
    notify             TEXT NOT NULL,
    cooldown           TEXT NOT NULL,
    enabled            INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_by         TEXT,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    revision           INTEGER NOT NULL,
    judged_ns          INTEGER NOT NULL,
    CHECK ((metric_name IS NULL) <> (expr IS NULL))
) STRICT;

CREATE TABLE alert_instance (
    rule_id        TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    instance       TEXT NOT NULL,
    labels         TEXT NOT NULL,
    state          TEXT NOT NULL
        CHECK (state IN ('inactive', 'pending', 'firing', 'recovering', 'resolved')),
    since          TEXT NOT NULL,
    epoch          INTEGER NOT NULL CHECK (epoch >= 0),
    fired_at       TEXT,
    judged_ns      INTEGER,
    interval_ns    INTEGER,
    value          REAL,
    peak_value     REAL,
    health         TEXT NOT NULL CHECK (health IN ('ok', 'no_data', 'error')),
    cooldown_until TEXT,
    PRIMARY KEY (rule_id, instance)
) STRICT;

CREATE TABLE alert_history (
    id                   INTEGER PRIMARY KEY,
    rule_id              TEXT NOT NULL,
    instance             TEXT NOT NULL,
    epoch                INTEGER NOT NULL CHECK (epoch > 0),
    rule_name            TEXT NOT NULL,
    severity             TEXT NOT NULL,
    labels               TEXT NOT NULL,
    value                REAL,
    peak_value           REAL,
    fired_at             TEXT NOT NULL,
    resolved_at          TEXT,
    cause                TEXT,
    acknowledged_at      TEXT,
    acknowledged_by      TEXT,
    acknowledged_comment TEXT,
    UNIQUE (rule_id, instance, epoch),
    CHECK ((resolved_at IS NULL) = (cause IS NULL))
) STRICT;
CREATE INDEX alert_history_by_time ON alert_history (fired_at);

CREATE TABLE notification_queue (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    rule_id       TEXT NOT NULL,
    instance      TEXT NOT NULL,
    epoch         INTEGER NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('trigger', 'acknowledge', 'resolve')),
    target        TEXT NOT NULL,
    refused_by    TEXT NOT NULL DEFAULT '',
    channel       TEXT NOT NULL,
    severity      TEXT NOT NULL,
    dedup_key     TEXT NOT NULL,
    status        TEXT NOT NULL
        CHECK (status IN ('queued', 'held', 'claimed', 'sent', 'failed', 'suppressed')),
    reason        TEXT,
    notice        TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    first_due_at  TEXT NOT NULL,
    due_at        TEXT NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    claimed_by    TEXT,
    claimed_until TEXT,
    UNIQUE (rule_id, instance, epoch, kind, target, refused_by),
    FOREIGN KEY (rule_id, instance, epoch)
        REFERENCES alert_history (rule_id, instance, epoch)
) STRICT;
CREATE INDEX notification_queue_open ON notification_queue (channel, due_at)
    WHERE status IN ('queued', 'held', 'claimed');
CREATE INDEX notification_queue_lane ON notification_queue (rule_id, instance, target, id)
    WHERE status IN ('queued', 'held', 'claimed');

CREATE TABLE notification_log (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    notification_id INTEGER NOT NULL REFERENCES notification_queue (id),
    attempted_at    TEXT NOT NULL,
    outcome         TEXT NOT NULL CHECK (outcome IN ('delivered', 'retry', 'failed')),
    http_status     INTEGER,
    latency_ms      INTEGER NOT NULL,
    response        TEXT NOT NULL
) STRICT;
CREATE INDEX notification_log_of ON notification_log (notification_id, id);

CREATE TABLE servers (
    host       TEXT PRIMARY KEY,
    labels     TEXT NOT NULL DEFAULT '{}',
    first_seen TEXT NOT NULL,
    last_seen  TEXT NOT NULL
) STRICT;

CREATE TABLE audit_log (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      TEXT NOT NULL,
    who     TEXT,
    action  TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    before  TEXT,
    after   TEXT
) STRICT;
CREATE INDEX audit_log_of ON audit_log (rule_id, id);

CREATE TABLE evaluator_lease (
    name       TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
";

/// Takes the database behind `connection` to the present schema. One that is there already
/// is not written to, so that a full disk does not stand in the way of a start.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    if missing_steps(connection, path)?.is_empty() {
        return Ok(());
    }
    let begin = Error::sqlite("begin migration");
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(begin)?;
    // Asked again under the lock: another process may have been faster.
    for step in missing_steps(&tx, path)? {
        tx.execute_batch(step).map_err(Error::sqlite("migrate schema"))?;
    }
    let known = STEPS.len() as i64;
    tx.pragma_update(None, "user_version", known).map_err(Error::sqlite("note schema version"))?;
    tx.commit().map_err(Error::sqlite("commit migration"))
}

fn missing_steps(connection: &Connection, path: &Path) -> Result<&'static [&'static str], Error> {
    let known = STEPS.len() as i64;
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(Error::sqlite("read schema version"))?;
    if found > known {
        return Err(Error::NewerSchema { path: path.display().to_string(), found, known });
    }
    Ok(&STEPS[usize::try_from(found).unwrap_or(0)..])
}
