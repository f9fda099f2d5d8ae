//! PromQL as of Prometheus 3.5: text to tree to answer.
//!
//! The way of a query: [`parse`] reads the text (`lexer`, `parser`), `check` says whether its
//! types fit, [`Engine`] answers it over a [`model::port::Source`]. Every node is answered for
//! all steps of a range at once, as columns of one value per step; an instant query is a
//! range of one step.
//!
//! What differs from Prometheus, on purpose: time has nanoseconds here, so that windows are
//! exact for samples between two milliseconds; native histograms are not read (series of that
//! kind are left out with a warning) and `info()` is refused.

mod answer;
mod ast;
mod check;
mod duration;
mod engine;
mod error;
mod evaluator;
mod format;
mod functions;
mod lexer;
mod matcher;
mod notes;
mod parser;
mod position;
mod print;
mod quote;
mod token;

pub use answer::{Answer, AnswerValue, InstantSample, RangeSeries};
pub use ast::{
    AggregateOp, Aggregation, Anchor, Binary, Call, Cardinality, Expr, ExprKind, Grouping,
    LabelMatch, Matching, Moment, Number, Operator, Selector, Subquery, Type,
};
pub use engine::{Engine, Options, predicate_of};
pub use error::{Error, ParseError};
pub use evaluator::Evaluator;
pub use format::format_value;
pub use functions::Function;
pub use matcher::MatchKind;
pub use position::Position;

/// Reads `text` and checks its types.
///
/// # Errors
/// When it is not an expression; the error says where.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let expr = parser::parse(text).map_err(|fault| fault.locate(text))?;
    check::check(&expr).map_err(|fault| fault.locate(text))?;
    Ok(expr)
}

#[cfg(test)]
mod tests;
