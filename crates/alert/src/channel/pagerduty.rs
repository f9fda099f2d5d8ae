//! PagerDuty's Events API v2. One `dedup_key` opens, takes and closes one alert there, so
//! an event that arrives twice changes nothing.

use super::{Envelope, Request};
use crate::notice::{Kind, Notice, number};
use serde_json::{Value, json};

/// Where PagerDuty listens.
const EVENTS_URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// PagerDuty cuts a summary at 1,024 characters; this many bytes are no more.
const SUMMARY_LENGTH_MAX: usize = 1_024;

/// Which service is told.
#[derive(Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerdutyConfig {
    /// The integration key of the service.
    pub routing_key: String,
    /// Where events go; only a test or a proxy needs another.
    #[serde(default = "events_url")]
    pub url: String,
}

fn events_url() -> String {
    EVENTS_URL.to_owned()
}

pub(super) fn request(config: &PagerdutyConfig, envelope: &Envelope<'_>) -> Request {
    let notice = envelope.notice;
    let mut body = json!({
        "routing_key": config.routing_key,
        "event_action": envelope.kind.word(),
        "dedup_key": notice.dedup_key,
    });
    if envelope.kind == Kind::Trigger {
        // A pager shows this one line, so the rule's name leads it.
        let mut summary = format!("{}: {}", notice.rule_name, notice.summary(envelope.kind));
        crate::rule::input::cut(&mut summary, SUMMARY_LENGTH_MAX);
        body["payload"] = json!({
            "summary": summary,
            "source": notice.source(),
            "severity": notice.severity.word(),
            "timestamp": notice.fired_at,
            "class": notice.rule_name,
            "custom_details": details(notice),
        });
        body["client"] = Value::from("Barograph");
        body["client_url"] = Value::from(envelope.link());
    }
    Request { headers: Vec::new(), body }
}

fn details(notice: &Notice) -> Value {
    json!({
        "rule": notice.rule_name,
        "rule_id": notice.rule_id,
        "watched": notice.watched,
        "condition": notice.condition,
        "value": notice.value.map(number),
        "labels": notice.labels,
        "created_by": notice.created_by,
    })
}
