use super::*;

fn check(text: &str, expected: Option<&str>) {
    let printed = text.parse::<Span>().ok().map(|span| span.to_string());
    assert_eq!(printed.as_deref(), expected, "{text:?}");
}

#[test]
fn durations_are_read_and_printed_in_one_form() {
    check("5m", Some("5m"));
    check("5 minutes", Some("5m"));
    check("30 minutes", Some("30m"));
    check("1h30m", Some("1h30m"));
    check("90s", Some("1m30s"));
    check("1.5h", Some("1h30m"));
    check("15d", Some("15d"));
    check("2w", Some("2w"));
    check("0", Some("0s"));
    check("250ms", Some("250ms"));
}

#[test]
fn what_is_not_a_duration_is_refused() {
    for text in ["", "5", "m", "5 parsecs", "-5m", "5m3", "99999999999999y", "1e3s"] {
        check(text, None);
    }
}
