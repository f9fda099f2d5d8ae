//! Lengths of time: `1h30m`, `INF`.

use super::Parser;
use crate::influxql::error::ParseError;
use crate::influxql::token::{Keyword, Token};
use model::Span;

impl Parser<'_> {
    /// A length of time; `INF`, for ever, is zero.
    pub(super) fn duration(&mut self) -> Result<Span, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::Inf) => Ok(Span::ZERO),
            Token::Duration => match nanoseconds(&lexeme.literal) {
                Ok(length) => Ok(Span(length)),
                Err(message) => Err(self.error_at(message, lexeme.at)),
            },
            _ => Err(self.unexpected(&lexeme, &["duration"])),
        }
    }

    /// `DURATION` and a length of time that cannot be for ever.
    pub(super) fn shard_duration(&mut self) -> Result<Span, ParseError> {
        self.expect_word(Keyword::Duration)?;
        let lexeme = self.peek();
        if lexeme.token == Token::Keyword(Keyword::Inf) {
            let message = "invalid duration INF for shard duration".to_owned();
            return Err(self.error_at(message, lexeme.at));
        }
        self.duration()
    }
}

/// Nanoseconds of a literal such as `1h30m`.
pub(super) fn nanoseconds(literal: &str) -> Result<i64, String> {
    let invalid = || "invalid duration".to_owned();
    let mut total = 0i64;
    let mut rest = literal;
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let (count, tail) = rest.split_at(digits);
        let count: i64 = count.parse().map_err(|_| invalid())?;
        let (unit, length) = unit(tail).ok_or_else(invalid)?;
        let part = count.checked_mul(length);
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| {
            format!("overflowed duration {count}{unit}: choose a smaller duration or INF")
        })?;
        rest = &tail[unit.len()..];
    }
    Ok(total)
}

/// The unit `text` starts with, and its length in nanoseconds.
fn unit(text: &str) -> Option<(&str, i64)> {
    const UNITS: [(&str, i64); 9] = [
        ("ns", 1),
        ("ms", 1_000_000),
        ("µ", 1_000),
        ("u", 1_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
        ("w", 604_800_000_000_000),
    ];
    let (unit, length) = UNITS.into_iter().find(|(unit, _)| text.starts_with(unit))?;
    Some((&text[..unit.len()], length))
}
