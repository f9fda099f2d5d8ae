//! Slack's incoming webhook: `text` for notifications on a phone, `blocks` for the window.
//!
//! It knows no idempotency: the same message sent twice is seen twice. Slack says `ok` and
//! nothing else when it took a message, and a word when it did not. Receivers that speak its
//! form say nothing, or JSON; they must not be asked again either.

use super::{Envelope, Request};
use crate::notice::Kind;
use crate::rule::Severity;
use serde_json::{Value, json};

/// Slack refuses a section of more than 3,000 characters; this many bytes are fewer.
const SECTION_LENGTH_MAX: usize = 2_900;

/// Where and as whom to post.
#[derive(Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {
    /// The address of the incoming webhook.
    pub url: String,
    /// The room, where it is not the webhook's own.
    #[serde(default)]
    pub channel: Option<String>,
    /// The name messages come from, where it is not the webhook's own.
    #[serde(default)]
    pub username: Option<String>,
}

pub(super) fn request(config: &SlackConfig, envelope: &Envelope<'_>) -> Request {
    let notice = envelope.notice;
    let mark = match (envelope.kind, notice.severity) {
        (Kind::Resolve, _) => ":large_green_circle:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_orange_circle:",
        (_, Severity::Info) => ":large_blue_circle:",
    };
    let mut text = escaped(&notice.summary(envelope.kind));
    crate::rule::input::cut(&mut text, SECTION_LENGTH_MAX);
    let name = escaped(&notice.rule_name);
    let since = match &notice.resolved_at {
        Some(until) => format!("{} – {until}", notice.fired_at),
        None => format!("since {}", notice.fired_at),
    };
    let link = format!("<{}|open>", envelope.link());
    let context = format!("*{}* · {since} · {link}", notice.severity.word());
    let mut body = json!({
        "text": format!("{mark} {name}: {text}"),
        "blocks": [
            { "type": "section",
              "text": { "type": "mrkdwn", "text": format!("{mark} *{name}*\n{text}") } },
            { "type": "context", "elements": [{ "type": "mrkdwn", "text": context }] },
        ],
    });
    let room = envelope.target.starts_with('#').then_some(envelope.target);
    if let Some(room) = room.or(config.channel.as_deref()) {
        body["channel"] = Value::from(room);
    }
    if let Some(username) = &config.username {
        body["username"] = Value::from(username.as_str());
    }
    Request { headers: Vec::new(), body }
}

/// Whether the body of an answer with a good status says that the message was taken.
pub(super) fn accepts(body: &str) -> bool {
    let body = body.trim();
    if body.is_empty() || body == "ok" {
        return true;
    }
    let Ok(Value::Object(answer)) = serde_json::from_str(body) else { return false };
    ["ok", "success"].iter().all(|key| answer.get(*key) != Some(&Value::Bool(false)))
}

/// The three characters Slack's markup wants escaped.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
