use super::*;

const SECOND: i64 = 1_000_000_000;

fn ends(count: u64, first: (i64, f64), last: (i64, f64)) -> Ends {
    Ends { count, first: (first.0 * SECOND, first.1), last: (last.0 * SECOND, last.1) }
}

fn of(change: Change, ends: &Ends, falls: &[f64]) -> Option<f64> {
    change.of(ends, (0, 60 * SECOND), falls.iter().copied())
}

#[test]
fn one_sample_has_not_changed() {
    let ends = ends(1, (5, 1.0), (5, 1.0));
    assert_eq!(of(Change::Rate, &ends, &[]), None);
}

#[test]
fn a_change_is_extended_to_the_ends_of_the_window() {
    // Five intervals of 10 s, 5 s from either end.
    let ends = ends(6, (5, 100.0), (55, 200.0));
    assert_eq!(of(Change::Increase, &ends, &[]), Some(120.0));
    assert_eq!(of(Change::Rate, &ends, &[]), Some(2.0));
}

#[test]
fn a_counter_is_not_taken_below_zero() {
    let from_zero = ends(6, (5, 0.0), (55, 100.0));
    assert_eq!(of(Change::Increase, &from_zero, &[]), Some(100.0 * 1.1));
    assert_eq!(of(Change::Delta, &from_zero, &[]), Some(120.0));
}

#[test]
fn what_was_before_a_fall_counts_in_full_for_counters_alone() {
    let fallen = ends(6, (5, 100.0), (55, 50.0));
    assert_eq!(of(Change::Increase, &fallen, &[150.0]), Some(120.0));
    assert_eq!(of(Change::Delta, &fallen, &[150.0]), Some(-60.0));
}

#[test]
fn far_from_an_end_it_goes_on_for_half_a_distance() {
    let short = ends(3, (30, 1_000.0), (40, 1_010.0));
    assert_eq!(of(Change::Increase, &short, &[]), Some(15.0));
}
