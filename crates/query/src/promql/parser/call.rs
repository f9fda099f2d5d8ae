//! What starts with a word: aggregations, function calls, selectors.

use super::Parser;
use crate::promql::ast::{AggregateOp, Aggregation, Call, Expr, ExprKind, Grouping};
use crate::promql::error::Fault;
use crate::promql::functions;
use crate::promql::position::Position;
use crate::promql::quote::quote;
use crate::promql::token::TokenKind;

/// Words that are never names of metrics.
const NEVER_METRICS: [&str; 5] = ["on", "ignoring", "group_left", "group_right", "atan2"];

impl Parser<'_> {
    pub(super) fn word(&mut self) -> Result<Expr, Fault> {
        let (word, after) = (self.peek(), self.peek_second());
        let called = after.kind == TokenKind::LeftParen;
        if let Some(op) = AggregateOp::find(word.text)
            && (called || after.is_word("by") || after.is_word("without"))
        {
            return self.aggregation(op);
        }
        if NEVER_METRICS.iter().any(|never| word.is_word(never)) {
            return Err(self.unexpected("", ""));
        }
        if called { self.call() } else { self.selector() }
    }

    /// Reads `op by (labels) (args)` or `op (args) by (labels)`.
    fn aggregation(&mut self, op: AggregateOp) -> Result<Expr, Fault> {
        let first = self.next().position;
        let mut grouping = self.grouping()?;
        let (mut args, mut last) = self.args("in aggregation")?;
        if grouping.is_none() {
            grouping = self.grouping()?;
            last = self.tokens[self.at.saturating_sub(1)].position;
        }
        let position = first.to(last);
        let wanted = if op.has_param() { 2 } else { 1 };
        if args.is_empty() {
            let message = "no arguments for aggregate expression provided";
            return Err(Fault::new(position, message));
        }
        let given = args.len();
        let (Some(expr), true) = (args.pop(), given == wanted) else {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {given}"
            );
            return Err(Fault::new(position, message));
        };
        let grouping = grouping.unwrap_or(Grouping::By(Vec::new()));
        let aggregation = Aggregation { op, grouping, param: args.pop(), expr };
        self.node(ExprKind::Aggregate(Box::new(aggregation)), position)
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, Fault> {
        Ok(if self.accept_word("by") {
            Some(Grouping::By(self.label_list()?))
        } else if self.accept_word("without") {
            Some(Grouping::Without(self.label_list()?))
        } else {
            None
        })
    }

    fn call(&mut self) -> Result<Expr, Fault> {
        let name = self.next();
        let Some(function) = functions::find(name.text) else {
            let message = format!("unknown function with name {}", quote(name.text));
            return Err(Fault::new(name.position, message));
        };
        let (args, last) = self.args("in function call")?;
        self.node(ExprKind::Call(Call { function, args }), name.position.to(last))
    }

    /// `(a, b)`; gives the arguments and where the parenthesis closes.
    fn args(&mut self, context: &str) -> Result<(Vec<Expr>, Position), Fault> {
        self.expect(&TokenKind::LeftParen, context, "\"(\"")?;
        let mut args = Vec::new();
        if self.peek().kind != TokenKind::RightParen {
            loop {
                args.push(self.expression(0)?);
                if !self.accept(&TokenKind::Comma) {
                    break;
                }
                if self.peek().kind == TokenKind::RightParen {
                    let message = "trailing commas not allowed in function call args";
                    return Err(Fault::new(self.peek().position, message));
                }
            }
        }
        let last = self.expect(&TokenKind::RightParen, context, "\")\"")?;
        Ok((args, last))
    }
}
