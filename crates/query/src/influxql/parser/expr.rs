//! Expressions, by precedence climbing.

use super::{OPERATORS_MAX, Parser, duration};
use crate::influxql::ast::{Call, DataType, Expr, Pattern, Reference, WildcardKind};
use crate::influxql::error::ParseError;
use crate::influxql::scanner::Lexeme;
use crate::influxql::token::{Keyword, Operator, Token};

impl Parser<'_> {
    /// An expression.
    pub(super) fn expr(&mut self) -> Result<Expr, ParseError> {
        self.nested(|parser| {
            let first = parser.operand()?;
            parser.climb(first, 1)
        })
    }

    /// `left`, and what operators that bind at least as tightly as `least` join to it.
    fn climb(&mut self, mut left: Expr, least: u8) -> Result<Expr, ParseError> {
        loop {
            let lexeme = self.peek();
            let Token::Operator(operator) = lexeme.token else { return Ok(left) };
            if operator.precedence() < least {
                return Ok(left);
            }
            self.next();
            self.operators += 1;
            if self.operators > OPERATORS_MAX {
                let message = format!("more than {OPERATORS_MAX} operators");
                return Err(self.error_at(message, lexeme.at));
            }
            let first = if operator.takes_regex() {
                Expr::Pattern(self.expect_regex()?)
            } else {
                self.operand()?
            };
            let right = self.climb(first, operator.precedence() + 1)?;
            left = Expr::binary(operator, left, right);
        }
    }

    fn operand(&mut self) -> Result<Expr, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::LeftParen => {
                let inner = self.expr()?;
                self.expect(Token::RightParen)?;
                Ok(Expr::Paren(Box::new(inner)))
            }
            Token::Ident => self.name(lexeme),
            Token::Keyword(Keyword::Distinct) => self.distinct(),
            Token::Text => Ok(Expr::Text(lexeme.literal)),
            Token::Number => match lexeme.literal.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Expr::Number(value)),
                _ => Err(self.error_at("unable to parse number".to_owned(), lexeme.at)),
            },
            Token::Integer => self.integer(&lexeme),
            Token::True | Token::False => Ok(Expr::Bool(lexeme.token == Token::True)),
            Token::Duration => match duration::nanoseconds(&lexeme.literal) {
                Ok(length) => Ok(Expr::Duration(length)),
                Err(message) => Err(self.error_of(message, lexeme.at)),
            },
            Token::Operator(Operator::Mul) => self.wildcard(),
            Token::Parameter => {
                let message = match lexeme.literal.trim_start_matches('$') {
                    "" => "empty bound parameter".to_owned(),
                    name => format!("missing parameter: {name}"),
                };
                Err(self.error_of(message, lexeme.at))
            }
            Token::Operator(sign @ (Operator::Add | Operator::Sub)) => self.signed(sign),
            _ => Err(self.unexpected(&lexeme, &["identifier", "string", "number", "bool"])),
        }
    }

    fn integer(&self, lexeme: &Lexeme) -> Result<Expr, ParseError> {
        if let Ok(value) = lexeme.literal.parse::<i64>() {
            return Ok(Expr::Integer(value));
        }
        match lexeme.literal.parse::<u64>() {
            Ok(value) => Ok(Expr::Unsigned(value)),
            Err(_) => Err(self.error_at("unable to parse integer".to_owned(), lexeme.at)),
        }
    }

    /// An operand after a sign.
    fn signed(&mut self, sign: Operator) -> Result<Expr, ParseError> {
        let lexeme = self.peek();
        let expected = ["identifier", "number", "duration", "("];
        let fits = matches!(
            lexeme.token,
            Token::Number | Token::Integer | Token::Duration | Token::LeftParen | Token::Ident
        );
        if !fits {
            return Err(self.unexpected(&lexeme, &expected));
        }
        let operand = self.operand()?;
        let factor = if sign == Operator::Sub { -1 } else { 1 };
        Ok(match operand {
            Expr::Number(value) => Expr::Number(value * factor as f64),
            Expr::Integer(value) => Expr::Integer(value * factor),
            Expr::Duration(length) => Expr::Duration(length * factor),
            Expr::Unsigned(value) if factor < 0 && value == i64::MIN.unsigned_abs() => {
                Expr::Integer(i64::MIN)
            }
            Expr::Unsigned(value) if factor < 0 => {
                let message = format!("constant -{value} underflows int64");
                return Err(self.error_of(message, lexeme.at));
            }
            Expr::Unsigned(value) => Expr::Unsigned(value),
            other => Expr::binary(Operator::Mul, Expr::Integer(factor), other),
        })
    }

    /// A field, a tag or a call that starts with the name just read.
    fn name(&mut self, first: Lexeme) -> Result<Expr, ParseError> {
        if self.peek_adjacent().token == Token::LeftParen {
            self.scanner.scan();
            return self.nested(|parser| parser.call(&first.literal));
        }
        let mut name = first.literal;
        let mut parts = 1;
        while self.peek_adjacent().token == Token::Dot {
            self.scanner.scan();
            name.push('.');
            parts += 1;
            match self.scanner.peek() {
                Some('/' | ':') => break,
                Some('.') => {}
                _ => name.push_str(&self.ident()?),
            }
        }
        if parts > 3 {
            let message = format!("too many segments in {name}");
            return Err(self.error_at(message, first.at));
        }
        Ok(Expr::Reference(Reference { name, kind: self.cast()? }))
    }

    /// `::type` after a name.
    fn cast(&mut self) -> Result<DataType, ParseError> {
        if self.peek_adjacent().token != Token::DoubleColon {
            return Ok(DataType::Unknown);
        }
        self.scanner.scan();
        let lexeme = self.scanner.scan();
        match lexeme.token {
            Token::Keyword(Keyword::Field) => return Ok(DataType::AnyField),
            Token::Keyword(Keyword::Tag) => return Ok(DataType::Tag),
            Token::Ident => {}
            _ => {
                let expected = ["float", "integer", "string", "boolean", "field", "tag"];
                return Err(self.unexpected(&lexeme, &expected));
            }
        }
        match lexeme.literal.to_ascii_lowercase().as_str() {
            "float" => Ok(DataType::Float),
            "integer" => Ok(DataType::Integer),
            "unsigned" => Ok(DataType::Unsigned),
            "string" => Ok(DataType::Text),
            "boolean" => Ok(DataType::Bool),
            _ => {
                let expected =
                    ["float", "integer", "unsigned", "string", "boolean", "field", "tag"];
                Err(self.unexpected(&lexeme, &expected))
            }
        }
    }

    /// `DISTINCT field`, or `distinct(field)`.
    fn distinct(&mut self) -> Result<Expr, ParseError> {
        let adjacent = self.peek_adjacent();
        match adjacent.token {
            Token::LeftParen => {
                self.scanner.scan();
                self.nested(|parser| parser.call("distinct"))
            }
            Token::Blank => Ok(Expr::Distinct(self.ident()?)),
            _ => Err(self.unexpected(&adjacent, &["(", "identifier"])),
        }
    }

    fn wildcard(&mut self) -> Result<Expr, ParseError> {
        if self.peek_adjacent().token != Token::DoubleColon {
            return Ok(Expr::Wildcard(None));
        }
        self.scanner.scan();
        let lexeme = self.scanner.scan();
        match lexeme.token {
            Token::Keyword(Keyword::Field) => Ok(Expr::Wildcard(Some(WildcardKind::Field))),
            Token::Keyword(Keyword::Tag) => Ok(Expr::Wildcard(Some(WildcardKind::Tag))),
            _ => Err(self.unexpected(&lexeme, &["field", "tag"])),
        }
    }

    /// Arguments up to the closing parenthesis.
    fn call(&mut self, name: &str) -> Result<Expr, ParseError> {
        let name = name.to_lowercase();
        let mut args = Vec::new();
        let first = self.regex()?;
        if first.is_none() && self.take(Token::RightParen) {
            return Ok(Expr::Call(Call { name, args }));
        }
        args.push(match first {
            Some(pattern) => Expr::Pattern(pattern),
            None => self.expr()?,
        });
        while self.take(Token::Comma) {
            args.push(match self.regex()? {
                Some(pattern) => Expr::Pattern(pattern),
                None => self.expr()?,
            });
        }
        self.expect(Token::RightParen)?;
        Ok(Expr::Call(Call { name, args }))
    }

    /// A pattern where one comes next.
    pub(super) fn regex(&mut self) -> Result<Option<Pattern>, ParseError> {
        if self.scanner.peek().is_some_and(char::is_whitespace)
            && self.peek_adjacent().token == Token::Blank
        {
            self.scanner.scan();
        }
        // InfluxDB looks ahead by a character here, which its counting of columns shows.
        self.scanner.touch_end();
        if self.scanner.peek() != Some('/') {
            return Ok(None);
        }
        let lexeme = self.scanner.scan_regex();
        if lexeme.token != Token::Regex {
            return Err(self.error_at("bad regex: ".to_owned(), lexeme.at));
        }
        match Pattern::new(&lexeme.literal) {
            Ok(pattern) => Ok(Some(pattern)),
            Err(message) => Err(self.error_at(message, lexeme.at)),
        }
    }

    /// A pattern, which must come next.
    pub(super) fn expect_regex(&mut self) -> Result<Pattern, ParseError> {
        match self.regex()? {
            Some(pattern) => Ok(pattern),
            None => {
                let lexeme = self.next();
                Err(self.unexpected(&lexeme, &["regex"]))
            }
        }
    }
}
