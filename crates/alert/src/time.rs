//! Times as text, in answers and in the database, and back.

use jiff::SignedDuration;
use model::Timestamp;

/// RFC 3339 in UTC with as many digits as it takes, six at most, for answers: what is shown
/// before a restart is what the store gives after it.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff(floor_to_micros(at)).to_string()
}

/// RFC 3339 in UTC with six digits, for the database: it sorts as text, and is what both
/// SQLite's date functions and PostgreSQL's `timestamptz` take without loss.
pub(crate) fn to_column(at: Timestamp) -> String {
    format!("{:.6}", jiff(floor_to_micros(at)))
}

/// Reads what [`to_column`] wrote.
pub(crate) fn from_column(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(from_jiff)
}

/// How far a `Retry-After` header asks to wait from `now`: seconds, or an HTTP date.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<model::Span> {
    let header = header.trim();
    if let Ok(secs) = header.parse::<u32>() {
        return Some(model::Span::from_secs(i64::from(secs)));
    }
    let at = jiff::fmt::rfc2822::parse(header).ok()?;
    Some((from_jiff(at.timestamp()) - now).max(model::Span::ZERO))
}

fn floor_to_micros(at: Timestamp) -> Timestamp {
    at.floor(model::Span(1_000))
}

/// Times beyond what a calendar holds are shown at its ends.
fn jiff(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_duration(SignedDuration::from_nanos(at.0)).unwrap_or(if at.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

fn from_jiff(at: jiff::Timestamp) -> Timestamp {
    Timestamp(i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
