//! Lines of a body, lent as rows one by one.
//!
//! Nothing of a line is copied but names and strings with escapes in them; those, and the
//! list of fields, live in an arena that each line starts anew, so that a steady stream of
//! lines allocates nothing. Lines tend to look like the line before: field names and the
//! timestamp are first compared with what stood there last time, and only scanned where
//! that fails.

use super::reader::{Body, Line, Memory, Rest, closing_quote};
use super::{Precision, ends_line_at, identify, is_blank, malformed, trim_line_end};
use bumpalo::Bump;
use memchr::{memchr, memchr_iter};
use model::row::{Dialect, Identify, Rows};
use model::{Refused, Row, Timestamp};

/// A body in which every line is broken and every quote open could be looked through once a
/// line. Past this many times its length, refused lines end at their first line feed.
const LOOKAHEAD_FACTOR: usize = 4;

/// Reads the lines of one body.
#[derive(Debug)]
pub struct Decoder<'a> {
    body: Body<'a>,
    /// Where the next line starts.
    at: usize,
    /// Its number.
    line: u64,
    memory: Memory<'a>,
    arena: Bump,
    /// How far lines that were refused may still be looked through for their ends.
    lookahead: usize,
}

impl<'a> Decoder<'a> {
    /// Reads `body`. A line without a timestamp gets `now`, cut down to the precision.
    pub fn new(body: &'a [u8], precision: Precision, now: Timestamp) -> Self {
        Self {
            body: Body::new(body),
            at: 0,
            line: 1,
            memory: Memory::new(precision, now),
            arena: Bump::new(),
            lookahead: body.len().saturating_mul(LOOKAHEAD_FACTOR),
        }
    }

    /// Steps over blank lines and comments; whether a line follows.
    fn find_line(&mut self) -> bool {
        let bytes = self.body.bytes;
        while let Some(byte) = bytes.get(self.at) {
            if is_blank(*byte) {
                self.at += 1;
            } else if *byte == b'#' || ends_line_at(bytes, self.at) {
                self.at = physical_end(bytes, self.at);
                self.line += 1;
            } else {
                return true;
            }
        }
        false
    }
}

impl Rows for Decoder<'_> {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        if !self.find_line() {
            return None;
        }
        let (start, number) = (self.at, self.line);
        let bytes = self.body.bytes;
        self.arena.reset();
        let mut line = Line::new(self.body, start, &self.arena);
        match line.read(&mut self.memory) {
            Ok((key, timestamp, fields)) => {
                self.at = physical_end(bytes, line.at);
                self.line += 1 + line.feeds;
                Some(Ok(Row { line: number, key, timestamp, fields }))
            }
            Err(broken) => {
                let from = line.at;
                let end = match broken.rest {
                    Rest::Line => logical_end(bytes, from, &mut self.lookahead),
                    Rest::Unclear => None,
                };
                self.at = end.unwrap_or_else(|| physical_end(bytes, start));
                let text = &bytes[start..self.at];
                self.line += memchr_iter(b'\n', text).count().max(1) as u64;
                let why = malformed(trim_line_end(text), broken.flaw);
                Some(Err(Refused { line: number, why }))
            }
        }
    }

    fn identify(&self) -> Identify {
        identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Line
    }
}

/// Past the line feed that follows `from`, or the end.
#[inline]
fn physical_end(bytes: &[u8], from: usize) -> usize {
    memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |offset| from + offset + 1)
}

/// Past the line feed that ends the line which `from` is in, outside of quotes; `None`
/// where a quote that opens on the way is never closed.
fn logical_end(body: &[u8], from: usize, lookahead: &mut usize) -> Option<usize> {
    let bytes = &body[..body.len().min(from.saturating_add(*lookahead))];
    let mut at = from;
    let end = loop {
        match bytes.get(at) {
            None => break (bytes.len() == body.len()).then_some(bytes.len()),
            Some(b'\n') => break Some(at + 1),
            Some(b'\\') if bytes.get(at + 1) != Some(&b'\n') => at += 2,
            Some(b'=') if bytes.get(at + 1) == Some(&b'"') => match closing_quote(bytes, at + 2) {
                Some((quote, _)) => at = quote + 1,
                None => break None,
            },
            Some(_) => at += 1,
        }
    };
    *lookahead -= end.unwrap_or(bytes.len()) - from;
    end
}

#[cfg(test)]
mod tests;
