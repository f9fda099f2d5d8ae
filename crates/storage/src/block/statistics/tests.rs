use super::*;
use model::value::STALE_NAN_BITS;
use proptest::prelude::*;

fn window(values: &[f64]) -> Option<Accumulator> {
    of(&Column::F64(values.to_vec()), 0..values.len())
}

#[test]
fn short_runs_text_and_odd_values_have_none() {
    assert_eq!(window(&[1.0; ROWS_MIN - 1]), None);
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(window(&[odd; 200]), None);
    }
    assert_eq!(window(&[f64::MAX; 200]), None, "the sum overflows");
    assert_eq!(of(&Column::new(model::Kind::Str), 0..0), None);
}

#[test]
fn staleness_markers_are_left_out() {
    let mut values = [2.0; 200];
    values[0] = f64::from_bits(STALE_NAN_BITS);
    let window = window(&values).expect("finite");
    assert_eq!((window.count, window.sum(), window.first_at), (199, 398.0, 1));
    let only = super::of(&Column::F64(vec![f64::from_bits(STALE_NAN_BITS); 200]), 0..200);
    assert_eq!(only.expect("nothing is not finite").count, 0);
}

#[test]
fn sum_and_increase_of_decimals_are_decimals() {
    // Up by 0.3 four times and down by 1.1, a hundred times.
    let tenths = |n: i32| (n / 5) + [0, 3, 6, 9, 12][(n % 5) as usize];
    let values: Vec<f64> = (0..500).map(|n| f64::from(tenths(n)) / 10.0).collect();
    let rough = values.iter().fold((0.0, values[0]), |(rise, last), value| {
        (if *value < last { rise + value } else { rise + (value - last) }, *value)
    });
    let of = window(&values).expect("finite");
    let sum: i32 = (0..500).map(tenths).sum();
    let falls: i32 = (1..100).map(|n| tenths(5 * n)).sum();
    assert_eq!(of.sum(), f64::from(sum) / 10.0);
    assert_eq!(of.increase, f64::from(100 * 12 + falls) / 10.0);
    assert_ne!(of.increase, rough.0, "adding them up leaves something behind");
    assert!((of.increase - rough.0).abs() < 1e-9);
}

#[test]
fn sum_and_increase_of_other_numbers_stay() {
    // First, last, least and greatest are decimals here, and the sum is nearly one.
    let mut values = vec![0.25 + f64::EPSILON / 4.0; 400];
    values[0] = 0.0;
    values.extend([1.0, 0.5]);
    let mut plain = Accumulator::default();
    (0..).zip(&values).for_each(|(row, value)| plain.push(row, *value));
    let of = window(&values).expect("finite");
    assert_eq!((of.sum(), of.increase), (plain.sum(), plain.increase));
    assert_ne!(of.sum(), 101.25, "{}", of.sum());
}

#[test]
fn rows_become_times() {
    let values: Vec<f64> = (0..200).map(|n| f64::from(n % 50)).collect();
    let window = at_times(window(&values).expect("finite"), |row| Some(1000 + row as i64 * 10));
    let window = window.expect("all rows are there");
    assert_eq!(
        (window.first_at, window.last_at, window.min_at, window.max_at),
        (1000, 2990, 1000, 1490)
    );
    assert_eq!(at_times(window, |_| None), None);
}

#[test]
fn what_follows_from_the_rest_takes_no_bytes() {
    let bytes = |all: &[Option<Accumulator>]| {
        let mut bytes = vec![];
        put(&mut bytes, all);
        let back = get(&bytes, all.len()).expect("get");
        let told = |one: &Option<Accumulator>| {
            one.map(|one| format!("{:?}", one.with_sum_parts(one.sum(), 0.0)))
        };
        let told = |all: &[Option<Accumulator>]| all.iter().map(told).collect::<Vec<_>>();
        assert_eq!(told(&back), told(all));
        bytes.len()
    };
    let flat = window(&[0.1; 4500]);
    assert!(bytes(&[flat]) <= 8, "value, count and form: {}", bytes(&[flat]));
    let counter = window(&Vec::from_iter((0..4500).map(f64::from)));
    assert!(bytes(&[counter]) <= 30, "{}", bytes(&[counter]));
    let swing = window(&Vec::from_iter((0..4500).map(|n| f64::from(n % 70) / 8.0 - 3.0)));
    let zeros = window(&Vec::from_iter((0..200).map(|n| if n < 9 { 0.0 } else { -0.0 })));
    let mut late = vec![f64::from_bits(STALE_NAN_BITS); 150];
    let silent = window(&late);
    late[100..].fill(7.0);
    bytes(&[None, flat, counter, swing, zeros, None, window(&late), silent, flat]);
}

proptest! {
    #[test]
    fn what_is_put_is_got(
        runs in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(-1e6f64..1e6, ROWS_MIN..ROWS_MIN + 9)), 1..9)
    ) {
        let all: Vec<_> = runs.iter().map(|(has, v)| window(v).filter(|_| *has)).collect();
        let mut bytes = vec![];
        put(&mut bytes, &all);
        if all.iter().all(Option::is_none) {
            prop_assert!(bytes.is_empty());
        } else {
            let back = get(&bytes, all.len()).expect("get");
            for (a, b) in back.iter().zip(&all) {
                let rounded = b.map(|b| b.with_sum_parts(b.sum(), 0.0));
                prop_assert_eq!(*a, rounded);
            }
        }
    }

    #[test]
    fn whatever_the_bytes_reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), count in 0usize..50) {
        let _ = get(&bytes, count);
    }
}
