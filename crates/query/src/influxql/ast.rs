//! Statements as trees.
//!
//! Printing a tree and parsing the text again gives the same tree. Nothing here is checked
//! against data, or for sense: that is the planner's work.

mod expr;
mod print;

pub(crate) use expr::{Call, DataType, Expr, Pattern, Reference, WildcardKind};
pub(crate) use print::{format_duration, quote_ident};

use model::Span;

/// One statement.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Statement {
    /// `SELECT`.
    Select(Box<Select>),
    /// `SHOW DATABASES`.
    ShowDatabases,
    /// `SHOW MEASUREMENTS`.
    ShowMeasurements(ShowMeasurements),
    /// `SHOW TAG KEYS`.
    ShowTagKeys(Show),
    /// `SHOW TAG VALUES`.
    ShowTagValues(Show),
    /// `SHOW FIELD KEYS`.
    ShowFieldKeys(Show),
    /// `SHOW SERIES`.
    ShowSeries(Show),
    /// `SHOW SERIES CARDINALITY` and its like.
    ShowCardinality(ShowCardinality),
    /// `SHOW RETENTION POLICIES`.
    ShowPolicies {
        /// The database after `ON`.
        database: Option<String>,
    },
    /// `CREATE DATABASE`.
    CreateDatabase(CreateDatabase),
    /// `DROP DATABASE`.
    DropDatabase {
        /// The database.
        name: String,
    },
    /// `DELETE`.
    Delete(Delete),
    /// `DROP SERIES`.
    DropSeries(Delete),
    /// `DROP MEASUREMENT`.
    DropMeasurement {
        /// The measurement.
        name: String,
    },
    /// `CREATE RETENTION POLICY`.
    CreatePolicy(CreatePolicy),
    /// `ALTER RETENTION POLICY`.
    AlterPolicy(AlterPolicy),
    /// `DROP RETENTION POLICY`.
    DropPolicy {
        /// The policy.
        name: String,
        /// The database it belongs to.
        database: String,
    },
    /// A statement of InfluxDB that this server does not answer.
    Foreign {
        /// Its first words.
        verb: String,
        /// All of it, as it came.
        text: String,
    },
}

/// `SELECT`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Select {
    /// What is asked for.
    pub(crate) fields: Vec<Field>,
    /// Where the answer is to be written, with `INTO`.
    pub(crate) target: Option<Measurement>,
    /// Where it is read from.
    pub(crate) sources: Vec<Source>,
    /// `WHERE`.
    pub(crate) condition: Option<Expr>,
    /// `GROUP BY`.
    pub(crate) dimensions: Vec<Expr>,
    /// `fill(…)`.
    pub(crate) fill: Fill,
    /// `ORDER BY time`.
    pub(crate) order: Option<Order>,
    /// `LIMIT` and its relatives.
    pub(crate) limits: Limits,
    /// `tz('…')`.
    pub(crate) zone: Option<String>,
}

/// One thing that is asked for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Field {
    /// What it is.
    pub(crate) expr: Expr,
    /// What it is called, with `AS`.
    pub(crate) alias: Option<String>,
}

/// Where a query reads from.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Source {
    /// A measurement, or several by a pattern.
    Measurement(Measurement),
    /// Another query.
    Subquery(Box<Select>),
}

/// A measurement, with the database and policy it stands in where they are named.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Measurement {
    /// The database.
    pub(crate) database: Option<String>,
    /// The retention policy.
    pub(crate) policy: Option<String>,
    /// Which.
    pub(crate) name: Name,
}

/// One name, or all that a pattern finds.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Name {
    /// This one.
    Is(String),
    /// Those.
    Like(Pattern),
}

/// What stands in a window that has no points.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) enum Fill {
    /// Nothing is known: null, or 0 for `count()`.
    #[default]
    Null,
    /// The row is left out.
    None,
    /// What stood in the window before.
    Previous,
    /// What lies on the line between its neighbours.
    Linear,
    /// This integer.
    Integer(i64),
    /// This number.
    Number(f64),
}

/// `ORDER BY`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Oldest first.
    Ascending,
    /// Latest first.
    Descending,
}

/// How much of an answer is wanted; 0 means all of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Limits {
    /// Rows of each series.
    pub(crate) limit: u64,
    /// Rows of each series that are left out first.
    pub(crate) offset: u64,
    /// Series.
    pub(crate) slimit: u64,
    /// Series that are left out first.
    pub(crate) soffset: u64,
}

/// Which tag keys are meant.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum KeyFilter {
    /// This one.
    Equal(String),
    /// All but this one.
    NotEqual(String),
    /// Those the pattern finds.
    Like(Pattern),
    /// Those it does not find.
    NotLike(Pattern),
    /// Those in the list.
    In(Vec<String>),
}

impl KeyFilter {
    /// Whether `key` is meant.
    pub(crate) fn matches(&self, key: &str) -> bool {
        match self {
            Self::Equal(wanted) => wanted == key,
            Self::NotEqual(unwanted) => unwanted != key,
            Self::Like(pattern) => pattern.is_match(key),
            Self::NotLike(pattern) => !pattern.is_match(key),
            Self::In(list) => list.iter().any(|wanted| wanted == key),
        }
    }
}

/// What the `SHOW` statements about series share.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Show {
    /// The database after `ON`.
    pub(crate) database: Option<String>,
    /// `FROM`.
    pub(crate) sources: Vec<Measurement>,
    /// `WITH KEY`.
    pub(crate) keys: Option<KeyFilter>,
    /// `WHERE`.
    pub(crate) condition: Option<Expr>,
    /// `LIMIT` and its relatives.
    pub(crate) limits: Limits,
}

/// `SHOW MEASUREMENTS`.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct ShowMeasurements {
    /// The database after `ON`.
    pub(crate) database: Option<String>,
    /// `WITH MEASUREMENT`.
    pub(crate) with: Option<Name>,
    /// `WHERE`.
    pub(crate) condition: Option<Expr>,
    /// `LIMIT` and `OFFSET`.
    pub(crate) limits: Limits,
}

/// What `DELETE` and `DROP SERIES` hit; one of the two is said.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Delete {
    /// `FROM`: measurements, without database or policy.
    pub(crate) sources: Vec<Measurement>,
    /// `WHERE`.
    pub(crate) condition: Option<Expr>,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Counted {
    /// Series of each measurement.
    Series,
    /// Measurements.
    Measurements,
    /// Tag keys of each measurement.
    TagKeys,
    /// Values of a tag in each measurement.
    TagValues,
    /// Field keys of each measurement.
    FieldKeys,
}

/// `SHOW … CARDINALITY`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ShowCardinality {
    /// What is counted.
    pub(crate) counted: Counted,
    /// Whether `EXACT` was asked for; this server's counts always are.
    pub(crate) exact: bool,
    /// Of what.
    pub(crate) show: Show,
}

/// `CREATE DATABASE`.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct CreateDatabase {
    /// The database.
    pub(crate) name: String,
    /// `WITH …`: its first policy.
    pub(crate) policy: Option<PolicySpec>,
}

/// What is said about a policy; a duration of none is not said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct PolicySpec {
    /// Its name.
    pub(crate) name: Option<String>,
    /// How long it keeps; zero means for ever.
    pub(crate) duration: Option<Span>,
    /// Copies.
    pub(crate) replication: Option<u32>,
    /// How much time a shard group spans.
    pub(crate) shard: Option<Span>,
}

/// `CREATE RETENTION POLICY`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CreatePolicy {
    /// The policy.
    pub(crate) name: String,
    /// The database it belongs to.
    pub(crate) database: String,
    /// How long it keeps; zero means for ever.
    pub(crate) duration: Span,
    /// Copies.
    pub(crate) replication: u32,
    /// How much time a shard group spans.
    pub(crate) shard: Option<Span>,
    /// Whether it becomes the default.
    pub(crate) default: bool,
}

/// `ALTER RETENTION POLICY`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AlterPolicy {
    /// The policy.
    pub(crate) name: String,
    /// The database it belongs to.
    pub(crate) database: String,
    /// What changes.
    pub(crate) change: PolicySpec,
    /// Whether it becomes the default.
    pub(crate) default: bool,
}

#[cfg(test)]
mod tests;
