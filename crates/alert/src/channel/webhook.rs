//! Alertmanager's webhook, version 4: what many receivers already speak. Each message
//! carries one alert, in a group of its own.

use super::{Envelope, Request};
use crate::notice::{Kind, number};
use serde_json::json;
use std::collections::BTreeMap;

/// What Alertmanager writes where an alert has not ended.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";
/// Alertmanager's fingerprints have 64 bits; the first half of the hash is one.
const FINGERPRINT_LENGTH: usize = 16;

/// Where to post, and what to say at the door.
#[derive(Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where to post.
    pub url: String,
    /// Headers to send along, such as `Authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

pub(super) fn request(config: &WebhookConfig, envelope: &Envelope<'_>) -> Request {
    let notice = envelope.notice;
    let status = if envelope.kind == Kind::Resolve { "resolved" } else { "firing" };
    let mut labels = notice.labels.clone();
    // Alertmanager never has it: Prometheus takes it off before it sends.
    labels.remove(model::labels::NAME);
    labels.insert("alertname".to_owned(), notice.rule_name.clone());
    labels.insert("severity".to_owned(), notice.severity.word().to_owned());
    let annotations = json!({
        "summary": notice.summary(envelope.kind),
        "value": notice.value.map_or_else(String::new, number),
        "condition": notice.condition,
        "rule_id": notice.rule_id,
        "dedup_key": notice.dedup_key,
    });
    let fingerprint = notice.hash.get(..FINGERPRINT_LENGTH).unwrap_or(&notice.hash);
    let body = json!({
        "version": "4",
        "groupKey": format!("{{}}:{{rule_id={:?}, instance={:?}}}", notice.rule_id, notice.hash),
        "truncatedAlerts": 0,
        "status": status,
        "receiver": envelope.target,
        "groupLabels": { "alertname": notice.rule_name },
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": envelope.external_url,
        "alerts": [{
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": notice.fired_at,
            "endsAt": notice.resolved_at.as_deref().unwrap_or(NOT_ENDED),
            "generatorURL": envelope.link(),
            "fingerprint": fingerprint,
        }],
    });
    let headers = config.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    Request { headers, body }
}
