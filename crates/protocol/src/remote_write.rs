//! Prometheus remote write 1.0: a snappy block that holds one protobuf message.
//!
//! ```text
//! WriteRequest { 1: TimeSeries*, 3: MetricMetadata* (passed over) }
//! TimeSeries   { 1: Label*, 2: Sample*, 3: Exemplar* (passed over), 4: Histogram* (refused) }
//! Label        { 1: name, 2: value }
//! Sample       { 1: value (double), 2: timestamp (ms) }
//! ```
//!
//! Each sample is a row with the one field `value`. The key is the label fields of the
//! series as they came, so that a sender that writes its labels in one order is recognised
//! without reading them. Values keep their bits, the staleness marker included.

mod wire;

use crate::Error;
use model::labels::NAME;
use model::name::VALUE_FIELD;
use model::row::{Dialect, Identify, Identity, Rows};
use model::{Field, Refusal, Refused, Row, Tags, Timestamp, ValueRef};
use std::sync::Arc;
use wire::{Cursor, Labels, Point};

/// How much of the labels of a refused sample stands in its message.
const QUOTED_CHARS_MAX: usize = 120;

/// Decompresses the body of a request into `into`, in place of what is there; it may grow to
/// `limit` bytes.
///
/// # Errors
/// When it is no snappy block, or is longer; nothing is allocated before its length is known.
pub fn decompress(body: &[u8], limit: usize, into: &mut Vec<u8>) -> Result<(), Error> {
    let broken = |error: snap::Error| Error::Snappy(error.to_string());
    let declared = snap::raw::decompress_len(body).map_err(broken)?;
    if declared > limit {
        return Err(Error::TooLarge { declared, limit });
    }
    into.resize(declared, 0);
    let length = snap::raw::Decoder::new().decompress(body, into).map_err(broken)?;
    into.truncate(length);
    Ok(())
}

/// Reads the samples of one message.
#[derive(Debug)]
pub struct Decoder<'a> {
    message: Cursor<'a>,
    /// Where the labels of each series stand, from the first look through the message. It
    /// is no longer than the message: a series that is not empty takes four bytes of it.
    labels: std::vec::IntoIter<Labels>,
    /// The labels of the series that is read, where they stand together.
    key: Option<&'a [u8]>,
    /// The same, where they do not.
    gathered: Vec<u8>,
    /// What is left of that series.
    points: Cursor<'a>,
    /// Samples read so far, refused ones included.
    samples: u64,
    fields: [Field<'static>; 1],
}

impl<'a> Decoder<'a> {
    /// Reads `message`, which was decompressed.
    ///
    /// # Errors
    /// When it is not the protobuf it should be. It is checked as a whole first, so that a
    /// damaged message is not kept by half.
    pub fn new(message: &'a [u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(message);
        let mut labels = Vec::new();
        while let Some(series) = cursor.next_series()? {
            labels.push(wire::survey(series)?);
        }
        Ok(Self {
            message: Cursor::new(message),
            labels: labels.into_iter(),
            key: None,
            gathered: Vec::new(),
            points: Cursor::new(b""),
            samples: 0,
            fields: [Field { name: VALUE_FIELD, value: ValueRef::F64(0.0) }],
        })
    }

    /// The next point of the message. An error cannot come from a message that was checked.
    #[inline]
    fn next_point(&mut self) -> Result<Option<Point>, Error> {
        loop {
            if let Some(point) = self.points.next_point()? {
                return Ok(Some(point));
            }
            let Some(series) = self.message.next_series()? else { return Ok(None) };
            if let Some(length) = self.labels.next().and_then(Labels::length) {
                let (key, points) = wire::part(series, length);
                (self.key, self.points) = (Some(key), points);
            } else {
                self.gathered.clear();
                wire::gather_labels(series, &mut self.gathered)?;
                (self.key, self.points) = (None, series);
            }
        }
    }
}

impl Rows for Decoder<'_> {
    #[inline]
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        let point = self.next_point();
        self.samples += 1;
        let line = self.samples;
        let key = self.key.unwrap_or(&self.gathered);
        let refuse = |reason: String| Some(Err(Refused { line, why: malformed(key, reason) }));
        match point {
            Ok(None) => None,
            Ok(Some(Point::Sample { value, timestamp_ms })) => {
                let Some(ns) = timestamp_ms.checked_mul(1_000_000) else {
                    return refuse(format!("timestamp {timestamp_ms} ms is out of range"));
                };
                self.fields[0].value = ValueRef::F64(value);
                Some(Ok(Row { line, key, timestamp: Timestamp(ns), fields: &self.fields }))
            }
            Ok(Some(Point::Histogram)) => {
                refuse("native histograms are not taken yet; send classic ones".to_owned())
            }
            Err(error) => {
                (self.message, self.points) = (Cursor::new(b""), Cursor::new(b""));
                let why = malformed(b"", error.to_string());
                Some(Err(Refused { line, why }))
            }
        }
    }

    fn identify(&self) -> Identify {
        identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::RemoteWrite
    }
}

/// Measurement and tags of a key: the metric's name, and the other labels that have a value.
///
/// # Errors
/// When it is not a set of labels with a name.
pub fn identify(key: &[u8]) -> Result<Identity, Refusal> {
    parse(key).map_err(|reason| malformed(key, reason))
}

fn parse(key: &[u8]) -> Result<Identity, String> {
    let mut pairs: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    wire::for_each_label(key, |name, value| {
        pairs.push((Arc::from(name), Arc::from(value)));
    })
    .map_err(|error| error.to_string())?;
    // Senders sort them; sorting what is sorted is one look through it.
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(twice) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("label {:?} stands twice", twice[0].0));
    }
    if pairs.iter().any(|(name, _)| name.is_empty()) {
        return Err("a label has no name".to_owned());
    }
    let name = pairs.iter().position(|(name, value)| name.as_ref() == NAME && !value.is_empty());
    let name = name.ok_or_else(|| format!("series has no {NAME} label"))?;
    let (_, measurement) = pairs.remove(name);
    Ok((measurement, Tags::new(pairs)))
}

/// The refusal of a sample of the series with this key.
fn malformed(key: &[u8], reason: String) -> Refusal {
    let mut labels = String::new();
    // What can be read of a damaged key is shown.
    let _ = wire::for_each_label(key, |name, value| {
        if labels.len() < QUOTED_CHARS_MAX * 4 {
            let comma = if labels.is_empty() { "" } else { "," };
            labels.push_str(&format!("{comma}{name}={value:?}"));
        }
    });
    let mut text: String = labels.chars().take(QUOTED_CHARS_MAX - 2).collect();
    if text.len() < labels.len() {
        text.pop();
        text.push('…');
    }
    Refusal::Malformed { text: format!("{{{text}}}"), reason }
}

#[cfg(test)]
mod tests;
