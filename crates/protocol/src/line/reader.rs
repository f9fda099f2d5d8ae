//! One line, read into its key, its timestamp and its fields.
//!
//! Names and strings with escapes, and the list of fields, are put into the arena of the
//! decoder; all else is borrowed from the body. A line that fails says how far it was read,
//! and whether its quotes were in order up to there.

use super::key::too_long;
use super::number::{number, timestamp};
use super::{
    Flaw, KEY_BYTES_MAX, Precision, RESERVED, ends_at, ends_line_at, identify, is_blank,
    trim_line_end,
};
use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use memchr::{memchr, memchr_iter, memchr2};
use model::{Field, Timestamp, ValueRef};

/// A field beyond these many in a line is scanned without a memory of the last line.
const NAMES_MAX: usize = 1024;

/// More fields than this in one line are refused: a body of nothing but tiny fields would
/// take a multiple of its size in memory.
const FIELDS_MAX: usize = 65_536;

pub(super) const NOT_UTF8: Flaw = Flaw::Borrowed("invalid UTF-8");
const TIME_RANGE: Flaw =
    Flaw::Borrowed("time outside range -9223372036854775806 - 9223372036854775806");

/// The body, and the same as text where all of it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<'a> {
    pub(super) bytes: &'a [u8],
    text: Option<&'a str>,
}

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: std::str::from_utf8(bytes).ok() }
    }

    /// The bytes from `start` to `end` as text. Both stand beside ASCII characters.
    #[inline]
    fn text(&self, start: usize, end: usize) -> Result<&'a str, Flaw> {
        match self.text {
            Some(text) => text.get(start..end).ok_or(NOT_UTF8),
            None => std::str::from_utf8(&self.bytes[start..end]).map_err(|_| NOT_UTF8),
        }
    }
}

/// What lines are expected to have in common with the line before.
#[derive(Debug)]
pub(super) struct Memory<'a> {
    precision: Precision,
    /// The timestamp of a line that has none.
    default: Timestamp,
    /// The names of its fields by position, where they have no escapes; else empty.
    names: Vec<&'a str>,
    /// Its timestamp, as text and as time.
    time: (&'a [u8], Timestamp),
}

impl<'a> Memory<'a> {
    pub(super) fn new(precision: Precision, now: Timestamp) -> Self {
        let default = now.floor(precision.span());
        Self { precision, default, names: Vec::new(), time: (b"", default) }
    }

    fn learn(&mut self, position: usize, name: &'a str) {
        match self.names.get_mut(position) {
            Some(known) => *known = name,
            None if position < NAMES_MAX => self.names.push(name),
            None => {}
        }
    }
}

/// What is wrong with a line, and what becomes of the rest of it.
pub(super) struct Broken {
    pub(super) flaw: Flaw,
    pub(super) rest: Rest,
}

pub(super) enum Rest {
    /// Quotes were in order so far, so that the line can be stepped over as a whole.
    Line,
    /// Quotes do not match, so that nobody knows where the line ends.
    Unclear,
}

impl From<Flaw> for Broken {
    fn from(flaw: Flaw) -> Self {
        Self { flaw, rest: Rest::Line }
    }
}

impl From<&'static str> for Broken {
    fn from(flaw: &'static str) -> Self {
        Flaw::Borrowed(flaw).into()
    }
}

impl From<String> for Broken {
    fn from(flaw: String) -> Self {
        Flaw::Owned(flaw).into()
    }
}

/// A line while it is read.
pub(super) struct Line<'a, 's> {
    body: Body<'a>,
    /// How far it was read; after a failure, a place outside of quotes.
    pub(super) at: usize,
    /// Line feeds inside strings so far.
    pub(super) feeds: u64,
    arena: &'s Bump,
}

/// Key, timestamp and fields.
pub(super) type Parts<'s> = (&'s [u8], Timestamp, &'s [Field<'s>]);

impl<'a: 's, 's> Line<'a, 's> {
    pub(super) fn new(body: Body<'a>, at: usize, arena: &'s Bump) -> Self {
        Self { body, at, feeds: 0, arena }
    }

    /// Reads the whole line.
    pub(super) fn read(&mut self, memory: &mut Memory<'a>) -> Result<Parts<'s>, Broken> {
        let key = self.key()?;
        self.skip_blanks();
        if ends_line_at(self.body.bytes, self.at) {
            return Err("missing fields".into());
        }
        let fields = self.fields(memory)?;
        let timestamp = self.timestamp(memory)?;
        if fields.is_empty() {
            let (measurement, _) = identify(key).map_err(|refusal| refusal.to_string())?;
            return Err(Broken::from(format!(
                "invalid field name: input field \"{RESERVED}\" on measurement \"{measurement}\" is invalid"
            )));
        }
        Ok((key, timestamp, fields))
    }

    fn skip_blanks(&mut self) {
        while self.body.bytes.get(self.at).is_some_and(|byte| is_blank(*byte)) {
            self.at += 1;
        }
    }

    /// The key, up to the first space without a backslash.
    #[inline]
    fn key(&mut self) -> Result<&'a [u8], Broken> {
        let bytes = self.body.bytes;
        let start = self.at;
        loop {
            let stop = memchr2(b' ', b'\n', &bytes[self.at..]).map(|offset| self.at + offset);
            match stop {
                Some(space) if bytes[space] == b' ' => {
                    self.at = space + 1;
                    // A line does not start with a space, so that one stands before it.
                    if bytes[space - 1] != b'\\' {
                        return self.checked_key(start, space);
                    }
                }
                end => {
                    let key = trim_line_end(&bytes[start..end.unwrap_or(bytes.len())]);
                    self.at = start + key.len();
                    let flaw = match identify(key) {
                        Err(model::Refusal::Malformed { reason, .. }) => Flaw::Owned(reason),
                        _ => Flaw::Borrowed("missing fields"),
                    };
                    return Err(flaw.into());
                }
            }
        }
    }

    #[inline]
    fn checked_key(&self, start: usize, end: usize) -> Result<&'a [u8], Broken> {
        if end - start > KEY_BYTES_MAX {
            return Err(too_long(end - start).into());
        }
        Ok(self.body.text(start, end)?.as_bytes())
    }

    #[inline]
    fn fields(&mut self, memory: &mut Memory<'a>) -> Result<&'s [Field<'s>], Broken> {
        let bytes = self.body.bytes;
        let mut fields = ArenaVec::with_capacity_in(memory.names.len().max(4), self.arena);
        let mut position = 0;
        loop {
            let name = self.name(position, memory)?;
            let value = self.value()?;
            if name != RESERVED {
                fields.push(Field { name, value });
            }
            position += 1;
            if position > FIELDS_MAX {
                return Err(format!("more than {FIELDS_MAX} fields in one line").into());
            }
            if bytes.get(self.at) != Some(&b',') {
                return Ok(fields.into_bump_slice());
            }
            self.at += 1;
        }
    }

    /// The name of the field that starts here; steps past its equals sign.
    #[inline]
    fn name(&mut self, position: usize, memory: &mut Memory<'a>) -> Result<&'s str, Broken> {
        let rest = &self.body.bytes[self.at..];
        if let Some(known) = memory.names.get(position)
            && !known.is_empty()
            && rest.get(known.len()) == Some(&b'=')
            && rest.starts_with(known.as_bytes())
        {
            self.at += known.len() + 1;
            return Ok(known);
        }
        let (mut length, mut escaped) = (0, false);
        loop {
            match rest.get(length) {
                Some(b'=') => break,
                Some(b'\\') if rest.get(length + 1).is_some_and(|next| *next != b'\n') => {
                    escaped = true;
                    // A second backslash may take away the meaning of what follows it.
                    length += if rest[length + 1] == b'\\' { 1 } else { 2 };
                }
                None | Some(b',' | b' ' | b'\n') => return Err("invalid field format".into()),
                Some(_) => length += 1,
            }
        }
        if length == 0 {
            return Err("missing field key".into());
        }
        let name = self.body.text(self.at, self.at + length);
        self.at += length + 1;
        let name = name?;
        if escaped {
            memory.learn(position, "");
            return Ok(self.unescape(name, b",\" ="));
        }
        memory.learn(position, name);
        Ok(name)
    }

    #[inline]
    fn value(&mut self) -> Result<ValueRef<'s>, Broken> {
        let rest = &self.body.bytes[self.at..];
        if ends_at(rest, 0) {
            return Err("missing field value".into());
        }
        let (value, length) = match rest[0] {
            b'0'..=b'9' | b'-' | b'.' | b'n' | b'N' => number(rest)?,
            b'"' => return self.string(),
            _ => boolean(rest)?,
        };
        self.at += length;
        Ok(value)
    }

    /// The string whose opening quote stands here.
    fn string(&mut self) -> Result<ValueRef<'s>, Broken> {
        let bytes = self.body.bytes;
        let start = self.at + 1;
        let unclear = |flaw: &'static str| Broken { flaw: flaw.into(), rest: Rest::Unclear };
        let (end, escaped) =
            closing_quote(bytes, start).ok_or_else(|| unclear("unbalanced quotes"))?;
        if !ends_at(bytes, end + 1) {
            return Err(unclear("unbalanced quotes: text after a closing quote"));
        }
        self.at = end + 1;
        self.feeds += memchr_iter(b'\n', &bytes[start..end]).count() as u64;
        let text = self.body.text(start, end)?;
        Ok(ValueRef::Str(if escaped { self.unescape(text, b"\"\\") } else { text }))
    }

    /// `text` without the backslashes before any of `special`, which is ASCII.
    fn unescape(&self, text: &'a str, special: &[u8]) -> &'s str {
        let mut out = ArenaString::with_capacity_in(text.len(), self.arena);
        let mut rest = text;
        while let Some(at) = memchr(b'\\', rest.as_bytes()) {
            let is_escape = rest.as_bytes().get(at + 1).is_some_and(|next| special.contains(next));
            out.push_str(&rest[..if is_escape { at } else { at + 1 }]);
            rest = &rest[at + 1..];
            if is_escape {
                // What is escaped is not looked at again: it may be a backslash itself.
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
        out.push_str(rest);
        out.into_bump_str()
    }

    /// The timestamp where there is one, up to the end of the line.
    #[inline]
    fn timestamp(&mut self, memory: &mut Memory<'a>) -> Result<Timestamp, Broken> {
        let bytes = self.body.bytes;
        self.skip_blanks();
        if ends_line_at(bytes, self.at) {
            return Ok(memory.default);
        }
        let rest = &bytes[self.at..];
        let (known, at) = memory.time;
        if !known.is_empty() && rest.starts_with(known) && ends_line_at(rest, known.len()) {
            self.at += known.len();
            return Ok(at);
        }
        let (units, length) = timestamp(rest);
        if length == 0 || !(rest.get(length) == Some(&b' ') || ends_line_at(rest, length)) {
            return Err("bad timestamp".into());
        }
        let at = units.and_then(|units| memory.precision.timestamp(units)).ok_or(TIME_RANGE)?;
        self.at += length;
        self.skip_blanks();
        if !ends_line_at(bytes, self.at) {
            return Err("point is invalid".into());
        }
        memory.time = (&rest[..length], at);
        Ok(at)
    }
}

/// Reads a boolean in one of the spellings InfluxDB takes, and its length.
fn boolean(bytes: &[u8]) -> Result<(ValueRef<'static>, usize), Flaw> {
    // No spelling is longer than five characters.
    let length = (0..=5).find(|at| ends_at(bytes, *at)).unwrap_or(0);
    let value = match &bytes[..length] {
        b"t" | b"T" | b"true" | b"True" | b"TRUE" => true,
        b"f" | b"F" | b"false" | b"False" | b"FALSE" => false,
        _ => return Err("invalid boolean".into()),
    };
    Ok((ValueRef::Bool(value), length))
}

/// Where the string that starts at `start` has its closing quote, and whether there are
/// backslashes before.
pub(super) fn closing_quote(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let (mut at, mut escaped) = (start, false);
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some((at, escaped));
        }
        escaped = true;
        at += 2;
    }
}
