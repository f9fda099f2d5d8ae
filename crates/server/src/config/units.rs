//! How values are written in the configuration: sizes, lengths of time, sync modes, tokens.

use model::{ByteSize, Span};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A size: a whole number of bytes, or text with a unit, such as `"256 MiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        ByteSize(self.0).fmt(out)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Bytes;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a size such as \"256 MiB\" or a whole number of bytes")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Bytes, E> {
                u64::try_from(number)
                    .map(Bytes)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                text.parse()
                    .map(|ByteSize(bytes)| Bytes(bytes))
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Read)
    }
}

/// A length of time that may be without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This long.
    Until(Span),
    /// Without end: `"inf"`.
    Infinite,
}

impl Reach {
    /// The length; none without end.
    pub fn span(self) -> Option<Span> {
        match self {
            Self::Until(span) => Some(span),
            Self::Infinite => None,
        }
    }
}

impl std::str::FromStr for Reach {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("inf") {
            return Ok(Self::Infinite);
        }
        let span: Span = text.parse().map_err(|error| format!("{error}, or inf"))?;
        if span.0 <= 0 {
            return Err(format!("{text:?} must be longer than 0s, or inf"));
        }
        Ok(Self::Until(span))
    }
}

impl<'de> Deserialize<'de> for Reach {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// When writes reach the disk, in the store's own words.
pub fn fsync<'de, D: Deserializer<'de>>(from: D) -> Result<storage::Fsync, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// The tokens that are let in; with none, everybody is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens(pub Vec<String>);

impl fmt::Debug for Tokens {
    /// Says how many there are; a token never reaches a log.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} token(s)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Tokens;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a token or a list of tokens")
            }
            fn visit_str<E: Error>(self, token: &str) -> Result<Tokens, E> {
                checked(vec![token.to_owned()])
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tokens, A::Error> {
                let mut tokens = Vec::new();
                while let Some(token) = list.next_element::<String>()? {
                    tokens.push(token);
                }
                checked(tokens)
            }
        }
        from.deserialize_any(Read)
    }
}

fn checked<E: Error>(tokens: Vec<String>) -> Result<Tokens, E> {
    let is_plain =
        |token: &String| !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic());
    if tokens.iter().all(is_plain) {
        Ok(Tokens(tokens))
    } else {
        Err(E::custom("a token is one or more visible ASCII characters without spaces"))
    }
}

/// A span above zero.
pub fn positive_span<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    let text = String::deserialize(from)?;
    let span: Span = text.parse().map_err(D::Error::custom)?;
    if span.0 > 0 { Ok(span) } else { Err(D::Error::custom(format!("{text:?} must be above 0s"))) }
}

/// A count above zero.
pub fn positive_count<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let count = usize::deserialize(from)?;
    if count > 0 { Ok(count) } else { Err(D::Error::custom("0 must be at least 1")) }
}

/// A span of at least a second.
pub fn interval<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    let span = positive_span(from)?;
    if span < Span::SECOND {
        return Err(D::Error::custom(format!("interval {span} must be at least 1s")));
    }
    Ok(span)
}
