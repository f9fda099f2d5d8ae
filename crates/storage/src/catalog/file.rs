//! The catalog's file; `FORMAT.md` draws it.

use super::state::{Class, Known, State};
use crate::envelope::Seal;
use crate::error::{Damage, Error};
use crate::identity::{PolicyId, PolicyName};
use crate::notation::{get_text, number, put_text};
use codec::cursor::Cursor;
use codec::varint::{put_i64, put_u64};
use model::Span;
use model::port::Policy;
use std::path::Path;
use std::sync::Arc;

const SEAL: Seal = Seal { magic: b"BAROCTLG", version: 1, what: "catalog" };

/// Bits of a policy's flags.
const IS_DEFAULT: u8 = 1;
const HAS_DURATION: u8 = 2;

/// The bytes of the whole file.
pub fn encode(state: &State) -> Vec<u8> {
    let mut body = Vec::new();
    put_u64(&mut body, u64::from(state.next_policy));
    put_u64(&mut body, u64::from(state.next_class));
    put_u64(&mut body, state.databases.len() as u64);
    for (name, database) in &state.databases {
        put_text(&mut body, name);
        put_u64(&mut body, database.policies.len() as u64);
        for known in &database.policies {
            put_policy(&mut body, known);
        }
    }
    SEAL.wrap(&body)
}

fn put_policy(body: &mut Vec<u8>, known: &Known) {
    let policy = &known.policy;
    put_u64(body, u64::from(known.name.id.0));
    put_u64(body, u64::from(known.class.0));
    let has_duration = if policy.duration.is_some() { HAS_DURATION } else { 0 };
    body.push(has_duration | if policy.is_default { IS_DEFAULT } else { 0 });
    put_text(body, &policy.name);
    put_i64(body, policy.duration.unwrap_or_default().0);
    put_i64(body, policy.shard.0);
    put_u64(body, u64::from(policy.replication));
}

/// What the file holds.
///
/// # Errors
/// When it is damaged or of another version.
pub fn decode(bytes: &[u8], path: &Path) -> Result<State, Error> {
    SEAL.read(bytes, path, parse)
}

fn parse(from: &mut Cursor<'_>) -> Result<State, Damage> {
    let mut state =
        State { next_policy: number(from)?, next_class: number(from)?, ..State::default() };
    for _ in 0..from.varint()? {
        let database: Arc<str> = get_text(from)?.into();
        state.databases.entry(database.clone()).or_default();
        for _ in 0..from.varint()? {
            let known = parse_policy(from, &database)?;
            state.put(&database, known);
        }
    }
    Ok(state)
}

fn parse_policy(from: &mut Cursor<'_>, database: &Arc<str>) -> Result<Known, Damage> {
    let id = PolicyId(number(from)?);
    let class = Class(number(from)?);
    let flags = from.u8()?;
    let name: Arc<str> = get_text(from)?.into();
    let duration = Span(from.zigzag()?);
    let policy = Policy {
        name: name.clone(),
        duration: (flags & HAS_DURATION != 0).then_some(duration),
        shard: Span(from.zigzag()?),
        replication: number(from)?,
        is_default: flags & IS_DEFAULT != 0,
    };
    let name = PolicyName { id, database: database.clone(), policy: name };
    Ok(Known { name, class, policy })
}
