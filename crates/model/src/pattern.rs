//! A regular expression, and what its parts say before it is run.
//!
//! Most patterns over labels are texts with gaps between them, such as `web-.*` or `.*77.*`:
//! these are decided without a regular expression engine. Others hold texts that every match
//! has, so that the engine looks only at values with them. An index may ask which texts those
//! are and look at nothing else.

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Capture, Class, Hir, HirKind, Look, Repetition};
use std::sync::Arc;

/// How large a compiled pattern may be; ten times what the longest sensible list of host
/// names takes.
const BYTES_MAX: usize = 10 << 20;

/// Which values a pattern can match.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    /// Any: the pattern must be run.
    Any,
    /// Every one.
    Every,
    /// Every one but the empty.
    NotEmpty,
    /// Those that begin with this, if the pattern matches them.
    Prefix(Box<str>),
    /// Exactly these; sorted, each once.
    OneOf(Box<[Box<str>]>),
}

/// A compiled regular expression, found anywhere in a value unless it says `^` or `$`.
///
/// An engine keeps scratch memory, which threads wait for: each better has a clone.
#[derive(Clone, Debug)]
pub struct Pattern {
    parts: Arc<Parts>,
    /// What has to be run where the parts do not decide.
    rest: Option<Regex>,
}

/// What every match has.
#[derive(Debug)]
struct Parts {
    text: Box<str>,
    hint: Hint,
    /// How a match begins and ends.
    prefix: Box<[u8]>,
    suffix: Box<[u8]>,
    /// What it has between these, in this order.
    inner: Box<[Finder<'static>]>,
    /// How many bytes it has at least.
    bytes_min: usize,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it is none, or takes too much memory.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        Self::with_limit(text, BYTES_MAX)
    }

    /// The same, where it may take this much memory.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub fn with_limit(text: &str, bytes_max: usize) -> Result<Self, regex::Error> {
        let compile = |text: &str| RegexBuilder::new(text).size_limit(bytes_max).build();
        let Ok(hir) = regex_syntax::parse(text) else {
            // The library of engines says the same in words of its own.
            return compile(text).map(|whole| Self::unknown(text, whole));
        };
        let (parts, rest) = Parts::of(text, &hir);
        let rest = rest.map(|rest| compile(&rest.to_string())).transpose()?;
        Ok(Self { parts: Arc::new(parts), rest })
    }

    fn unknown(text: &str, whole: Regex) -> Self {
        let parts = Parts {
            text: text.into(),
            hint: Hint::Any,
            prefix: Box::default(),
            suffix: Box::default(),
            inner: Box::default(),
            bytes_min: 0,
        };
        Self { parts: Arc::new(parts), rest: Some(whole) }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.parts.text
    }

    /// Which values it can match.
    pub fn hint(&self) -> &Hint {
        &self.parts.hint
    }

    /// A text that every value it matches has, and few others; none where none is known.
    pub fn needle(&self) -> Option<&[u8]> {
        let Parts { prefix, suffix, inner, .. } = self.parts.as_ref();
        // Values that share a beginning are many, so that it tells less than what comes later.
        let later = inner.iter().map(Finder::needle).chain([&**suffix]).map(|text| (text, 2));
        let all = std::iter::once((&**prefix, 1)).chain(later);
        let best = all.max_by_key(|(text, weight)| text.len() * weight);
        best.map(|(text, _)| text).filter(|text| !text.is_empty())
    }

    /// Whether it matches `value`.
    pub fn is_match(&self, value: &str) -> bool {
        match &self.parts.hint {
            Hint::Every => true,
            Hint::NotEmpty => !value.is_empty(),
            Hint::OneOf(texts) => texts.binary_search_by(|text| (**text).cmp(value)).is_ok(),
            Hint::Any | Hint::Prefix(_) => {
                self.parts.has_all(value.as_bytes())
                    && self.rest.as_ref().is_none_or(|rest| rest.is_match(value))
            }
        }
    }
}

/// Two are the same where their texts are.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl Parts {
    /// What a pattern says, and what must be run to decide; none where nothing must.
    fn of(text: &str, hir: &Hir) -> (Self, Option<Hir>) {
        let plain = without_captures(hir);
        let mut nodes: &[Hir] = match plain.kind() {
            HirKind::Concat(nodes) => nodes,
            _ => std::slice::from_ref(&plain),
        };
        let (mut is_left, mut is_right) = (false, false);
        while let Some((first, others)) = nodes.split_first() {
            match is_left {
                _ if is_look(first, Look::Start) => is_left = true,
                // What may be absent at an open end, and what takes anything, says nothing.
                false if may_be_empty(first) => {}
                true if is_gap(first) => is_left = false,
                _ => break,
            }
            nodes = others;
        }
        while let Some((last, others)) = nodes.split_last() {
            match is_right {
                _ if is_look(last, Look::End) => is_right = true,
                false if may_be_empty(last) => {}
                true if is_gap(last) => is_right = false,
                _ => break,
            }
            nodes = others;
        }
        let rest = anchored(nodes, is_left, is_right);
        let hint = if is_left && is_right { hint_of(text, nodes) } else { None };
        let literal = |node: Option<&Hir>| match node.map(Hir::kind) {
            Some(HirKind::Literal(literal)) => literal.0.clone(),
            _ => Box::default(),
        };
        let prefix = if is_left { literal(nodes.first()) } else { Box::default() };
        let inside = &nodes[usize::from(!prefix.is_empty())..];
        let suffix = if is_right { literal(inside.last()) } else { Box::default() };
        let inside = &inside[..inside.len() - usize::from(!suffix.is_empty())];
        let hint = hint.unwrap_or_else(|| match std::str::from_utf8(&prefix) {
            _ if nodes.is_empty() && !(is_left && is_right) => Hint::Every,
            Ok(prefix) if !prefix.is_empty() => Hint::Prefix(prefix.into()),
            _ => Hint::Any,
        });
        let texts = inside.iter().map(|node| literal(Some(node))).filter(|text| !text.is_empty());
        let mut inner: Vec<_> = texts.map(|text| Finder::new(&text).into_owned()).collect();
        let is_told =
            is_told(inside, is_left && !prefix.is_empty(), is_right && !suffix.is_empty());
        let is_open = |is_bound: bool, edge: &[u8]| !is_bound || !edge.is_empty();
        let is_told = is_told && is_open(is_left, &prefix) && is_open(is_right, &suffix);
        if !is_told {
            // One is enough before the engine looks.
            let longest = inner.into_iter().max_by_key(|finder| finder.needle().len());
            inner = longest.into_iter().collect();
        }
        let bytes_min = rest.properties().minimum_len().unwrap_or_default();
        let is_decided = is_told || matches!(hint, Hint::Every | Hint::NotEmpty | Hint::OneOf(_));
        let inner = inner.into();
        (
            Self { text: text.into(), hint, prefix, suffix, inner, bytes_min },
            (!is_decided).then_some(rest),
        )
    }

    fn has_all(&self, value: &[u8]) -> bool {
        if value.len() < self.bytes_min.max(self.prefix.len() + self.suffix.len())
            // To compare with an empty text that has no memory costs a processor with masked
            // loads a hundred nanoseconds.
            || !self.prefix.is_empty() && !value.starts_with(&self.prefix)
            || !self.suffix.is_empty() && !value.ends_with(&self.suffix)
        {
            return false;
        }
        let mut inside = &value[self.prefix.len()..value.len() - self.suffix.len()];
        for finder in &self.inner {
            let Some(at) = finder.find(inside) else { return false };
            inside = &inside[at + finder.needle().len()..];
        }
        true
    }
}

/// Whether `inside` is nothing but texts with gaps between them that take anything, and a gap
/// on each side that something stands before or behind.
fn is_told(inside: &[Hir], is_behind: bool, is_before: bool) -> bool {
    let is_text = |node: &Hir| matches!(node.kind(), HirKind::Literal(_));
    let edge = |node: Option<&Hir>, is_bound: bool| !is_bound || node.is_none_or(is_gap);
    // Two texts never stand side by side: they would be one.
    let is_plain = inside.iter().all(|node| is_text(node) || is_gap(node));
    is_plain
        && edge(inside.first(), is_behind)
        && edge(inside.last(), is_before)
        // A prefix and a suffix side by side would be one text.
        && !(inside.is_empty() && is_behind && is_before)
}

/// What a pattern of whole values says that is more than a prefix.
fn hint_of(text: &str, nodes: &[Hir]) -> Option<Hint> {
    if let [one] = nodes
        && let HirKind::Repetition(Repetition { min: 1, max: None, sub, .. }) = one.kind()
        && is_any(sub)
    {
        return Some(Hint::NotEmpty);
    }
    let whole = Hir::concat(nodes.to_vec());
    if !whole.properties().look_set().is_empty() {
        return None;
    }
    // A list of words may be long; what is multiplied out may not.
    let words = text.bytes().filter(|byte| *byte == b'|').count() + 1;
    let mut extractor = Extractor::new();
    extractor.limit_literal_len(text.len().max(100)).limit_total(words.max(250));
    let found = extractor.extract(&whole);
    if !found.is_exact() {
        return None;
    }
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(Box::from);
    let texts = found.literals()?.iter().map(|literal| text(literal.as_bytes()));
    let mut texts: Vec<Box<str>> = texts.collect::<Option<_>>()?;
    texts.sort_unstable();
    texts.dedup();
    Some(Hint::OneOf(texts.into()))
}

fn anchored(nodes: &[Hir], is_left: bool, is_right: bool) -> Hir {
    let start = is_left.then(|| Hir::look(Look::Start));
    let end = is_right.then(|| Hir::look(Look::End));
    Hir::concat(start.into_iter().chain(nodes.iter().cloned()).chain(end).collect())
}

fn is_look(node: &Hir, look: Look) -> bool {
    matches!(node.kind(), HirKind::Look(found) if *found == look)
}

/// Whether it takes any text, the empty one among them.
fn is_gap(node: &Hir) -> bool {
    let HirKind::Repetition(Repetition { min: 0, max: None, sub, .. }) = node.kind() else {
        return false;
    };
    is_any(sub)
}

/// Whether it takes any character.
fn is_any(node: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = node.kind() else { return false };
    matches!(class.ranges(), [all] if (all.start(), all.end()) == ('\0', char::MAX))
}

fn may_be_empty(node: &Hir) -> bool {
    matches!(node.kind(), HirKind::Empty | HirKind::Repetition(Repetition { min: 0, .. }))
}

/// The same pattern, of which nobody asks what its groups took.
fn without_captures(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Capture(Capture { sub, .. }) => without_captures(sub),
        HirKind::Concat(nodes) => Hir::concat(nodes.iter().map(without_captures).collect()),
        HirKind::Alternation(nodes) => {
            Hir::alternation(nodes.iter().map(without_captures).collect())
        }
        HirKind::Repetition(repetition) => {
            Hir::repetition(repetition.with(without_captures(&repetition.sub)))
        }
        _ => hir.clone(),
    }
}

#[cfg(test)]
mod tests;
