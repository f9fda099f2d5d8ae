//! Durations as PromQL writes them: `1h30m`, units from the longest, each once.
//!
//! Not [`model::Span`]'s text form, which serves people and also knows words and nanoseconds.

use model::Span;

/// Units from the longest, with their length in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Seconds of `text`, or none where it is not a duration.
pub(crate) fn parse_secs(text: &str) -> Option<f64> {
    let mut total_ms = 0u64;
    let mut units = UNITS.iter();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|&at| at > 0)?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (_, length_ms) = units.find(|(unit, _)| *unit == &tail[..end])?;
        let part_ms = number.parse::<u64>().ok()?.checked_mul(*length_ms)?;
        total_ms = total_ms.checked_add(part_ms)?;
        rest = &tail[end..];
    }
    let secs = total_ms as f64 / 1e3;
    (!text.is_empty() && span_of_secs(secs).is_some()).then_some(secs)
}

/// `secs` as a span of whole milliseconds, as Prometheus rounds it; none where it does not fit.
pub(crate) fn span_of_secs(secs: f64) -> Option<Span> {
    let ms = (secs * 1e3).round();
    // A span holds about 292 years.
    (ms.abs() < 9.2e12).then_some(Span((ms as i64).checked_mul(1_000_000)?))
}

/// The text that [`parse_secs`] reads as `span`, with a sign where it is negative.
pub(crate) fn print(span: Span) -> String {
    let mut rest = span.0.unsigned_abs() / 1_000_000;
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut out = String::from(if span.0 < 0 { "-" } else { "" });
    for (unit, length_ms) in UNITS {
        // Years and weeks only where nothing shorter follows, as people write them.
        let whole = rest.is_multiple_of(length_ms);
        let count = rest / length_ms;
        if count > 0 && (whole || !matches!(unit, "y" | "w")) {
            out.push_str(&format!("{count}{unit}"));
            rest -= count * length_ms;
        }
    }
    out
}
