//! What a selector demands of one label, and its translation for the source.
//!
//! Three labels are not tags: `__name__` is the metric name, `__db__` the database and
//! `__rp__` the retention policy. The label `db` is the tag of that name, else the database
//! where that is not the default one, as [`model::name::labels`] gives it out.

use crate::promql::ast::LabelMatch;
use model::labels::NAME;
use model::{Attribute, DEFAULT_DATABASE, MatchOp, Matcher, Pattern, Predicate};
use regex::Regex;

/// The label by which a stream outside the default database shows it.
pub(crate) const DATABASE_LABEL: &str = "db";
/// The label that always matches the database.
const DATABASE: &str = "__db__";
/// The label that always matches the retention policy.
const POLICY: &str = "__rp__";
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

/// `pattern`, so that it must fit a whole text, with `.` fitting newlines too.
fn anchored(pattern: &str) -> String {
    format!("^(?s:{pattern})$")
}

/// Compiles what a matcher says.
///
/// # Errors
/// The reason, when it is no regular expression.
pub(crate) fn pattern(pattern: &str) -> Result<Pattern, String> {
    Pattern::new(&anchored(pattern)).map_err(|error| refusal(&error, pattern))
}

/// The same, for who asks what its groups took.
///
/// # Errors
/// The reason, when it is no regular expression.
pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(&anchored(pattern)).map_err(|error| refusal(&error, pattern))
}

fn refusal(error: &regex::Error, pattern: &str) -> String {
    let text = error.to_string();
    let reason = match error {
        // The reason without the drawing that the library prints above it.
        regex::Error::Syntax(_) => {
            text.lines().last().unwrap_or_default().trim_start_matches("error: ")
        }
        _ => &text,
    };
    format!("error parsing regexp: {reason}: `{pattern}`")
}

/// What a value of the label must be.
pub(crate) fn op(of: &LabelMatch) -> MatchOp {
    match (of.kind, &of.pattern) {
        (MatchKind::Matches, Some(pattern)) => MatchOp::Regex(pattern.clone()),
        (MatchKind::NotMatches, Some(pattern)) => MatchOp::NotRegex(pattern.clone()),
        (MatchKind::NotEqual, _) => MatchOp::NotEqual(of.value.clone()),
        // The parser compiles every pattern.
        _ => MatchOp::Equal(of.value.clone()),
    }
}

/// The condition on a label.
pub(crate) fn predicate(of: &LabelMatch) -> Predicate {
    let op = op(of);
    let on = |attribute| Predicate::Match(Matcher { attribute, op: op.clone() });
    match of.name.as_ref() {
        NAME => on(Attribute::Name),
        DATABASE => on(Attribute::Database),
        POLICY => on(Attribute::Policy),
        DATABASE_LABEL => {
            let tag = Attribute::Tag(DATABASE_LABEL.into());
            let untagged = Predicate::Match(Matcher::equal(tag.clone(), ""));
            let home = Matcher::equal(Attribute::Database, DEFAULT_DATABASE);
            let at_home = Predicate::Match(home);
            let by_tag = and([negated(untagged.clone()), on(tag)]);
            let elsewhere = [untagged.clone(), negated(at_home.clone()), on(Attribute::Database)];
            let mut ways = vec![by_tag, and(elsewhere)];
            if op.matches("") {
                ways.push(and([untagged, at_home]));
            }
            Predicate::Or(ways)
        }
        _ => on(Attribute::Tag(of.name.clone())),
    }
}

fn and<const N: usize>(parts: [Predicate; N]) -> Predicate {
    Predicate::And(parts.into())
}

fn negated(part: Predicate) -> Predicate {
    Predicate::Not(Box::new(part))
}
