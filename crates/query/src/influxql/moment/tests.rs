//! Points in time, as people write them.

use super::{NotATime, Zone, format_time, parse_time};
use model::Timestamp;

#[track_caller]
fn check(text: &str, expected: Result<&str, NotATime>) {
    let printed = parse_time(text, None).map(|at| format_time(Timestamp(at), None));
    assert_eq!(printed.as_deref(), expected.as_deref(), "{text}");
}

#[test]
fn every_way_to_write_a_point_in_time_is_read() {
    check("2000-01-01", Ok("2000-01-01T00:00:00Z"));
    check("2000-01-01 12:34:56", Ok("2000-01-01T12:34:56Z"));
    check("2000-01-01 12:34:56.789", Ok("2000-01-01T12:34:56.789Z"));
    check("2000-01-01T12:34:56Z", Ok("2000-01-01T12:34:56Z"));
    check("2000-01-01T12:34:56.000000001Z", Ok("2000-01-01T12:34:56.000000001Z"));
    check("2000-01-01T12:34:56+01:30", Ok("2000-01-01T11:04:56Z"));
    check("2000-01-01T12:34:56.1234567899Z", Ok("2000-01-01T12:34:56.123456789Z"));
}

#[test]
fn what_is_no_time_is_told_apart() {
    check("server01", Err(NotATime::NoDate));
    check("2000-1-1", Err(NotATime::NoDate));
    check("", Err(NotATime::NoDate));
    check("2000-01-01T", Err(NotATime::Malformed));
    check("2000-01-01T12:34:56", Err(NotATime::Malformed));
    check("2000-13-01", Err(NotATime::Malformed));
    check("2000-01-01 25:00:00", Err(NotATime::Malformed));
    check("2000-01-01 10:00:00.", Err(NotATime::Malformed));
    check("3000-01-01", Err(NotATime::TooLate));
    check("1500-01-01", Err(NotATime::TooEarly));
    check("2000-01-0\u{20ac}", Err(NotATime::NoDate));
}

#[test]
fn a_zone_shifts_what_is_read_and_printed() {
    let Some(zone) = Zone::find("America/Los_Angeles") else { return };
    let at = parse_time("2000-04-03 00:00:00", Some(&zone)).unwrap();
    assert_eq!(format_time(Timestamp(at), None), "2000-04-03T07:00:00Z");
    assert_eq!(format_time(Timestamp(at), Some(&zone)), "2000-04-03T00:00:00-07:00");
    assert_eq!(Zone::find("Nowhere/Atlantis"), None);
}
