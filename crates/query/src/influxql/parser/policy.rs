//! `CREATE`, `ALTER` and `DROP` of databases and retention policies.

use super::Parser;
use crate::influxql::ast::{AlterPolicy, CreateDatabase, CreatePolicy, PolicySpec, Statement};
use crate::influxql::error::ParseError;
use crate::influxql::token::{Keyword, Token};
use model::Span;

/// The most copies InfluxDB's grammar knows.
const REPLICATION_MAX: u32 = i32::MAX as u32;

impl Parser<'_> {
    /// What follows `CREATE`; `start` is where that word stands.
    pub(super) fn create(&mut self, start: usize) -> Result<Statement, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::Database) => self.create_database(),
            Token::Keyword(Keyword::Retention) => {
                self.expect_word(Keyword::Policy)?;
                self.create_policy()
            }
            Token::Keyword(
                word @ (Keyword::Continuous | Keyword::User | Keyword::Subscription),
            ) => Ok(self.foreign(start, &format!("CREATE {}", word.text()))),
            _ => {
                let expected = ["CONTINUOUS", "DATABASE", "USER", "RETENTION", "SUBSCRIPTION"];
                Err(self.unexpected(&lexeme, &expected))
            }
        }
    }

    /// What follows `DROP`; `start` is where that word stands.
    pub(super) fn drop(&mut self, start: usize) -> Result<Statement, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::Keyword(Keyword::Database) => {
                Ok(Statement::DropDatabase { name: self.ident()? })
            }
            Token::Keyword(Keyword::Series) => self.delete().map(Statement::DropSeries),
            Token::Keyword(Keyword::Measurement) => {
                Ok(Statement::DropMeasurement { name: self.ident()? })
            }
            Token::Keyword(Keyword::Retention) => {
                self.expect_word(Keyword::Policy)?;
                let name = self.ident()?;
                self.expect_word(Keyword::On)?;
                Ok(Statement::DropPolicy { name, database: self.ident()? })
            }
            Token::Keyword(
                word @ (Keyword::Continuous
                | Keyword::Shard
                | Keyword::Subscription
                | Keyword::User),
            ) => Ok(self.foreign(start, &format!("DROP {}", word.text()))),
            _ => {
                let expected = [
                    "CONTINUOUS",
                    "DATABASE",
                    "MEASUREMENT",
                    "RETENTION",
                    "SERIES",
                    "SHARD",
                    "SUBSCRIPTION",
                    "USER",
                ];
                Err(self.unexpected(&lexeme, &expected))
            }
        }
    }

    fn create_database(&mut self) -> Result<Statement, ParseError> {
        let name = self.ident()?;
        if !self.take_word(Keyword::With) {
            return Ok(Statement::CreateDatabase(CreateDatabase { name, policy: None }));
        }
        let lexeme = self.peek();
        if !matches!(
            lexeme.token,
            Token::Keyword(
                Keyword::Duration | Keyword::Name | Keyword::Replication | Keyword::Shard
            )
        ) {
            return Err(self.unexpected(&lexeme, &["DURATION", "NAME", "REPLICATION", "SHARD"]));
        }
        let mut policy = PolicySpec::default();
        if self.take_word(Keyword::Duration) {
            policy.duration = Some(self.duration()?);
        }
        if self.take_word(Keyword::Replication) {
            policy.replication = Some(self.bounded(1, REPLICATION_MAX)?);
        }
        if self.take_word(Keyword::Shard) {
            policy.shard = Some(self.shard_duration()?);
        }
        if self.take_word(Keyword::Name) {
            policy.name = Some(self.ident()?);
        }
        Ok(Statement::CreateDatabase(CreateDatabase { name, policy: Some(policy) }))
    }

    fn create_policy(&mut self) -> Result<Statement, ParseError> {
        let name = self.ident()?;
        self.expect_word(Keyword::On)?;
        let database = self.ident()?;
        self.expect_word(Keyword::Duration)?;
        let duration = self.duration()?;
        self.expect_word(Keyword::Replication)?;
        let replication = self.bounded(1, REPLICATION_MAX)?;
        let shard =
            if self.take_word(Keyword::Shard) { Some(self.shard_duration()?) } else { None };
        let default = self.take_word(Keyword::Default);
        let create = CreatePolicy { name, database, duration, replication, shard, default };
        Ok(Statement::CreatePolicy(create))
    }

    /// What follows `ALTER`.
    pub(super) fn alter(&mut self) -> Result<Statement, ParseError> {
        self.expect_word(Keyword::Retention)?;
        self.expect_word(Keyword::Policy)?;
        let lexeme = self.next();
        let name = match lexeme.token {
            Token::Keyword(Keyword::Default) => "default".to_owned(),
            Token::Ident => lexeme.literal,
            _ => return Err(self.unexpected(&lexeme, &["identifier"])),
        };
        self.expect_word(Keyword::On)?;
        let database = self.ident()?;
        let mut alter =
            AlterPolicy { name, database, change: PolicySpec::default(), default: false };
        let mut found = Vec::new();
        loop {
            let lexeme = self.peek();
            if found.contains(&lexeme.token) {
                let message = format!("found duplicate {} option", lexeme.token);
                return Err(self.error_at(message, lexeme.at));
            }
            if !self.alter_option(&mut alter)? {
                if found.is_empty() {
                    let expected = ["DURATION", "REPLICATION", "SHARD", "DEFAULT"];
                    return Err(self.unexpected(&lexeme, &expected));
                }
                return Ok(Statement::AlterPolicy(alter));
            }
            found.push(lexeme.token);
        }
    }

    /// One thing to change, where one comes next.
    fn alter_option(&mut self, alter: &mut AlterPolicy) -> Result<bool, ParseError> {
        if self.take_word(Keyword::Duration) {
            let duration: Span = self.duration()?;
            alter.change.duration = Some(duration);
        } else if self.take_word(Keyword::Replication) {
            alter.change.replication = Some(self.bounded(1, REPLICATION_MAX)?);
        } else if self.take_word(Keyword::Shard) {
            alter.change.shard = Some(self.shard_duration()?);
        } else if self.take_word(Keyword::Default) {
            alter.default = true;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}
