//! The key of a line, `measurement,tag=value,…`, taken apart.

use super::{Flaw, KEY_BYTES_MAX, RESERVED, malformed};
use model::row::Identity;
use model::{Refusal, Tags};
use std::borrow::Cow;
use std::sync::Arc;

/// What escapes take the meaning away from.
const IN_MEASUREMENT: &[u8] = b", ";
const IN_TAG: &[u8] = b", =";

/// Measurement and tags of a key as it stood in a line, escapes undone.
///
/// # Errors
/// When it is not the key of a line.
pub fn identify(key: &[u8]) -> Result<Identity, Refusal> {
    parse(key).map_err(|reason| malformed(key, reason))
}

fn parse(key: &[u8]) -> Result<Identity, Flaw> {
    if key.len() > KEY_BYTES_MAX {
        return Err(too_long(key.len()));
    }
    let text = std::str::from_utf8(key).map_err(|_| super::reader::NOT_UTF8)?;
    if matches!(key.first(), None | Some(b',')) {
        return Err("missing measurement".into());
    }
    let end = find_unescaped(key, 1, b", ").unwrap_or(key.len());
    let measurement = unescape(&text[..end], IN_MEASUREMENT);
    let mut pairs: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    let mut at = end;
    while at < key.len() {
        if key[at] == b' ' {
            return Err("a key has no space in it".into());
        }
        let (name, value, next) = tag(text, at + 1)?;
        pairs.push((Arc::from(name.as_ref()), Arc::from(value.as_ref())));
        at = next;
    }
    check(&measurement, &pairs)?;
    Ok((Arc::from(measurement.as_ref()), Tags::new(pairs)))
}

/// The tag that starts at `start`: its name, its value, and where it ends.
fn tag(text: &str, start: usize) -> Result<(Cow<'_, str>, Cow<'_, str>, usize), Flaw> {
    let key = text.as_bytes();
    if matches!(key.get(start), None | Some(b' ' | b',' | b'=')) {
        return Err("missing tag key".into());
    }
    let equals = find_unescaped(key, start + 1, b" ,=").filter(|at| key[*at] == b'=');
    let equals = equals.ok_or("missing tag value")?;
    let value = equals + 1;
    if matches!(key.get(value), None | Some(b' ' | b',')) {
        return Err("missing tag value".into());
    }
    let end = find_unescaped(key, value + 1, b" ,=").unwrap_or(key.len());
    if key.get(end) == Some(&b'=') {
        return Err("invalid tag format".into());
    }
    Ok((unescape(&text[start..equals], IN_TAG), unescape(&text[value..end], IN_TAG), end))
}

fn check(measurement: &str, pairs: &[(Arc<str>, Arc<str>)]) -> Result<(), Flaw> {
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("duplicate tags".into());
    }
    if names.binary_search(&RESERVED).is_ok() {
        return Err(Flaw::Owned(format!(
            "invalid tag key: input tag \"{RESERVED}\" on measurement \"{measurement}\" is invalid"
        )));
    }
    Ok(())
}

pub(super) fn too_long(length: usize) -> Flaw {
    Flaw::Owned(format!("max key length exceeded: {length} > {KEY_BYTES_MAX}"))
}

/// Where the first of `wanted` stands, from `from` (at least 1), that no backslash precedes.
fn find_unescaped(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    (from..bytes.len()).find(|at| wanted.contains(&bytes[*at]) && bytes[at - 1] != b'\\')
}

/// `text` without the backslashes before any of `special`, which is ASCII.
fn unescape<'a>(text: &'a str, special: &[u8]) -> Cow<'a, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let escaped = chars
            .next_if(|next| char == '\\' && next.is_ascii() && special.contains(&(*next as u8)));
        out.push(escaped.unwrap_or(char));
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
