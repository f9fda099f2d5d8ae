//! Firings, one row each.

use super::columns::{Columns, change, labels_column, maybe, rows};
use crate::Error;
use crate::decide::Cause;
use crate::instance::Key;
use crate::rule::Severity;
use crate::store::{Acknowledgement, FiringRecord};
use crate::time::to_column;
use rusqlite::{Connection, named_params, params};

const TABLE: &str = "alert_history";

pub(super) fn last_epoch(connection: &Connection, key: &Key) -> Result<i64, Error> {
    let sql = "SELECT COALESCE(MAX(epoch), 0) FROM alert_history
        WHERE rule_id = ?1 AND instance = ?2";
    connection
        .query_row(sql, params![key.rule_id, key.hash], |row| row.get(0))
        .map_err(Error::sqlite("read last epoch"))
}

pub(super) fn latest(
    connection: &Connection,
    rule_id: &str,
    count_max: usize,
) -> Result<Vec<FiringRecord>, Error> {
    let sql = "SELECT * FROM alert_history WHERE rule_id = ?1
        ORDER BY fired_at DESC, id DESC LIMIT ?2";
    rows(connection, TABLE, sql, params![rule_id, count_max as i64], read_firing)
}

pub(super) fn open(connection: &Connection, rule_id: &str) -> Result<Vec<FiringRecord>, Error> {
    let sql = "SELECT * FROM alert_history WHERE rule_id = ?1 AND resolved_at IS NULL
        ORDER BY fired_at, id";
    rows(connection, TABLE, sql, [rule_id], read_firing)
}

fn read_firing(row: &Columns<'_>) -> Result<FiringRecord, Error> {
    let resolved = match row.maybe_time("resolved_at")? {
        Some(at) => Some((at, row.word("cause", Cause::from_word)?)),
        None => None,
    };
    let acknowledged = match row.maybe_time("acknowledged_at")? {
        Some(at) => Some(Acknowledgement {
            at,
            by: row.get("acknowledged_by")?,
            comment: row.get("acknowledged_comment")?,
        }),
        None => None,
    };
    Ok(FiringRecord {
        key: Key { rule_id: row.get("rule_id")?, hash: row.get("instance")? },
        epoch: row.get("epoch")?,
        rule_name: row.get("rule_name")?,
        severity: row.word("severity", Severity::from_word)?,
        labels: row.labels("labels")?,
        value: row.get("value")?,
        peak_value: row.get("peak_value")?,
        fired_at: row.time("fired_at")?,
        resolved,
        acknowledged,
    })
}

pub(super) fn insert(connection: &Connection, firing: &FiringRecord) -> Result<bool, Error> {
    let sql = "INSERT INTO alert_history (rule_id, instance, epoch, rule_name, severity, labels,
            value, peak_value, fired_at)
        VALUES (:rule_id, :instance, :epoch, :rule_name, :severity, :labels, :value, :peak_value,
            :fired_at)
        ON CONFLICT (rule_id, instance, epoch) DO NOTHING";
    let parameters = named_params! {
        ":rule_id": firing.key.rule_id, ":instance": firing.key.hash, ":epoch": firing.epoch,
        ":rule_name": firing.rule_name, ":severity": firing.severity.word(),
        ":labels": labels_column(&firing.labels), ":value": firing.value,
        ":peak_value": firing.peak_value, ":fired_at": to_column(firing.fired_at),
    };
    Ok(change(connection, "open firing", sql, parameters)? == 1)
}

pub(super) fn close(connection: &Connection, firing: &FiringRecord) -> Result<bool, Error> {
    let sql = "UPDATE alert_history
        SET resolved_at = :resolved_at, cause = :cause, peak_value = :peak_value
        WHERE rule_id = :rule_id AND instance = :instance AND epoch = :epoch
            AND resolved_at IS NULL";
    let parameters = named_params! {
        ":rule_id": firing.key.rule_id, ":instance": firing.key.hash, ":epoch": firing.epoch,
        ":resolved_at": maybe(firing.resolved.map(|(at, _)| at)),
        ":cause": firing.resolved.map(|(_, cause)| cause.word()),
        ":peak_value": firing.peak_value,
    };
    Ok(change(connection, "close firing", sql, parameters)? == 1)
}

pub(super) fn acknowledge(
    connection: &Connection,
    key: &Key,
    epoch: i64,
    by: &Acknowledgement,
) -> Result<(), Error> {
    let sql = "UPDATE alert_history SET acknowledged_at = ?4, acknowledged_by = ?5,
            acknowledged_comment = ?6
        WHERE rule_id = ?1 AND instance = ?2 AND epoch = ?3";
    let parameters = params![key.rule_id, key.hash, epoch, to_column(by.at), by.by, by.comment];
    change(connection, "acknowledge firing", sql, parameters).map(drop)
}
