//! A rule as people write it, in JSON, and what makes it a sound one.
//!
//! Missing fields: `duration` and `cooldown` are none, `severity` is `warning`, `notify`
//! is nobody, `enabled` is true, `name` is the id or a readable form of the condition.
//! Unknown fields are refused by name.

use super::{Condition, Query, Rule, Severity, compare_from_word, id};
use crate::ApiError;
use crate::channel::Channels;
use model::port::{Compare, Evaluate, EvaluateError, Split};
use model::{Span, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest id, so that a `dedup_key` made of it fits PagerDuty's 255 characters.
pub const ID_LENGTH_MAX: usize = 128;
/// The longest name.
pub const NAME_LENGTH_MAX: usize = 256;
/// The longest expression or metric name, in bytes.
pub const QUERY_LENGTH_MAX: usize = 64 << 10;
/// The most entries `notify` may have.
pub const NOTIFY_MAX: usize = 32;

/// Words that are paths of the API beside the ids of rules.
const RESERVED_IDS: [&str; 2] = ["audit", "history"];

/// The fields a rule may have.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleInput {
    /// Its id; made up where it is missing.
    #[serde(alias = "id", skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The metric's name, as PromQL sees it; or `expr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// PromQL; or `metric_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// `greater_than`, `gt`, `less_than`, `lt`, `gte`, `lte`, `eq`, `ne` and their kin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What values are compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// A firing ends only beyond this value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_threshold: Option<f64>,
    /// How long it must be wrong: `5m`, `5 minutes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// `critical`, `warning` or `info`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Labels an instance must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags_filter: Option<BTreeMap<String, String>>,
    /// Names of channels, or `#room`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Vec<String>>,
    /// How long after a notification the same instance keeps quiet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<String>,
    /// Whether it is judged at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// What a rule is checked against.
pub(crate) struct Surroundings<'a> {
    pub channels: &'a Channels,
    pub evaluate: &'a dyn Evaluate,
    pub now: Timestamp,
}

impl RuleInput {
    /// Reads JSON text.
    ///
    /// # Errors
    /// When it is not JSON, or has a field that no rule has.
    pub fn from_json(text: &[u8]) -> Result<Self, ApiError> {
        let value = serde_json::from_slice(text)
            .map_err(|error| ApiError::BadRequest(format!("rule is not JSON: {error}")))?;
        Self::from_value(value)
    }

    /// Reads a JSON value.
    ///
    /// # Errors
    /// When it is not an object, or has a field that no rule has.
    pub fn from_value(value: Value) -> Result<Self, ApiError> {
        if !value.is_object() {
            return Err(ApiError::BadRequest("a rule is a JSON object".to_owned()));
        }
        let fields = value.as_object().cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|error: serde_json::Error| {
            // serde does not say which field has the wrong type; by itself, it fails again.
            let wrong = fields.into_iter().find_map(|(name, value)| {
                let alone = Value::from_iter([(name.clone(), value)]);
                let error = serde_json::from_value::<Self>(alone).err()?.to_string();
                (!error.starts_with("unknown field")).then(|| format!("{name}: {error}"))
            });
            ApiError::BadRequest(wrong.unwrap_or_else(|| error.to_string()))
        })
    }

    /// The rule this describes, made now, with what was not said filled in.
    pub(crate) fn into_rule(self, around: &Surroundings<'_>) -> Result<Rule, ApiError> {
        let given_id = self.alert_id.as_deref().map(checked_id).transpose()?;
        let (query, split) = self.query(around.evaluate)?;
        let condition = self.checked_condition(&query)?;
        let judged_by = condition
            .as_ref()
            .map(|c| (c.compare, c.threshold))
            .or(split.map(|split| (split.compare, split.threshold)));
        check_recovery(self.recovery_threshold, judged_by)?;
        let mut rule = Rule {
            id: given_id.clone().unwrap_or_else(|| id::generate(around.now)),
            name: String::new(),
            query,
            condition,
            recovery_threshold: self.recovery_threshold,
            duration: span("duration", self.duration.as_deref())?,
            severity: severity(self.severity.as_deref())?,
            tags_filter: self.tags_filter.unwrap_or_default(),
            notify: checked_notify(self.notify.unwrap_or_default(), around.channels)?,
            cooldown: span("cooldown", self.cooldown.as_deref())?,
            enabled: self.enabled.unwrap_or(true),
            created_by: self.created_by,
            created_at: around.now,
            updated_at: around.now,
            revision: 1,
            judged_at: around.now,
        };
        let name = self.name.filter(|name| !name.trim().is_empty()).or(given_id);
        rule.name = name.unwrap_or_else(|| rule.to_string());
        cut(&mut rule.name, NAME_LENGTH_MAX);
        Ok(rule)
    }

    fn query(&self, evaluate: &dyn Evaluate) -> Result<(Query, Option<Split>), ApiError> {
        let bad = |said: &str| Err(ApiError::BadRequest(said.to_owned()));
        let text = match (&self.metric_name, &self.expr) {
            (Some(text), None) | (None, Some(text)) => text,
            (Some(_), Some(_)) => return bad("give metric_name or expr, not both"),
            (None, None) => return bad("metric_name or expr is missing"),
        };
        if text.trim().is_empty() {
            return bad("metric_name or expr is empty");
        }
        if text.len() > QUERY_LENGTH_MAX {
            let said =
                format!("expression is {} bytes long; at most {QUERY_LENGTH_MAX}", text.len());
            return Err(ApiError::BadRequest(said));
        }
        if self.expr.is_none() {
            return Ok((Query::Metric(text.clone()), None));
        }
        match evaluate.check(text) {
            Ok(split) => Ok((Query::Expr(text.clone()), split)),
            Err(error @ EvaluateError::Parse { .. }) => {
                Err(ApiError::BadRequest(format!("expr: {error}")))
            }
            Err(EvaluateError::Failed(said)) => {
                Err(ApiError::BadRequest(format!("expr cannot be evaluated: {said}")))
            }
        }
    }

    fn checked_condition(&self, query: &Query) -> Result<Option<Condition>, ApiError> {
        let missing = |field: &str| {
            Err(ApiError::BadRequest(format!(
                "{field} is missing: metric_name needs condition and threshold, expr takes both or neither"
            )))
        };
        let (word, threshold) = match (&self.condition, self.threshold) {
            (Some(word), Some(threshold)) => (word, threshold),
            (None, None) if matches!(query, Query::Expr(_)) => return Ok(None),
            (None, _) => return missing("condition"),
            (_, None) => return missing("threshold"),
        };
        let Some(compare) = compare_from_word(word) else {
            return Err(ApiError::BadRequest(format!(
                "unknown condition {word:?}: known are greater_than (gt), less_than (lt), greater_than_or_equal (gte), less_than_or_equal (lte), equal (eq), not_equal (ne)"
            )));
        };
        if !threshold.is_finite() {
            return Err(ApiError::BadRequest(format!("threshold {threshold} is not a number")));
        }
        Ok(Some(Condition { word: word.clone(), compare, threshold }))
    }
}

fn checked_id(id: &str) -> Result<String, ApiError> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if id.is_empty() || id.len() > ID_LENGTH_MAX || !id.chars().all(sound) {
        return Err(ApiError::BadRequest(format!(
            "alert_id {id:?} cannot be one: letters, digits and _ - . : only, {ID_LENGTH_MAX} at most"
        )));
    }
    if RESERVED_IDS.contains(&id) || id.chars().all(|c| c == '.') {
        return Err(ApiError::BadRequest(format!("alert_id {id:?} is a path of the API")));
    }
    Ok(id.to_owned())
}

fn check_recovery(recovery: Option<f64>, by: Option<(Compare, f64)>) -> Result<(), ApiError> {
    let Some(recovery) = recovery else { return Ok(()) };
    let bad = |said: String| Err(ApiError::BadRequest(format!("recovery_threshold {said}")));
    let Some((compare, threshold)) = by else {
        return bad("needs a condition, or an expr that compares with a number".to_owned());
    };
    let sound = match compare {
        Compare::Gt | Compare::Gte => recovery <= threshold,
        Compare::Lt | Compare::Lte => recovery >= threshold,
        Compare::Eq | Compare::Ne => {
            return bad("goes with greater or less, not with equal".to_owned());
        }
    };
    if sound && recovery.is_finite() {
        return Ok(());
    }
    bad(format!("{recovery} is on the wrong side of the threshold {threshold}"))
}

fn span(field: &str, text: Option<&str>) -> Result<Span, ApiError> {
    let Some(text) = text else { return Ok(Span::ZERO) };
    text.parse().map_err(|error| ApiError::BadRequest(format!("{field}: {error}")))
}

fn severity(word: Option<&str>) -> Result<Severity, ApiError> {
    let Some(word) = word else { return Ok(Severity::Warning) };
    Severity::from_word(word).ok_or_else(|| {
        let said = format!("unknown severity {word:?}: known are critical, warning, info");
        ApiError::BadRequest(said)
    })
}

fn checked_notify(entries: Vec<String>, channels: &Channels) -> Result<Vec<String>, ApiError> {
    if entries.len() > NOTIFY_MAX {
        let said = format!("notify has {} entries; at most {NOTIFY_MAX}", entries.len());
        return Err(ApiError::BadRequest(said));
    }
    let mut sound: Vec<String> = Vec::with_capacity(entries.len());
    for entry in entries {
        if channels.resolve(&entry).is_none() {
            return Err(ApiError::BadRequest(channels.unknown(&entry)));
        }
        if !sound.contains(&entry) {
            sound.push(entry);
        }
    }
    Ok(sound)
}

/// Cuts `text` to at most `length_max` bytes, at a character's edge.
pub(crate) fn cut(text: &mut String, length_max: usize) {
    if text.len() > length_max {
        let edge = (0..=length_max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(edge);
    }
}

#[cfg(test)]
mod tests;
