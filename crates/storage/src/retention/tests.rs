use super::*;
use crate::block::Sequences;
use crate::slice::Slice;

const NOW: Timestamp = Timestamp(100 * Span::DAY.0);

fn name(class: u16, day: u32, days: u32) -> Name {
    let sequences = Sequences { first: 1, last: 1 };
    let slice = Slice { day, days };
    Name { partition: 0, class: Class(class), slice, sequences, level: 0 }
}

fn check(name: Name, kept_days: Option<i64>, expected: bool) {
    let kept = kept_days.map(|days| Span(days * Span::DAY.0));
    let classes = HashMap::from([(Class(1), kept)]);
    assert_eq!(plan(&[name], &classes, NOW) == [name], expected, "{name} kept {kept_days:?} d");
}

#[test]
fn a_slice_goes_when_its_last_point_is_too_old() {
    check(name(1, 89, 1), Some(10), true);
    check(name(1, 90, 1), Some(10), false);
    check(name(1, 100, 1), Some(10), false);
    check(name(1, 64, 32), Some(10), false);
    check(name(1, 32, 32), Some(36), true);
    check(name(1, 32, 32), Some(37), false);
}

#[test]
fn nothing_goes_without_a_bound_and_all_goes_without_a_class() {
    check(name(1, 0, 1), None, false);
    check(name(2, 100, 1), None, true);
}
