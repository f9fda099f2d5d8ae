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
use wire::{Cursor, Point, Series};

/// How much of the labels of a refused sample stands in its message.
const QUOTED_CHARS_MAX: usize = 120;

/// Decompresses the body of a request, which may grow to `limit` bytes.
///
/// # Errors
/// When it is no snappy block, or is longer; nothing is allocated before its length is known.
pub fn decompress(body: &[u8], limit: usize) -> Result<Vec<u8>, Error> {
    let broken = |error: snap::Error| Error::Snappy(error.to_string());
    let declared = snap::raw::decompress_len(body).map_err(broken)?;
    if declared > limit {
        return Err(Error::TooLarge { declared, limit });
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(broken)
}

/// Reads the samples of one message.
#[derive(Debug)]
pub struct Decoder<'a> {
    message: Cursor<'a>,
    series: Option<Series<'a>>,
    /// The key of a series whose labels do not stand together.
    gathered: Vec<u8>,
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
        while let Some(mut series) = cursor.next_series()? {
            while series.next_point()?.is_some() {}
            series.for_each_label(|_| Ok(()))?;
        }
        let fields = [Field { name: VALUE_FIELD, value: ValueRef::F64(0.0) }];
        let message = Cursor::new(message);
        Ok(Self { message, series: None, gathered: Vec::new(), samples: 0, fields })
    }

    /// The next point of the message. An error cannot come from a message that was checked.
    fn next_point(&mut self) -> Result<Option<Point>, Error> {
        loop {
            if let Some(series) = &mut self.series
                && let Some(point) = series.next_point()?
            {
                return Ok(Some(point));
            }
            self.series = self.message.next_series()?;
            let Some(series) = &self.series else { return Ok(None) };
            self.gathered.clear();
            if series.key().is_none() {
                series.for_each_label(|field| {
                    self.gathered.extend_from_slice(field);
                    Ok(())
                })?;
            }
        }
    }
}

impl Rows for Decoder<'_> {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        let point = self.next_point();
        self.samples += 1;
        let line = self.samples;
        let key = self.series.as_ref().and_then(Series::key).unwrap_or(&self.gathered);
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
                self.message = Cursor::new(b"");
                self.series = None;
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
