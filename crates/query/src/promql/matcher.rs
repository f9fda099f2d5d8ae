//! What a selector demands of one label, and its translation for the source.
//!
//! Three labels are not tags: `__name__` is the metric name, `__db__` the database and
//! `__rp__` the retention policy. The label `db` is the tag of that name, else the database
//! where that is not the default one, as [`model::name::labels`] gives it out.

use model::labels::NAME;
use model::{Attribute, DEFAULT_DATABASE, MatchOp, Matcher, Predicate};
use regex::Regex;
use std::sync::Arc;

/// The label by which a stream outside the default database shows it.
pub(crate) const DATABASE_LABEL: &str = "db";
/// The label that always matches the database.
const DATABASE: &str = "__db__";
/// The label that always matches the retention policy.
const POLICY: &str = "__rp__";
/// How large a compiled pattern may be; ten times what the longest sensible list of host
/// names takes.
const PATTERN_BYTES_MAX: usize = 10 << 20;

/// How a label is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MatchKind {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    NotMatches,
}

impl MatchKind {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        }
    }
}

/// Compiles `pattern` so that it must fit a whole text, with `.` fitting newlines too.
///
/// # Errors
/// The reason, when it is no regular expression.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(PATTERN_BYTES_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::Syntax(_) => {
                // The reason without the drawing that the library prints above it.
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default();
                format!(
                    "error parsing regexp: {}: `{pattern}`",
                    reason.trim_start_matches("error: ")
                )
            }
            other => format!("error parsing regexp: {other}: `{pattern}`"),
        })
}

/// Checks that `pattern` is one, which of a list of plain words needs no look.
///
/// # Errors
/// The reason, when it is no regular expression.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    if plain_words(pattern).is_some() { Ok(()) } else { anchored(pattern).map(drop) }
}

/// Whether the empty text, that is an absent label, fits.
pub(crate) fn fits_empty(kind: MatchKind, value: &str) -> bool {
    match kind {
        MatchKind::Equal => value.is_empty(),
        MatchKind::NotEqual => !value.is_empty(),
        MatchKind::Matches => matches_empty(value) == Some(true),
        MatchKind::NotMatches => matches_empty(value) == Some(false),
    }
}

/// Whether a pattern fits the empty text; none where it is no regular expression.
fn matches_empty(pattern: &str) -> Option<bool> {
    match plain_words(pattern) {
        Some(words) => Some(words.iter().any(|word| word.is_empty())),
        None => anchored(pattern).ok().map(|pattern| pattern.is_match("")),
    }
}

/// The condition that label `name` compares to `value` as `kind` says.
///
/// # Errors
/// The reason, when `value` should be a regular expression and is none.
pub(crate) fn predicate(name: &str, kind: MatchKind, value: &str) -> Result<Predicate, String> {
    let on = |attribute| condition(attribute, kind, value);
    Ok(match name {
        NAME => on(Attribute::Name)?,
        DATABASE => on(Attribute::Database)?,
        POLICY => on(Attribute::Policy)?,
        DATABASE_LABEL => {
            let tag = Attribute::Tag(DATABASE_LABEL.into());
            let untagged = Predicate::Match(Matcher::equal(tag.clone(), ""));
            let home = Matcher::equal(Attribute::Database, DEFAULT_DATABASE);
            let at_home = Predicate::Match(home);
            let by_tag = and([negated(untagged.clone()), on(tag)?]);
            let elsewhere = [untagged.clone(), negated(at_home.clone()), on(Attribute::Database)?];
            let mut ways = vec![by_tag, and(elsewhere)];
            if fits_empty(kind, value) {
                ways.push(and([untagged, at_home]));
            }
            Predicate::Or(ways)
        }
        tag => on(Attribute::Tag(tag.into()))?,
    })
}

fn condition(attribute: Attribute, kind: MatchKind, value: &str) -> Result<Predicate, String> {
    if let MatchKind::Matches | MatchKind::NotMatches = kind
        && let Some(words) = plain_words(value)
    {
        // A list of plain words is looked up word by word, which an index does faster.
        let each = words.into_iter().map(|word| Matcher::equal(attribute.clone(), word));
        let any = Predicate::Or(each.map(Predicate::Match).collect());
        return Ok(if kind == MatchKind::Matches { any } else { negated(any) });
    }
    let op = match kind {
        MatchKind::Equal => MatchOp::Equal(value.into()),
        MatchKind::NotEqual => MatchOp::NotEqual(value.into()),
        MatchKind::Matches => MatchOp::Regex(anchored(value)?),
        MatchKind::NotMatches => MatchOp::NotRegex(anchored(value)?),
    };
    Ok(Predicate::Match(Matcher { attribute, op }))
}

/// The alternatives of a pattern that is nothing but plain words with `|` between them.
fn plain_words(pattern: &str) -> Option<Vec<Arc<str>>> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '|' | ' ');
    pattern.chars().all(plain).then(|| pattern.split('|').map(Arc::from).collect())
}

fn and<const N: usize>(parts: [Predicate; N]) -> Predicate {
    Predicate::And(parts.into())
}

fn negated(part: Predicate) -> Predicate {
    Predicate::Not(Box::new(part))
}
