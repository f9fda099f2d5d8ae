//! `SELECT`, and the clauses other statements share with it.

use super::Parser;
use crate::influxql::ast::{
    Call, Expr, Field, Fill, Limits, Measurement, Name, Order, Select, Source,
};
use crate::influxql::error::ParseError;
use crate::influxql::moment::Zone;
use crate::influxql::token::{Keyword, Token};

impl Parser<'_> {
    /// What follows `SELECT`.
    pub(super) fn select(&mut self) -> Result<Select, ParseError> {
        let mut fields = vec![self.field()?];
        while self.take(Token::Comma) {
            fields.push(self.field()?);
        }
        let target = if self.take_word(Keyword::Into) { Some(self.target()?) } else { None };
        self.expect_word(Keyword::From)?;
        let mut sources = vec![self.source()?];
        while self.take(Token::Comma) {
            sources.push(self.source()?);
        }
        Ok(Select {
            fields,
            target,
            sources,
            condition: self.condition()?,
            dimensions: self.dimensions()?,
            fill: self.fill()?,
            order: self.order_by()?,
            limits: self.limits()?,
            zone: self.zone()?,
        })
    }

    fn field(&mut self) -> Result<Field, ParseError> {
        let expr = match self.regex()? {
            Some(pattern) => Expr::Pattern(pattern),
            None => {
                let at = self.peek().at;
                let expr = self.expr()?;
                let mut misplaced = None;
                expr.walk(&mut |part| {
                    if let Expr::Binary(binary) = part
                        && binary.operator.is_condition()
                    {
                        misplaced.get_or_insert(binary.operator);
                    }
                });
                if let Some(operator) = misplaced {
                    let message = format!(
                        "invalid operator {} in SELECT clause at line {}, char {}; operator is intended for WHERE clause",
                        operator.text(),
                        at.line + 1,
                        at.column + 1
                    );
                    return Err(self.error_of(message, at));
                }
                expr
            }
        };
        let alias = if self.take_word(Keyword::As) { Some(self.ident()?) } else { None };
        Ok(Field { expr, alias })
    }

    /// Where `INTO` writes; `:MEASUREMENT` is an empty name.
    fn target(&mut self) -> Result<Measurement, ParseError> {
        let mut segments = self.segments()?;
        if segments.len() < 3 && self.scanner.peek() == Some(':') {
            self.expect(Token::Colon)?;
            self.expect_word(Keyword::Measurement)?;
            segments.push(String::new());
        }
        Ok(measurement(segments, None))
    }

    fn source(&mut self) -> Result<Source, ParseError> {
        if self.peek().token == Token::LeftParen {
            self.next();
            let select = self.nested(|parser| {
                parser.expect_word(Keyword::Select)?;
                parser.select()
            })?;
            self.expect(Token::RightParen)?;
            return Ok(Source::Subquery(Box::new(select)));
        }
        self.measurement().map(Source::Measurement)
    }

    /// `FROM` and measurements, where it comes next.
    pub(super) fn from(&mut self) -> Result<Vec<Measurement>, ParseError> {
        let mut sources = Vec::new();
        if self.take_word(Keyword::From) {
            sources.push(self.measurement()?);
            while self.take(Token::Comma) {
                sources.push(self.measurement()?);
            }
        }
        Ok(sources)
    }

    /// A measurement, perhaps with policy and database before it.
    pub(super) fn measurement(&mut self) -> Result<Measurement, ParseError> {
        if let Some(pattern) = self.regex()? {
            return Ok(Measurement { database: None, policy: None, name: Name::Like(pattern) });
        }
        let segments = self.segments()?;
        if segments.len() == 3 {
            return Ok(measurement(segments, None));
        }
        let adjacent = self.scanner.peek() == Some('/');
        let pattern = if adjacent { self.regex()? } else { None };
        Ok(measurement(segments, pattern.map(Name::Like)))
    }

    /// `WHERE`, where it comes next.
    pub(super) fn condition(&mut self) -> Result<Option<Expr>, ParseError> {
        if self.take_word(Keyword::Where) { self.expr().map(Some) } else { Ok(None) }
    }

    /// `GROUP BY`, where it comes next.
    pub(super) fn dimensions(&mut self) -> Result<Vec<Expr>, ParseError> {
        let mut dimensions = Vec::new();
        if !self.take_word(Keyword::Group) {
            return Ok(dimensions);
        }
        self.expect_word(Keyword::By)?;
        loop {
            dimensions.push(match self.regex()? {
                Some(pattern) => Expr::Pattern(pattern),
                None => self.expr()?,
            });
            if !self.take(Token::Comma) {
                return Ok(dimensions);
            }
        }
    }

    /// A call of the function `name`, where it comes next.
    fn option_call(&mut self, name: &str) -> Result<Option<Call>, ParseError> {
        let lexeme = self.peek();
        if lexeme.token != Token::Ident || !lexeme.literal.eq_ignore_ascii_case(name) {
            return Ok(None);
        }
        match self.expr()? {
            Expr::Call(call) => Ok(Some(call)),
            _ => Err(self.error_of(format!("{name} must be a function call"), lexeme.at)),
        }
    }

    fn fill(&mut self) -> Result<Fill, ParseError> {
        let at = self.peek().at;
        let Some(call) = self.option_call("fill")? else { return Ok(Fill::Null) };
        let [option] = call.args.as_slice() else {
            let message = "fill requires an argument, e.g.: 0, null, none, previous, linear";
            return Err(self.error_of(message, at));
        };
        match option {
            Expr::Integer(value) => Ok(Fill::Integer(*value)),
            Expr::Number(value) => Ok(Fill::Number(*value)),
            Expr::Reference(word) => match word.name.as_str() {
                "null" => Ok(Fill::Null),
                "none" => Ok(Fill::None),
                "previous" => Ok(Fill::Previous),
                "linear" => Ok(Fill::Linear),
                _ => Err(self.error_of("expected number argument in fill()", at)),
            },
            _ => Err(self.error_of("expected number argument in fill()", at)),
        }
    }

    fn zone(&mut self) -> Result<Option<String>, ParseError> {
        let at = self.peek().at;
        let Some(call) = self.option_call("tz")? else { return Ok(None) };
        let [name] = call.args.as_slice() else {
            return Err(self.error_of("tz requires exactly one argument", at));
        };
        let Expr::Text(name) = name else {
            return Err(self.error_of("expected string argument in tz()", at));
        };
        if Zone::find(name).is_none() {
            return Err(self.error_of(format!("unable to find time zone {name}"), at));
        }
        Ok(Some(name.clone()))
    }

    /// `ORDER BY`, where it comes next.
    pub(super) fn order_by(&mut self) -> Result<Option<Order>, ParseError> {
        if !self.take_word(Keyword::Order) {
            return Ok(None);
        }
        self.expect_word(Keyword::By)?;
        let lexeme = self.next();
        let order = match lexeme.token {
            Token::Keyword(Keyword::Asc) => Order::Ascending,
            Token::Keyword(Keyword::Desc) => Order::Descending,
            Token::Ident if lexeme.literal == "time" => match self.peek().token {
                Token::Keyword(word @ (Keyword::Asc | Keyword::Desc)) => {
                    self.next();
                    if word == Keyword::Asc { Order::Ascending } else { Order::Descending }
                }
                _ => Order::Ascending,
            },
            Token::Ident => return Err(self.only_time(lexeme.at)),
            _ => return Err(self.unexpected(&lexeme, &["identifier", "ASC", "DESC"])),
        };
        if self.peek().token == Token::Comma {
            return Err(self.only_time(lexeme.at));
        }
        Ok(Some(order))
    }

    fn only_time(&self, at: crate::influxql::scanner::Position) -> ParseError {
        self.error_of("only ORDER BY time supported at this time", at)
    }

    /// `LIMIT`, `OFFSET`, `SLIMIT` and `SOFFSET`, in this order.
    pub(super) fn limits(&mut self) -> Result<Limits, ParseError> {
        Ok(Limits {
            limit: self.optional_count(Keyword::Limit)?,
            offset: self.optional_count(Keyword::Offset)?,
            slimit: self.optional_count(Keyword::Slimit)?,
            soffset: self.optional_count(Keyword::Soffset)?,
        })
    }
}

/// A measurement of the names before it and itself; a pattern takes the name's place.
fn measurement(mut segments: Vec<String>, pattern: Option<Name>) -> Measurement {
    let name = pattern.unwrap_or_else(|| Name::Is(segments.pop().unwrap_or_default()));
    let mut named = || segments.pop().filter(|segment| !segment.is_empty());
    let policy = named();
    Measurement { policy, database: named(), name }
}
