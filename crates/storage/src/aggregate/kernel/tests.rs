use super::*;
use proptest::prelude::*;

const NEEDS: Needs = Needs::ALL;

fn times(count: usize) -> Vec<i64> {
    (0..count as i64).map(|index| index * 10).collect()
}

fn slowly(values: &[f64], inside: Range<usize>) -> Accumulator {
    let mut window = Accumulator::default();
    inside.for_each(|index| window.push(index as i64 * 10, values[index]));
    window
}

/// Everything but the sum is equal; the sum is within its bound.
fn check(found: &Accumulator, values: &[f64], inside: Range<usize>) {
    let expected = slowly(values, inside.clone());
    let bits = |value: f64| if value.is_nan() { 1 } else { value.to_bits() };
    let of = |window: &Accumulator| {
        let extremes = [(window.min, window.min_at), (window.max, window.max_at)];
        let extremes =
            extremes.map(|(value, at)| if value.is_nan() { (1, 0) } else { (bits(value), at) });
        let ends = [(window.first, window.first_at), (window.last, window.last_at)];
        (window.count, extremes, ends.map(|(value, at)| (bits(value), at)))
    };
    assert_eq!(of(found), of(&expected), "{:?}", &values[inside.clone()]);
    let (a, b) = (found.sum(), expected.sum());
    if b.is_finite() && values[inside.clone()].iter().all(|value| value.abs() < 1e300) {
        let magnitudes: f64 = values[inside].iter().map(|value| value.abs()).sum();
        let bound = 2.5 * f64::EPSILON * magnitudes;
        assert!((a - b).abs() <= bound, "{a} against {b}");
    } else if values[inside].iter().any(|value| value.is_nan()) {
        assert!(a.is_nan());
    }
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        8 => (-1000i32..1000).prop_map(|value| f64::from(value) / 8.0),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]),
    ];
    prop::collection::vec(value, 1..50)
}

proptest! {
    #[test]
    fn floats(values in values(), a in 0usize..50, b in 0usize..50) {
        let (a, b) = (a % values.len(), b % values.len());
        let inside = a.min(b)..a.max(b) + 1;
        let times = times(values.len());
        let found = Numbers::Floats(&values).summarize(Times::Slice(&times), inside.clone(), NEEDS);
        check(&found, &values, inside);
    }

    #[test]
    fn integers(values in prop::collection::vec(-1i64 << 40..1 << 40, 1..50)) {
        let floats: Vec<f64> = values.iter().map(|value| *value as f64).collect();
        let times = times(values.len());
        let inside = 0..values.len();
        let found = Numbers::Whole(&values).summarize(Times::Slice(&times), inside.clone(), NEEDS);
        check(&found, &floats, inside);
        prop_assert_eq!(found.sum(), values.iter().sum::<i64>() as f64);
    }

    #[test]
    fn scaled(integers in prop::collection::vec(-100_000i64..100_000, 1..50), digits in 0i32..5) {
        let power = 10f64.powi(digits);
        let values: Vec<f64> = integers.iter().map(|value| *value as f64 / power).collect();
        let mut bytes = Vec::new();
        codec::floats::Encoder::new().encode(&values, &mut bytes);
        let mut scratch = codec::floats::Scratch::default();
        let decoded = codec::floats::decode_into(&bytes, values.len(), &mut scratch).unwrap();
        let codec::floats::Values::Scaled(scaled) = decoded else { panic!("they are decimals") };
        let times = times(values.len());
        let inside = values.len() / 3..values.len();
        let numbers = Numbers::Scaled(scaled);
        check(&numbers.summarize(Times::Slice(&times), inside.clone(), NEEDS), &values, inside);
    }
}

#[test]
fn compensation_survives_cancellation() {
    let values = [1e16, 1.0, -1e16, 3.0, 1e16, 1.0, -1e16, 0.5, 0.25];
    let found = Numbers::Floats(&values).summarize(Times::Slice(&times(9)), 0..9, Needs::SUM);
    assert_eq!(found.sum(), 5.75);
}

proptest! {
    #[test]
    fn integers_of_any_size_add_up_exactly(values in prop::collection::vec(any::<i64>(), 2..50), cut in 1usize..49) {
        let cut = cut.min(values.len() - 1);
        let times = times(values.len());
        let (times, numbers) = (Times::Slice(&times), Numbers::Whole(&values));
        let mut found = numbers.summarize(times, 0..cut, NEEDS);
        found.append(&numbers.summarize(times, cut..values.len(), NEEDS));
        let exact: i128 = values.iter().map(|value| i128::from(*value)).sum();
        prop_assert_eq!(found.sum(), exact as f64);
        // What is taken away again leaves no trace.
        let negated: Vec<i64> = values.iter().map(|value| !value).collect();
        let negated_times: Vec<i64> = (0..values.len() as i64).map(|at| at + 1000).collect();
        let back = Numbers::Whole(&negated).summarize(
            Times::Slice(&negated_times), 0..negated.len(), NEEDS,
        );
        found.append(&back);
        prop_assert_eq!(found.sum(), -(values.len() as f64));
    }
}
