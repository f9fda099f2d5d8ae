//! Answers of the API, in exactly the JSON people see, and what they may send with an
//! acknowledgement.

use crate::ApiError;
use crate::instance::{Health, Instance, State};
use crate::rule::{Query, Rule};
use crate::store::{Audit, FiringRecord};
use crate::time::rfc3339;
use model::{Labels, Span};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// The most instances a rule's answer lists, the worst first; `instances_total` counts all.
pub const INSTANCES_SHOWN_MAX: usize = 1_000;

/// A rule with what has become of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleView {
    /// Who it is.
    pub id: String,
    /// The same, under the name it is sent by.
    pub alert_id: String,
    /// What people call it.
    pub name: String,
    /// The metric, or
    pub metric_name: Option<String>,
    /// the expression.
    pub expr: Option<String>,
    /// As its author spelled it.
    pub condition: Option<String>,
    /// What values are compared with.
    pub threshold: Option<f64>,
    /// A firing ends only beyond this value.
    pub recovery_threshold: Option<f64>,
    /// Such as `5m`.
    #[serde(serialize_with = "as_text")]
    pub duration: Span,
    /// `critical`, `warning` or `info`.
    pub severity: &'static str,
    /// Labels an instance must have.
    pub tags_filter: BTreeMap<String, String>,
    /// Who is told.
    pub notify: Vec<String>,
    /// Such as `30m`.
    #[serde(serialize_with = "as_text")]
    pub cooldown: Span,
    /// Whether it is judged.
    pub enabled: bool,
    /// Who wrote it.
    pub created_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// How many series match now.
    pub matches: usize,
    /// The worst of its instances.
    pub state: &'static str,
    /// `ok`, `no_data` or `error`.
    pub health: &'static str,
    /// What went wrong when it was last judged.
    pub last_error: Option<String>,
    /// Its instances, the worst first, [`INSTANCES_SHOWN_MAX`] at most.
    pub instances: Vec<InstanceView>,
    /// How many instances there are.
    pub instances_total: usize,
}

/// One instance of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstanceView {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How it stands.
    pub state: &'static str,
    /// Since when, RFC 3339.
    pub since: String,
    /// The last value.
    pub value: Option<f64>,
    /// `ok` or `no_data`.
    pub health: &'static str,
}

impl InstanceView {
    pub(crate) fn new(instance: &Instance) -> Self {
        let progress = &instance.progress;
        Self {
            labels: label_map(&instance.labels),
            state: progress.state.word(),
            since: rfc3339(progress.since),
            value: progress.value,
            health: progress.health.word(),
        }
    }
}

/// What is known of a rule beside its text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub matches: usize,
    pub state: State,
    pub health: Health,
    pub last_error: Option<String>,
    pub instances: Vec<InstanceView>,
    pub instances_total: usize,
}

impl Standing {
    /// Of a rule that was not judged yet.
    pub fn unjudged(matches: usize) -> Self {
        Self {
            matches,
            state: State::Inactive,
            health: if matches == 0 { Health::NoData } else { Health::Ok },
            last_error: None,
            instances: Vec::new(),
            instances_total: 0,
        }
    }
}

impl RuleView {
    pub(crate) fn new(rule: &Rule, standing: &Standing) -> Self {
        let (metric_name, expr) = match &rule.query {
            Query::Metric(name) => (Some(name.clone()), None),
            Query::Expr(expr) => (None, Some(expr.clone())),
        };
        Self {
            id: rule.id.clone(),
            alert_id: rule.id.clone(),
            name: rule.name.clone(),
            metric_name,
            expr,
            condition: rule.condition.as_ref().map(|c| c.word.clone()),
            threshold: rule.condition.as_ref().map(|c| c.threshold),
            recovery_threshold: rule.recovery_threshold,
            duration: rule.duration,
            severity: rule.severity.word(),
            tags_filter: rule.tags_filter.clone(),
            notify: rule.notify.clone(),
            cooldown: rule.cooldown,
            enabled: rule.enabled,
            created_by: rule.created_by.clone(),
            created_at: rfc3339(rule.created_at),
            updated_at: rfc3339(rule.updated_at),
            matches: standing.matches,
            state: standing.state.word(),
            health: standing.health.word(),
            last_error: standing.last_error.clone(),
            instances: standing.instances.clone(),
            instances_total: standing.instances_total,
        }
    }
}

/// One firing of one instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Firing {
    /// The rule's id.
    pub alert_id: String,
    /// The rule's name then.
    pub name: String,
    /// The rule's severity then.
    pub severity: &'static str,
    /// The instance's labels.
    pub labels: BTreeMap<String, String>,
    /// Which of the instance's firings.
    pub epoch: i64,
    /// When it began, RFC 3339.
    pub fired_at: String,
    /// When it ended, RFC 3339.
    pub resolved_at: Option<String>,
    /// Why it ended: `recovered`, `expired`, `deleted`, `disabled` or `replaced`.
    pub cause: Option<&'static str>,
    /// The value it fired with.
    pub value: Option<f64>,
    /// The worst value it had.
    pub peak_value: Option<f64>,
    /// When somebody took it, RFC 3339.
    pub acknowledged_at: Option<String>,
    /// Who took it.
    pub acknowledged_by: Option<String>,
    /// What they said.
    pub acknowledged_comment: Option<String>,
}

impl Firing {
    pub(crate) fn new(record: &FiringRecord) -> Self {
        let acknowledged = record.acknowledged.as_ref();
        Self {
            alert_id: record.key.rule_id.clone(),
            name: record.rule_name.clone(),
            severity: record.severity.word(),
            labels: label_map(&record.labels),
            epoch: record.epoch,
            fired_at: rfc3339(record.fired_at),
            resolved_at: record.resolved.map(|(at, _)| rfc3339(at)),
            cause: record.resolved.map(|(_, cause)| cause.word()),
            value: record.value,
            peak_value: record.peak_value,
            acknowledged_at: acknowledged.map(|a| rfc3339(a.at)),
            acknowledged_by: acknowledged.and_then(|a| a.by.clone()),
            acknowledged_comment: acknowledged.and_then(|a| a.comment.clone()),
        }
    }
}

/// What may be sent with an acknowledgement; an empty body is one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AckInput {
    /// Only firings that have these labels; all where it is missing.
    pub labels: Option<BTreeMap<String, String>>,
    /// Who takes it.
    pub author: Option<String>,
    /// What they have to say.
    pub comment: Option<String>,
}

impl AckInput {
    /// Reads a body; an empty one takes everything.
    ///
    /// # Errors
    /// When it is not JSON, or has a field that is not known.
    pub fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(body)
            .map_err(|error| ApiError::BadRequest(format!("acknowledgement: {error}")))
    }
}

/// What was acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AckView {
    /// The firings that are now taken.
    pub acknowledged: Vec<Firing>,
}

/// Who changed what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditView {
    /// When, RFC 3339.
    pub at: String,
    /// Who, where that is known.
    pub who: Option<String>,
    /// `create`, `replace`, `enable`, `disable`, `delete` or `acknowledge`.
    pub action: String,
    /// Which rule.
    pub alert_id: String,
    /// The rule before.
    pub before: Option<serde_json::Value>,
    /// The rule after, or what was acknowledged.
    pub after: Option<serde_json::Value>,
}

impl AuditView {
    pub(crate) fn new(audit: Audit) -> Self {
        Self {
            at: rfc3339(audit.at),
            who: audit.who,
            action: audit.action,
            alert_id: audit.rule_id,
            before: audit.before,
            after: audit.after,
        }
    }
}

/// A channel, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelView {
    /// Its name, as `notify` has it.
    pub name: String,
    /// `slack`, `pagerduty` or `webhook`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

pub(crate) fn label_map(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn as_text<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(span)
}
