//! Points written as lines.
//!
//! Line protocol cannot carry everything, and a line that came back as something else would
//! be worse than one without it. Left out are: tags without a value, floats that are no
//! finite number, fields and tags called `time` or nothing, points without a field or a
//! measurement. Changed are names and tag values: a line feed becomes a space, backslashes
//! at the end are dropped, and so are carriage returns, white space other than plain spaces at
//! the start of a measurement or a field, and the signs of a comment there.

use super::RESERVED;
use model::{Timestamp, ValueRef};
use std::io::Write;

/// What is escaped in a measurement.
const IN_MEASUREMENT: &[u8] = b", ";
/// What is escaped in names and values of tags.
const IN_TAG: &[u8] = b", =";
/// What is escaped in names of fields.
const IN_FIELD: &[u8] = b", =\"";
/// What is escaped in a string.
const IN_STRING: &[u8] = b"\"\\";

/// Appends lines to a buffer, with timestamps in nanoseconds.
#[derive(Debug)]
pub struct Encoder<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Encoder<'o> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Starts the point of a measurement.
    pub fn point(&mut self, measurement: &str) -> Point<'_> {
        let start = self.out.len();
        let measurement = measurement.trim_start_matches(['#', '\t', '\0', '\n', '\r']);
        name(self.out, measurement, IN_MEASUREMENT);
        let named = self.out.len() > start;
        Point { out: self.out, start, named }
    }
}

/// A point that gains its tags.
#[must_use = "a point is written by its fields"]
#[derive(Debug)]
pub struct Point<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    named: bool,
}

impl<'o> Point<'o> {
    /// Adds a tag. Two of one name make a line that is refused.
    pub fn tag(self, key: &str, value: &str) -> Self {
        let before = self.out.len();
        self.out.push(b',');
        let has_key = own_name(self.out, key, IN_TAG);
        self.out.push(b'=');
        if !(has_key && name(self.out, value, IN_TAG)) {
            self.out.truncate(before);
        }
        self
    }

    /// Ends the tags.
    pub fn fields(self) -> Fields<'o> {
        self.out.push(b' ');
        let Self { out, start, named } = self;
        Fields { out, start, named, count: 0 }
    }
}

/// A point that gains its fields. It is written by [`Fields::end`]; one that is dropped
/// before leaves nothing behind.
#[must_use = "a point is written by `end`"]
#[derive(Debug)]
pub struct Fields<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    named: bool,
    count: usize,
}

impl Fields<'_> {
    /// Adds a field.
    pub fn field(&mut self, key: &str, value: ValueRef<'_>) -> &mut Self {
        let before = self.out.len();
        if self.count > 0 {
            self.out.push(b',');
        }
        let key = key.trim_start_matches(['\t', '\0', '\r']);
        let has_key = own_name(self.out, key, IN_FIELD);
        self.out.push(b'=');
        if has_key && write_value(self.out, value) {
            self.count += 1;
        } else {
            self.out.truncate(before);
        }
        self
    }

    /// Adds a float.
    pub fn float(&mut self, key: &str, value: f64) -> &mut Self {
        self.field(key, ValueRef::F64(value))
    }

    /// Adds a count as a signed integer, as Telegraf does; one that is over its range stays
    /// at the greatest.
    pub fn count(&mut self, key: &str, value: u64) -> &mut Self {
        self.field(key, ValueRef::I64(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    /// Ends the line; without a time the receiver's clock decides. Says whether there is
    /// one, which takes a measurement and a field.
    pub fn end(mut self, at: Option<Timestamp>) -> bool {
        let is_whole = self.named && self.count > 0;
        if is_whole {
            if let Some(Timestamp(ns)) = at {
                print(self.out, format_args!(" {ns}"));
            }
            self.out.push(b'\n');
            self.start = self.out.len();
        }
        is_whole
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        self.out.truncate(self.start);
    }
}

/// Appends the name of a tag or a field; whether anything of it was left that may be one.
fn own_name(out: &mut Vec<u8>, text: &str, special: &[u8]) -> bool {
    let before = out.len();
    name(out, text, special) && out[before..] != *RESERVED.as_bytes()
}

/// Appends a name or a tag's value; whether anything of it was left.
fn name(out: &mut Vec<u8>, text: &str, special: &[u8]) -> bool {
    let before = out.len();
    let text = text.trim_end_matches(['\\', '\r']);
    for byte in text.bytes().filter(|byte| *byte != b'\r') {
        let byte = if byte == b'\n' { b' ' } else { byte };
        if special.contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.len() > before
}

/// Appends a value; false, perhaps after a part of it, where a line cannot hold it.
fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::F64(value) if !value.is_finite() => return false,
        ValueRef::F64(value) => write_float(out, value),
        ValueRef::I64(value) => print(out, format_args!("{value}i")),
        ValueRef::U64(value) => print(out, format_args!("{value}u")),
        ValueRef::Bool(value) => print(out, format_args!("{value}")),
        ValueRef::Str(text) => {
            out.push(b'"');
            for byte in text.bytes() {
                if IN_STRING.contains(&byte) {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.push(b'"');
        }
        ValueRef::Histogram(_) => return false,
    }
    true
}

/// Appends the shortest decimal that is read back as the same double.
fn write_float(out: &mut Vec<u8>, value: f64) {
    // Outside of this range the plain form is mostly zeros.
    let is_plain = value == 0.0 || (1e-6..1e17).contains(&value.abs());
    if is_plain {
        print(out, format_args!("{value}"));
    } else {
        print(out, format_args!("{value:e}"));
    }
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a vector always succeeds");
}

#[cfg(test)]
mod tests;
