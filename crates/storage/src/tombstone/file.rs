//! The file of tombstones; `FORMAT.md` draws it.

use super::{State, Tombstone};
use crate::envelope::Seal;
use crate::error::{Damage, Error};
use codec::cursor::Cursor;
use codec::varint::{put_i64, put_u64};
use model::{Attribute, MatchOp, Matcher, Predicate, TimeRange, Timestamp};
use regex::{Regex, RegexBuilder};
use std::path::Path;
use std::sync::Arc;

const SEAL: Seal = Seal { magic: b"BAROTOMB", version: 1, what: "tombstones" };

/// A predicate that is nested deeper than this is damage: parsers of queries refuse it.
const DEPTH_MAX: u32 = 512;
/// A pattern that was compiled once is compiled again, whatever the limit then was.
const PATTERN_BYTES_MAX: usize = 1 << 30;

const AND: u8 = 0;
const OR: u8 = 1;
const NOT: u8 = 2;
const MATCH: u8 = 3;

/// The bytes of the whole file.
pub fn encode(state: &State) -> Vec<u8> {
    let mut body = Vec::new();
    let State { last_id, through, log_from, list } = state;
    for number in [*last_id, *through, *log_from, list.len() as u64] {
        put_u64(&mut body, number);
    }
    for one in list {
        put_u64(&mut body, one.id);
        put_u64(&mut body, one.through);
        put_i64(&mut body, one.range.start.0);
        put_i64(&mut body, one.range.end.0);
        put_predicate(&mut body, &one.predicate);
    }
    SEAL.wrap(&body)
}

fn put_predicate(body: &mut Vec<u8>, predicate: &Predicate) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            body.push(if matches!(predicate, Predicate::And(_)) { AND } else { OR });
            put_u64(body, parts.len() as u64);
            parts.iter().for_each(|part| put_predicate(body, part));
        }
        Predicate::Not(part) => {
            body.push(NOT);
            put_predicate(body, part);
        }
        Predicate::Match(Matcher { attribute, op }) => {
            body.push(MATCH);
            let (attribute, tag) = match attribute {
                Attribute::Name => (0, None),
                Attribute::Database => (1, None),
                Attribute::Policy => (2, None),
                Attribute::Measurement => (3, None),
                Attribute::Field => (4, None),
                Attribute::Tag(name) => (5, Some(name)),
            };
            body.push(attribute);
            tag.into_iter().for_each(|name| put_text(body, name));
            let (op, text) = match op {
                MatchOp::Equal(text) => (0, text.as_ref()),
                MatchOp::NotEqual(text) => (1, text.as_ref()),
                MatchOp::Regex(pattern) => (2, pattern.as_str()),
                MatchOp::NotRegex(pattern) => (3, pattern.as_str()),
            };
            body.push(op);
            put_text(body, text);
        }
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    put_u64(body, text.len() as u64);
    body.extend_from_slice(text.as_bytes());
}

/// What the file holds.
///
/// # Errors
/// When it is damaged or of another version.
pub fn decode(bytes: &[u8], path: &Path) -> Result<State, Error> {
    let body = SEAL.unwrap(bytes, path, 0)?;
    // The body begins behind magic and version.
    parse(body).map_err(|damage| damage.in_file(path, 9))
}

fn parse(body: &[u8]) -> Result<State, Damage> {
    let from = &mut Cursor::new(body);
    let (last_id, through, log_from) = (from.varint()?, from.varint()?, from.varint()?);
    let mut list = Vec::new();
    for _ in 0..from.varint()? {
        let (id, through) = (from.varint()?, from.varint()?);
        let (start, end) = (Timestamp(from.zigzag()?), Timestamp(from.zigzag()?));
        let (predicate, range) = (get_predicate(from, 0)?, TimeRange::new(start, end));
        list.push(Arc::new(Tombstone { id, through, predicate, range }));
    }
    from.finish()?;
    Ok(State { last_id, through, log_from, list })
}

fn get_predicate(from: &mut Cursor<'_>, depth: u32) -> Result<Predicate, Damage> {
    let at = from.offset() as u64;
    if depth > DEPTH_MAX {
        return Err(Damage::new(at, "a predicate is nested too deeply"));
    }
    match from.u8()? {
        kind @ (AND | OR) => {
            let mut parts = Vec::new();
            for _ in 0..from.varint()? {
                parts.push(get_predicate(from, depth + 1)?);
            }
            Ok(if kind == AND { Predicate::And(parts) } else { Predicate::Or(parts) })
        }
        NOT => Ok(Predicate::Not(Box::new(get_predicate(from, depth + 1)?))),
        MATCH => {
            let attribute = get_attribute(from)?;
            Ok(Predicate::Match(Matcher { attribute, op: get_op(from)? }))
        }
        other => Err(Damage::new(at, format!("{other} is no kind of predicate"))),
    }
}

fn get_attribute(from: &mut Cursor<'_>) -> Result<Attribute, Damage> {
    let at = from.offset() as u64;
    Ok(match from.u8()? {
        0 => Attribute::Name,
        1 => Attribute::Database,
        2 => Attribute::Policy,
        3 => Attribute::Measurement,
        4 => Attribute::Field,
        5 => Attribute::Tag(text(from)?.into()),
        other => return Err(Damage::new(at, format!("{other} is no attribute"))),
    })
}

fn get_op(from: &mut Cursor<'_>) -> Result<MatchOp, Damage> {
    let at = from.offset() as u64;
    let op = from.u8()?;
    let text = text(from)?;
    Ok(match op {
        0 => MatchOp::Equal(text.into()),
        1 => MatchOp::NotEqual(text.into()),
        2 => MatchOp::Regex(pattern(text, at)?),
        3 => MatchOp::NotRegex(pattern(text, at)?),
        other => return Err(Damage::new(at, format!("{other} is no way to compare"))),
    })
}

fn pattern(text: &str, at: u64) -> Result<Regex, Damage> {
    let built = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| Damage::new(at, format!("a pattern cannot be compiled: {error}")))
}

fn text<'a>(from: &mut Cursor<'a>) -> Result<&'a str, Damage> {
    let at = from.offset() as u64;
    let count = usize::try_from(from.varint()?);
    let count = count.map_err(|_| Damage::new(at, "a text is too long"))?;
    std::str::from_utf8(from.bytes(count)?).map_err(|_| Damage::new(at, "a text is not UTF-8"))
}
