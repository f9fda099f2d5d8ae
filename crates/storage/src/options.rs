//! What an operator may set, with its defaults.

use model::Span;
use std::fmt;
use std::str::FromStr;

/// When an acknowledged write is on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fsync {
    /// Before it is acknowledged.
    #[default]
    Always,
    /// This long after it was acknowledged, where `Store::sync_log` is called as often.
    Every(Span),
    /// When the operating system likes; a clean stop still writes everything.
    Off,
}

/// Why a text is no [`Fsync`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is not a sync rule: write \"always\", \"every 100ms\" or \"off\"")]
pub struct FsyncError {
    text: String,
}

impl FromStr for Fsync {
    type Err = FsyncError;

    fn from_str(text: &str) -> Result<Self, FsyncError> {
        let refuse = || FsyncError { text: text.to_owned() };
        match text.trim() {
            "always" => Ok(Self::Always),
            "off" => Ok(Self::Off),
            rest => {
                let span = rest.strip_prefix("every ").ok_or_else(refuse)?;
                let span: Span = span.parse().map_err(|_| refuse())?;
                if span > Span::ZERO { Ok(Self::Every(span)) } else { Err(refuse()) }
            }
        }
    }
}

impl fmt::Display for Fsync {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => out.write_str("always"),
            Self::Every(span) => write!(out, "every {span}"),
            Self::Off => out.write_str("off"),
        }
    }
}

/// What an operator may set.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// How long data is kept whose policy does not say; none keeps for ever.
    pub retention: Option<Span>,
    /// How far ahead of the clock a point may lie; no bound where nothing expires.
    pub future_max: Option<Span>,
    /// When an acknowledged write is on disk.
    pub fsync: Fsync,
    /// Partitions of a new folder, 0 to choose by the machine; fixed once it exists.
    pub partitions: u16,
    /// The most bytes that rows not yet in blocks may take in memory.
    pub head_bytes_max: u64,
    /// The longest time a row stays outside blocks.
    pub head_age_max: Span,
    /// How long a slice of time has been over when it is written in the form that takes the
    /// least space, and is read more slowly; see decision 015.
    pub cold_after: Span,
    /// The most bytes of log before the head is flushed so that it can shrink.
    pub wal_bytes_max: u64,
    /// Whether a write to a database that is not there makes it.
    pub auto_create_databases: bool,
    /// The most series that are written to at one time.
    pub series_max: u64,
    /// The most memory for pages of blocks' indexes that were read.
    pub index_cache_bytes: u64,
    /// The most of them that one measurement may have.
    pub series_per_measurement_max: u64,
    /// The most fields of one series key, 16,384 at most.
    pub columns_max: usize,
    /// The most labels (tags) of one series.
    pub labels_max: usize,
    /// The most bytes of the name of a label or a field.
    pub label_name_bytes_max: usize,
    /// The most bytes of the value of a label, and of a measurement's name.
    pub label_value_bytes_max: usize,
    /// A question that looks through fewer streams takes one thread, of twice as many another.
    pub streams_per_thread: u64,
    /// With fewer bytes free on the disk, writes are refused; none for 1 GiB, or a twentieth
    /// of the disk where that is less.
    pub disk_free_min: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention: Some(Span(15 * Span::DAY.0)),
            future_max: Some(Span::DAY),
            fsync: Fsync::Always,
            partitions: 0,
            head_bytes_max: 512 << 20,
            head_age_max: Span::HOUR,
            // What people look at most stays quick to read, and some percent of one or two
            // days are little beside the rest.
            cold_after: Span::DAY,
            // Replay reads some hundred MB/s, so that a restart stays within seconds.
            wal_bytes_max: 512 << 20,
            auto_create_databases: true,
            series_max: 10_000_000,
            index_cache_bytes: 128 << 20,
            series_per_measurement_max: 10_000_000,
            // Twice what InfluxDB 3 lets a table have by default; a stream that gains so many
            // one by one costs some milliseconds.
            columns_max: 1_024,
            labels_max: 64,
            label_name_bytes_max: 256,
            label_value_bytes_max: 4_096,
            streams_per_thread: 32_768,
            disk_free_min: None,
        }
    }
}

#[cfg(test)]
mod tests;
