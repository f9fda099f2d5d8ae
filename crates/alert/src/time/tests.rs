use super::*;
use model::Span;

#[test]
fn columns_sort_as_text_and_come_back() {
    for nanos in [0, 1_700_000_000_123_456_000, 1_700_000_000_000_000_000] {
        let text = to_column(Timestamp(nanos));
        assert_eq!(text.len(), "2023-11-14T22:13:20.123456Z".len(), "{text}");
        assert_eq!(from_column(&text), Some(Timestamp(nanos)));
    }
    assert_eq!(from_column("yesterday"), None);
}

#[test]
fn answers_show_no_more_digits_than_needed() {
    assert_eq!(rfc3339(Timestamp::from_secs(0)), "1970-01-01T00:00:00Z");
    assert_eq!(rfc3339(Timestamp(1_500_000_000)), "1970-01-01T00:00:01.5Z");
    assert_eq!(rfc3339(Timestamp(1_123_456_789)), "1970-01-01T00:00:01.123456Z");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = Timestamp::from_secs(784_111_770);
    assert_eq!(retry_after("120", now), Some(Span::from_secs(120)));
    assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Span::from_secs(7)));
    assert_eq!(retry_after("soon", now), None);
}
