//! The file of tombstones; `FORMAT.md` draws it.

use super::{State, Tombstone};
use crate::envelope::Seal;
use crate::error::{Damage, Error};
use crate::notation::{get_text, put_text};
use codec::cursor::Cursor;
use codec::varint::{put_i64, put_u64};
use model::{Attribute, MatchOp, Matcher, Pattern, Predicate, TimeRange, Timestamp};
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

/// The same predicate with conditions of one kind that are nested put side by side, as parsers
/// nest every further one a level deeper; none where it then still is nested too deeply.
pub fn flat(predicate: &Predicate) -> Option<Predicate> {
    let flat = flattened(predicate);
    is_flat(&flat, 0).then_some(flat)
}

fn flattened(predicate: &Predicate) -> Predicate {
    let all = |parts: &[Predicate]| parts.iter().map(flattened).collect::<Vec<_>>();
    match predicate {
        Predicate::And(parts) => Predicate::And(
            all(parts)
                .into_iter()
                .flat_map(|part| match part {
                    Predicate::And(inner) => inner,
                    other => vec![other],
                })
                .collect(),
        ),
        Predicate::Or(parts) => Predicate::Or(
            all(parts)
                .into_iter()
                .flat_map(|part| match part {
                    Predicate::Or(inner) => inner,
                    other => vec![other],
                })
                .collect(),
        ),
        Predicate::Not(part) => Predicate::Not(Box::new(flattened(part))),
        Predicate::Match(_) => predicate.clone(),
    }
}

fn is_flat(predicate: &Predicate, depth: u32) -> bool {
    depth <= DEPTH_MAX
        && match predicate {
            Predicate::And(parts) | Predicate::Or(parts) => {
                parts.iter().all(|part| is_flat(part, depth + 1))
            }
            Predicate::Not(part) => is_flat(part, depth + 1),
            Predicate::Match(_) => true,
        }
}

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

/// What the file holds.
///
/// # Errors
/// When it is damaged or of another version.
pub fn decode(bytes: &[u8], path: &Path) -> Result<State, Error> {
    SEAL.read(bytes, path, parse)
}

fn parse(from: &mut Cursor<'_>) -> Result<State, Damage> {
    let (last_id, through, log_from) = (from.varint()?, from.varint()?, from.varint()?);
    let mut list = Vec::new();
    for _ in 0..from.varint()? {
        let (id, through) = (from.varint()?, from.varint()?);
        let (start, end) = (Timestamp(from.zigzag()?), Timestamp(from.zigzag()?));
        let (predicate, range) = (get_predicate(from, 0)?, TimeRange::new(start, end));
        list.push(Arc::new(Tombstone { id, through, predicate, range }));
    }
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
        5 => Attribute::Tag(get_text(from)?.into()),
        other => return Err(Damage::new(at, format!("{other} is no attribute"))),
    })
}

fn get_op(from: &mut Cursor<'_>) -> Result<MatchOp, Damage> {
    let at = from.offset() as u64;
    let op = from.u8()?;
    let text = get_text(from)?;
    Ok(match op {
        0 => MatchOp::Equal(text.into()),
        1 => MatchOp::NotEqual(text.into()),
        2 => MatchOp::Regex(pattern(text, at)?),
        3 => MatchOp::NotRegex(pattern(text, at)?),
        other => return Err(Damage::new(at, format!("{other} is no way to compare"))),
    })
}

fn pattern(text: &str, at: u64) -> Result<Pattern, Damage> {
    Pattern::with_limit(text, PATTERN_BYTES_MAX)
        .map_err(|error| Damage::new(at, format!("a pattern cannot be compiled: {error}")))
}
