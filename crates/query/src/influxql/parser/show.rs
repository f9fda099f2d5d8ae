//! `SHOW`.

use super::Parser;
use crate::influxql::ast::{
    Counted, KeyFilter, Limits, Show, ShowCardinality, ShowMeasurements, Statement,
};
use crate::influxql::error::ParseError;
use crate::influxql::token::{Keyword, Operator, Token};

/// What can be shown.
const SHOWN: [&str; 16] = [
    "CONTINUOUS",
    "DATABASES",
    "DIAGNOSTICS",
    "FIELD",
    "GRANTS",
    "MEASUREMENT",
    "MEASUREMENTS",
    "QUERIES",
    "RETENTION",
    "SERIES",
    "SHARD",
    "SHARDS",
    "STATS",
    "SUBSCRIPTIONS",
    "TAG",
    "USERS",
];

impl Parser<'_> {
    /// What follows `SHOW`; `start` is where that word stands.
    pub(super) fn show(&mut self, start: usize) -> Result<Statement, ParseError> {
        let lexeme = self.next();
        let Token::Keyword(keyword) = lexeme.token else {
            return Err(self.unexpected(&lexeme, &SHOWN));
        };
        match keyword {
            Keyword::Databases => Ok(Statement::ShowDatabases),
            Keyword::Measurements => self.show_measurements(),
            Keyword::Measurement => {
                let exact = self.exact(&["EXACT", "CARDINALITY"])?;
                self.cardinality(Counted::Measurements, exact)
            }
            Keyword::Retention => {
                self.expect_word(Keyword::Policies)?;
                Ok(Statement::ShowPolicies { database: self.on()? })
            }
            Keyword::Series => self.show_series(),
            Keyword::Tag => self.show_tag(),
            Keyword::Field => self.show_field(),
            Keyword::Continuous
            | Keyword::Diagnostics
            | Keyword::Grants
            | Keyword::Queries
            | Keyword::Shard
            | Keyword::Shards
            | Keyword::Stats
            | Keyword::Subscriptions
            | Keyword::Users => Ok(self.foreign(start, &format!("SHOW {}", keyword.text()))),
            _ => Err(self.unexpected(&lexeme, &SHOWN)),
        }
    }

    fn show_measurements(&mut self) -> Result<Statement, ParseError> {
        let database = self.on()?;
        let mut with = None;
        if self.take_word(Keyword::With) {
            self.expect_word(Keyword::Measurement)?;
            let lexeme = self.next();
            match lexeme.token {
                Token::Operator(Operator::Eq | Operator::Like) => {
                    with = Some(self.measurement()?.name);
                }
                _ => return Err(self.unexpected(&lexeme, &["=", "=~"])),
            }
        }
        let condition = self.condition()?;
        self.order_by()?;
        let limits = self.row_limits()?;
        Ok(Statement::ShowMeasurements(ShowMeasurements { database, with, condition, limits }))
    }

    fn show_series(&mut self) -> Result<Statement, ParseError> {
        if matches!(self.peek().token, Token::Keyword(Keyword::Exact | Keyword::Cardinality)) {
            let exact = self.exact(&["CARDINALITY"])?;
            return self.cardinality(Counted::Series, exact);
        }
        let (database, sources) = (self.on()?, self.from()?);
        let condition = self.condition()?;
        self.order_by()?;
        let limits = self.row_limits()?;
        Ok(Statement::ShowSeries(Show { database, sources, keys: None, condition, limits }))
    }

    fn show_tag(&mut self) -> Result<Statement, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::Key) => {
                let exact = self.exact(&["EXACT", "CARDINALITY"])?;
                self.cardinality(Counted::TagKeys, exact)
            }
            Token::Keyword(Keyword::Keys) => self.show_tag_keys(),
            Token::Keyword(Keyword::Values) => self.show_tag_values(),
            _ => Err(self.unexpected(&lexeme, &["KEY", "KEYS", "VALUES"])),
        }
    }

    fn show_tag_keys(&mut self) -> Result<Statement, ParseError> {
        let (database, sources) = (self.on()?, self.from()?);
        let with = self.peek().token == Token::Keyword(Keyword::With);
        let keys = if with { Some(self.with_key()?) } else { None };
        let condition = self.condition()?;
        self.order_by()?;
        let limits = self.limits()?;
        Ok(Statement::ShowTagKeys(Show { database, sources, keys, condition, limits }))
    }

    fn show_tag_values(&mut self) -> Result<Statement, ParseError> {
        if matches!(self.peek().token, Token::Keyword(Keyword::Exact | Keyword::Cardinality)) {
            let exact = self.exact(&["CARDINALITY"])?;
            return self.cardinality(Counted::TagValues, exact);
        }
        let (database, sources) = (self.on()?, self.from()?);
        let keys = Some(self.with_key()?);
        let condition = self.condition()?;
        self.order_by()?;
        let limits = self.row_limits()?;
        Ok(Statement::ShowTagValues(Show { database, sources, keys, condition, limits }))
    }

    fn show_field(&mut self) -> Result<Statement, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::Key) => {
                let exact = self.exact(&["EXACT", "CARDINALITY"])?;
                self.cardinality(Counted::FieldKeys, exact)
            }
            Token::Keyword(Keyword::Keys) => {
                let (database, sources) = (self.on()?, self.from()?);
                self.order_by()?;
                let limits = self.row_limits()?;
                let (keys, condition) = (None, None);
                Ok(Statement::ShowFieldKeys(Show { database, sources, keys, condition, limits }))
            }
            _ => Err(self.unexpected(&lexeme, &["KEY", "KEYS"])),
        }
    }

    /// `EXACT CARDINALITY` or `CARDINALITY`, and whether it was the former.
    fn exact(&mut self, expected: &[&str]) -> Result<bool, ParseError> {
        let exact = self.take_word(Keyword::Exact);
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::Cardinality) => Ok(exact),
            _ if exact => Err(self.unexpected(&lexeme, &["CARDINALITY"])),
            _ => Err(self.unexpected(&lexeme, expected)),
        }
    }

    fn cardinality(&mut self, counted: Counted, exact: bool) -> Result<Statement, ParseError> {
        let (database, sources) = (self.on()?, self.from()?);
        let keys = if counted == Counted::TagValues { Some(self.with_key()?) } else { None };
        let condition = self.condition()?;
        let grouped = self.peek();
        if !self.dimensions()?.is_empty() {
            let message = "GROUP BY is not supported in SHOW CARDINALITY by this server";
            return Err(self.error_of(message, grouped.at));
        }
        let limits = self.row_limits()?;
        let show = Show { database, sources, keys, condition, limits };
        Ok(Statement::ShowCardinality(ShowCardinality { counted, exact, show }))
    }

    /// `ON database`, where it comes next.
    fn on(&mut self) -> Result<Option<String>, ParseError> {
        if self.take_word(Keyword::On) { self.ident().map(Some) } else { Ok(None) }
    }

    fn row_limits(&mut self) -> Result<Limits, ParseError> {
        let limit = self.optional_count(Keyword::Limit)?;
        let offset = self.optional_count(Keyword::Offset)?;
        Ok(Limits { limit, offset, ..Limits::default() })
    }

    /// `WITH KEY …`.
    fn with_key(&mut self) -> Result<KeyFilter, ParseError> {
        self.expect_word(Keyword::With)?;
        self.expect_word(Keyword::Key)?;
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::In) => {
                self.expect(Token::LeftParen)?;
                let mut keys = vec![self.ident()?];
                while self.take(Token::Comma) {
                    keys.push(self.ident()?);
                }
                self.expect(Token::RightParen)?;
                Ok(KeyFilter::In(keys))
            }
            Token::Operator(Operator::Eq) => self.ident().map(KeyFilter::Equal),
            Token::Operator(Operator::NotEq) => self.ident().map(KeyFilter::NotEqual),
            Token::Operator(Operator::Like) => self.expect_regex().map(KeyFilter::Like),
            Token::Operator(Operator::NotLike) => self.expect_regex().map(KeyFilter::NotLike),
            _ => Err(self.unexpected(&lexeme, &["IN", "=", "=~"])),
        }
    }
}
