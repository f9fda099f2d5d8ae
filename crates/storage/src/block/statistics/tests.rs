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
