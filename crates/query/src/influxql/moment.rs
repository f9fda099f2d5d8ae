//! Points in time as text, and time zones.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use model::Timestamp;

/// The earliest point a query can mean; InfluxDB keeps the ones before it as marks.
pub(crate) const TIME_MIN: i64 = i64::MIN + 2;
/// The latest point a query can mean.
pub(crate) const TIME_MAX: i64 = i64::MAX - 1;

/// A time zone a query named with `tz()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name in the machine's database.
    pub fn find(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// How far local time is ahead of UTC at `at`, in nanoseconds.
    pub(crate) fn offset_ns(&self, at: i64) -> i64 {
        i64::from(self.0.to_offset(instant(Timestamp(at))).seconds()) * 1_000_000_000
    }
}

/// `at` as RFC 3339 with as many digits as it needs, in UTC or in `zone`.
pub fn format_time(at: Timestamp, zone: Option<&Zone>) -> String {
    let instant = instant(at);
    let offset = zone.map_or(Offset::UTC, |zone| zone.0.to_offset(instant));
    let local = offset.to_datetime(instant);
    let seconds = offset.seconds();
    if seconds == 0 {
        return format!("{local}Z");
    }
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    // The library's range is far wider than 64 bits of nanoseconds.
    jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default()
}

/// Why a text is not a point in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotATime {
    /// It does not look like a date at all.
    NoDate,
    /// It starts like a date but goes on wrong.
    Malformed,
    /// It lies outside of what 64 bits of nanoseconds can hold.
    TooLate,
    /// It lies outside of what 64 bits of nanoseconds can hold.
    TooEarly,
}

/// Reads `2000-01-01`, `2000-01-01 12:00:00.5` (in `zone`, or UTC) or RFC 3339.
///
/// # Errors
/// When the text is none of them.
pub(crate) fn parse_time(text: &str, zone: Option<&Zone>) -> Result<i64, NotATime> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(5..7), digits(8..10)) else {
        return Err(NotATime::NoDate);
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return Err(NotATime::NoDate);
    }
    let (time, rest) = match bytes.get(10) {
        None => ([0, 0, 0], ""),
        Some(b' ' | b'T') => {
            let parts = (digits(11..13), digits(14..16), digits(17..19));
            let (Some(hour), Some(minute), Some(second)) = parts else {
                return Err(NotATime::Malformed);
            };
            if bytes[13] != b':' || bytes[16] != b':' {
                return Err(NotATime::Malformed);
            }
            ([hour, minute, second], &text[19..])
        }
        Some(_) => return Err(NotATime::Malformed),
    };
    let (nanoseconds, rest) = fraction(rest).ok_or(NotATime::Malformed)?;
    let local = DateTime::new(
        year as i16,
        month as i8,
        day as i8,
        time[0] as i8,
        time[1] as i8,
        time[2] as i8,
        nanoseconds,
    )
    .map_err(|_| NotATime::Malformed)?;
    let stamped = bytes.get(10) == Some(&b'T');
    let instant = match (stamped, rest) {
        (true, "Z") => Offset::UTC.to_timestamp(local),
        (true, _) => offset(rest).ok_or(NotATime::Malformed)?.to_timestamp(local),
        (false, "") => match zone {
            Some(zone) => zone.0.to_timestamp(local),
            None => Offset::UTC.to_timestamp(local),
        },
        (false, _) => return Err(NotATime::Malformed),
    };
    let nanoseconds = instant.map_err(|_| NotATime::Malformed)?.as_nanosecond();
    match i64::try_from(nanoseconds) {
        Ok(fits) => Ok(fits),
        Err(_) if nanoseconds > 0 => Err(NotATime::TooLate),
        Err(_) => Err(NotATime::TooEarly),
    }
}

/// Nanoseconds of a fraction of a second (`.5`), where there is one, and what follows it.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(digits) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    // Digits beyond the ninth are finer than a nanosecond and are cut off.
    let kept = &digits[..length.min(9)];
    let value: i32 = kept.parse().ok()?;
    Some((value * 10i32.pow(9 - kept.len() as u32), &digits[length..]))
}

/// `+01:00`.
fn offset(text: &str) -> Option<Offset> {
    let bytes = text.as_bytes();
    if bytes.len() != 6 || bytes[3] != b':' {
        return None;
    }
    let sign = match bytes[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i32 = text.get(1..3)?.parse().ok()?;
    let minutes: i32 = text.get(4..6)?.parse().ok()?;
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests;
