//! Tokens to trees, by recursive descent.
//!
//! Every message is the one InfluxDB gives at the same place. Nesting and length of
//! expressions are bounded, so that no text can exhaust the stack.

mod delete;
mod duration;
mod expr;
mod policy;
mod select;
mod show;

use super::ast::Statement;
use super::error::ParseError;
use super::scanner::{Lexeme, Position, Scanner};
use super::token::{Keyword, Token};

/// How deep parentheses, calls and subqueries may nest. People write fewer than ten;
/// each level costs some hundred bytes of stack in every later pass.
const DEPTH_MAX: usize = 64;

/// How many operators one text may hold: trees lean to the left, one level for each, and
/// 2,000 levels stay far below the 2 MiB of stack a thread has.
const OPERATORS_MAX: usize = 2_000;

/// Parses statements separated by semicolons.
///
/// # Errors
/// At the first token that does not fit.
pub(crate) fn parse(text: &str) -> Result<Vec<Statement>, ParseError> {
    let mut parser = Parser::new(text);
    let mut statements = Vec::new();
    let mut separated = true;
    loop {
        let lexeme = parser.peek();
        match lexeme.token {
            Token::Eof => return Ok(statements),
            Token::Semicolon => {
                parser.next();
                separated = true;
            }
            _ if !separated => return Err(parser.unexpected(&lexeme, &[";"])),
            _ => {
                statements.push(parser.statement()?);
                separated = false;
            }
        }
    }
}

/// A position in the tokens of a text.
struct Parser<'a> {
    scanner: Scanner<'a>,
    depth: usize,
    operators: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { scanner: Scanner::new(text), depth: 0, operators: 0 }
    }

    fn statement(&mut self) -> Result<Statement, ParseError> {
        let start = self.peek().at.offset;
        let first = self.next();
        let Token::Keyword(keyword) = first.token else {
            return Err(self.unexpected(&first, &STATEMENTS));
        };
        match keyword {
            Keyword::Select => Ok(Statement::Select(Box::new(self.select()?))),
            Keyword::Show => self.show(start),
            Keyword::Create => self.create(start),
            Keyword::Alter => self.alter(),
            Keyword::Drop => self.drop(start),
            Keyword::Delete => self.delete().map(Statement::Delete),
            Keyword::Explain | Keyword::Grant | Keyword::Revoke | Keyword::Set | Keyword::Kill => {
                Ok(self.foreign(start, keyword.text()))
            }
            _ => Err(self.unexpected(&first, &STATEMENTS)),
        }
    }

    /// Takes a statement this server does not answer, up to its end.
    fn foreign(&mut self, start: usize, verb: &str) -> Statement {
        let mut end = self.scanner.position().offset;
        loop {
            let lexeme = self.peek();
            if matches!(lexeme.token, Token::Eof | Token::Semicolon) {
                break;
            }
            self.next();
            end = self.scanner.position().offset;
        }
        let text = self.scanner.slice(start, end).to_owned();
        Statement::Foreign { verb: verb.to_owned(), text }
    }

    /// The next token that is neither blank nor comment; it stays.
    fn peek(&self) -> Lexeme {
        let mut ahead = self.scanner;
        significant(&mut ahead)
    }

    /// The next token that is neither blank nor comment.
    fn next(&mut self) -> Lexeme {
        significant(&mut self.scanner)
    }

    /// The very next token, be it blank; it stays.
    fn peek_adjacent(&self) -> Lexeme {
        let mut ahead = self.scanner;
        ahead.scan()
    }

    /// Takes the next token where it is `wanted`.
    fn take(&mut self, wanted: Token) -> bool {
        let found = self.peek().token == wanted;
        if found {
            self.next();
        }
        found
    }

    /// Takes the next word where it is `wanted`.
    fn take_word(&mut self, wanted: Keyword) -> bool {
        self.take(Token::Keyword(wanted))
    }

    /// Takes the next token, which must be `wanted`.
    fn expect(&mut self, wanted: Token) -> Result<(), ParseError> {
        let lexeme = self.next();
        if lexeme.token == wanted {
            return Ok(());
        }
        Err(self.unexpected(&lexeme, &[&wanted.to_string()]))
    }

    /// Takes the next word, which must be `wanted`.
    fn expect_word(&mut self, wanted: Keyword) -> Result<(), ParseError> {
        self.expect(Token::Keyword(wanted))
    }

    /// A name.
    fn ident(&mut self) -> Result<String, ParseError> {
        let lexeme = self.next();
        match lexeme.token {
            Token::Ident => Ok(lexeme.literal),
            _ => Err(self.unexpected(&lexeme, &["identifier"])),
        }
    }

    /// The names of a dotted name, with the dots' empty places: `db..cpu` is three.
    fn segments(&mut self) -> Result<Vec<String>, ParseError> {
        let mut segments = vec![self.ident()?];
        while self.peek_adjacent().token == Token::Dot {
            self.scanner.scan();
            match self.scanner.peek() {
                Some('/' | ':') => break,
                Some('.') => segments.push(String::new()),
                _ => segments.push(self.ident()?),
            }
        }
        if segments.len() > 3 {
            let quoted: Vec<_> = segments.iter().map(|s| super::ast::quote_ident(s)).collect();
            let message = format!("too many segments in {}", quoted.join("."));
            return Err(self.error_at(message, Position::default()));
        }
        Ok(segments)
    }

    /// A whole number between `least` and `most`.
    fn bounded(&mut self, least: u32, most: u32) -> Result<u32, ParseError> {
        let lexeme = self.next();
        if lexeme.token != Token::Integer {
            return Err(self.unexpected(&lexeme, &["integer"]));
        }
        let value: u64 = lexeme.literal.parse().unwrap_or(u64::MAX);
        match u32::try_from(value) {
            Ok(fits) if least <= fits && fits <= most => Ok(fits),
            _ => {
                let found = &lexeme.literal;
                let message = format!("invalid value {found}: must be {least} <= n <= {most}");
                Err(self.error_at(message, lexeme.at))
            }
        }
    }

    /// `WORD n`, or 0 where the word does not come.
    fn optional_count(&mut self, word: Keyword) -> Result<u64, ParseError> {
        if !self.take_word(word) {
            return Ok(0);
        }
        let lexeme = self.next();
        if lexeme.token != Token::Integer {
            return Err(self.unexpected(&lexeme, &["integer"]));
        }
        // A number too long for 63 bits means the same as the greatest one.
        Ok(lexeme.literal.parse().unwrap_or(i64::MAX as u64).min(i64::MAX as u64))
    }

    /// Goes one level deeper, runs `inner` there and comes back.
    fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let at = self.scanner.position();
            return Err(self.error_at(format!("nested deeper than {DEPTH_MAX} levels"), at));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn unexpected(&self, lexeme: &Lexeme, expected: &[&str]) -> ParseError {
        let message = format!("found {}, expected {}", lexeme.found(), expected.join(", "));
        self.error_at(message, lexeme.at)
    }

    /// An error whose message names its place.
    fn error_at(&self, message: String, at: Position) -> ParseError {
        let (line, column) = (at.line + 1, at.column + 1);
        let message = format!("{message} at line {line}, char {column}");
        ParseError { message, offset: at.offset, line, column }
    }

    /// An error whose message InfluxDB gives without a place.
    fn error_of(&self, message: impl Into<String>, at: Position) -> ParseError {
        let (line, column) = (at.line + 1, at.column + 1);
        ParseError { message: message.into(), offset: at.offset, line, column }
    }
}

/// What a statement can start with.
const STATEMENTS: [&str; 11] = [
    "SELECT", "DELETE", "SHOW", "CREATE", "DROP", "EXPLAIN", "GRANT", "REVOKE", "ALTER", "SET",
    "KILL",
];

fn significant(scanner: &mut Scanner<'_>) -> Lexeme {
    loop {
        let lexeme = scanner.scan();
        if !matches!(lexeme.token, Token::Blank | Token::Comment) {
            return lexeme;
        }
    }
}

#[cfg(test)]
mod tests;
