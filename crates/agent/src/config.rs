//! The settings of an agent. The comments on the fields are the manual.

use crate::{Error, hostname};
use model::{ByteSize, DEFAULT_DATABASE, Span};
use serde::de::{Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The shortest interval: below it, collecting would be most of what a host does.
const INTERVAL_MIN: Span = Span::from_millis(100);
const INTERVAL_MAX: Span = Span::HOUR;

/// The least a buffer may have: a few rounds of a large host.
const BUFFER_BYTES_MIN: u64 = 64 << 10;

/// What an agent is told.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentConfig {
    /// Where the server is: `http://HOST:PORT` or `https://HOST:PORT`, with a path before
    /// `/write` where a proxy has one.
    pub url: String,
    /// The database to write to.
    pub database: String,
    /// The token to show, where the server wants one.
    pub token: Option<Secret>,
    /// How often to collect, and how far apart timestamps are: at least `100ms`.
    #[serde(deserialize_with = "span")]
    pub interval: Span,
    /// What this host is called in the tag `host`; its own name where this is not set.
    pub host: Option<String>,
    /// More tags for every line, such as `region = "eu-west-1"`.
    pub tags: BTreeMap<String, String>,
    /// The folder that keeps what cannot be sent. Each agent needs its own.
    pub buffer_dir: PathBuf,
    /// How much that folder may keep, in bytes or as `"256 MiB"`; then the oldest is dropped.
    #[serde(deserialize_with = "bytes")]
    pub buffer_bytes_max: u64,
    /// How many lines go into one request at most.
    pub batch_lines_max: usize,
    /// How long the body of one request may be before it is compressed, in bytes or as
    /// `"1 MiB"`.
    #[serde(deserialize_with = "bytes")]
    pub batch_bytes_max: u64,
    /// How long a request may take before it counts as failed.
    #[serde(deserialize_with = "span")]
    pub timeout: Span,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            url: "http://127.0.0.1:7373".to_owned(),
            database: DEFAULT_DATABASE.to_owned(),
            token: None,
            interval: Span::from_secs(10),
            host: None,
            tags: BTreeMap::new(),
            buffer_dir: "barograph-agent-buffer".into(),
            buffer_bytes_max: 256 << 20,
            batch_lines_max: 5_000,
            batch_bytes_max: 1 << 20,
            timeout: Span::from_secs(10),
        }
    }
}

impl AgentConfig {
    /// Checks what types do not.
    ///
    /// # Errors
    /// When a setting cannot work; says which, and what would.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |key, what: String| Err(Error::Config { key, what });
        let has_scheme = ["http://", "https://"].iter().any(|scheme| {
            self.url
                .strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        });
        if !has_scheme || self.url.contains(|c: char| c.is_whitespace() || c == '?' || c == '#') {
            return refuse("url", format!("{:?} must be like http://127.0.0.1:7373", self.url));
        }
        if self.database.is_empty() {
            return refuse("database", "must have a name".to_owned());
        }
        if !(INTERVAL_MIN..=INTERVAL_MAX).contains(&self.interval) {
            let what = format!("{} must be from {INTERVAL_MIN} to {INTERVAL_MAX}", self.interval);
            return refuse("interval", what);
        }
        if self.timeout.0 <= 0 {
            return refuse("timeout", "must be longer than 0s".to_owned());
        }
        if self.buffer_bytes_max < BUFFER_BYTES_MIN {
            return refuse("buffer_bytes_max", format!("must be at least {BUFFER_BYTES_MIN}"));
        }
        if self.batch_lines_max == 0 {
            return refuse("batch_lines_max", "must be at least 1".to_owned());
        }
        if self.batch_bytes_max == 0 {
            return refuse("batch_bytes_max", "must be at least 1".to_owned());
        }
        if self.tags.contains_key("host") {
            return refuse("tags", "must not hold \"host\": set host instead".to_owned());
        }
        Ok(())
    }

    /// What this host is called.
    pub fn host_name(&self) -> String {
        self.host.clone().filter(|host| !host.is_empty()).unwrap_or_else(hostname)
    }
}

/// Text that no log shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("(hidden)")
    }
}

fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    struct Size;
    impl Visitor<'_> for Size {
        type Value = u64;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a size such as \"256 MiB\" or a whole number of bytes")
        }
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u64, E> {
            Ok(number)
        }
        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u64, E> {
            let refused = |_| E::invalid_value(Unexpected::Signed(number), &self);
            u64::try_from(number).map_err(refused)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
            let refused = |_| E::invalid_value(Unexpected::Str(text), &self);
            text.parse().map(|ByteSize(bytes)| bytes).map_err(refused)
        }
    }
    from.deserialize_any(Size)
}

#[cfg(test)]
mod tests;
