//! Functions from point to point.

use super::apply;
use crate::influxql::answer::Cell;
use crate::influxql::plan::Step;
use crate::influxql::run::gather::Point;
use crate::influxql::run::grid::Grid;
use model::{TimeRange, Timestamp};

fn made(step: Step, points: &[(i64, Cell)]) -> Vec<(i64, Cell)> {
    let points =
        points.iter().map(|(at, value)| Point { at: *at, value: value.clone(), aux: None });
    let range = TimeRange::new(Timestamp(0), Timestamp(100));
    let grid = Grid { interval: None, zone: None, range };
    let made = apply(step, points.collect(), &grid, true);
    made.into_iter().map(|point| (point.at, point.value)).collect()
}

#[test]
fn points_without_a_value_are_passed_over() {
    let points = [(0, Cell::Integer(1)), (1, Cell::Null), (2, Cell::Integer(5))];
    let step = Step::Difference { non_negative: false };
    assert_eq!(made(step, &points), [(2, Cell::Integer(4))]);
    let step = Step::Derivative { unit: 1, non_negative: false };
    assert_eq!(made(step, &points), [(2, Cell::Float(2.0))]);
    assert_eq!(made(Step::Elapsed { unit: 1 }, &points), [(2, Cell::Integer(2))]);
}

#[test]
fn of_several_points_at_one_time_the_first_counts() {
    let points = [(0, Cell::Integer(1)), (0, Cell::Integer(9)), (2, Cell::Integer(5))];
    let step = Step::Difference { non_negative: false };
    assert_eq!(made(step, &points), [(2, Cell::Integer(4))]);
}

#[test]
fn unsigned_rates_fall_below_zero_but_differences_wrap() {
    let points = [(0, Cell::Unsigned(5)), (1, Cell::Unsigned(3))];
    let rate = Step::Derivative { unit: 1, non_negative: false };
    assert_eq!(made(rate, &points), [(1, Cell::Float(-2.0))]);
    let difference = Step::Difference { non_negative: false };
    assert_eq!(made(difference, &points), [(1, Cell::Unsigned(u64::MAX - 1))]);
    assert_eq!(made(Step::Difference { non_negative: true }, &points), []);
}

#[test]
fn averages_wait_until_they_are_full() {
    let points = [1.0, 2.0, 6.0].map(Cell::Float);
    let points: Vec<_> = points.into_iter().enumerate().map(|(at, v)| (at as i64, v)).collect();
    let averages = made(Step::MovingAverage(2), &points);
    assert_eq!(averages, [(1, Cell::Float(1.5)), (2, Cell::Float(4.0))]);
    assert_eq!(made(Step::MovingAverage(4), &points), []);
}
