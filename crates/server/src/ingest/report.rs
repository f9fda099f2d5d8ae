//! What a client is told of a body that was kept in part.

use model::WriteReport;

/// How long the reason of the first refusal may be, in characters.
const REASON_CHARS_MAX: usize = 1_000;

/// The error for a report with refusals, in InfluxDB's words:
/// `partial write: line 3: unable to parse '…': missing field value (and 4 more lines); dropped=5`.
/// `unit` is what the protocol calls a row: `line` or `sample`.
pub fn partial_write(report: &WriteReport, unit: &str) -> String {
    let mut message = String::from("partial write: ");
    if let Some(first) = report.refused.first() {
        let reason = format!("{unit} {}: {}", first.line, first.why);
        message.extend(reason.chars().take(REASON_CHARS_MAX));
    }
    match report.refused_count.saturating_sub(1) {
        0 => {}
        1 => message.push_str(&format!(" (and 1 more {unit})")),
        more => message.push_str(&format!(" (and {more} more {unit}s)")),
    }
    message.push_str(&format!("; dropped={}", report.refused_count));
    message
}
