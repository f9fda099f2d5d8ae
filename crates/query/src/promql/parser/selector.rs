//! `name{label="value"}`.

use super::Parser;
use crate::promql::ast::{Expr, ExprKind, LabelMatch, Selector};
use crate::promql::error::Fault;
use crate::promql::matcher::{self, MatchKind};
use crate::promql::quote::quote;
use crate::promql::token::TokenKind;
use model::labels::NAME;
use std::sync::Arc;

const CONTEXT: &str = "in label matching";

impl Parser<'_> {
    /// Reads a selector, from its name or its brace on.
    pub(super) fn selector(&mut self) -> Result<Expr, Fault> {
        let first = self.peek().position;
        let mut selector = Selector::default();
        let mut last = first;
        if self.peek().kind == TokenKind::Word {
            selector.name = Some(self.next().text.to_owned());
        }
        if self.accept(&TokenKind::LeftBrace) {
            while self.peek().kind != TokenKind::RightBrace {
                self.matcher(&mut selector)?;
                if !self.accept(&TokenKind::Comma) {
                    break;
                }
            }
            if self.peek().kind == TokenKind::Eof {
                return Err(Fault::new(
                    self.peek().position,
                    "unexpected end of input inside braces",
                ));
            }
            last = self.expect(&TokenKind::RightBrace, CONTEXT, "\",\" or \"}\"")?;
        }
        let position = first.to(last);
        validate(&selector).map_err(|message| Fault::new(position, message))?;
        self.node(ExprKind::Selector(selector), position)
    }

    /// Reads `label op "value"`, or a quoted metric name.
    fn matcher(&mut self, selector: &mut Selector) -> Result<(), Fault> {
        let token = self.peek().clone();
        let name: Arc<str> = match token.kind {
            TokenKind::Word if token.text.contains(':') => {
                return Err(Fault::new(token.position, "unexpected character inside braces: ':'"));
            }
            TokenKind::Word => token.text.into(),
            TokenKind::Text(ref text) => text.as_str().into(),
            _ => return Err(self.unexpected(CONTEXT, "identifier or \"}\"")),
        };
        self.next();
        let quoted = matches!(token.kind, TokenKind::Text(_));
        let after = &self.peek().kind;
        if quoted && matches!(after, TokenKind::Comma | TokenKind::RightBrace) {
            if let Some(set) = &selector.name {
                let (set, again) = (quote(set), quote(&name));
                let message = format!("metric name must not be set twice: {set} or {again}");
                return Err(Fault::new(token.position, message));
            }
            selector.name = Some(name.to_string());
            return Ok(());
        }
        let kind = match after {
            TokenKind::Assign => MatchKind::Equal,
            TokenKind::NotEqual => MatchKind::NotEqual,
            TokenKind::Matches => MatchKind::Matches,
            TokenKind::NotMatches => MatchKind::NotMatches,
            _ => return Err(self.unexpected(CONTEXT, "label matching operator")),
        };
        self.next();
        let value = self.peek().clone();
        let TokenKind::Text(text) = value.kind else {
            return Err(self.unexpected(CONTEXT, "string"));
        };
        self.next();
        let pattern = match kind {
            MatchKind::Equal | MatchKind::NotEqual => None,
            MatchKind::Matches | MatchKind::NotMatches => {
                let compiled = matcher::pattern(&text);
                Some(compiled.map_err(|reason| Fault::new(value.position, reason))?)
            }
        };
        selector.matchers.push(LabelMatch { name, kind, value: text.into(), pattern });
        Ok(())
    }
}

/// That the name is set once, and that something is asked for that not every series has.
fn validate(selector: &Selector) -> Result<(), String> {
    let by_matcher = selector.matchers.iter().filter(|m| m.name.as_ref() == NAME);
    let mut names = selector.name.as_deref().into_iter().chain(
        by_matcher
            .filter(|m| selector.name.is_some() || m.kind == MatchKind::Equal)
            .map(|m| m.value.as_ref()),
    );
    if let (Some(set), Some(again)) = (names.next(), names.next()) {
        let (set, again) = (quote(set), quote(again));
        return Err(format!("metric name must not be set twice: {set} or {again}"));
    }
    let demands = |m: &LabelMatch| !matcher::op(m).matches("");
    let named = selector.name.as_ref().is_some_and(|name| !name.is_empty());
    if named || selector.matchers.iter().any(demands) {
        return Ok(());
    }
    Err("vector selector must contain at least one non-empty matcher".to_owned())
}
