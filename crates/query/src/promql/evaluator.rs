//! PromQL for rules that are judged again and again.

use super::answer::{Answer, AnswerValue};
use super::ast::{Binary, Expr, ExprKind, Operator, Type};
use super::engine::{Engine, arithmetic};
use super::error::{Error, ParseError};
use model::limits::Budget;
use model::port::{Compare, Evaluate, EvaluateError, Evaluation, Split};
use model::{Labels, Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answers expressions of rules, each within a budget of its own.
pub struct Evaluator {
    engine: Arc<Engine>,
    /// How many samples one evaluation may use.
    samples_max: u64,
}

impl Evaluator {
    /// Answers by `engine`; one evaluation may use `samples_max` samples.
    pub fn new(engine: Arc<Engine>, samples_max: u64) -> Self {
        Self { engine, samples_max }
    }
}

impl Evaluate for Evaluator {
    fn check(&self, expr: &str) -> Result<Option<Split>, EvaluateError> {
        let tree = super::parse(expr).map_err(parse_error)?;
        match tree.value_type() {
            Type::Scalar | Type::Vector => Ok(split(&tree)),
            other => Err(EvaluateError::Parse {
                line: 1,
                column: 1,
                message: format!(
                    "a rule needs an instant vector or a scalar, this is a {}",
                    other.documented()
                ),
            }),
        }
    }

    fn instant(&self, expr: &str, at: Timestamp) -> Result<Evaluation, EvaluateError> {
        let budget = Budget::new(self.samples_max);
        let answer = self.engine.instant(expr, at, &budget).map_err(failed)?;
        let partial = answer.partial;
        let samples = match answer.value {
            AnswerValue::Scalar(_, value) => vec![(Labels::default(), value)],
            AnswerValue::Vector(samples) => {
                samples.into_iter().map(|sample| (sample.labels, sample.value)).collect()
            }
            AnswerValue::String(..) | AnswerValue::Matrix(_) => {
                return Err(EvaluateError::Failed(
                    "a rule needs an instant vector or a scalar".to_owned(),
                ));
            }
        };
        Ok(Evaluation { samples, partial })
    }

    fn range(
        &self,
        expr: &str,
        start: Timestamp,
        end: Timestamp,
        step: Span,
    ) -> Result<Vec<(Timestamp, Evaluation)>, EvaluateError> {
        let budget = Budget::new(self.samples_max);
        let answer = self.engine.range(expr, start, end, step, &budget).map_err(failed)?;
        let Answer { value: AnswerValue::Matrix(series), partial, .. } = answer else {
            return Err(EvaluateError::Failed("a range query gave no matrix".to_owned()));
        };
        let empty = || Evaluation { samples: Vec::new(), partial };
        // The engine has made sure that the step is positive and the steps are few.
        let count = (end - start).0 / step.0;
        let at = |index: i64| start + Span(step.0.saturating_mul(index));
        let mut steps: BTreeMap<Timestamp, Evaluation> =
            (0..=count).map(|index| (at(index), empty())).collect();
        for series in series {
            for (at, value) in series.points {
                let step = steps.entry(at).or_insert_with(empty);
                step.samples.push((series.labels.clone(), value));
            }
        }
        Ok(steps.into_iter().collect())
    }
}

/// The outermost comparison of a vector with a number, taken apart.
fn split(tree: &Expr) -> Option<Split> {
    let ExprKind::Binary(binary) = &tree.bare().kind else { return None };
    let Binary { op, left, right, returns_bool: false, .. } = binary.as_ref() else { return None };
    let compare = compare(*op)?;
    let (expr, compare, threshold) = match (left.value_type(), right.value_type()) {
        (Type::Vector, Type::Scalar) => (left, compare, constant(right)?),
        (Type::Scalar, Type::Vector) => (right, mirrored(compare), constant(left)?),
        _ => return None,
    };
    Some(Split { expr: expr.bare().to_string(), compare, threshold })
}

fn compare(op: Operator) -> Option<Compare> {
    Some(match op {
        Operator::Greater => Compare::Gt,
        Operator::Less => Compare::Lt,
        Operator::GreaterEqual => Compare::Gte,
        Operator::LessEqual => Compare::Lte,
        Operator::Equal => Compare::Eq,
        Operator::NotEqual => Compare::Ne,
        _ => return None,
    })
}

/// The comparison that says the same with its sides exchanged.
fn mirrored(compare: Compare) -> Compare {
    match compare {
        Compare::Gt => Compare::Lt,
        Compare::Lt => Compare::Gt,
        Compare::Gte => Compare::Lte,
        Compare::Lte => Compare::Gte,
        same => same,
    }
}

/// The value of a scalar that is made of numbers only.
fn constant(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number(number) => Some(number.value),
        ExprKind::Paren(inner) | ExprKind::Plus(inner) => constant(inner),
        ExprKind::Negate(inner) => constant(inner).map(|value| -value),
        ExprKind::Binary(binary) if !binary.op.is_comparison() => {
            Some(arithmetic(binary.op, constant(&binary.left)?, constant(&binary.right)?))
        }
        _ => None,
    }
}

fn parse_error(error: ParseError) -> EvaluateError {
    let ParseError { message, line, column, .. } = error;
    EvaluateError::Parse { line, column, message }
}

fn failed(error: Error) -> EvaluateError {
    match error {
        Error::Parse(error) => parse_error(error),
        other => EvaluateError::Failed(other.to_string()),
    }
}
