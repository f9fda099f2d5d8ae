//! What a person is told of one firing, before any channel gives it its own form.
//!
//! A notice is a snapshot: it is written with its transition and says the same however
//! much later it is sent. Texts are complete sentences that name value, limit and place.

use crate::decide::Cause;
use crate::instance::Instance;
use crate::rule::{Query, Rule, Severity, symbol};
use crate::time::rfc3339;
use model::port::Split;
use model::{Span, Timestamp};
use std::collections::BTreeMap;

/// The longest expression that stands in a sentence, in bytes.
const SUBJECT_LENGTH_MAX: usize = 200;
/// The most labels a sentence lists.
const PLACE_LABELS_MAX: usize = 6;

/// What is said of a firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It began.
    Trigger,
    /// Somebody took it.
    Acknowledge,
    /// It ended.
    Resolve,
}

impl Kind {
    /// The word in the database and in PagerDuty's `event_action`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }

    /// Reads [`Kind::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Trigger, Self::Acknowledge, Self::Resolve].into_iter().find(|k| k.word() == word)
    }
}

/// One firing, as it is told.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Notice {
    /// The rule's id.
    pub rule_id: String,
    /// The rule's name.
    pub rule_name: String,
    /// How bad it is.
    pub severity: Severity,
    /// What the value is of: `cpu usage_user`.
    pub subject: String,
    /// What makes it wrong: `> 90 for 5m`; empty where the expression says it all.
    pub condition: String,
    /// The metric or the expression.
    pub watched: String,
    /// What values are compared with.
    pub threshold: Option<f64>,
    /// The instance's labels.
    pub labels: BTreeMap<String, String>,
    /// The instance's hash.
    pub hash: String,
    /// Which firing of the instance.
    pub epoch: i64,
    /// The value when it fired, or that ended it.
    pub value: Option<f64>,
    /// The worst value, once it has ended.
    pub peak: Option<f64>,
    /// When it began, RFC 3339.
    pub fired_at: String,
    /// When it ended, RFC 3339.
    pub resolved_at: Option<String>,
    /// Why it ended.
    pub cause: Option<String>,
    /// Who took it, once somebody did.
    pub acknowledged_by: Option<String>,
    /// Who wrote the rule.
    pub created_by: Option<String>,
    /// Whom the rule tells, in its order.
    pub notify: Vec<String>,
    /// What the receiver knows the firing by.
    pub dedup_key: String,
    /// The channel that refused this notice, where another one carries it instead.
    pub refused_by: Option<String>,
}

impl Notice {
    /// Of a firing of `instance` that began at `at` with `value`.
    pub(crate) fn fired(about: &About<'_>, at: Timestamp, value: f64, epoch: i64) -> Self {
        let (rule, instance) = (about.rule, about.instance);
        let by = about.condition();
        Self {
            rule_id: rule.id.clone(),
            rule_name: rule.name.clone(),
            severity: rule.severity,
            subject: about.subject(),
            condition: condition_text(by, rule.duration),
            watched: rule.watched().to_owned(),
            threshold: by.map(|(_, threshold)| threshold),
            labels: instance.labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
            hash: instance.key.hash.clone(),
            epoch,
            value: Some(value).filter(|value| !value.is_nan()),
            peak: None,
            fired_at: rfc3339(at),
            resolved_at: None,
            cause: None,
            acknowledged_by: None,
            created_by: rule.created_by.clone(),
            notify: rule.notify.clone(),
            dedup_key: instance.key.dedup_key(epoch),
            refused_by: None,
        }
    }

    /// The same firing once it has ended.
    pub(crate) fn resolved(&self, end: &End) -> Self {
        Self {
            value: end.value,
            peak: end.peak,
            resolved_at: Some(rfc3339(end.at)),
            cause: Some(end.cause.word().to_owned()),
            refused_by: None,
            ..self.clone()
        }
    }

    /// One sentence, the same in every channel.
    pub fn summary(&self, kind: Kind) -> String {
        let place = self.place();
        let text = match kind {
            Kind::Trigger => {
                let condition = parenthesised(&self.condition);
                format!("{} is {}{condition}{place}", self.subject, shown(self.value))
            }
            Kind::Acknowledge => {
                let by = self.acknowledged_by.as_deref().unwrap_or("somebody");
                format!("Acknowledged by {by}: {}{place}", self.subject)
            }
            Kind::Resolve => self.resolve_summary(&place),
        };
        match &self.refused_by {
            Some(channel) => format!("{channel} refused this: {text}"),
            None => text,
        }
    }

    fn resolve_summary(&self, place: &str) -> String {
        let subject = &self.subject;
        let cause = self.cause.as_deref().and_then(Cause::from_word).unwrap_or(Cause::Recovered);
        let why = match cause {
            Cause::Recovered => {
                let was = if self.condition.is_empty() {
                    String::new()
                } else {
                    format!("was {}, ", self.condition)
                };
                let detail = format!(" ({was}worst {})", shown(self.peak));
                return match self.value {
                    Some(_) => {
                        format!("Resolved: {subject} is {}{detail}{place}", shown(self.value))
                    }
                    None => format!("Resolved: {subject} is over{detail}{place}"),
                };
            }
            Cause::Expired => "there has been no data for a day",
            Cause::Deleted => "its rule was deleted",
            Cause::Disabled => "its rule was turned off",
            Cause::Replaced => "its rule now watches something else",
        };
        format!("Closed: {subject}{place}: {why}")
    }

    /// Where it is: ` on host a`, or the labels.
    fn place(&self) -> String {
        let host = self.labels.get("host").map(|host| format!(" on host {host}"));
        let others: Vec<_> = self
            .labels
            .iter()
            .filter(|(name, _)| *name != "host" && *name != model::labels::NAME)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let more = if others.len() > PLACE_LABELS_MAX { ", …" } else { "" };
        let listed = others[..others.len().min(PLACE_LABELS_MAX)].join(", ");
        match (host, listed.is_empty()) {
            (Some(host), true) => host,
            (Some(host), false) => format!("{host} ({listed}{more})"),
            (None, true) => String::new(),
            (None, false) => format!(" on {listed}{more}"),
        }
    }

    /// The thing it is about, for receivers that want one word.
    pub fn source(&self) -> &str {
        let label = ["host", "instance"].iter().find_map(|name| self.labels.get(*name));
        label.map_or(&self.rule_name, |value| value)
    }
}

/// How a firing ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub at: Timestamp,
    pub value: Option<f64>,
    pub peak: Option<f64>,
    pub cause: Cause,
}

/// What a notice is made of.
pub(crate) struct About<'a> {
    pub rule: &'a Rule,
    pub split: Option<&'a Split>,
    pub instance: &'a Instance,
    /// Measurement and field of a metric, where a series was seen.
    pub subject: Option<&'a str>,
}

impl About<'_> {
    fn condition(&self) -> Option<(model::port::Compare, f64)> {
        let own = self.rule.condition.as_ref().map(|c| (c.compare, c.threshold));
        own.or(self.split.map(|split| (split.compare, split.threshold)))
    }

    fn subject(&self) -> String {
        let mut subject = match (&self.rule.query, self.split) {
            (Query::Metric(name), _) => self.subject.unwrap_or(name).to_owned(),
            (Query::Expr(_), _) if self.rule.name != self.rule.to_string() => {
                self.rule.name.clone()
            }
            (Query::Expr(_), Some(split)) => split.expr.clone(),
            (Query::Expr(expr), None) => expr.clone(),
        };
        crate::rule::input::cut(&mut subject, SUBJECT_LENGTH_MAX);
        subject
    }
}

fn condition_text(by: Option<(model::port::Compare, f64)>, duration: Span) -> String {
    let lasting = (duration > Span::ZERO).then(|| format!("for {duration}"));
    let by = by.map(|(compare, threshold)| format!("{} {}", symbol(compare), number(threshold)));
    [by, lasting].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn parenthesised(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), number)
}

/// A number as a person reads it: six digits that matter, no trailing zeros.
pub(crate) fn number(value: f64) -> String {
    const DIGITS: i32 = 6;
    if value == 0.0 || !value.is_finite() || value == value.trunc() && value.abs() < 1e15 {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-5..15).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = (DIGITS - 1 - magnitude).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
