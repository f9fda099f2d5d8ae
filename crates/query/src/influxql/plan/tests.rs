//! Windows, with and without a zone.

use super::Interval;
use crate::influxql::moment::{TIME_MAX, TIME_MIN, Zone, format_time, parse_time};
use model::Timestamp;

const HOUR: i64 = 3_600_000_000_000;

#[test]
fn windows_start_at_multiples_of_their_length() {
    let interval = Interval { length: 10, offset: 0 };
    for (at, window) in [(0, (0, 10)), (9, (0, 10)), (10, (10, 20)), (-1, (-10, 0))] {
        assert_eq!(interval.window(at, None), window, "{at}");
    }
    let shifted = Interval { length: 10, offset: 3 };
    assert_eq!(shifted.window(2, None), (-7, 3));
    assert_eq!(shifted.window(3, None), (3, 13));
    let back = Interval { length: 10, offset: -3 };
    assert_eq!(back.window(6, None), (-3, 7));
    assert_eq!(back.window(7, None), (7, 17));
}

#[test]
fn the_ends_of_time_cut_windows_off() {
    let interval = Interval { length: HOUR, offset: 0 };
    assert_eq!(interval.window(TIME_MIN, None).0, TIME_MIN);
    assert_eq!(interval.window(TIME_MAX, None).1, TIME_MAX);
    let longest = Interval { length: i64::MAX, offset: 0 };
    assert_eq!(longest.window(5, None), (0, TIME_MAX));
    assert_eq!(longest.window(TIME_MAX, Some(&Zone::find("UTC").unwrap())).1, TIME_MAX);
}

#[test]
fn local_days_grow_and_shrink_with_the_clocks() {
    let Some(zone) = Zone::find("America/Los_Angeles") else { return };
    let day = Interval { length: 24 * HOUR, offset: 0 };
    for (at, start, end) in [
        // The clocks go forward: this day has 23 hours.
        ("2000-04-02T12:00:00-07:00", "2000-04-02T00:00:00-08:00", "2000-04-03T00:00:00-07:00"),
        ("2000-06-01T12:00:00-07:00", "2000-06-01T00:00:00-07:00", "2000-06-02T00:00:00-07:00"),
        // The clocks go back: this day has 25.
        ("2000-10-29T12:00:00-08:00", "2000-10-29T00:00:00-07:00", "2000-10-30T00:00:00-08:00"),
    ] {
        let window = day.window(parse_time(at, None).unwrap(), Some(&zone));
        let print = |at: i64| format_time(Timestamp(at), Some(&zone));
        assert_eq!((print(window.0).as_str(), print(window.1).as_str()), (start, end), "{at}");
    }
}
