//! Quoted texts, as Go writes and reads them.

use std::fmt::Write as _;

/// `text` in double quotes, with escapes that [`unquote`] reads back.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The text between the quotes of `literal`, which starts and ends with the same quote.
///
/// # Errors
/// The reason, when an escape is not one or the result is not UTF-8.
pub(crate) fn unquote(literal: &str) -> Result<String, String> {
    let inner = &literal[1..literal.len() - 1];
    if literal.starts_with('`') || !inner.contains('\\') {
        return Ok(inner.to_owned());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = escape(&rest[at + 1..], &mut out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).map_err(|_| format!("string is not valid UTF-8: {literal}"))
}

/// Reads what follows a backslash into `out`; gives what follows the escape.
fn escape<'a>(rest: &'a str, out: &mut Vec<u8>) -> Result<&'a str, String> {
    let Some(c) = rest.chars().next() else {
        return Err("escape sequence not terminated".to_owned());
    };
    let simple = match c {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '"' | '\'' => c as u8,
        'x' => return numeric(&rest[1..], Digits { count: 2, radix: 16 }, Unit::Byte, out),
        'u' => return numeric(&rest[1..], Digits { count: 4, radix: 16 }, Unit::Char, out),
        'U' => return numeric(&rest[1..], Digits { count: 8, radix: 16 }, Unit::Char, out),
        '0'..='7' => return numeric(rest, Digits { count: 3, radix: 8 }, Unit::Byte, out),
        c => return Err(format!("unknown escape sequence U+{:04X} {c:?}", u32::from(c))),
    };
    out.push(simple);
    Ok(&rest[c.len_utf8()..])
}

/// How a numeric escape is written.
struct Digits {
    count: usize,
    radix: u32,
}

/// What a numeric escape stands for.
enum Unit {
    Byte,
    Char,
}

fn numeric<'a>(
    rest: &'a str,
    digits: Digits,
    unit: Unit,
    out: &mut Vec<u8>,
) -> Result<&'a str, String> {
    let text = rest.get(..digits.count).filter(|t| t.chars().all(|c| c.is_digit(digits.radix)));
    let Some(text) = text else {
        return Err("illegal character or end of input in escape sequence".to_owned());
    };
    let code = u32::from_str_radix(text, digits.radix).unwrap_or(u32::MAX);
    match unit {
        Unit::Byte => match u8::try_from(code) {
            Ok(byte) => out.push(byte),
            Err(_) => return Err("escape sequence is an invalid byte".to_owned()),
        },
        Unit::Char => match char::from_u32(code) {
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => return Err("escape sequence is an invalid Unicode code point".to_owned()),
        },
    }
    Ok(&rest[digits.count..])
}
