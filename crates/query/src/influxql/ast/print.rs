//! Trees back to text, in InfluxDB's spelling.

use super::expr::Binary;
use super::{
    AlterPolicy, Call, Counted, CreateDatabase, CreatePolicy, DataType, Delete, Expr, Field, Fill,
    KeyFilter, Limits, Measurement, Name, Order, Pattern, PolicySpec, Reference, Select, Show,
    ShowCardinality, ShowMeasurements, Source, Statement, WildcardKind,
};
use crate::influxql::scanner::is_word;
use crate::influxql::token::{Operator, Token, lookup};
use model::Span;
use std::fmt::{self, Display, Formatter, Result};

/// Units a duration is printed in: the longest that divides it.
const UNITS: [(&str, i64); 8] = [
    ("w", 604_800_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("u", 1_000),
    ("ns", 1),
];

/// A length of time as a literal of the language.
pub(crate) fn format_duration(nanoseconds: i64) -> String {
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    let whole = UNITS.iter().find(|(_, length)| nanoseconds % length == 0);
    whole.map_or_else(String::new, |(unit, length)| format!("{}{unit}", nanoseconds / length))
}

/// A name, in quotes where it needs them.
pub(crate) fn quote_ident(name: &str) -> String {
    let bare = !name.is_empty()
        && lookup(name) == Token::Ident
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(is_word);
    if bare { name.to_owned() } else { quoted(name, '"') }
}

fn quoted(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// Prints `items` with `, ` between them.
fn list<T: Display>(out: &mut Formatter<'_>, items: &[T]) -> Result {
    for (index, item) in items.iter().enumerate() {
        write!(out, "{}{item}", if index > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// Prints a clause where there is one.
fn clause<T: Display>(out: &mut Formatter<'_>, word: &str, item: Option<&T>) -> Result {
    item.map_or(Ok(()), |item| write!(out, " {word} {item}"))
}

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Reference(reference) => reference.fmt(out),
            Self::Call(call) => call.fmt(out),
            Self::Binary(binary) => print_binary(out, binary),
            Self::Paren(inner) => write!(out, "({inner})"),
            Self::Wildcard(None) => out.write_str("*"),
            Self::Wildcard(Some(WildcardKind::Field)) => out.write_str("*::field"),
            Self::Wildcard(Some(WildcardKind::Tag)) => out.write_str("*::tag"),
            Self::Distinct(name) => write!(out, "DISTINCT {}", quote_ident(name)),
            Self::Pattern(pattern) => pattern.fmt(out),
            Self::Number(value) => number(out, *value),
            Self::Integer(value) => value.fmt(out),
            Self::Unsigned(value) => value.fmt(out),
            Self::Text(text) => out.write_str(&quoted(text, '\'')),
            Self::Bool(value) => value.fmt(out),
            Self::Duration(nanoseconds) => out.write_str(&format_duration(*nanoseconds)),
            Self::Time(nanoseconds) => {
                let at = model::Timestamp(*nanoseconds);
                write!(out, "'{}'", crate::influxql::moment::format_time(at, None))
            }
        }
    }
}

/// Prints two operands so that they are read as they stand.
fn print_binary(out: &mut Formatter<'_>, binary: &Binary) -> Result {
    let precedence = binary.operator.precedence();
    match &binary.left {
        Expr::Binary(left) if left.operator.precedence() < precedence => {
            write!(out, "({})", binary.left)?;
        }
        left => left.fmt(out)?,
    }
    write!(out, " {} ", binary.operator.text())?;
    match &binary.right {
        Expr::Binary(right) if right.operator.precedence() <= precedence => match right.as_ref() {
            // A sign before a name is a product that binds like the name.
            Binary { operator: Operator::Mul, left: Expr::Integer(-1), right } => {
                write!(out, "-{right}")
            }
            Binary { operator: Operator::Mul, left: Expr::Integer(1), right } => {
                write!(out, "+{right}")
            }
            _ => write!(out, "({})", binary.right),
        },
        right => right.fmt(out),
    }
}

/// Prints a float so that it does not read as an integer.
fn number(out: &mut Formatter<'_>, value: f64) -> Result {
    let text = value.to_string();
    out.write_str(&text)?;
    if text.contains('.') { Ok(()) } else { out.write_str(".0") }
}

impl Display for Reference {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str(&quote_ident(&self.name))?;
        match self.kind {
            DataType::Unknown => Ok(()),
            kind => write!(out, "::{}", kind.name()),
        }
    }
}

impl Display for Call {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{}(", self.name)?;
        list(out, &self.args)?;
        out.write_str(")")
    }
}

impl Display for Pattern {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "/{}/", self.source().replace('/', "\\/"))
    }
}

impl Display for Field {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        self.expr.fmt(out)?;
        clause(out, "AS", self.alias.as_deref().map(quote_ident).as_ref())
    }
}

impl Display for Name {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Is(name) => out.write_str(&quote_ident(name)),
            Self::Like(pattern) => pattern.fmt(out),
        }
    }
}

impl Display for Measurement {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        if let Some(database) = &self.database {
            write!(out, "{}.", quote_ident(database))?;
        }
        if let Some(policy) = &self.policy {
            out.write_str(&quote_ident(policy))?;
        }
        if self.database.is_some() || self.policy.is_some() {
            out.write_str(".")?;
        }
        self.name.fmt(out)
    }
}

impl Display for Source {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Measurement(measurement) => measurement.fmt(out),
            Self::Subquery(select) => write!(out, "({select})"),
        }
    }
}

impl Display for Select {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("SELECT ")?;
        list(out, &self.fields)?;
        clause(out, "INTO", self.target.as_ref())?;
        out.write_str(" FROM ")?;
        list(out, &self.sources)?;
        clause(out, "WHERE", self.condition.as_ref())?;
        if !self.dimensions.is_empty() {
            out.write_str(" GROUP BY ")?;
            list(out, &self.dimensions)?;
        }
        match self.fill {
            Fill::Null => {}
            Fill::None => out.write_str(" fill(none)")?,
            Fill::Previous => out.write_str(" fill(previous)")?,
            Fill::Linear => out.write_str(" fill(linear)")?,
            Fill::Integer(value) => write!(out, " fill({value})")?,
            Fill::Number(value) => {
                out.write_str(" fill(")?;
                number(out, value)?;
                out.write_str(")")?;
            }
        }
        match self.order {
            None => {}
            Some(Order::Ascending) => out.write_str(" ORDER BY time ASC")?,
            Some(Order::Descending) => out.write_str(" ORDER BY time DESC")?,
        }
        self.limits.fmt(out)?;
        match &self.zone {
            Some(zone) => write!(out, " TZ({})", quoted(zone, '\'')),
            None => Ok(()),
        }
    }
}

impl Display for Limits {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let words = [
            ("LIMIT", self.limit),
            ("OFFSET", self.offset),
            ("SLIMIT", self.slimit),
            ("SOFFSET", self.soffset),
        ];
        for (word, count) in words {
            if count > 0 {
                write!(out, " {word} {count}")?;
            }
        }
        Ok(())
    }
}

impl Display for KeyFilter {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Equal(key) => write!(out, "= {}", quote_ident(key)),
            Self::NotEqual(key) => write!(out, "!= {}", quote_ident(key)),
            Self::Like(pattern) => write!(out, "=~ {pattern}"),
            Self::NotLike(pattern) => write!(out, "!~ {pattern}"),
            Self::In(keys) => {
                out.write_str("IN (")?;
                list(out, &keys.iter().map(|key| quote_ident(key)).collect::<Vec<_>>())?;
                out.write_str(")")
            }
        }
    }
}

impl Display for Show {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        clause(out, "ON", self.database.as_deref().map(quote_ident).as_ref())?;
        if !self.sources.is_empty() {
            out.write_str(" FROM ")?;
            list(out, &self.sources)?;
        }
        clause(out, "WITH KEY", self.keys.as_ref())?;
        clause(out, "WHERE", self.condition.as_ref())?;
        self.limits.fmt(out)
    }
}

impl Display for Delete {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        if !self.sources.is_empty() {
            out.write_str(" FROM ")?;
            list(out, &self.sources)?;
        }
        clause(out, "WHERE", self.condition.as_ref())
    }
}

impl Display for ShowMeasurements {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        out.write_str("SHOW MEASUREMENTS")?;
        clause(out, "ON", self.database.as_deref().map(quote_ident).as_ref())?;
        match &self.with {
            None => {}
            Some(name @ Name::Is(_)) => write!(out, " WITH MEASUREMENT = {name}")?,
            Some(name @ Name::Like(_)) => write!(out, " WITH MEASUREMENT =~ {name}")?,
        }
        clause(out, "WHERE", self.condition.as_ref())?;
        self.limits.fmt(out)
    }
}

impl Display for ShowCardinality {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let what = match self.counted {
            Counted::Series => "SERIES",
            Counted::Measurements => "MEASUREMENT",
            Counted::TagKeys => "TAG KEY",
            Counted::TagValues => "TAG VALUES",
            Counted::FieldKeys => "FIELD KEY",
        };
        let exact = if self.exact { " EXACT" } else { "" };
        write!(out, "SHOW {what}{exact} CARDINALITY{}", self.show)
    }
}

/// A duration of a policy, where zero means for ever.
fn kept(span: Span) -> String {
    if span == Span::ZERO { "INF".to_owned() } else { format_duration(span.0) }
}

impl Display for PolicySpec {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        clause(out, "DURATION", self.duration.map(kept).as_ref())?;
        clause(out, "REPLICATION", self.replication.as_ref())?;
        clause(out, "SHARD DURATION", self.shard.map(|s| format_duration(s.0)).as_ref())
    }
}

impl Display for CreateDatabase {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "CREATE DATABASE {}", quote_ident(&self.name))?;
        if let Some(policy) = &self.policy {
            write!(out, " WITH{policy}")?;
            clause(out, "NAME", policy.name.as_deref().map(quote_ident).as_ref())?;
        }
        Ok(())
    }
}

impl Display for CreatePolicy {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let (name, database) = (quote_ident(&self.name), quote_ident(&self.database));
        write!(out, "CREATE RETENTION POLICY {name} ON {database}")?;
        write!(out, " DURATION {} REPLICATION {}", kept(self.duration), self.replication)?;
        clause(out, "SHARD DURATION", self.shard.map(|s| format_duration(s.0)).as_ref())?;
        if self.default { out.write_str(" DEFAULT") } else { Ok(()) }
    }
}

impl Display for AlterPolicy {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let (name, database) = (quote_ident(&self.name), quote_ident(&self.database));
        write!(out, "ALTER RETENTION POLICY {name} ON {database}{}", self.change)?;
        if self.default { out.write_str(" DEFAULT") } else { Ok(()) }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        match self {
            Self::Select(select) => select.fmt(out),
            Self::ShowDatabases => out.write_str("SHOW DATABASES"),
            Self::ShowMeasurements(show) => show.fmt(out),
            Self::ShowTagKeys(show) => write!(out, "SHOW TAG KEYS{show}"),
            Self::ShowTagValues(show) => write!(out, "SHOW TAG VALUES{show}"),
            Self::ShowFieldKeys(show) => write!(out, "SHOW FIELD KEYS{show}"),
            Self::ShowSeries(show) => write!(out, "SHOW SERIES{show}"),
            Self::ShowCardinality(show) => show.fmt(out),
            Self::ShowPolicies { database } => {
                out.write_str("SHOW RETENTION POLICIES")?;
                clause(out, "ON", database.as_deref().map(quote_ident).as_ref())
            }
            Self::CreateDatabase(create) => create.fmt(out),
            Self::DropDatabase { name } => write!(out, "DROP DATABASE {}", quote_ident(name)),
            Self::Delete(delete) => write!(out, "DELETE{delete}"),
            Self::DropSeries(drop) => write!(out, "DROP SERIES{drop}"),
            Self::DropMeasurement { name } => {
                write!(out, "DROP MEASUREMENT {}", quote_ident(name))
            }
            Self::CreatePolicy(create) => create.fmt(out),
            Self::AlterPolicy(alter) => alter.fmt(out),
            Self::DropPolicy { name, database } => {
                let (name, database) = (quote_ident(name), quote_ident(database));
                write!(out, "DROP RETENTION POLICY {name} ON {database}")
            }
            Self::Foreign { text, .. } => out.write_str(text),
        }
    }
}
