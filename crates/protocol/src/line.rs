//! InfluxDB's line protocol, as InfluxDB 1.8 and 2.x read it.
//!
//! ```text
//! measurement,tag=value,tag=value field=1.5,other=2i,text="a b" 1700000000000000000
//! └──────────── key ────────────┘ └────────── fields ─────────┘ └──── timestamp ───┘
//! ```
//!
//! - The **key** ends at the first space that no backslash precedes. [`Decoder`] lends it as
//!   it came; [`identify`] takes it apart, once for each stream.
//! - **Escapes**: a backslash before a comma, a space or (in tags and field names) an equals
//!   sign takes its meaning away, in field names also before a quote; inside a quoted
//!   string before a quote or a backslash. Anywhere else a backslash is a plain character,
//!   so that a name cannot end in one.
//! - **Lines** end at a line feed, perhaps with a carriage return before it; inside a quoted
//!   string both are text. Lines that are blank or start with `#` are passed over.
//! - **Errors** use InfluxDB's words. A line that is refused is stepped over as a whole,
//!   strings with line feeds included, except where its quotes do not match: then only its
//!   first physical line is, so that one lost quote does not swallow the body.
//!
//! Three deliberate differences from InfluxDB: carriage returns are accepted, a backslash
//! at the end of a line outside a string does not join it with the next, and text directly
//! after a closing quote is refused.

mod decoder;
mod encoder;
mod key;
mod number;
mod precision;
mod reader;

pub use decoder::Decoder;
pub use encoder::{Encoder, Fields, Point};
pub use key::identify;
pub use precision::Precision;

use model::Refusal;
use std::borrow::Cow;

/// What is wrong with a line, in InfluxDB's words where it has some.
type Flaw = Cow<'static, str>;

/// The longest key, as in InfluxDB.
const KEY_BYTES_MAX: usize = 65_535;

/// How much of a refused line stands in its message.
const QUOTED_CHARS_MAX: usize = 120;

/// The name that InfluxDB keeps for the timestamp: no tag and no field may have it.
const RESERVED: &str = "time";

/// The refusal of `line`.
fn malformed(line: &[u8], reason: Flaw) -> Refusal {
    // Four bytes a character at most: no more of a huge line needs to be looked at.
    let head = &line[..line.len().min((QUOTED_CHARS_MAX + 1) * 4)];
    let head = String::from_utf8_lossy(head);
    let mut text: String = head.chars().take(QUOTED_CHARS_MAX).collect();
    if text.len() < head.len() {
        text.pop();
        text.push('…');
    }
    Refusal::Malformed { text, reason: reason.into_owned() }
}

/// Whether a value or a line ends at `at`.
#[inline]
fn ends_at(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None | Some(b',' | b' ' | b'\n') => true,
        Some(b'\r') => ends_line_at(bytes, at),
        Some(_) => false,
    }
}

/// Whether a line ends at `at`.
#[inline]
fn ends_line_at(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        None | Some(b'\n') => true,
        Some(b'\r') => matches!(bytes.get(at + 1), None | Some(b'\n')),
        Some(_) => false,
    }
}

/// What InfluxDB takes for white space between the parts of a line.
#[inline]
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0)
}

/// The line without the characters that end it.
fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
