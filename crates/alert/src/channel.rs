//! Who can be told, and how each of them wants to hear it.
//!
//! A channel turns a notice into one HTTP request and reads the answer; both are pure
//! functions in the file of its kind. Sending is `http`'s. Secrets (webhook addresses,
//! keys, headers) never reach a log, an answer or the database.

mod http;
mod pagerduty;
mod slack;
mod webhook;

pub use pagerduty::PagerdutyConfig;
pub use slack::SlackConfig;
pub use webhook::WebhookConfig;

use crate::Error;
use crate::notice::{Kind, Notice};
use crate::store::Notification;
use crate::time::retry_after;
use model::{Span, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// How long one request may take, from the name's look-up to the last byte.
pub const SEND_TIMEOUT: Span = Span::from_secs(10);
/// How much of an answer is kept in `notification_log`, in bytes.
pub const EXCERPT_LENGTH_MAX: usize = 512;
/// The longest wait a receiver may ask for.
const RETRY_AFTER_MAX: Span = Span::HOUR;

/// A channel as the configuration file has it, under `[channels.<name>]`.
#[derive(Clone, PartialEq, serde::Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ChannelConfig {
    /// An incoming webhook of Slack.
    Slack(SlackConfig),
    /// A service of PagerDuty, by Events API v2.
    Pagerduty(PagerdutyConfig),
    /// Anything that takes Alertmanager's webhook, version 4.
    Webhook(WebhookConfig),
}

impl ChannelConfig {
    /// The word of the `type` key.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::Pagerduty(_) => "pagerduty",
            Self::Webhook(_) => "webhook",
        }
    }

    fn url(&self) -> &str {
        match self {
            Self::Slack(slack) => &slack.url,
            Self::Pagerduty(pagerduty) => &pagerduty.url,
            Self::Webhook(webhook) => &webhook.url,
        }
    }

    /// What cannot work in it, beside its address.
    fn fault(&self) -> Option<String> {
        match self {
            Self::Slack(_) => None,
            Self::Pagerduty(pagerduty) => {
                pagerduty.routing_key.trim().is_empty().then(|| "routing_key is empty".to_owned())
            }
            Self::Webhook(webhook) => webhook
                .headers
                .iter()
                .find(|(name, value)| !http::is_header(name, value))
                .map(|(name, _)| format!("header {name:?} cannot be sent")),
        }
    }

    /// Whether its receiver knows the word "acknowledge".
    fn takes(&self, kind: Kind) -> bool {
        kind != Kind::Acknowledge || matches!(self, Self::Pagerduty(_))
    }
}

impl fmt::Debug for ChannelConfig {
    /// Says which kind it is and nothing that opens a door.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}(…)", self.kind())
    }
}

/// One request, ready to be sent.
#[derive(Clone, PartialEq, Debug)]
struct Request {
    headers: Vec<(String, String)>,
    body: serde_json::Value,
}

/// What came back.
#[derive(Clone, PartialEq, Debug, Default)]
struct Response {
    status: u16,
    retry_after: Option<String>,
    body: String,
}

/// What a notification is rendered with, beside its notice.
struct Envelope<'a> {
    notice: &'a Notice,
    kind: Kind,
    /// As the rule's `notify` has it.
    target: &'a str,
    /// Where people reach this Barograph, without a slash at the end.
    external_url: &'a str,
}

impl Envelope<'_> {
    /// The page of the rule.
    fn link(&self) -> String {
        format!("{}/alerts/{}", self.external_url, self.notice.rule_id)
    }
}

/// What became of an attempt.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Reply {
    /// The receiver has it.
    Delivered,
    /// Not now; perhaps the receiver said when.
    Retry {
        /// How long the receiver asks to wait.
        after: Option<Span>,
        /// Whether the receiver as a whole is out of reach, not only for this message.
        receiver_down: bool,
    },
    /// It will never take it.
    Refused,
}

/// An attempt, as it goes into the log.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sent {
    pub reply: Reply,
    pub status: Option<u16>,
    pub response: String,
}

/// A configured channel.
struct Channel {
    config: ChannelConfig,
    sender: http::Sender,
}

/// All configured channels.
pub(crate) struct Channels {
    channels: BTreeMap<String, Channel>,
    external_url: String,
}

impl Channels {
    pub fn new(
        configs: BTreeMap<String, ChannelConfig>,
        external_url: &str,
    ) -> Result<Self, Error> {
        let open = |(name, config): (String, ChannelConfig)| {
            check_name(&name)?;
            let sender = http::Sender::new(config.url())
                .map_err(|what| Error::Channel { name: name.clone(), what })?;
            match config.fault() {
                Some(what) => Err(Error::Channel { name, what }),
                None => Ok((name, Channel { config, sender })),
            }
        };
        let channels = configs.into_iter().map(open).collect::<Result<_, Error>>()?;
        Ok(Self { channels, external_url: external_url.trim_end_matches('/').to_owned() })
    }

    /// Names and kinds, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.channels.iter().map(|(name, channel)| (name.as_str(), channel.config.kind()))
    }

    pub fn contains(&self, name: &str) -> bool {
        self.channels.contains_key(name)
    }

    /// The channel that `entry` of a rule's `notify` leads to: the one of that name, or for
    /// `#room` the Slack channel called `slack`, or else the only Slack channel.
    pub fn resolve(&self, entry: &str) -> Option<&str> {
        if let Some((name, _)) = self.channels.get_key_value(entry) {
            return Some(name);
        }
        if entry.len() < 2 || !entry.starts_with('#') {
            return None;
        }
        let slacks: Vec<_> =
            self.iter().filter(|(_, kind)| *kind == "slack").map(|(name, _)| name).collect();
        match slacks.as_slice() {
            [only] => Some(only),
            several => several.iter().copied().find(|name| *name == "slack"),
        }
    }

    /// Says that `entry` leads nowhere, and what would.
    pub fn unknown(&self, entry: &str) -> String {
        let known: Vec<_> = self.channels.keys().map(String::as_str).collect();
        let known = match known.is_empty() {
            true => "no channel is configured".to_owned(),
            false => format!("known are {}", known.join(", ")),
        };
        let how = if entry.starts_with('#') {
            "a #room needs a channel of type slack, named slack where there are several".to_owned()
        } else {
            format!("add [channels.{entry}] to the configuration file")
        };
        format!("unknown channel {entry:?} in notify: {known}; {how}")
    }

    /// Whether the receiver behind `channel` wants to hear of `kind`.
    pub fn takes(&self, channel: &str, kind: Kind) -> bool {
        self.channels.get(channel).is_some_and(|channel| channel.config.takes(kind))
    }

    /// Whether nothing that is configured can carry `notification`.
    pub fn lack(&self, notification: &Notification) -> bool {
        self.channel_of(notification).is_none()
    }

    fn channel_of(&self, notification: &Notification) -> Option<&Channel> {
        // A channel that was gone may be back under another name: `#room` through `slack`.
        let by_target = || self.channels.get(self.resolve(&notification.target)?);
        self.channels.get(&notification.channel).or_else(by_target)
    }

    /// Sends `notification` and says what came of it. Blocks, [`SEND_TIMEOUT`] at most.
    pub fn send(&self, notification: &Notification, now: Timestamp) -> Sent {
        let Some(channel) = self.channel_of(notification) else {
            let response = format!("channel {:?} is not configured", notification.channel);
            let reply = Reply::Retry { after: None, receiver_down: false };
            return Sent { reply, status: None, response };
        };
        let envelope = Envelope {
            notice: &notification.notice,
            kind: notification.kind,
            target: &notification.target,
            external_url: &self.external_url,
        };
        let mut request = match &channel.config {
            ChannelConfig::Slack(slack) => slack::request(slack, &envelope),
            ChannelConfig::Pagerduty(pagerduty) => pagerduty::request(pagerduty, &envelope),
            ChannelConfig::Webhook(webhook) => webhook::request(webhook, &envelope),
        };
        // For receivers that want to know a repetition when they see one.
        let key = format!("{}/{}", notification.notice.dedup_key, notification.kind.word());
        request.headers.push(("Idempotency-Key".to_owned(), key));
        match channel.sender.post(&request) {
            Ok(response) => {
                let reply = reply(&channel.config, &response, now);
                let mut body = response.body;
                crate::rule::input::cut(&mut body, EXCERPT_LENGTH_MAX);
                Sent { reply, status: Some(response.status), response: body }
            }
            Err(said) => {
                let reply = Reply::Retry { after: None, receiver_down: true };
                Sent { reply, status: None, response: said }
            }
        }
    }
}

/// What an answer means.
fn reply(config: &ChannelConfig, response: &Response, now: Timestamp) -> Reply {
    let is_taken = match config {
        ChannelConfig::Slack(_) => slack::accepts(&response.body),
        ChannelConfig::Pagerduty(_) | ChannelConfig::Webhook(_) => true,
    };
    if is_taken && (200..300).contains(&response.status) {
        return Reply::Delivered;
    }
    let after = || {
        let header = response.retry_after.as_deref()?;
        Some(retry_after(header, now)?.min(RETRY_AFTER_MAX))
    };
    match response.status {
        429 => Reply::Retry { after: after(), receiver_down: true },
        408 => Reply::Retry { after: after(), receiver_down: false },
        400..500 => Reply::Refused,
        // What else is not a success may be one later: 5xx, a proxy's redirect, a page.
        _ => Reply::Retry { after: after(), receiver_down: false },
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if !name.is_empty() && name.chars().all(sound) {
        return Ok(());
    }
    let what = "a channel's name has letters, digits and _ - . only".to_owned();
    Err(Error::Channel { name: name.to_owned(), what })
}

#[cfg(test)]
mod tests;
