//! Expressions.

use crate::influxql::token::Operator;
use model::Kind;
use std::fmt;

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Expr {
    /// A field or a tag.
    Reference(Reference),
    /// A function call.
    Call(Call),
    /// Two expressions and what stands between them.
    Binary(Box<Binary>),
    /// An expression in parentheses.
    Paren(Box<Expr>),
    /// `*`.
    Wildcard(Option<WildcardKind>),
    /// `DISTINCT field`, without parentheses.
    Distinct(String),
    /// `/pattern/`.
    Pattern(Pattern),
    /// `1.5`.
    Number(f64),
    /// `15`.
    Integer(i64),
    /// A number that only fits without a sign.
    Unsigned(u64),
    /// `'text'`.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// `5m`, in nanoseconds.
    Duration(i64),
    /// A point in time, which only arises from folding `now()` and dates.
    Time(i64),
}

impl Expr {
    /// Whether it is a constant.
    pub(crate) fn is_literal(&self) -> bool {
        matches!(
            self,
            Self::Number(_)
                | Self::Integer(_)
                | Self::Unsigned(_)
                | Self::Text(_)
                | Self::Bool(_)
                | Self::Duration(_)
                | Self::Time(_)
                | Self::Pattern(_)
        )
    }

    /// Two expressions and what stands between them.
    pub(crate) fn binary(operator: Operator, left: Expr, right: Expr) -> Self {
        Self::Binary(Box::new(Binary { operator, left, right }))
    }

    /// This expression without parentheses around it.
    pub(crate) fn bare(&self) -> &Self {
        match self {
            Self::Paren(inner) => inner.bare(),
            other => other,
        }
    }

    /// Visits every part, this one first.
    pub(crate) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        match self {
            Self::Call(call) => call.args.iter().for_each(|arg| arg.walk(visit)),
            Self::Binary(binary) => {
                binary.left.walk(visit);
                binary.right.walk(visit);
            }
            Self::Paren(inner) => inner.walk(visit),
            _ => {}
        }
    }

    /// Visits every part so that it may be changed, this one first.
    pub(crate) fn walk_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        visit(self);
        match self {
            Self::Call(call) => call.args.iter_mut().for_each(|arg| arg.walk_mut(visit)),
            Self::Binary(binary) => {
                binary.left.walk_mut(visit);
                binary.right.walk_mut(visit);
            }
            Self::Paren(inner) => inner.walk_mut(visit),
            _ => {}
        }
    }

    /// How InfluxDB's messages call this kind of node: the name of its type in Go.
    pub(crate) fn go_type(&self) -> &'static str {
        match self {
            Self::Reference(_) => "*influxql.VarRef",
            Self::Call(_) => "*influxql.Call",
            Self::Binary(_) => "*influxql.BinaryExpr",
            Self::Paren(_) => "*influxql.ParenExpr",
            Self::Wildcard(_) => "*influxql.Wildcard",
            Self::Distinct(_) => "*influxql.Distinct",
            Self::Pattern(_) => "*influxql.RegexLiteral",
            Self::Number(_) => "*influxql.NumberLiteral",
            Self::Integer(_) => "*influxql.IntegerLiteral",
            Self::Unsigned(_) => "*influxql.UnsignedLiteral",
            Self::Text(_) => "*influxql.StringLiteral",
            Self::Bool(_) => "*influxql.BooleanLiteral",
            Self::Duration(_) => "*influxql.DurationLiteral",
            Self::Time(_) => "*influxql.TimeLiteral",
        }
    }
}

/// A field or a tag.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Reference {
    /// Its name; parts of a dotted name stand together.
    pub(crate) name: String,
    /// What it is: as written with `::`, or as the data has it once that is known.
    pub(crate) kind: DataType,
}

/// A function call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Call {
    /// The function, in lower case.
    pub(crate) name: String,
    /// Its arguments.
    pub(crate) args: Vec<Expr>,
}

/// Two expressions and what stands between them.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Binary {
    /// What stands between.
    pub(crate) operator: Operator,
    /// What stands before it.
    pub(crate) left: Expr,
    /// What stands after it.
    pub(crate) right: Expr,
}

/// Which columns a `*` means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WildcardKind {
    /// `*::field`.
    Field,
    /// `*::tag`.
    Tag,
}

/// A regular expression. Two are the same where their texts are.
#[derive(Clone)]
pub(crate) struct Pattern {
    source: String,
    compiled: model::Pattern,
}

impl Pattern {
    /// Compiles `source`.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        match model::Pattern::new(source) {
            Ok(compiled) => Ok(Self { source: source.to_owned(), compiled }),
            Err(error) => {
                // The library draws a picture over several lines; the last says what is wrong.
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default();
                let reason = reason.trim().trim_start_matches("error: ");
                Err(format!("error parsing regexp: {reason}: `{source}`"))
            }
        }
    }

    /// Whether it is found anywhere in `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// Its text.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// It, compiled.
    pub(crate) fn compiled(&self) -> &model::Pattern {
        &self.compiled
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "/{}/", self.source)
    }
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum DataType {
    /// Nothing is known about it.
    #[default]
    Unknown,
    /// A float.
    Float,
    /// A signed integer.
    Integer,
    /// An unsigned integer.
    Unsigned,
    /// A text.
    Text,
    /// A truth value.
    Bool,
    /// A tag.
    Tag,
    /// A field of any kind.
    AnyField,
    /// A point in time.
    Time,
    /// A length of time.
    Duration,
}

impl DataType {
    /// What a column of this kind holds; none where InfluxQL has no such values.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::F64 => Some(Self::Float),
            Kind::I64 => Some(Self::Integer),
            Kind::U64 => Some(Self::Unsigned),
            Kind::Bool => Some(Self::Bool),
            Kind::Str => Some(Self::Text),
            Kind::Histogram => None,
        }
    }

    /// Whether it counts and adds.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Float | Self::Integer | Self::Unsigned)
    }

    /// Which of two kinds a column has when streams differ: the lower rank wins.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Float => 0,
            Self::Integer => 1,
            Self::Unsigned => 2,
            Self::Text => 3,
            Self::Bool => 4,
            Self::Time => 5,
            Self::Duration => 6,
            Self::Tag => 7,
            Self::AnyField => 8,
            Self::Unknown => 9,
        }
    }

    /// The kind that stands for both.
    pub(crate) fn merge(self, other: Self) -> Self {
        if other.rank() < self.rank() { other } else { self }
    }

    /// InfluxDB's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Float => "float",
            Self::Integer => "integer",
            Self::Unsigned => "unsigned",
            Self::Text => "string",
            Self::Bool => "boolean",
            Self::Tag => "tag",
            Self::AnyField => "field",
            Self::Time => "time",
            Self::Duration => "duration",
        }
    }
}
