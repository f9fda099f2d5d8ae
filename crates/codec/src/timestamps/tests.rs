use super::*;
use proptest::prelude::*;

const START: i64 = 1_700_000_000_000_000_000;
const TEN_SECONDS: i64 = 10_000_000_000;

/// Encodes and decodes; the bytes.
fn check(timestamps: &[i64]) -> Vec<u8> {
    let mut bytes = vec![0xaa];
    encode(timestamps, &mut bytes);
    let bytes = bytes.split_off(1);
    let mut back = vec![1, 2];
    decode(&bytes, timestamps.len(), &mut back).unwrap();
    assert_eq!(back, timestamps);
    bytes
}

fn at(jitter_ns: impl Fn(i64) -> i64) -> Vec<i64> {
    (0..1280).map(|index| START + index * TEN_SECONDS + jitter_ns(index)).collect()
}

#[test]
fn regular_intervals_take_a_few_bytes() {
    check(&[]);
    assert_eq!(check(&[START]).len(), 10);
    assert_eq!(check(&at(|_| 0)).len(), 1 + 9 + 5);
}

#[test]
fn jitter_costs_its_own_bits() {
    // Milliseconds from 0 to 7: three bits each, and less than a byte a group beside.
    let bytes = check(&at(|index| (index * 7919 % 104_729 % 8) * 1_000_000));
    assert_eq!(bytes[0], GRID);
    assert!(bytes.len() < 1280 * 3 / 8 + 10 * 3 + 30, "{}", bytes.len());
}

#[test]
fn skipped_intervals_cost_a_few_bytes_each() {
    let bytes = check(&at(|index| index / 300 * TEN_SECONDS));
    assert!(bytes.len() < 60, "{}", bytes.len());
}

#[test]
fn a_bad_grid_is_an_error() {
    let mut out = Vec::new();
    assert!(decode(&[GRID], 1, &mut out).is_err());
    assert!(decode(&[GRID, 2, 99, 0], 1, &mut out).is_err());
    assert!(decode(&[GRID, 2, 0, 0, 0], 1, &mut out).is_err());
}

#[test]
fn only_exact_intervals_are_told_as_a_grid() {
    let grid = |timestamps: &[i64]| exact_grid(&check(timestamps), timestamps.len()).unwrap();
    let ten_seconds = Grid { start: START, step: TEN_SECONDS, count: 1280 };
    assert_eq!(grid(&at(|_| 0)), Some(ten_seconds));
    assert_eq!(grid(&[7]), Some(Grid { start: 7, step: 0, count: 1 }));
    assert_eq!(grid(&at(|index| index % 2)), None);
    assert!(exact_grid(&[], 1).is_err());
    assert!(exact_grid(&[1, 2, 2, 9], 2).is_err());
    assert!(exact_grid(&[1, 2, 2], usize::MAX).is_err());
}

#[test]
fn a_grid_that_wraps_does_not_rise() {
    assert!(!Grid { start: 0, step: 0, count: 2 }.is_rising());
    assert!(!Grid { start: 0, step: -1, count: 2 }.is_rising());
    assert!(!Grid { start: 0, step: i64::MAX / 2, count: 4 }.is_rising());
    assert!(!Grid { start: i64::MAX, step: 1, count: 2 }.is_rising());
    assert!(Grid { start: i64::MAX, step: 1, count: 1 }.is_rising());
    assert!(Grid { start: i64::MIN, step: i64::MAX, count: 3 }.is_rising());
}

proptest! {
    #[test]
    fn a_grid_is_what_decoding_gives(
        start: i64,
        step in prop_oneof![1..100i64, any::<i64>()],
        count in 1usize..300,
        timestamp in prop_oneof![-20_000..20_000i64, any::<i64>()],
    ) {
        let expected = Grid { start, step, count };
        let timestamps: Vec<i64> = (0..count).map(|index| expected.at(index)).collect();
        let grid = exact_grid(&check(&timestamps), count).unwrap().expect("a progression");
        prop_assert!((0..count).all(|index| grid.at(index) == timestamps[index]));
        let rises = count > 1 && step > 0 && timestamps.is_sorted_by(|a, b| a < b);
        prop_assert_eq!(grid.is_rising() && count > 1, rises);
        if grid.is_rising() {
            for timestamp in [timestamp, start.saturating_add(timestamp), grid.at(count / 2)] {
                let before = timestamps.partition_point(|at| *at < timestamp);
                prop_assert_eq!(grid.count_before(timestamp), before);
            }
        }
    }

    #[test]
    fn every_run_comes_back(
        start: i64,
        step: i64,
        jitters in prop::collection::vec(-5_000_000i64..5_000_000, 0..400),
        unit in prop::sample::select(vec![1i64, 1000, 1_000_000]),
    ) {
        let timestamps: Vec<i64> = (0..).zip(jitters).map(|(index, jitter)| {
            start.wrapping_add(step.wrapping_mul(index)).wrapping_add(jitter / unit * unit)
        }).collect();
        check(&timestamps);
    }

    #[test]
    fn any_order_comes_back(timestamps: Vec<i64>) {
        check(&timestamps);
    }

    #[test]
    fn any_bytes_return(mut bytes: Vec<u8>, grid: bool, mode in 0u8..8, count in 0usize..500) {
        if grid {
            bytes.splice(0..0, [GRID, 3]);
        }
        bytes.insert(if grid { 2 } else { 0 }, mode);
        let mut out = Vec::new();
        if decode(&bytes, count, &mut out).is_ok() {
            prop_assert_eq!(out.len(), count);
        }
        prop_assert!(out.len() <= count);
    }
}
