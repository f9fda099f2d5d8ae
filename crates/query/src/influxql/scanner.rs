//! Text to tokens.
//!
//! A scanner is a small copyable position in a text: looking ahead is scanning with a copy.
//! Whether `/` divides or starts a pattern depends on what the parser expects, so patterns
//! have a method of their own.
//!
//! InfluxDB counts the end of the text as a character once something has run into it, and
//! its messages show that; [`Scanner`] counts alike.

use super::token::{Operator, Token, lookup};

/// Where something stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Position {
    /// Bytes from the start.
    pub(crate) offset: usize,
    /// Lines from 0.
    pub(crate) line: u32,
    /// Characters from the line's start, from 0.
    pub(crate) column: u32,
}

/// A token and where it stood.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Lexeme {
    /// What it is.
    pub(crate) token: Token,
    /// Where it starts.
    pub(crate) at: Position,
    /// Its value where tokens of its kind differ: a name, a number, a text without quotes.
    pub(crate) literal: String,
}

impl Lexeme {
    /// How messages call it.
    pub(crate) fn found(&self) -> String {
        if self.literal.is_empty() { self.token.to_string() } else { self.literal.clone() }
    }
}

/// A position in a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: Position,
    /// Whether something has run into the end already.
    ended: bool,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: Position::default(), ended: false }
    }

    /// Where the next token starts.
    pub(crate) fn position(&self) -> Position {
        self.at
    }

    /// The text between two offsets.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The next character; it stays.
    pub(crate) fn peek(&self) -> Option<char> {
        self.text[self.at.offset..].chars().next()
    }

    /// The next token, blanks and comments included.
    pub(crate) fn scan(&mut self) -> Lexeme {
        let at = self.at;
        let Some(first) = self.peek() else {
            return self.end();
        };
        if is_blank(first) {
            self.take_while(is_blank);
            self.touch_end();
            let literal = self.slice(at.offset, self.at.offset).to_owned();
            return Lexeme { token: Token::Blank, at, literal };
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return self.word(at);
        }
        let digit_follows = self.text[at.offset + first.len_utf8()..].starts_with(is_digit);
        if is_digit(first) || (first == '.' && digit_follows) {
            return self.number(at);
        }
        match first {
            '"' => self.quoted(at, Token::Ident),
            '\'' => self.quoted(at, Token::Text),
            '$' => self.parameter(at),
            _ => self.symbol(at, first),
        }
    }

    /// The next token as a pattern; the caller has seen the `/`.
    pub(crate) fn scan_regex(&mut self) -> Lexeme {
        let at = self.at;
        self.bump();
        let mut literal = String::new();
        while let Some(c) = self.bump() {
            match c {
                '/' => return Lexeme { token: Token::Regex, at, literal },
                '\n' => break,
                '\\' if self.peek() == Some('/') => {
                    self.bump();
                    literal.push('/');
                }
                _ => literal.push(c),
            }
        }
        Lexeme { token: Token::BadRegex, at, literal: String::new() }
    }

    /// Runs into the end where it is next, as looking ahead by a character does.
    pub(crate) fn touch_end(&mut self) {
        if self.at.offset == self.text.len() && !self.ended {
            self.ended = true;
            self.at.column += 1;
        }
    }

    fn end(&mut self) -> Lexeme {
        let at = self.at;
        self.touch_end();
        Lexeme { token: Token::Eof, at, literal: String::new() }
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at.offset += c.len_utf8();
        if c == '\n' {
            self.at.line += 1;
            self.at.column = 0;
        } else {
            self.at.column += 1;
        }
        Some(c)
    }

    fn take_while(&mut self, mut fits: impl FnMut(char) -> bool) {
        while self.peek().is_some_and(&mut fits) {
            self.bump();
        }
    }

    fn word(&mut self, at: Position) -> Lexeme {
        self.take_while(is_word);
        let word = self.slice(at.offset, self.at.offset);
        // InfluxDB reads on through a quote that follows immediately and keeps only what
        // is inside, so that `a"b"` names b; nobody writes that, but it parses.
        if self.peek() == Some('"') {
            return self.quoted(at, Token::Ident);
        }
        self.touch_end();
        match lookup(word) {
            Token::Ident => Lexeme { token: Token::Ident, at, literal: word.to_owned() },
            token => Lexeme { token, at, literal: String::new() },
        }
    }

    fn parameter(&mut self, at: Position) -> Lexeme {
        self.bump();
        self.take_while(is_word);
        self.touch_end();
        let literal = self.slice(at.offset, self.at.offset).to_owned();
        Lexeme { token: Token::Parameter, at, literal }
    }

    fn quoted(&mut self, at: Position, token: Token) -> Lexeme {
        let quote = self.bump();
        let mut literal = String::new();
        loop {
            let here = self.at;
            match self.bump() {
                c if c == quote => return Lexeme { token, at, literal },
                None | Some('\n') => return Lexeme { token: Token::BadText, at, literal },
                Some('\\') => match self.bump() {
                    Some('n') => literal.push('\n'),
                    Some(c @ ('\\' | '"' | '\'')) => literal.push(c),
                    other => {
                        let literal = other.map_or("\\".to_owned(), |c| format!("\\{c}"));
                        return Lexeme { token: Token::BadEscape, at: here, literal };
                    }
                },
                Some(c) => literal.push(c),
            }
        }
    }

    fn number(&mut self, at: Position) -> Lexeme {
        self.take_while(is_digit);
        let mut token = Token::Integer;
        let mut end = self.at.offset;
        if self.peek() == Some('.') {
            token = Token::Number;
            self.bump();
            self.take_while(is_digit);
            // `5.` is the number 5, its point is not part of the value.
            if self.at.offset > end + 1 {
                end = self.at.offset;
            }
        } else if self.peek().is_some_and(is_unit) {
            token = Token::Duration;
            self.take_while(|c| is_unit(c) || is_digit(c));
            end = self.at.offset;
        }
        Lexeme { token, at, literal: self.slice(at.offset, end).to_owned() }
    }

    fn symbol(&mut self, at: Position, first: char) -> Lexeme {
        self.bump();
        let second = self.peek();
        let (token, longer) = match (first, second) {
            ('-', Some('-')) => {
                self.take_while(|c| c != '\n');
                (Token::Comment, true)
            }
            ('/', Some('*')) => return self.block_comment(at),
            ('=', Some('~')) => (Token::Operator(Operator::Like), true),
            ('=', _) => (Token::Operator(Operator::Eq), false),
            ('!', Some('=')) | ('<', Some('>')) => (Token::Operator(Operator::NotEq), true),
            ('!', Some('~')) => (Token::Operator(Operator::NotLike), true),
            ('>', Some('=')) => (Token::Operator(Operator::Gte), true),
            ('>', _) => (Token::Operator(Operator::Gt), false),
            ('<', Some('=')) => (Token::Operator(Operator::Lte), true),
            ('<', _) => (Token::Operator(Operator::Lt), false),
            (':', Some(':')) => (Token::DoubleColon, true),
            (':', _) => (Token::Colon, false),
            ('+', _) => (Token::Operator(Operator::Add), false),
            ('-', _) => (Token::Operator(Operator::Sub), false),
            ('*', _) => (Token::Operator(Operator::Mul), false),
            ('/', _) => (Token::Operator(Operator::Div), false),
            ('%', _) => (Token::Operator(Operator::Mod), false),
            ('&', _) => (Token::Operator(Operator::BitAnd), false),
            ('|', _) => (Token::Operator(Operator::BitOr), false),
            ('^', _) => (Token::Operator(Operator::BitXor), false),
            ('(', _) => (Token::LeftParen, false),
            (')', _) => (Token::RightParen, false),
            (',', _) => (Token::Comma, false),
            (';', _) => (Token::Semicolon, false),
            ('.', _) => (Token::Dot, false),
            _ => return Lexeme { token: Token::Illegal, at, literal: first.to_string() },
        };
        if longer {
            self.bump();
        }
        Lexeme { token, at, literal: String::new() }
    }

    fn block_comment(&mut self, at: Position) -> Lexeme {
        let body = self.at.offset + 1;
        let token = match self.text[body..].find("*/") {
            Some(length) => {
                let end = body + length + 2;
                while self.at.offset < end {
                    self.bump();
                }
                Token::Comment
            }
            None => {
                self.take_while(|_| true);
                self.touch_end();
                Token::Illegal
            }
        };
        Lexeme { token, at, literal: String::new() }
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_unit(c: char) -> bool {
    c.is_ascii_alphabetic() || c == 'µ'
}

/// Whether a bare name may hold this character, though perhaps not start with it.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
