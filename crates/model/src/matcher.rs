//! Which series are meant: conditions on names and tags, joined by and, or, not.
//!
//! An absent tag equals the empty string, as both query languages have it. Whether a
//! pattern is anchored was decided by the front end that compiled it.

use crate::name::metric_name;
use crate::pattern::Hint;
use crate::{Pattern, SeriesMeta, StreamKey};
use std::borrow::Cow;
use std::sync::Arc;

/// What a matcher looks at.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Attribute {
    /// The metric name PromQL sees, made of measurement and field.
    Name,
    /// The database.
    Database,
    /// The retention policy.
    Policy,
    /// The measurement.
    Measurement,
    /// The field, that is, the column.
    Field,
    /// The tag of this name.
    Tag(Arc<str>),
}

impl Attribute {
    /// Whether it is the same for every column of a stream.
    pub fn is_of_stream(&self) -> bool {
        !matches!(self, Self::Name | Self::Field)
    }

    /// The value it has in `stream`, for a column called `field`.
    pub fn value<'a>(&self, stream: &'a StreamKey, field: &'a str) -> Cow<'a, str> {
        match self {
            Self::Name => metric_name(&stream.measurement, field),
            Self::Database => Cow::Borrowed(&stream.database),
            Self::Policy => Cow::Borrowed(&stream.policy),
            Self::Measurement => Cow::Borrowed(&stream.measurement),
            Self::Field => Cow::Borrowed(field),
            Self::Tag(name) => Cow::Borrowed(stream.tags.get(name)),
        }
    }
}

/// What a value must be.
#[derive(Clone, Debug)]
pub enum MatchOp {
    /// Exactly this.
    Equal(Arc<str>),
    /// Anything but this.
    NotEqual(Arc<str>),
    /// Something the pattern finds.
    Regex(Pattern),
    /// Something the pattern does not find.
    NotRegex(Pattern),
}

impl MatchOp {
    /// Whether `value` fits.
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Equal(wanted) => value == wanted.as_ref(),
            Self::NotEqual(unwanted) => value != unwanted.as_ref(),
            Self::Regex(pattern) => pattern.is_match(value),
            Self::NotRegex(pattern) => !pattern.is_match(value),
        }
    }
}

impl MatchOp {
    /// Whether both say the same in the same words.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Equal(a), Self::Equal(b)) | (Self::NotEqual(a), Self::NotEqual(b)) => a == b,
            (Self::Regex(a), Self::Regex(b)) | (Self::NotRegex(a), Self::NotRegex(b)) => a == b,
            _ => false,
        }
    }
}

/// One condition.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// What is looked at.
    pub attribute: Attribute,
    /// What it must be.
    pub op: MatchOp,
}

impl Matcher {
    /// That `attribute` is exactly `value`.
    pub fn equal(attribute: Attribute, value: impl Into<Arc<str>>) -> Self {
        Self { attribute, op: MatchOp::Equal(value.into()) }
    }
}

/// Conditions joined.
#[derive(Clone, Debug)]
pub enum Predicate {
    /// Every one holds; of none, true.
    And(Vec<Predicate>),
    /// At least one holds; of none, false.
    Or(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// The matcher fits.
    Match(Matcher),
}

impl Predicate {
    /// What every series fits.
    pub const ALL: Self = Self::And(Vec::new());

    /// That every one of `matchers` fits.
    pub fn all_of(matchers: impl IntoIterator<Item = Matcher>) -> Self {
        Self::And(matchers.into_iter().map(Self::Match).collect())
    }

    /// That nothing fits.
    pub const NONE: Self = Self::Or(Vec::new());

    /// What is left to ask of the streams of `measurement` so that their column `field`
    /// fits: a predicate of tags, database and policy. [`Predicate::ALL`] where nothing is
    /// left, [`Predicate::NONE`] where none can fit.
    pub fn of_column(&self, measurement: &str, field: &str) -> Self {
        self.settled(&|attribute| match attribute {
            Attribute::Name => Some(metric_name(measurement, field)),
            Attribute::Measurement => Some(Cow::Borrowed(measurement)),
            Attribute::Field => Some(Cow::Borrowed(field)),
            Attribute::Database | Attribute::Policy | Attribute::Tag(_) => None,
        })
    }

    /// What is left to ask of the streams of a policy.
    pub fn of_policy(&self, database: &str, policy: &str) -> Self {
        self.settled(&|attribute| match attribute {
            Attribute::Database => Some(Cow::Borrowed(database)),
            Attribute::Policy => Some(Cow::Borrowed(policy)),
            _ => None,
        })
    }

    /// What is left to ask where some attributes have a value that is known.
    fn settled<'a>(&self, known: &dyn Fn(&Attribute) -> Option<Cow<'a, str>>) -> Self {
        match self {
            Self::And(parts) => {
                let mut left = Vec::new();
                for part in parts {
                    match part.settled(known) {
                        Self::And(all) if all.is_empty() => {}
                        Self::Or(none) if none.is_empty() => return Self::NONE,
                        part => left.push(part),
                    }
                }
                Self::And(left)
            }
            Self::Or(parts) => {
                let mut left = Vec::new();
                for part in parts {
                    match part.settled(known) {
                        Self::And(all) if all.is_empty() => return Self::ALL,
                        Self::Or(none) if none.is_empty() => {}
                        part => left.push(part),
                    }
                }
                Self::Or(left)
            }
            Self::Not(part) => match part.settled(known) {
                Self::And(all) if all.is_empty() => Self::NONE,
                Self::Or(none) if none.is_empty() => Self::ALL,
                part => Self::Not(Box::new(part)),
            },
            Self::Match(matcher) => match known(&matcher.attribute) {
                None => self.clone(),
                Some(value) if matcher.op.matches(&value) => Self::ALL,
                Some(_) => Self::NONE,
            },
        }
    }

    /// Whether both say the same in the same words.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::And(a), Self::And(b)) | (Self::Or(a), Self::Or(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
            }
            (Self::Not(a), Self::Not(b)) => a.is_same(b),
            (Self::Match(a), Self::Match(b)) => a.attribute == b.attribute && a.op.is_same(&b.op),
            _ => false,
        }
    }

    /// Whether only streams fit that have one of a few values of some tag.
    pub fn names_values(&self) -> bool {
        match self {
            Self::And(parts) => parts.iter().any(Self::names_values),
            Self::Or(parts) => parts.iter().all(Self::names_values),
            Self::Not(_) => false,
            Self::Match(Matcher { attribute: Attribute::Tag(_), op }) => match op {
                MatchOp::Equal(value) => !value.is_empty(),
                MatchOp::Regex(pattern) => {
                    matches!(pattern.hint(), Hint::OneOf(_)) && !pattern.is_match("")
                }
                MatchOp::NotEqual(_) | MatchOp::NotRegex(_) => false,
            },
            Self::Match(_) => false,
        }
    }

    /// Whether it is [`Predicate::NONE`].
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Or(parts) if parts.is_empty())
    }

    /// Whether the series fits.
    pub fn matches(&self, series: &SeriesMeta) -> bool {
        self.matches_column(&series.stream, &series.field)
    }

    /// Whether the column `field` of `stream` fits.
    pub fn matches_column(&self, stream: &StreamKey, field: &str) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches_column(stream, field)),
            Self::Or(parts) => parts.iter().any(|part| part.matches_column(stream, field)),
            Self::Not(part) => !part.matches_column(stream, field),
            Self::Match(matcher) => matcher.op.matches(&matcher.attribute.value(stream, field)),
        }
    }
}

#[cfg(test)]
mod tests;
