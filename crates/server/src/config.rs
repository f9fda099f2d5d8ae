//! The configuration file: every key with its default, and how a file becomes settings.
//!
//! The doc comment on a field is its manual: `docs/config.md` is generated from this file
//! by a test. Unknown keys are errors. Flags of the command line win over the file.

mod fault;
mod units;

pub use fault::Fault;
pub use units::{Bytes, Reach, Tokens};

use model::Span;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The whole file.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port to listen on. Any address beyond loopback wants `token` to be set,
    /// or the flag `--insecure`. Port 0 takes a free one, which the first line of output names.
    pub listen: String,
    /// Folder that holds all data; made where it is missing. A relative path counts from the
    /// folder the server is started in. One server at a time may use it.
    pub data_dir: PathBuf,
    /// How long points are kept, such as `"15d"`; `"inf"` keeps everything and accepts any
    /// time since 1970. Older points are refused, and whole days are dropped once they are past it.
    pub retention: Reach,
    /// How far ahead of this server's clock a point may be; `"inf"` for no bound. There is no
    /// bound either while `retention` is `"inf"`.
    pub future_max: Reach,
    /// When a write reaches the disk: `"always"` syncs before it is acknowledged; `"every 100ms"`
    /// and `"off"` acknowledge earlier, and may lose the last writes when the power fails.
    #[serde(deserialize_with = "units::fsync")]
    pub fsync: storage::Fsync,
    /// Whether the first write to a database makes it. Where not, such a write is answered with 404.
    pub auto_create_databases: bool,
    /// Memory for points that are not in blocks yet. When it is full, writers wait, and then
    /// are answered with 503 and Retry-After.
    pub head_bytes_max: Bytes,
    /// Bytes of log after which points are written to blocks, so that it can shrink. A start reads
    /// it back, at some hundred MB a second.
    pub wal_bytes_max: Bytes,
    /// How long a UTC day has been over when its points are written in the form that takes the least
    /// space and is read more slowly. Points of it that come later still are merged in.
    #[serde(deserialize_with = "units::positive_span")]
    pub cold_after: Span,
    /// Memory for pages of blocks' indexes that were read, on which queries and merges look up
    /// series; what does not fit is read again.
    pub index_cache_bytes: Bytes,
    /// How many series there may be; a point that would make one more is refused, as with the
    /// limits that follow: the rest of its body is kept. `/metrics` counts what each limit
    /// refuses.
    pub series_max: u64,
    /// How many of them one measurement may have, so that one that runs wild leaves room for
    /// the others. For Prometheus, a measurement is a metric.
    pub series_per_measurement_max: u64,
    /// How many fields one series key, a measurement with its tags, may have: 16384 at most. A
    /// body that brings it a new one moves and logs all of them.
    pub columns_max: usize,
    /// How many labels (tags) a series may have.
    pub labels_max: usize,
    /// How many bytes the name of a label or a field may have.
    pub label_name_bytes_max: usize,
    /// How many bytes the value of a label, or the name of a measurement, may have.
    pub label_value_bytes_max: usize,
    /// With less than this free on the disk of `data_dir`, writes are answered with 507, so that
    /// there is room to write what was acknowledged before to blocks. Queries, deletes, merges
    /// and retention go on. Where it is left out, that is 1 GiB, or a twentieth of that disk where
    /// that is smaller.
    pub disk_free_min: Option<Bytes>,
    /// Largest body of a write as it comes over the wire; a larger one is answered with 413.
    pub body_bytes_max: Bytes,
    /// Largest body of a write once it is decompressed; a larger one is answered with 413.
    pub body_decompressed_bytes_max: Bytes,
    /// Memory for all bodies that are being written at one time. When it is full, further
    /// writes are answered with 503 and Retry-After.
    pub inflight_bytes_max: Bytes,
    /// How many connections there may be at one time, 1 at least. Further clients wait until one
    /// ends.
    #[serde(deserialize_with = "units::positive_count")]
    pub connections_max: usize,
    /// How long a connection may take until the head of its next request is there, the wait
    /// between two requests included; then it is closed.
    #[serde(deserialize_with = "units::positive_span")]
    pub header_timeout: Span,
    /// Where rules and their history are kept: `"sqlite:PATH"`. Where it is left out, that is
    /// `alerts.db` in the data folder.
    pub database_url: Option<String>,
    /// Where answers are cached: `"memory:"`.
    pub cache_url: String,
    /// Memory for cached answers.
    pub cache_bytes_max: Bytes,
    /// How often rules are judged.
    #[serde(deserialize_with = "units::positive_span")]
    pub evaluation_interval: Span,
    /// The address people reach this server by, such as `"https://barograph.example.com"`; it
    /// stands in notifications. Where it is left out, the address it listens on does.
    pub external_url: Option<String>,
    /// One token, or a list of them. With a token set, every request but those for the page,
    /// `/health`, `/ready`, `/ping` and `/metrics` wants one, as `Authorization: Bearer TOKEN`,
    /// `Authorization: Token TOKEN`, as the password of basic authentication, or as `p=TOKEN`.
    pub token: Tokens,
    /// What queries may use.
    pub query: Query,
    /// What is logged, and how.
    pub log: Log,
    /// The collector of this host's own metrics.
    pub collect: Collect,
    /// Where alerts are sent: one table for each channel, `[channels.NAME]`, whose `type` is
    /// `"slack"`, `"pagerduty"` or `"webhook"`.
    pub channels: BTreeMap<String, alert::ChannelConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:7373".to_owned(),
            data_dir: PathBuf::from("./barograph-data"),
            retention: Reach::Until(Span(15 * Span::DAY.0)),
            future_max: Reach::Until(Span::DAY),
            fsync: storage::Fsync::Always,
            auto_create_databases: true,
            head_bytes_max: Bytes(512 << 20),
            wal_bytes_max: Bytes(512 << 20),
            cold_after: Span::DAY,
            index_cache_bytes: Bytes(128 << 20),
            series_max: 10_000_000,
            series_per_measurement_max: 10_000_000,
            columns_max: 1_024,
            labels_max: 64,
            label_name_bytes_max: 256,
            label_value_bytes_max: 4_096,
            disk_free_min: None,
            body_bytes_max: Bytes(25 << 20),
            body_decompressed_bytes_max: Bytes(256 << 20),
            inflight_bytes_max: Bytes(1 << 30),
            connections_max: 10_000,
            // Beyond the interval of most agents, so that these keep their connection.
            header_timeout: Span::from_secs(30),
            database_url: None,
            cache_url: "memory:".to_owned(),
            cache_bytes_max: Bytes(64 << 20),
            evaluation_interval: Span::from_secs(5),
            external_url: None,
            token: Tokens::default(),
            query: Query::default(),
            log: Log::default(),
            collect: Collect::default(),
            channels: BTreeMap::new(),
        }
    }
}

/// What queries may use: `[query]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// Longest a query may run, its wait for a free place included.
    #[serde(deserialize_with = "units::positive_span")]
    pub timeout: Span,
    /// Most samples one query may read.
    pub samples_max: u64,
    /// Most queries that run at one time; 0 is twice the number of cores. Others wait.
    pub concurrent_max: usize,
    /// Queries that run longer than this are logged.
    #[serde(deserialize_with = "units::positive_span")]
    pub slow: Span,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            timeout: Span::from_secs(60),
            samples_max: 500_000_000,
            concurrent_max: 0,
            slow: Span::from_secs(5),
        }
    }
}

/// What is logged, and how: `[log]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `"text"` for people or `"json"` for machines; one line for each event, on stderr.
    pub format: LogFormat,
    /// `"error"`, `"warn"`, `"info"`, `"debug"` or `"trace"`.
    pub level: LogLevel,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// From which level on is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// The collector of this host's own metrics: `[collect]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collect {
    /// Whether it runs; the flag `--no-collect` turns it off too.
    pub enabled: bool,
    /// How often it reads; at least 1 s. Readings fall on multiples of it.
    #[serde(deserialize_with = "units::interval")]
    pub interval: Span,
    /// The tag `host` of every point; the name of this machine where it is left out.
    pub host: Option<String>,
    /// Further tags of every point.
    pub tags: BTreeMap<String, String>,
}

impl Default for Collect {
    fn default() -> Self {
        Self { enabled: true, interval: Span::from_secs(10), host: None, tags: BTreeMap::new() }
    }
}

impl Config {
    /// Reads and checks `path`.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or holds a key or value that cannot be.
    pub fn load(path: &Path) -> Result<Self, Fault> {
        let text = read(path)?;
        let config: Self = parse(path, &text)?;
        config.check().map_err(|what| Fault::new(path, None, what))?;
        Ok(config)
    }

    /// What holds between keys; `Err` names the key.
    fn check(&self) -> Result<(), String> {
        if self.body_decompressed_bytes_max.0 < self.body_bytes_max.0 {
            return Err("body_decompressed_bytes_max must be at least body_bytes_max".to_owned());
        }
        if self.inflight_bytes_max.0 < self.body_decompressed_bytes_max.0 {
            return Err("inflight_bytes_max must be at least body_decompressed_bytes_max".into());
        }
        if let Some(url) = &self.external_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            return Err(format!("external_url {url:?} must start with http:// or https://"));
        }
        if self.collect.host.as_deref() == Some("") {
            return Err("collect.host must not be empty".to_owned());
        }
        Ok(())
    }
}

/// The text of a configuration file.
pub fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path)
        .map_err(|error| Fault::new(path, None, format!("read the file: {error}")))
}

/// A configuration of any kind out of `text`, which came from `path`.
pub fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| Fault::of_toml(path, text, &error))
}

#[cfg(test)]
mod tests;
