//! What follows `DELETE` and `DROP SERIES`.

use super::Parser;
use crate::influxql::ast::Delete;
use crate::influxql::error::ParseError;
use crate::influxql::scanner::Position;

impl Parser<'_> {
    /// `FROM` and `WHERE`, of which one must come.
    pub(super) fn delete(&mut self) -> Result<Delete, ParseError> {
        let next = self.peek();
        let sources = self.from()?;
        let refused = sources.iter().find_map(|source| {
            // They mean all policies of the request's database.
            let policy = source.policy.as_ref().map(|_| "retention policy not supported");
            policy.or_else(|| source.database.as_ref().map(|_| "database not supported"))
        });
        if let Some(message) = refused {
            return Err(self.error_at(message.to_owned(), Position::default()));
        }
        let condition = self.condition()?;
        if sources.is_empty() && condition.is_none() {
            return Err(self.unexpected(&next, &["FROM", "WHERE"]));
        }
        Ok(Delete { sources, condition })
    }
}
