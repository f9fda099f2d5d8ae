//! Tokens to a tree.
//!
//! Operators are read by binding power (Pratt); everything else by descent. The messages are
//! Prometheus's where it has one. The tree is at most [`DEPTH_MAX`] deep, however it got so,
//! since every later pass descends it.

mod call;
mod modifier;
mod selector;

use super::ast::{Binary, Cardinality, Expr, ExprKind, Matching, Number, Operator, UNARY_BINDING};
use super::error::Fault;
use super::lexer::tokens;
use super::position::Position;
use super::token::{Token, TokenKind};
use std::sync::Arc;

/// How deep a tree may be. Evaluation takes a few KiB of stack a level in a debug build and
/// threads may have 2 MiB; what people write stays below 30.
pub(crate) const DEPTH_MAX: usize = 200;

/// Reads all of `text` as one expression.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let mut parser = Parser { tokens: tokens(text), at: 0, depth: 0 };
    if parser.peek().kind == TokenKind::Eof {
        return Err(Fault::new(parser.peek().position, "no expression found in input"));
    }
    let expr = parser.expression(0)?;
    match parser.peek().kind {
        TokenKind::Eof => Ok(expr),
        TokenKind::RightParen => {
            Err(Fault::new(parser.peek().position, "unexpected right parenthesis ')'"))
        }
        _ => Err(parser.unexpected("", "")),
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// How many expressions are open around this point.
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Reads operands and operators that bind at least as tightly as `binding`.
    fn expression(&mut self, binding: u8) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.too_deep(self.peek().position));
        }
        let mut left = self.operand()?;
        while let Some(op) = self.peek_operator() {
            let (left_binding, right_binding) = op.binding();
            if left_binding < binding {
                break;
            }
            let op_position = self.next().position;
            let returns_bool = self.accept_word("bool");
            let matching = self.matching()?;
            let right = self.expression(right_binding)?;
            let position = left.position.to(right.position);
            let binary = Binary { op, op_position, left, right, returns_bool, matching };
            left = self.node(ExprKind::Binary(Box::new(binary)), position)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// Reads an operand with its signs before and its brackets and modifiers behind it.
    fn operand(&mut self) -> Result<Expr, Fault> {
        let first = self.peek().clone();
        let negative = match first.kind {
            TokenKind::Minus => true,
            TokenKind::Plus => false,
            _ => {
                let primary = self.primary()?;
                return self.suffixes(primary);
            }
        };
        self.next();
        let inner = self.expression(UNARY_BINDING)?;
        let position = first.position.to(inner.position);
        let kind = match inner.kind {
            ExprKind::Number(number) => {
                let value = if negative { -number.value } else { number.value };
                ExprKind::Number(Number { value, ..number })
            }
            _ if negative => ExprKind::Negate(Box::new(inner)),
            _ => ExprKind::Plus(Box::new(inner)),
        };
        self.node(kind, position)
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let token = self.peek().clone();
        let number = |value, is_duration| ExprKind::Number(Number { value, is_duration });
        let kind = match token.kind {
            TokenKind::Number(value) => number(value, false),
            TokenKind::Duration(secs) => number(secs, true),
            TokenKind::Text(text) => ExprKind::Text(text),
            TokenKind::LeftParen => return self.parenthesis(),
            TokenKind::LeftBrace => return self.selector(),
            TokenKind::Word if token.is_word("inf") => number(f64::INFINITY, false),
            TokenKind::Word if token.is_word("nan") => number(f64::NAN, false),
            TokenKind::Word => return self.word(),
            _ => return Err(self.unexpected("", "")),
        };
        self.next();
        self.node(kind, token.position)
    }

    fn parenthesis(&mut self) -> Result<Expr, Fault> {
        let open = self.next().position;
        let inner = self.expression(0)?;
        let close = self.expect(&TokenKind::RightParen, "in parentheses", "\")\"")?;
        self.node(ExprKind::Paren(Box::new(inner)), open.to(close))
    }

    /// `on (…) group_left (…)`, where it stands.
    fn matching(&mut self) -> Result<Option<Matching>, Fault> {
        let on = self.peek().is_word("on");
        if !on && !self.peek().is_word("ignoring") {
            return Ok(None);
        }
        self.next();
        let labels = self.label_list()?;
        let cardinality = if self.accept_word("group_left") {
            Cardinality::ManyToOne
        } else if self.accept_word("group_right") {
            Cardinality::OneToMany
        } else {
            Cardinality::OneToOne
        };
        let grouped = cardinality != Cardinality::OneToOne;
        let include = if grouped && self.peek().kind == TokenKind::LeftParen {
            self.label_list()?
        } else {
            Vec::new()
        };
        Ok(Some(Matching { cardinality, on, labels, include }))
    }

    /// `(a, b, "c d")`; a last comma is allowed.
    fn label_list(&mut self) -> Result<Vec<Arc<str>>, Fault> {
        const CONTEXT: &str = "in grouping opts";
        self.expect(&TokenKind::LeftParen, CONTEXT, "\"(\"")?;
        let mut labels = Vec::new();
        loop {
            if self.peek().kind == TokenKind::RightParen {
                break;
            }
            labels.push(self.label_name(CONTEXT)?);
            if !self.accept(&TokenKind::Comma) {
                break;
            }
        }
        self.expect(&TokenKind::RightParen, CONTEXT, "\",\" or \")\"")?;
        Ok(labels)
    }

    fn label_name(&mut self, context: &str) -> Result<Arc<str>, Fault> {
        let token = self.peek().clone();
        let name: Arc<str> = match token.kind {
            TokenKind::Word if !token.text.contains(':') => token.text.into(),
            TokenKind::Text(text) if !text.is_empty() => text.into(),
            _ => return Err(self.unexpected(context, "label")),
        };
        self.next();
        Ok(name)
    }

    fn peek_operator(&self) -> Option<Operator> {
        let token = self.peek();
        Some(match &token.kind {
            TokenKind::Plus => Operator::Add,
            TokenKind::Minus => Operator::Sub,
            TokenKind::Star => Operator::Mul,
            TokenKind::Slash => Operator::Div,
            TokenKind::Percent => Operator::Mod,
            TokenKind::Caret => Operator::Pow,
            TokenKind::Equal => Operator::Equal,
            TokenKind::NotEqual => Operator::NotEqual,
            TokenKind::Greater => Operator::Greater,
            TokenKind::Less => Operator::Less,
            TokenKind::GreaterEqual => Operator::GreaterEqual,
            TokenKind::LessEqual => Operator::LessEqual,
            TokenKind::Word if token.is_word("atan2") => Operator::Atan2,
            TokenKind::Word if token.is_word("and") => Operator::And,
            TokenKind::Word if token.is_word("or") => Operator::Or,
            TokenKind::Word if token.is_word("unless") => Operator::Unless,
            _ => return None,
        })
    }

    /// Makes a node, unless the tree gets too deep by it.
    fn node(&self, kind: ExprKind, position: Position) -> Result<Expr, Fault> {
        let expr = Expr::new(kind, position);
        if expr.depth > DEPTH_MAX { Err(self.too_deep(position)) } else { Ok(expr) }
    }

    fn too_deep(&self, position: Position) -> Fault {
        Fault::new(position, format!("expression is nested more than {DEPTH_MAX} levels deep"))
    }

    fn peek(&self) -> &Token<'a> {
        // The last token ends the input and is never stepped over.
        &self.tokens[self.at]
    }

    fn peek_second(&self) -> &Token<'a> {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().kind == *kind;
        if found {
            self.next();
        }
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.peek().is_word(word);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, kind: &TokenKind, context: &str, wanted: &str) -> Result<Position, Fault> {
        if self.peek().kind == *kind {
            Ok(self.next().position)
        } else {
            Err(self.unexpected(context, wanted))
        }
    }

    /// That the next token may not stand here; `context` and `wanted` may be empty.
    fn unexpected(&self, context: &str, wanted: &str) -> Fault {
        let token = self.peek();
        if let TokenKind::Bad(reason) = &token.kind {
            return Fault::new(token.position, reason.clone());
        }
        let mut message = format!("unexpected {}", token.describe());
        if !context.is_empty() {
            message.push(' ');
            message.push_str(context);
        }
        if !wanted.is_empty() {
            message.push_str(", expected ");
            message.push_str(wanted);
        }
        Fault::new(token.position, message)
    }
}
