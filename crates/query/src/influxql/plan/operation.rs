//! What one function call does with points.
//!
//! Every call is a *leaf*, which makes points out of rows window by window, and *steps*,
//! which go over those points in their order: `derivative(mean(x))` is the leaf mean and
//! the step derivative; `derivative(x)` is the leaf that leaves points as they are, and
//! the same step.

use crate::influxql::ast::{Call, DataType, Expr, Reference};
use crate::influxql::error::Error;

/// What one call does.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// How windows become points.
    pub(crate) leaf: Leaf,
    /// The column it reads.
    pub(crate) argument: Reference,
    /// What happens to the points then, in this order.
    pub(crate) steps: Vec<Step>,
    /// What kind of values it gives.
    pub(crate) kind: DataType,
    /// What kind of values the leaf gives.
    pub(crate) leaf_kind: DataType,
}

/// How windows become points.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Leaf {
    /// By a running summary of each window.
    Fold(Aggregate),
    /// By looking at all points of each window.
    Gather(Gathered),
}

/// Functions that need a running summary only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the function of that name")]
pub(crate) enum Aggregate {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    First,
    Last,
    Spread,
}

/// Functions that need all points.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Gathered {
    /// The points as they are.
    Points,
    /// Each value once.
    Distinct,
    /// How many different values.
    CountDistinct,
    /// The middle value, or the mean of the two middle ones.
    Median,
    /// The most frequent value.
    Mode,
    /// The standard deviation of a sample.
    Stddev,
    /// The value below which this many percent of the points lie.
    Percentile(f64),
    /// Some points, picked at random.
    Sample(usize),
    /// The greatest or the least points.
    Extreme {
        /// Whether the greatest are meant.
        greatest: bool,
        /// How many.
        count: usize,
        /// Of each combination of these only one point.
        keys: Vec<Reference>,
    },
}

/// What goes over points in their order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Step {
    /// The change from point to point in a unit of time.
    Derivative {
        /// The unit, in nanoseconds.
        unit: i64,
        /// Whether falls are left out.
        non_negative: bool,
    },
    /// The change from point to point.
    Difference {
        /// Whether falls are left out.
        non_negative: bool,
    },
    /// The mean of the last so many points.
    MovingAverage(usize),
    /// The sum so far.
    CumulativeSum,
    /// The time from point to point.
    Elapsed {
        /// The unit, in nanoseconds.
        unit: i64,
    },
    /// The area under the curve.
    Integral {
        /// The unit, in nanoseconds.
        unit: i64,
    },
}

impl Operation {
    /// What `call`, whose references say their kinds, does in windows of `interval`
    /// nanoseconds.
    pub(crate) fn of(call: &Call, interval: Option<i64>) -> Result<Self, Error> {
        let unit = |default: i64| match call.args.get(1) {
            Some(Expr::Duration(unit)) => *unit,
            _ => default,
        };
        let per_second = interval.unwrap_or(1_000_000_000);
        let step = match call.name.as_str() {
            "derivative" => Step::Derivative { unit: unit(per_second), non_negative: false },
            "non_negative_derivative" => {
                Step::Derivative { unit: unit(per_second), non_negative: true }
            }
            "difference" => Step::Difference { non_negative: false },
            "non_negative_difference" => Step::Difference { non_negative: true },
            "cumulative_sum" => Step::CumulativeSum,
            "elapsed" => Step::Elapsed { unit: unit(1) },
            "integral" => Step::Integral { unit: unit(1_000_000_000) },
            "moving_average" => match call.args.get(1) {
                Some(Expr::Integer(size)) => Step::MovingAverage(*size as usize),
                _ => return Err(malformed(call)),
            },
            _ => return Self::leaf(call),
        };
        let mut inner = match call.args.first() {
            Some(Expr::Call(inner)) => Self::of(inner, interval)?,
            Some(Expr::Reference(argument)) => Self::points(argument),
            _ => return Err(malformed(call)),
        };
        require_number(&call.name, inner.kind, step)?;
        inner.kind = match step {
            Step::Elapsed { .. } => DataType::Integer,
            Step::Difference { .. } | Step::CumulativeSum => inner.kind,
            _ => DataType::Float,
        };
        inner.steps.push(step);
        Ok(inner)
    }

    fn points(argument: &Reference) -> Self {
        Self {
            leaf: Leaf::Gather(Gathered::Points),
            argument: argument.clone(),
            steps: Vec::new(),
            kind: argument.kind,
            leaf_kind: argument.kind,
        }
    }

    fn leaf(call: &Call) -> Result<Self, Error> {
        let (distinct, argument) = match call.args.first() {
            Some(Expr::Reference(argument)) => (false, argument),
            Some(Expr::Call(inner)) if inner.name == "distinct" => match inner.args.first() {
                Some(Expr::Reference(argument)) => (true, argument),
                _ => return Err(malformed(call)),
            },
            _ => return Err(malformed(call)),
        };
        let input = argument.kind;
        let fold = |aggregate| Leaf::Fold(aggregate);
        let (leaf, kind) = match call.name.as_str() {
            "count" if distinct => (Leaf::Gather(Gathered::CountDistinct), DataType::Integer),
            "count" => (fold(Aggregate::Count), DataType::Integer),
            "sum" => (fold(Aggregate::Sum), input),
            "mean" => (fold(Aggregate::Mean), DataType::Float),
            "min" => (fold(Aggregate::Min), input),
            "max" => (fold(Aggregate::Max), input),
            "first" => (fold(Aggregate::First), input),
            "last" => (fold(Aggregate::Last), input),
            "spread" => (fold(Aggregate::Spread), input),
            "distinct" => (Leaf::Gather(Gathered::Distinct), input),
            "median" => (Leaf::Gather(Gathered::Median), DataType::Float),
            "mode" => (Leaf::Gather(Gathered::Mode), input),
            "stddev" => (Leaf::Gather(Gathered::Stddev), DataType::Float),
            "percentile" => {
                let percent = match call.args.get(1) {
                    Some(Expr::Integer(percent)) => *percent as f64,
                    Some(Expr::Number(percent)) => *percent,
                    _ => return Err(malformed(call)),
                };
                (Leaf::Gather(Gathered::Percentile(percent)), input)
            }
            "sample" => match call.args.get(1) {
                Some(Expr::Integer(size)) => {
                    (Leaf::Gather(Gathered::Sample(*size as usize)), input)
                }
                _ => return Err(malformed(call)),
            },
            "top" | "bottom" => (Leaf::Gather(extreme(call)?), input),
            _ => return Err(malformed(call)),
        };
        require_kind(&call.name, input)?;
        let steps = Vec::new();
        Ok(Self { leaf, argument: argument.clone(), steps, kind, leaf_kind: kind })
    }

    /// Whether its points are points of the data, with their own times.
    pub(crate) fn is_selector(&self) -> bool {
        self.steps.is_empty()
            && match &self.leaf {
                Leaf::Fold(aggregate) => matches!(
                    aggregate,
                    Aggregate::Min | Aggregate::Max | Aggregate::First | Aggregate::Last
                ),
                Leaf::Gather(gathered) => matches!(
                    gathered,
                    Gathered::Percentile(_) | Gathered::Sample(_) | Gathered::Extreme { .. }
                ),
            }
    }

    /// Whether empty windows of its leaf are filled.
    pub(crate) fn is_filled(&self) -> bool {
        match &self.leaf {
            Leaf::Fold(_) => true,
            Leaf::Gather(gathered) => !matches!(
                gathered,
                Gathered::Points
                    | Gathered::Distinct
                    | Gathered::Sample(_)
                    | Gathered::Extreme { .. }
            ),
        }
    }

    /// Whether an empty window counts as zero rather than as nothing.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.leaf, Leaf::Fold(Aggregate::Count) | Leaf::Gather(Gathered::CountDistinct))
    }

    /// How many windows before the first one its steps look at.
    pub(crate) fn looks_back(&self) -> i64 {
        let looks = |step: &&Step| !matches!(step, Step::CumulativeSum | Step::Integral { .. });
        self.steps.iter().filter(looks).count() as i64
    }
}

/// `top(field, tag, …, n)` and `bottom`.
fn extreme(call: &Call) -> Result<Gathered, Error> {
    let [_, keys @ .., Expr::Integer(count)] = call.args.as_slice() else {
        return Err(malformed(call));
    };
    let keys = keys.iter().filter_map(|key| match key {
        Expr::Reference(reference) => Some(reference.clone()),
        _ => None,
    });
    Ok(Gathered::Extreme {
        greatest: call.name == "top",
        count: *count as usize,
        keys: keys.collect(),
    })
}

/// Refuses values a function cannot take; InfluxDB names the iterator that brings them.
fn require_kind(function: &str, kind: DataType) -> Result<(), Error> {
    let fits = match function {
        "count" | "first" | "last" | "distinct" | "mode" | "sample" => true,
        "min" | "max" => kind != DataType::Text,
        _ => !matches!(kind, DataType::Text | DataType::Bool),
    };
    if fits { Ok(()) } else { Err(unsupported(function, kind)) }
}

fn require_number(function: &str, kind: DataType, step: Step) -> Result<(), Error> {
    let fits =
        matches!(step, Step::Elapsed { .. }) || !matches!(kind, DataType::Text | DataType::Bool);
    if fits { Ok(()) } else { Err(unsupported(function, kind)) }
}

fn unsupported(function: &str, kind: DataType) -> Error {
    let spaced = match function {
        "non_negative_derivative" => "derivative".to_owned(),
        "non_negative_difference" => "difference".to_owned(),
        other => other.replace('_', " "),
    };
    let kind = kind.name();
    Error::Invalid(format!("unsupported {spaced} iterator type: *query.{kind}InterruptIterator"))
}

fn malformed(call: &Call) -> Error {
    Error::Invalid(format!("unsupported call: {call}"))
}
