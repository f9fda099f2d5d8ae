use super::*;

const DAY: i64 = Span::DAY.0;
const NOW: Timestamp = Timestamp(20_000 * DAY + 7);

fn check(at_day: i64, expected: (u32, u32)) {
    let at = Timestamp(at_day * DAY + 5);
    let chosen = Slice::choose(at, NOW);
    assert_eq!((chosen.day, chosen.days), expected, "day {at_day}");
    assert!(chosen.range().contains(at));
}

#[test]
fn the_farther_the_wider() {
    check(20_000, (20_000, 1));
    check(19_997, (19_997, 1));
    check(20_001, (20_001, 1));
    check(19_996, (19_968, 32));
    check(0, (0, 1024));
    check(106_751, (106_496, 1024));
}

#[test]
fn the_end_of_time_is_inside_its_slice() {
    assert!(Slice::choose(Timestamp::MAX, NOW).range().contains(Timestamp::MAX));
}

#[test]
fn rows_are_cut_where_their_slice_changes() {
    let days = [19_970, 19_996, 19_997, 19_997, 19_999, 20_002, 20_040];
    let times: Vec<i64> = (0..).zip(days).map(|(n, day)| day * DAY + n).collect();
    let runs = cut(&times, NOW);
    let slice = |day, days| Slice { day, days };
    let expected = [
        (slice(19_968, 32), 0..2),
        (slice(19_997, 1), 2..4),
        (slice(19_999, 1), 4..5),
        (slice(20_002, 1), 5..6),
        (slice(20_032, 32), 6..7),
    ];
    assert_eq!(runs, expected);
    assert_eq!(cut(&[], NOW), []);
}
