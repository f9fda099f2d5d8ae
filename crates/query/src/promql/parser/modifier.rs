//! What stands behind an operand: `[5m]`, `[5m:1m]`, `offset 5m`, `@ 12`.
//!
//! Durations may be computed from constants, `[2 * (1m + 30s)]`; the tree holds the result.
//! An offset takes arithmetic only in parentheses, since what follows it may be an operator
//! on the whole selector.

use super::Parser;
use crate::promql::ast::{Anchor, Expr, ExprKind, Moment, Subquery};
use crate::promql::duration::span_of_secs;
use crate::promql::error::Fault;
use crate::promql::position::Position;
use crate::promql::token::TokenKind;
use model::Span;

const IN_RANGE: &str = "in subquery or range selector";

impl Parser<'_> {
    pub(super) fn suffixes(&mut self, mut expr: Expr) -> Result<Expr, Fault> {
        loop {
            expr = match self.peek().kind {
                TokenKind::LeftBracket => self.bracket(expr)?,
                TokenKind::At => self.at(expr)?,
                TokenKind::Word if self.peek().is_word("offset") => self.offset(expr)?,
                _ => return Ok(expr),
            };
        }
    }

    fn bracket(&mut self, expr: Expr) -> Result<Expr, Fault> {
        self.next();
        let range = self.positive_span()?;
        if self.accept(&TokenKind::Colon) {
            let default = self.peek().kind == TokenKind::RightBracket;
            let step = if default { None } else { Some(self.positive_span()?) };
            let last = self.expect(&TokenKind::RightBracket, IN_RANGE, "\"]\"")?;
            let position = expr.position.to(last);
            let subquery = Subquery { expr, range, step, anchor: Anchor::default() };
            return self.node(ExprKind::Subquery(Box::new(subquery)), position);
        }
        let last = self.expect(&TokenKind::RightBracket, IN_RANGE, "\":\" or \"]\"")?;
        let position = expr.position.to(last);
        let fault = |message: &str| Err(Fault::new(position, message));
        let ExprKind::Selector(mut selector) = expr.kind else {
            return fault("ranges only allowed for vector selectors");
        };
        if selector.range.is_some() {
            return fault("ranges only allowed for vector selectors");
        }
        if selector.anchor.offset.is_some() {
            return fault("no offset modifiers allowed before range");
        }
        if selector.anchor.at.is_some() {
            return fault("no @ modifiers allowed before range");
        }
        selector.range = Some(range);
        self.node(ExprKind::Selector(selector), position)
    }

    fn offset(&mut self, expr: Expr) -> Result<Expr, Fault> {
        let word = self.next().position;
        let start = self.peek().position;
        let secs = self.offset_secs()?;
        let offset = to_span(secs, start)?;
        self.anchor(expr, word, "offset modifier", |anchor| {
            let free = anchor.offset.is_none();
            anchor.offset = Some(offset);
            free.then_some(()).ok_or("offset may not be set multiple times")
        })
    }

    fn at(&mut self, expr: Expr) -> Result<Expr, Fault> {
        let sign = self.next().position;
        let moment = self.moment()?;
        self.anchor(expr, sign, "@ modifier", |anchor| {
            let free = anchor.at.is_none();
            anchor.at = Some(moment);
            free.then_some(()).ok_or("@ <timestamp> may not be set multiple times")
        })
    }

    fn moment(&mut self) -> Result<Moment, Fault> {
        const CONTEXT: &str = "in @";
        let first = self.peek().clone();
        for (word, moment) in [("start", Moment::Start), ("end", Moment::End)] {
            if first.is_word(word) {
                self.next();
                self.expect(&TokenKind::LeftParen, CONTEXT, "\"(\"")?;
                self.expect(&TokenKind::RightParen, CONTEXT, "\")\"")?;
                return Ok(moment);
            }
        }
        let mut sign = 1.0;
        if self.accept(&TokenKind::Minus) {
            sign = -1.0;
        } else {
            self.accept(&TokenKind::Plus);
        }
        let secs = match self.peek().kind {
            TokenKind::Number(secs) | TokenKind::Duration(secs) => secs,
            TokenKind::Word if self.peek().is_word("inf") => f64::INFINITY,
            TokenKind::Word if self.peek().is_word("nan") => f64::NAN,
            _ => return Err(self.unexpected(CONTEXT, "timestamp")),
        };
        self.next();
        match span_of_secs(sign * secs) {
            Some(span) => Ok(Moment::Millis(span.as_millis())),
            None => Err(Fault::new(
                first.position,
                format!("timestamp out of bounds for @ modifier: {}", sign * secs),
            )),
        }
    }

    /// Sets the anchor of what `expr` selects.
    fn anchor(
        &self,
        mut expr: Expr,
        position: Position,
        what: &str,
        set: impl FnOnce(&mut Anchor) -> Result<(), &'static str>,
    ) -> Result<Expr, Fault> {
        let anchor = match &mut expr.kind {
            ExprKind::Selector(selector) => &mut selector.anchor,
            ExprKind::Subquery(subquery) => &mut subquery.anchor,
            _ => {
                let message = format!(
                    "{what} must be preceded by an instant vector selector or range vector selector or a subquery"
                );
                return Err(Fault::new(position, message));
            }
        };
        set(anchor).map_err(|message| Fault::new(position, message))?;
        // The token before the next one is the modifier's last.
        expr.position = expr.position.to(self.tokens[self.at.saturating_sub(1)].position);
        Ok(expr)
    }

    fn positive_span(&mut self) -> Result<Span, Fault> {
        let start = self.peek().position;
        let secs = self.duration_sum()?;
        let span = to_span(secs, start)?;
        if span.0 <= 0 {
            return Err(Fault::new(start, "duration must be greater than 0"));
        }
        Ok(span)
    }

    /// `[+|-] duration` or `[+|-] (arithmetic)`.
    fn offset_secs(&mut self) -> Result<f64, Fault> {
        let sign = match self.peek().kind {
            TokenKind::Minus => -1.0,
            TokenKind::Plus => 1.0,
            _ => return self.duration_atom("in offset"),
        };
        self.next();
        Ok(sign * self.duration_atom("in offset")?)
    }

    fn duration_sum(&mut self) -> Result<f64, Fault> {
        self.depth += 1;
        if self.depth > super::DEPTH_MAX {
            return Err(self.too_deep(self.peek().position));
        }
        let mut sum = self.duration_product()?;
        loop {
            match self.peek().kind {
                TokenKind::Plus => {
                    self.next();
                    sum += self.duration_product()?;
                }
                TokenKind::Minus => {
                    self.next();
                    sum -= self.duration_product()?;
                }
                _ => break,
            }
        }
        self.depth -= 1;
        Ok(sum)
    }

    fn duration_product(&mut self) -> Result<f64, Fault> {
        let mut product = self.duration_power()?;
        loop {
            let op = self.peek().clone();
            match op.kind {
                TokenKind::Star => {
                    self.next();
                    product *= self.duration_power()?;
                }
                TokenKind::Slash | TokenKind::Percent => {
                    self.next();
                    let divisor = self.duration_power()?;
                    if divisor == 0.0 {
                        let what = if op.kind == TokenKind::Slash { "division" } else { "modulo" };
                        return Err(Fault::new(op.position, format!("{what} by zero")));
                    }
                    if op.kind == TokenKind::Slash {
                        product /= divisor;
                    } else {
                        product %= divisor;
                    }
                }
                _ => return Ok(product),
            }
        }
    }

    /// Signs bind looser than the power, which groups from the right.
    fn duration_power(&mut self) -> Result<f64, Fault> {
        let mut sign = 1.0;
        loop {
            match self.peek().kind {
                TokenKind::Minus => sign = -sign,
                TokenKind::Plus => {}
                _ => break,
            }
            self.next();
        }
        let mut powers = vec![self.duration_atom(IN_RANGE)?];
        while self.accept(&TokenKind::Caret) {
            powers.push(self.duration_atom(IN_RANGE)?);
        }
        let last = powers.pop().unwrap_or(1.0);
        Ok(sign * powers.iter().rev().fold(last, |exponent, base| base.powf(exponent)))
    }

    fn duration_atom(&mut self, context: &str) -> Result<f64, Fault> {
        match self.peek().kind {
            TokenKind::Number(secs) | TokenKind::Duration(secs) => {
                self.next();
                Ok(secs)
            }
            TokenKind::LeftParen => {
                self.next();
                let secs = self.duration_sum()?;
                self.expect(&TokenKind::RightParen, context, "\")\"")?;
                Ok(secs)
            }
            _ => Err(self.unexpected(context, "number, duration, or \"(\"")),
        }
    }
}

fn to_span(secs: f64, position: Position) -> Result<Span, Fault> {
    span_of_secs(secs).ok_or_else(|| Fault::new(position, "duration out of range"))
}
