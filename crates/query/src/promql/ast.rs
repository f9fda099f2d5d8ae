//! The tree of an expression.
//!
//! Trees compare by meaning: positions do not count, and NaN equals NaN. Printing a tree and
//! parsing that text gives an equal tree.

mod operator;

pub use self::operator::Operator;
pub(crate) use self::operator::UNARY_BINDING;
use super::functions::Function;
use super::matcher::MatchKind;
use super::position::Position;
use model::{Pattern, Span};
use std::sync::Arc;

/// One node and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The text it was read from.
    pub position: Position,
    /// How many nodes lie on the longest way down, itself included.
    pub(crate) depth: usize,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A number or a duration as one.
    Number(Number),
    /// A quoted text.
    Text(String),
    /// An instant vector selector; with [`Selector::range`], a range vector selector.
    Selector(Selector),
    /// An expression evaluated over a range.
    Subquery(Box<Subquery>),
    /// A function call.
    Call(Call),
    /// An aggregation.
    Aggregate(Box<Aggregation>),
    /// An operator between two expressions.
    Binary(Box<Binary>),
    /// `-x`.
    Negate(Box<Expr>),
    /// `+x`.
    Plus(Box<Expr>),
    /// `(x)`.
    Paren(Box<Expr>),
}

/// A number; one written as a duration prints as one again.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Its value, in seconds where it is a duration.
    pub value: f64,
    /// Whether it was written as a duration.
    pub is_duration: bool,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        let same = self.value == other.value || (self.value.is_nan() && other.value.is_nan());
        same && self.is_duration == other.is_duration
    }
}

/// Which series, and when.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Selector {
    /// The metric name before the braces, or quoted inside.
    pub name: Option<String>,
    /// Conditions on labels, in the order they were written.
    pub matchers: Vec<LabelMatch>,
    /// How far back from each step a range reaches.
    pub range: Option<Span>,
    /// When, instead of now.
    pub anchor: Anchor,
}

/// A condition on one label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelMatch {
    /// The label.
    pub name: Arc<str>,
    /// How it is compared.
    pub kind: MatchKind,
    /// With what.
    pub value: Arc<str>,
    /// The same compiled, where it is a pattern.
    pub(crate) pattern: Option<Pattern>,
}

/// `offset` and `@`.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Anchor {
    /// How much earlier; negative is later. None where not written.
    pub offset: Option<Span>,
    /// A fixed time in place of the step's.
    pub at: Option<Moment>,
}

/// A fixed time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// Milliseconds since the epoch.
    Millis(i64),
    /// The first step of the query.
    Start,
    /// The last step of the query.
    End,
}

/// `expr[range:step]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Subquery {
    /// What is evaluated.
    pub expr: Expr,
    /// How far back from each step.
    pub range: Span,
    /// How often; none for the default.
    pub step: Option<Span>,
    /// When, instead of now.
    pub anchor: Anchor,
}

/// `function(args)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    /// Which.
    pub function: &'static Function,
    /// Its arguments.
    pub args: Vec<Expr>,
}

/// `op by (labels) (param, expr)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Aggregation {
    /// Which.
    pub op: AggregateOp,
    /// What makes a group.
    pub grouping: Grouping,
    /// The k of `topk`, the φ of `quantile`, the label of `count_values`.
    pub param: Option<Expr>,
    /// What is aggregated.
    pub expr: Expr,
}

/// What makes a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grouping {
    /// Equal values of these labels; of none, everything is one group.
    By(Vec<Arc<str>>),
    /// Equal values of all labels but these and the name.
    Without(Vec<Arc<str>>),
}

/// The aggregations there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "they are named as in the language")]
pub enum AggregateOp {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Quantile,
    CountValues,
    Limitk,
    LimitRatio,
}

impl AggregateOp {
    const NAMES: [(&'static str, Self); 14] = [
        ("sum", Self::Sum),
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("count", Self::Count),
        ("group", Self::Group),
        ("stddev", Self::Stddev),
        ("stdvar", Self::Stdvar),
        ("topk", Self::Topk),
        ("bottomk", Self::Bottomk),
        ("quantile", Self::Quantile),
        ("count_values", Self::CountValues),
        ("limitk", Self::Limitk),
        ("limit_ratio", Self::LimitRatio),
    ];

    /// The aggregation of this name, in any case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, op)| *op)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, op)| *op == self).map_or("", |(name, _)| name)
    }

    /// Whether it takes a parameter before the vector.
    pub(crate) fn has_param(self) -> bool {
        matches!(
            self,
            Self::Topk
                | Self::Bottomk
                | Self::Quantile
                | Self::CountValues
                | Self::Limitk
                | Self::LimitRatio
        )
    }
}

/// `left op right`.
#[derive(Clone, PartialEq, Debug)]
pub struct Binary {
    /// Which.
    pub op: Operator,
    /// Where the operator itself stands.
    pub op_position: Position,
    /// What stands before it.
    pub left: Expr,
    /// What stands after it.
    pub right: Expr,
    /// Whether a comparison answers 0 or 1 in place of filtering.
    pub returns_bool: bool,
    /// How two vectors are matched; none where it was not written.
    pub matching: Option<Matching>,
}

/// How two vectors are matched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matching {
    /// How many of each side may match.
    pub cardinality: Cardinality,
    /// Whether `labels` are the ones that count (`on`), or the ones that do not (`ignoring`).
    pub on: bool,
    /// The labels named.
    pub labels: Vec<Arc<str>>,
    /// Labels that come from the "one" side.
    pub include: Vec<Arc<str>>,
}

impl Matching {
    /// One to one, on all labels.
    pub(crate) fn on_everything() -> Self {
        let labels = Vec::new();
        Self { cardinality: Cardinality::OneToOne, on: false, labels, include: Vec::new() }
    }
}

/// How many of each side may match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cardinality {
    /// One each.
    OneToOne,
    /// Many on the left: `group_left`.
    ManyToOne,
    /// Many on the right: `group_right`.
    OneToMany,
}

/// What an expression gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    /// A number for each step.
    Scalar,
    /// A text.
    Text,
    /// A number for each series and step.
    Vector,
    /// Samples for each series and step.
    Matrix,
}

impl Type {
    /// The words of the documentation for it.
    pub fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Text => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        }
    }
}

impl Expr {
    pub(crate) fn new(kind: ExprKind, position: Position) -> Self {
        let mut depth = 0;
        kind.each_child(&mut |child| depth = depth.max(child.depth));
        Self { kind, position, depth: depth + 1 }
    }

    /// What it gives.
    pub fn value_type(&self) -> Type {
        match &self.kind {
            ExprKind::Number(_) => Type::Scalar,
            ExprKind::Text(_) => Type::Text,
            ExprKind::Selector(selector) if selector.range.is_none() => Type::Vector,
            ExprKind::Selector(_) | ExprKind::Subquery(_) => Type::Matrix,
            ExprKind::Call(call) => call.function.returns,
            ExprKind::Aggregate(_) => Type::Vector,
            ExprKind::Binary(binary) => {
                let scalars = [&binary.left, &binary.right];
                if scalars.iter().all(|side| side.value_type() == Type::Scalar) {
                    Type::Scalar
                } else {
                    Type::Vector
                }
            }
            ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Paren(inner) => {
                inner.value_type()
            }
        }
    }

    /// The expression without the parentheses around it.
    pub(crate) fn bare(&self) -> &Self {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

impl ExprKind {
    /// Shows `visit` every direct child, in the order of the text.
    pub(crate) fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Selector(_) => {}
            Self::Subquery(subquery) => visit(&subquery.expr),
            Self::Call(call) => call.args.iter().for_each(visit),
            Self::Aggregate(aggregation) => {
                aggregation.param.iter().for_each(&mut *visit);
                visit(&aggregation.expr);
            }
            Self::Binary(binary) => {
                visit(&binary.left);
                visit(&binary.right);
            }
            Self::Negate(inner) | Self::Plus(inner) | Self::Paren(inner) => visit(inner),
        }
    }
}
