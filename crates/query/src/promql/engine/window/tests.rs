//! Windows that slide against windows that are searched for.

use super::*;
use crate::promql::engine::column::is_present;
use proptest::prelude::*;

/// Everything a window holds, folded into one number.
fn digest(window: &Window<'_>) -> Option<f64> {
    assert_eq!(window.times.len(), window.values.len());
    assert!(window.times.iter().all(|&at| window.start < at && at <= window.end));
    let falls: Vec<usize> = window.falls.iter().collect();
    assert_eq!(falls.len(), window.falls.len());
    let naive = (1..window.values.len()).filter(|&n| window.values[n] < window.values[n - 1]);
    assert_eq!(falls, naive.collect::<Vec<_>>());
    let sum: i64 = window.times.iter().sum();
    Some(sum as f64 + window.params[0])
}

const BODY: WindowBody = WindowBody {
    call: digest,
    keeps_name: true,
    counter: false,
    quantile: false,
    pushed_down: None,
};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sliding_finds_what_searching_finds(
        samples in prop::collection::btree_map(-50_i64..150, -3_i32..3, 0..60),
        start in -60_i64..60,
        step in 1_i64..20,
        count in 1_usize..20,
        width in 1_i64..60,
    ) {
        let times: Vec<i64> = samples.keys().copied().collect();
        let values: Vec<f64> = samples.values().map(|value| f64::from(*value)).collect();
        let grid = Grid { start, step, count };
        let cut = Cut { grid, instants: Instants::Moving(grid), width: Span(width) };
        let params = vec![(0..count).map(|step| step as f64 * 1000.0).collect()];
        let points = Points { times: &times, values: &values };
        let cells = cut.apply(&BODY, &params, points, &Budget::unlimited()).expect("no limit");
        for (index, cell) in cells.into_iter().enumerate() {
            let at = grid.at(index);
            let inside: Vec<i64> =
                times.iter().copied().filter(|t| at - width < *t && *t <= at).collect();
            if inside.is_empty() {
                prop_assert!(!is_present(cell));
            } else {
                let sum: i64 = inside.iter().sum();
                prop_assert_eq!(cell, sum as f64 + index as f64 * 1000.0);
            }
        }
    }
}
