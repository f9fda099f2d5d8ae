//! Functions over all points of a window.

use super::{Point, gather};
use crate::influxql::answer::Cell;
use crate::influxql::plan::Gathered;
use crate::influxql::run::grid::Grid;
use model::{TimeRange, Timestamp};

/// What a function makes of one window of integers, as `time:value` words.
fn made(gathered: Gathered, values: &[i64]) -> String {
    let points = values.iter().enumerate().map(|(index, value)| Point {
        at: index as i64 + 1,
        value: Cell::Integer(*value),
        aux: None,
    });
    let range = TimeRange::new(Timestamp(0), Timestamp(10_000));
    let grid = Grid { interval: None, zone: None, range };
    let made = gather(points.collect(), &gathered, &grid, &[], true);
    let words = made.iter().map(|point| match &point.value {
        Cell::Integer(value) => format!("{}:{value}", point.at),
        Cell::Float(value) => format!("{}:{value:?}", point.at),
        other => format!("{}:{other:?}", point.at),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn middles_and_spreads() {
    assert_eq!(made(Gathered::Median, &[5, 1, 3]), "0:3.0");
    assert_eq!(made(Gathered::Median, &[5, 1, 3, 4]), "0:3.5");
    assert_eq!(made(Gathered::Stddev, &[2, 4, 4, 4, 5, 5, 7, 9]), "0:2.138089935299395");
    assert_eq!(made(Gathered::Stddev, &[2]), "0:Null");
    assert_eq!(made(Gathered::Median, &[]), "");
}

#[test]
fn the_mode_is_the_most_frequent_and_then_the_earliest() {
    assert_eq!(made(Gathered::Mode, &[3, 1, 3, 1, 2]), "0:3");
    assert_eq!(made(Gathered::Mode, &[3, 1, 1]), "0:1");
    assert_eq!(made(Gathered::Mode, &[7]), "0:7");
}

#[test]
fn percentiles_are_of_nearest_rank() {
    let values = [10, 20, 30, 40, 50];
    for (percent, expected) in
        [(0.0, ""), (10.0, "1:10"), (50.0, "3:30"), (99.0, "5:50"), (100.0, "5:50"), (120.0, "")]
    {
        assert_eq!(made(Gathered::Percentile(percent), &values), expected, "{percent}");
    }
}

#[test]
fn distinct_values_are_sorted() {
    assert_eq!(made(Gathered::Distinct, &[3, 1, 3, 2]), "0:1 0:2 0:3");
    assert_eq!(made(Gathered::CountDistinct, &[3, 1, 3, 2]), "0:3");
}

#[test]
fn extremes_come_in_the_order_of_time() {
    let top = |count| Gathered::Extreme { greatest: true, count, keys: Vec::new() };
    let bottom = |count| Gathered::Extreme { greatest: false, count, keys: Vec::new() };
    assert_eq!(made(top(2), &[5, 9, 9, 1]), "2:9 3:9");
    assert_eq!(made(top(1), &[5, 9, 9, 1]), "2:9");
    assert_eq!(made(bottom(3), &[5, 9, 9, 1]), "1:5 2:9 4:1");
}

#[test]
fn a_sample_is_as_large_as_asked_and_stays_in_order() {
    let values: Vec<i64> = (0..1_000).collect();
    let picked = made(Gathered::Sample(10), &values);
    let times: Vec<i64> =
        picked.split(' ').map(|word| word.split(':').next().unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 10);
    assert!(times.is_sorted());
    assert_eq!(picked, made(Gathered::Sample(10), &values), "and it is the same again");
    assert_eq!(made(Gathered::Sample(3), &[1, 2]), "1:1 2:2");
}
