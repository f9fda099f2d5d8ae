//! Recorded instances, guarded by how they stood.

use super::columns::{change, labels_column, maybe, rows};
use crate::Error;
use crate::instance::{Health, Instance, Key, Progress, State};
use crate::store::Guard;
use crate::time::to_column;
use model::Span;
use rusqlite::{Connection, named_params};

pub(super) fn of_rule(connection: &Connection, rule_id: &str) -> Result<Vec<Instance>, Error> {
    let sql = "SELECT * FROM alert_instance WHERE rule_id = ?1 ORDER BY instance";
    rows(connection, "alert_instance", sql, [rule_id], |row| {
        Ok(Instance {
            key: Key { rule_id: row.get("rule_id")?, hash: row.get("instance")? },
            labels: row.labels("labels")?,
            progress: Progress {
                state: row.word("state", State::from_word)?,
                since: row.time("since")?,
                epoch: row.get("epoch")?,
                fired_at: row.maybe_time("fired_at")?,
                judged_at: row.nanos("judged_ns")?,
                interval: row.get::<Option<i64>>("interval_ns")?.map(Span),
                value: row.get("value")?,
                peak: row.get("peak_value")?,
                health: row.word("health", Health::from_word)?,
            },
            cooldown_until: row.maybe_time("cooldown_until")?,
        })
    })
}

pub(super) fn insert(connection: &Connection, instance: &Instance) -> Result<bool, Error> {
    // The rule may have been deleted meanwhile, which is a lost race and not an error.
    let sql = "INSERT INTO alert_instance
        SELECT :rule_id, :instance, :labels, :state, :since, :epoch, :fired_at, :judged_ns,
            :interval_ns, :value, :peak_value, :health, :cooldown_until
        WHERE EXISTS (SELECT 1 FROM alerts WHERE id = :rule_id)
        ON CONFLICT (rule_id, instance) DO NOTHING";
    let progress = &instance.progress;
    let parameters = named_params! {
        ":rule_id": instance.key.rule_id, ":instance": instance.key.hash,
        ":labels": labels_column(&instance.labels), ":state": progress.state.word(),
        ":since": to_column(progress.since), ":epoch": progress.epoch,
        ":fired_at": maybe(progress.fired_at),
        ":judged_ns": progress.judged_at.map(|at| at.0),
        ":interval_ns": progress.interval.map(|span| span.0),
        ":value": progress.value, ":peak_value": progress.peak,
        ":health": progress.health.word(), ":cooldown_until": maybe(instance.cooldown_until),
    };
    Ok(change(connection, "insert instance", sql, parameters)? == 1)
}

pub(super) fn update(
    connection: &Connection,
    guard: &Guard,
    instance: &Instance,
) -> Result<bool, Error> {
    let sql = "UPDATE alert_instance SET state = :state, since = :since, epoch = :epoch,
            fired_at = :fired_at, judged_ns = :judged_ns, interval_ns = :interval_ns,
            value = :value, peak_value = :peak_value, health = :health,
            cooldown_until = :cooldown_until
        WHERE rule_id = :rule_id AND instance = :instance
            AND epoch = :old_epoch AND state = :old_state AND since = :old_since";
    let progress = &instance.progress;
    let parameters = named_params! {
        ":rule_id": instance.key.rule_id, ":instance": instance.key.hash,
        ":state": progress.state.word(), ":since": to_column(progress.since),
        ":epoch": progress.epoch, ":fired_at": maybe(progress.fired_at),
        ":judged_ns": progress.judged_at.map(|at| at.0),
        ":interval_ns": progress.interval.map(|span| span.0),
        ":value": progress.value, ":peak_value": progress.peak,
        ":health": progress.health.word(), ":cooldown_until": maybe(instance.cooldown_until),
        ":old_epoch": guard.epoch, ":old_state": guard.state.word(),
        ":old_since": to_column(guard.since),
    };
    Ok(change(connection, "move instance", sql, parameters)? == 1)
}

pub(super) fn delete(connection: &Connection, rule_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM alert_instance WHERE rule_id = ?1";
    change(connection, "delete instances", sql, [rule_id]).map(drop)
}

pub(super) fn judged(
    connection: &Connection,
    key: &Key,
    guard: &Guard,
    progress: &Progress,
) -> Result<(), Error> {
    let sql = "UPDATE alert_instance SET judged_ns = :judged_ns, interval_ns = :interval_ns,
            value = :value, peak_value = :peak_value, health = :health
        WHERE rule_id = :rule_id AND instance = :instance
            AND epoch = :epoch AND state = :state AND since = :since
            AND COALESCE(judged_ns, :judged_ns) <= :judged_ns";
    let parameters = named_params! {
        ":rule_id": key.rule_id, ":instance": key.hash,
        ":judged_ns": progress.judged_at.map(|at| at.0),
        ":interval_ns": progress.interval.map(|span| span.0),
        ":value": progress.value, ":peak_value": progress.peak,
        ":health": progress.health.word(),
        ":epoch": guard.epoch, ":state": guard.state.word(), ":since": to_column(guard.since),
    };
    if change(connection, "checkpoint instance", sql, parameters)? == 0 || !guard.state.is_burning()
    {
        return Ok(());
    }
    let sql = "UPDATE alert_history SET peak_value = :peak_value
        WHERE rule_id = :rule_id AND instance = :instance AND epoch = :epoch";
    let parameters = named_params! {
        ":rule_id": key.rule_id, ":instance": key.hash, ":epoch": guard.epoch,
        ":peak_value": progress.peak,
    };
    change(connection, "checkpoint peak", sql, parameters).map(drop)
}
