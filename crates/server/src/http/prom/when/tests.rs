use super::*;

fn check_moment(text: &str, expected: Result<i64, ()>) {
    assert_eq!(moment(text).map(|at| at.0).map_err(|_| ()), expected, "{text}");
}

fn check_span(text: &str, expected: Result<i64, ()>) {
    assert_eq!(span(text).map(|span| span.0).map_err(|_| ()), expected, "{text}");
}

#[test]
fn moments_are_seconds_or_rfc_3339() {
    check_moment("0", Ok(0));
    check_moment("1435781430.781", Ok(1_435_781_430_781_000_000));
    check_moment("1435781430.7812345", Ok(1_435_781_430_781_000_000));
    check_moment("-62.5", Ok(-62_500_000_000));
    check_moment("1e3", Ok(1_000_000_000_000));
    check_moment("1e300", Ok(i64::MAX));
    check_moment("-1e300", Ok(i64::MIN));
    check_moment("2015-07-01T20:10:51.781Z", Ok(1_435_781_451_781_000_000));
    check_moment("2015-07-01T20:10:51+02:00", Ok(1_435_774_251_000_000_000));
    check_moment("1960-01-01T00:00:00Z", Ok(-315_619_200_000_000_000));
    check_moment("0001-01-01T00:00:00Z", Ok(i64::MIN));
    check_moment("yesterday", Err(()));
    check_moment("NaN", Err(()));
    check_moment("", Err(()));
}

#[test]
fn spans_are_seconds_or_durations() {
    check_span("15", Ok(15_000_000_000));
    check_span("0.25", Ok(250_000_000));
    check_span("1h30m", Ok(5_400_000_000_000));
    check_span("15s", Ok(15_000_000_000));
    check_span("-5", Ok(-5_000_000_000));
    check_span("1e300", Err(()));
    check_span("NaN", Err(()));
    check_span("soon", Err(()));
}
