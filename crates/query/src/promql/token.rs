//! The smallest pieces of the language.

use super::position::Position;
use super::quote::quote;

/// What a token is. Keywords are words here: whether `sum` is an operator or a metric only
/// its surroundings tell.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum TokenKind {
    /// Past the last character.
    Eof,
    /// What cannot be a token, with the reason.
    Bad(String),
    /// A name or keyword; may hold colons.
    Word,
    /// A number.
    Number(f64),
    /// A duration, in seconds.
    Duration(f64),
    /// A quoted text, without quotes and escapes.
    Text(String),
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    Assign,
    Equal,
    NotEqual,
    Matches,
    NotMatches,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Caret,
    At,
}

/// One token and the text it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub kind: TokenKind,
    pub text: &'a str,
    pub position: Position,
}

/// Words that mean something where an operator or a clause may stand.
const KEYWORDS: [&str; 8] =
    ["offset", "by", "without", "on", "ignoring", "group_left", "group_right", "bool"];
/// Operators that are words.
const WORD_OPERATORS: [&str; 4] = ["and", "or", "unless", "atan2"];

impl Token<'_> {
    /// Whether it is this word, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// How an error message names it, as Prometheus does.
    pub fn describe(&self) -> String {
        match &self.kind {
            TokenKind::Eof => "end of input".to_owned(),
            TokenKind::Bad(reason) => reason.clone(),
            TokenKind::Word => self.describe_word(),
            TokenKind::Number(_) => format!("number {}", quote(self.text)),
            TokenKind::Duration(_) => format!("duration {}", quote(self.text)),
            TokenKind::Text(_) => format!("string {}", quote(self.text)),
            TokenKind::LeftParen
            | TokenKind::RightParen
            | TokenKind::LeftBrace
            | TokenKind::RightBrace
            | TokenKind::LeftBracket
            | TokenKind::RightBracket
            | TokenKind::Comma
            | TokenKind::Colon
            | TokenKind::Assign
            | TokenKind::At => quote(self.text),
            _ => format!("<op:{}>", self.text),
        }
    }

    fn describe_word(&self) -> String {
        let lower = self.text.to_ascii_lowercase();
        if KEYWORDS.contains(&lower.as_str()) {
            format!("<{}>", self.text)
        } else if WORD_OPERATORS.contains(&lower.as_str()) {
            format!("<op:{}>", self.text)
        } else if self.text.contains(':') {
            format!("metric identifier {}", quote(self.text))
        } else {
            format!("identifier {}", quote(self.text))
        }
    }
}
