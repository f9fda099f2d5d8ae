//! Prometheus remote write 1.0: a `WriteRequest` as protobuf, compressed with snappy.
//!
//! Only what a sender needs: labels sorted by name, samples as doubles and milliseconds.

use anyhow::Result;

/// Protobuf's keys: field number and wire type.
const TIMESERIES: u8 = 1 << 3 | 2;
const LABEL: u8 = 1 << 3 | 2;
const SAMPLE: u8 = 2 << 3 | 2;
const NAME: u8 = 1 << 3 | 2;
const TEXT: u8 = 2 << 3 | 2;
const VALUE: u8 = 1 << 3 | 1;
const TIME: u8 = 2 << 3;

/// The labels of a series, encoded.
#[derive(Clone, Debug)]
pub struct Labels(Vec<u8>);

impl Labels {
    /// Of a metric and its labels, in any order.
    pub fn new(metric: &str, labels: &[(&str, &str)]) -> Self {
        let mut all = labels.to_vec();
        all.push(("__name__", metric));
        all.sort_unstable();
        let mut bytes = Vec::new();
        for (name, value) in all {
            let mut label = Vec::new();
            put_bytes(NAME, name.as_bytes(), &mut label);
            put_bytes(TEXT, value.as_bytes(), &mut label);
            put_bytes(LABEL, &label, &mut bytes);
        }
        Self(bytes)
    }
}

/// A request that is being written.
#[derive(Debug, Default)]
pub struct Request {
    bytes: Vec<u8>,
    series: Vec<u8>,
    /// Samples in it.
    pub samples: u32,
}

impl Request {
    /// Adds a series with its samples: milliseconds and values.
    pub fn push(&mut self, labels: &Labels, samples: impl IntoIterator<Item = (i64, f64)>) {
        self.series.clear();
        self.series.extend_from_slice(&labels.0);
        for (time_ms, value) in samples {
            let mut sample = [VALUE; 24];
            sample[1..9].copy_from_slice(&value.to_le_bytes());
            sample[9] = TIME;
            let length = 10 + put_varint(time_ms as u64, &mut sample[10..]);
            put_bytes(SAMPLE, &sample[..length], &mut self.series);
            self.samples += 1;
        }
        put_bytes(TIMESERIES, &self.series, &mut self.bytes);
    }

    /// The body, compressed; the request is empty afterwards.
    ///
    /// # Errors
    /// When it is larger than snappy takes.
    pub fn take(&mut self) -> Result<Vec<u8>> {
        let body = snap::raw::Encoder::new().compress_vec(&self.bytes)?;
        self.bytes.clear();
        self.samples = 0;
        Ok(body)
    }
}

fn put_bytes(key: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let mut length = [0; 10];
    let count = put_varint(bytes.len() as u64, &mut length);
    out.push(key);
    out.extend_from_slice(&length[..count]);
    out.extend_from_slice(bytes);
}

/// Writes a varint to the start of `out`; says how long it is.
fn put_varint(mut value: u64, out: &mut [u8]) -> usize {
    let mut at = 0;
    while value >= 0x80 {
        out[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    out[at] = value as u8;
    at + 1
}

#[cfg(test)]
mod tests;
