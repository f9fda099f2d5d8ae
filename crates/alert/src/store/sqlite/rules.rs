//! Rules and the log of their changes.
//!
//! Every change of a rule is a row of `audit_log` in the same transaction, so the last id
//! there is the version of all rules.

use super::columns::{Columns, change, json_column, rows};
use crate::Error;
use crate::rule::{Condition, Query, Rule, Severity, compare_from_word};
use crate::store::Audit;
use crate::time::to_column;
use model::Timestamp;
use rusqlite::{Connection, named_params, params};

const TABLE: &str = "alerts";

pub(super) fn version(connection: &Connection) -> Result<i64, Error> {
    connection
        .query_row("SELECT COALESCE(MAX(id), 0) FROM audit_log", [], |row| row.get(0))
        .map_err(Error::sqlite("read version of the rules"))
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Rule>, Error> {
    let sql = "SELECT * FROM alerts ORDER BY created_at, id";
    rows(connection, TABLE, sql, [], read_rule)
}

pub(super) fn one(connection: &Connection, id: &str) -> Result<Option<Rule>, Error> {
    let found = rows(connection, TABLE, "SELECT * FROM alerts WHERE id = ?1", [id], read_rule)?;
    Ok(found.into_iter().next())
}

pub(super) fn insert(connection: &Connection, rule: &Rule) -> Result<bool, Error> {
    let sql = "INSERT INTO alerts VALUES (:id, :name, :metric_name, :expr, :condition,
        :threshold, :recovery_threshold, :duration, :severity, :tags_filter, :notify, :cooldown,
        :enabled, :created_by, :created_at, :updated_at, :revision, :judged_ns)
        ON CONFLICT (id) DO NOTHING";
    Ok(put(connection, "insert rule", sql, rule)? == 1)
}

pub(super) fn update(connection: &Connection, rule: &Rule) -> Result<(), Error> {
    let sql = "UPDATE alerts SET name = :name, metric_name = :metric_name, expr = :expr,
        condition = :condition, threshold = :threshold, recovery_threshold = :recovery_threshold,
        duration = :duration, severity = :severity, tags_filter = :tags_filter, notify = :notify,
        cooldown = :cooldown, enabled = :enabled, created_by = :created_by,
        created_at = :created_at, updated_at = :updated_at, revision = :revision,
        judged_ns = :judged_ns WHERE id = :id";
    put(connection, "replace rule", sql, rule).map(drop)
}

fn put(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    rule: &Rule,
) -> Result<usize, Error> {
    let (metric_name, expr) = match &rule.query {
        Query::Metric(name) => (Some(name), None),
        Query::Expr(expr) => (None, Some(expr)),
    };
    let parameters = named_params! {
        ":id": rule.id, ":name": rule.name, ":metric_name": metric_name, ":expr": expr,
        ":condition": rule.condition.as_ref().map(|c| &c.word),
        ":threshold": rule.condition.as_ref().map(|c| c.threshold),
        ":recovery_threshold": rule.recovery_threshold,
        ":duration": rule.duration.to_string(), ":severity": rule.severity.word(),
        ":tags_filter": json_column(&rule.tags_filter), ":notify": json_column(&rule.notify),
        ":cooldown": rule.cooldown.to_string(), ":enabled": rule.enabled,
        ":created_by": rule.created_by, ":created_at": to_column(rule.created_at),
        ":updated_at": to_column(rule.updated_at), ":revision": rule.revision,
        ":judged_ns": rule.judged_at.0,
    };
    change(connection, doing, sql, parameters)
}

fn read_rule(row: &Columns<'_>) -> Result<Rule, Error> {
    let metric_name: Option<String> = row.get("metric_name")?;
    let query = match metric_name {
        Some(name) => Query::Metric(name),
        None => Query::Expr(row.get("expr")?),
    };
    let condition = match (row.get::<Option<String>>("condition")?, row.get("threshold")?) {
        (Some(word), Some(threshold)) => {
            let compare = row.word("condition", compare_from_word)?;
            Some(Condition { word, compare, threshold })
        }
        _ => None,
    };
    Ok(Rule {
        id: row.get("id")?,
        name: row.get("name")?,
        query,
        condition,
        recovery_threshold: row.get("recovery_threshold")?,
        duration: row.span("duration")?,
        severity: row.word("severity", Severity::from_word)?,
        tags_filter: row.json("tags_filter")?,
        notify: row.json("notify")?,
        cooldown: row.span("cooldown")?,
        enabled: row.get("enabled")?,
        created_by: row.get("created_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        revision: row.get("revision")?,
        judged_at: Timestamp(row.get("judged_ns")?),
    })
}

pub(super) fn delete(connection: &Connection, id: &str) -> Result<(), Error> {
    change(connection, "delete rule", "DELETE FROM alerts WHERE id = ?1", [id]).map(drop)
}

pub(super) fn judged(connection: &Connection, id: &str, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE alerts SET judged_ns = MAX(judged_ns, ?2) WHERE id = ?1";
    change(connection, "checkpoint rule", sql, params![id, at.0]).map(drop)
}

pub(super) fn append_audit(connection: &Connection, audit: &Audit) -> Result<(), Error> {
    let sql = "INSERT INTO audit_log (at, who, action, rule_id, before, after)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let parameters = params![
        to_column(audit.at),
        audit.who,
        audit.action,
        audit.rule_id,
        audit.before.as_ref().map(ToString::to_string),
        audit.after.as_ref().map(ToString::to_string),
    ];
    change(connection, "append to audit log", sql, parameters).map(drop)
}

pub(super) fn audit(
    connection: &Connection,
    rule_id: Option<&str>,
    count_max: usize,
) -> Result<Vec<Audit>, Error> {
    let sql = "SELECT * FROM audit_log WHERE ?1 IS NULL OR rule_id = ?1
        ORDER BY id DESC LIMIT ?2";
    let parameters = params![rule_id, count_max as i64];
    rows(connection, "audit_log", sql, parameters, |row| {
        let json = |column| match row.get::<Option<String>>(column)? {
            Some(_) => row.json(column).map(Some),
            None => Ok(None),
        };
        Ok(Audit {
            at: row.time("at")?,
            who: row.get("who")?,
            action: row.get("action")?,
            rule_id: row.get("rule_id")?,
            before: json("before")?,
            after: json("after")?,
        })
    })
}
