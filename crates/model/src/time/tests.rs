use super::*;

#[test]
fn arithmetic_saturates_at_the_ends() {
    assert_eq!(Timestamp::MAX + Span(1), Timestamp::MAX);
    assert_eq!(Timestamp::MIN - Span(1), Timestamp::MIN);
    assert_eq!(Timestamp::MAX - Timestamp::MIN, Span(i64::MAX));
    assert_eq!(Timestamp::MIN.floor(Span(7)).0, i64::MIN);
}

#[test]
fn rounding_goes_down_before_the_epoch_too() {
    assert_eq!(Timestamp(-1).floor(Span(10)), Timestamp(-10));
    assert_eq!(Timestamp(-1).as_millis(), -1);
    assert_eq!(Timestamp::from_millis(-1500).as_secs_f64(), -1.5);
}

#[test]
fn ranges_include_both_ends() {
    let range = |start, end| TimeRange::new(Timestamp(start), Timestamp(end));
    assert!(range(1, 3).overlaps(&range(3, 5)));
    assert!(!range(1, 3).overlaps(&range(4, 5)));
    assert!(range(1, 3).intersect(&range(4, 5)).is_empty());
    assert_eq!(range(1, 3).union(&range(4, 5)), range(1, 5));
    assert!(range(1, 1).contains(Timestamp(1)));
}
