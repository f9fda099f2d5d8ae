//! Text to tokens.
//!
//! Never fails: what cannot be a token becomes [`TokenKind::Bad`], and ends the list, so that
//! the parser reports whichever fault comes first in the text.

use super::duration;
use super::position::Position;
use super::quote::unquote;
use super::token::{Token, TokenKind};

/// All tokens of `text`; the last is [`TokenKind::Eof`] or [`TokenKind::Bad`].
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0, in_bracket: false, open_parens: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next();
        let last = matches!(token.kind, TokenKind::Eof | TokenKind::Bad(_));
        tokens.push(token);
        if last {
            return tokens;
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Whether a colon separates range and step here, and is no part of a name.
    in_bracket: bool,
    /// How many parentheses are open here.
    open_parens: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Token<'a> {
        self.skip_blank();
        let start = self.at;
        let kind = match self.peek() {
            None => self.end(),
            Some('"' | '\'' | '`') => self.string(),
            Some(c) if c.is_ascii_digit() => self.number(),
            Some('.') if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                self.number()
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.word(),
            Some(':') if !self.in_bracket => self.word(),
            Some(c) => self.symbol(c),
        };
        let position = Position::new(start, self.at);
        Token { kind, text: &self.text[start..self.at], position }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
            self.at = self.text.len() - rest.len();
            if !rest.starts_with('#') {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    /// The end of the text, which must not come while something is open.
    fn end(&self) -> TokenKind {
        if self.in_bracket {
            TokenKind::Bad("unclosed left bracket".to_owned())
        } else if self.open_parens > 0 {
            TokenKind::Bad("unclosed left parenthesis".to_owned())
        } else {
            TokenKind::Eof
        }
    }

    fn word(&mut self) -> TokenKind {
        let colons = !self.in_bracket;
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || (c == ':' && colons)))
            .unwrap_or(rest.len());
        self.at += end;
        TokenKind::Word
    }

    fn string(&mut self) -> TokenKind {
        let rest = self.rest();
        let quote = rest.as_bytes()[0];
        let mut escaped = false;
        for (index, byte) in rest.bytes().enumerate().skip(1) {
            if escaped {
                escaped = false;
            } else if byte == b'\\' && quote != b'`' {
                escaped = true;
            } else if byte == b'\n' && quote != b'`' {
                break;
            } else if byte == quote {
                self.at += index + 1;
                return unquote(&rest[..=index]).map_or_else(TokenKind::Bad, TokenKind::Text);
            }
        }
        self.at = self.text.len();
        TokenKind::Bad(match quote {
            b'`' => "unterminated raw string".to_owned(),
            _ => "unterminated quoted string".to_owned(),
        })
    }

    /// A number or a duration: whichever the longest run of fitting characters is.
    fn number(&mut self) -> TokenKind {
        let rest = self.rest();
        let mut end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
            .unwrap_or(rest.len());
        // A sign belongs to the number only after its exponent's `e`.
        let decimal = !rest.starts_with("0x") && !rest.starts_with("0X");
        let exponent_open = decimal && rest[..end].ends_with(['e', 'E']);
        if exponent_open && rest[end..].starts_with(['+', '-']) {
            let digits = &rest[end + 1..];
            let count = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            end += 1 + count;
        }
        self.at += end;
        let text = &rest[..end];
        if let Some(value) = parse_number(text) {
            return TokenKind::Number(value);
        }
        match duration::parse_secs(text) {
            Some(secs) => TokenKind::Duration(secs),
            None => TokenKind::Bad(format!("bad number or duration syntax: {text:?}")),
        }
    }

    fn symbol(&mut self, c: char) -> TokenKind {
        const SYMBOLS: [(&str, TokenKind); 25] = [
            ("==", TokenKind::Equal),
            ("=~", TokenKind::Matches),
            ("!=", TokenKind::NotEqual),
            ("!~", TokenKind::NotMatches),
            ("<=", TokenKind::LessEqual),
            (">=", TokenKind::GreaterEqual),
            ("=", TokenKind::Assign),
            ("<", TokenKind::Less),
            (">", TokenKind::Greater),
            ("+", TokenKind::Plus),
            ("-", TokenKind::Minus),
            ("*", TokenKind::Star),
            ("/", TokenKind::Slash),
            ("%", TokenKind::Percent),
            ("^", TokenKind::Caret),
            ("@", TokenKind::At),
            (",", TokenKind::Comma),
            (":", TokenKind::Colon),
            ("(", TokenKind::LeftParen),
            (")", TokenKind::RightParen),
            ("{", TokenKind::LeftBrace),
            ("}", TokenKind::RightBrace),
            ("[", TokenKind::LeftBracket),
            ("]", TokenKind::RightBracket),
            // A lone exclamation mark is no token; it is listed to be named in the error.
            ("!", TokenKind::Eof),
        ];
        let rest = self.rest();
        let found = SYMBOLS.iter().find(|(text, _)| rest.starts_with(text));
        match found {
            None | Some((_, TokenKind::Eof)) => {
                self.at += c.len_utf8();
                TokenKind::Bad(match c {
                    '!' => {
                        let after = self.peek().map_or("end of input".into(), |c| format!("{c:?}"));
                        format!("unexpected character after '!': {after}")
                    }
                    c => format!("unexpected character: {c:?}"),
                })
            }
            Some((text, kind)) => {
                self.at += text.len();
                match kind {
                    TokenKind::LeftBracket => self.in_bracket = true,
                    TokenKind::RightBracket => self.in_bracket = false,
                    TokenKind::LeftParen => self.open_parens += 1,
                    TokenKind::RightParen => {
                        self.open_parens = self.open_parens.saturating_sub(1);
                    }
                    _ => {}
                }
                kind.clone()
            }
        }
    }
}

/// A number as Go reads it: decimal, hexadecimal (`0x1F`), octal with a leading zero,
/// underscores between digits.
fn parse_number(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    if lower.ends_with('_') || lower.contains("__") {
        return None;
    }
    let plain = lower.replace('_', "");
    if let Some(hex) = plain.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().map(|n| n as f64);
    }
    let octal = plain.len() > 1
        && plain.starts_with('0')
        && plain.bytes().all(|b| (b'0'..b'8').contains(&b));
    if octal {
        return u64::from_str_radix(&plain, 8).ok().map(|n| n as f64);
    }
    // Rust also reads words such as "infinity", which are names here.
    let numeric =
        plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'));
    if numeric { plain.parse().ok() } else { None }
}
