//! Numbers as text.

use std::fmt::Write as _;

/// A sample's value as Prometheus prints it: the fewest digits that read back as the same
/// number, never an exponent; `+Inf`, `-Inf` and `NaN`.
pub fn format_value(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        String::from(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        format!("{value}")
    }
}

/// A number inside a message, as Go's `%g` prints it: with an exponent where it is large or
/// small.
pub(crate) fn format_brief(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return format_value(value);
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format_value(value);
    }
    let mut out = format!("{digits}e{}", if exponent < 0 { '-' } else { '+' });
    let _ = write!(out, "{:02}", exponent.abs());
    out
}
