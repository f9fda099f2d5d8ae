//! Times and lengths of time as Prometheus's parameters spell them.

use model::{Span, Timestamp};

/// A point in time: seconds since the epoch with a fraction, or RFC 3339. Seconds are
/// rounded to the millisecond, as Prometheus does; times out of reach become the ends.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
    {
        return Ok(Timestamp::from_millis((seconds * 1e3).round() as i64));
    }
    let time: jiff::Timestamp =
        text.parse().map_err(|_| format!("cannot parse {text:?} to a valid timestamp"))?;
    let clamped = time.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
    Ok(Timestamp(i64::try_from(clamped).unwrap_or(i64::MAX)))
}

/// A length of time: seconds with a fraction, or a duration such as `15s`.
pub fn span(text: &str) -> Result<Span, String> {
    let fault = || format!("cannot parse {text:?} to a valid duration");
    if let Ok(seconds) = text.parse::<f64>() {
        let ns = seconds * 1e9;
        // A float cannot hold i64::MAX; the bound is the largest float below it.
        return if ns.abs() < i64::MAX as f64 { Ok(Span(ns.round() as i64)) } else { Err(fault()) };
    }
    text.parse().map_err(|_| fault())
}

#[cfg(test)]
mod tests;
