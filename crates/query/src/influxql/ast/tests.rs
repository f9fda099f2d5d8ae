//! Printing of names and durations.

use super::{format_duration, quote_ident};

#[test]
fn names_are_quoted_where_they_must_be() {
    for (name, expected) in [
        ("cpu", "cpu"),
        ("_internal", "_internal"),
        ("0cpu", "\"0cpu\""),
        ("Select", "\"Select\""),
        ("a b", "\"a b\""),
        ("", "\"\""),
        ("say \"hi\"\\", "\"say \\\"hi\\\"\\\\\""),
        ("größe", "\"größe\""),
    ] {
        assert_eq!(quote_ident(name), expected);
    }
}

#[test]
fn durations_print_in_the_longest_unit_that_divides_them() {
    for (nanoseconds, expected) in [
        (0, "0s"),
        (604_800_000_000_000, "1w"),
        (691_200_000_000_000, "8d"),
        (5_400_000_000_000, "90m"),
        (-1_500_000_000, "-1500ms"),
        (1_001, "1001ns"),
    ] {
        assert_eq!(format_duration(nanoseconds), expected);
    }
}
