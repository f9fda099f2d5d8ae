use super::*;
use crate::floats::Encoder;
use proptest::prelude::*;

fn encoded(values: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new().encode(values, &mut bytes);
    bytes
}

/// Decodes both ways and compares all bits; whether the run came as integers.
fn check(values: &[f64]) -> bool {
    let bytes = encoded(values);
    let mut scratch = Scratch::default();
    let bits = |values: &[f64]| Vec::from_iter(values.iter().map(|value| value.to_bits()));
    match decode_into(&bytes, values.len(), &mut scratch).unwrap() {
        Values::Floats(floats) => {
            assert_eq!(bits(floats), bits(values));
            false
        }
        Values::Scaled(Scaled { integers, scale }) => {
            let floats: Vec<f64> = integers.iter().map(|int| scale.value(*int)).collect();
            assert_eq!(bits(&floats), bits(values));
            true
        }
    }
}

fn with_scaled(values: &[f64], then: impl FnOnce(Scaled<'_>)) {
    assert!(if_scaled(values, then), "these values have a scale");
}

/// Whether the run comes as integers, with which it does something then.
fn if_scaled(values: &[f64], then: impl FnOnce(Scaled<'_>)) -> bool {
    let mut scratch = Scratch::default();
    match decode_into(&encoded(values), values.len(), &mut scratch).unwrap() {
        Values::Scaled(scaled) => then(scaled),
        Values::Floats(_) => return false,
    }
    true
}

/// The sum in twice the precision of a double, and the sum of the magnitudes.
fn reference_sum(values: &[f64]) -> (f64, f64, f64) {
    let (mut high, mut low, mut magnitudes) = (0.0f64, 0.0f64, 0.0);
    for value in values {
        let sum = high + value;
        let back = sum - high;
        low += (high - (sum - back)) + (value - back);
        high = sum;
        magnitudes += value.abs();
    }
    (high, low, magnitudes)
}

/// Compares the sum; false where one of the values is an exception and so all come as doubles.
fn check_sum(values: &[f64]) -> bool {
    if_scaled(values, |scaled| {
        let (high, low, magnitudes) = reference_sum(values);
        let error = (scaled.sum(0..values.len()) - high - low).abs();
        assert!(error <= 2.5 * f64::EPSILON * magnitudes, "{error} of {magnitudes}");
    })
}

#[test]
fn decimals_and_whole_numbers_come_as_integers() {
    assert!(check(&[]));
    assert!(check(&[0.1, 0.2, 0.5]));
    assert!(check(&[0.001 * 7.0, 0.001 * 11.0]));
    assert!(check(&[1e18, 9.3e18 - 9e17, 7e15]));
    assert!(!check(&[0.1, 0.25, 7.0, f64::from_bits(0x7ff0_0000_0000_0002)]));
    assert!(!check(&[0.1f32, 0.2, 0.7].map(f64::from)));
    assert!(!check(&[2f64.sqrt(), 3f64.sqrt(), 5f64.sqrt()]));
}

#[test]
fn sums_are_those_of_the_decimals() {
    with_scaled(&[0.1, 0.2, 0.3, -0.6, 0.7], |scaled| {
        assert_eq!(scaled.sum(0..4), 0.0);
        assert_eq!(scaled.sum(0..3), 0.6);
        assert_eq!(scaled.sum(1..3), 0.5);
        assert_eq!(scaled.sum(2..2), 0.0);
        let mut found = Vec::new();
        let ranges = [('a', 0..3), ('b', 2..2), ('c', 1..3)];
        scaled.each_sum(&ranges, |name, count, sum| found.push((name, count, sum)));
        assert_eq!(found, [('a', 3, 0.6), ('b', 0, 0.0), ('c', 2, 0.5)]);
        assert_eq!(scaled.extremes(0..5), Some((-0.6, 0.7)));
        assert_eq!(scaled.extremes(1..2), Some((0.2, 0.2)));
        assert_eq!(scaled.extremes(3..3), None);
    });
}

#[test]
fn sums_pass_64_bits() {
    let most = 2_251_799_813_685_247.0;
    let many = vec![most; 3 * SUMMANDS_MAX];
    with_scaled(&many, |scaled| {
        assert_eq!(scaled.sum(0..many.len()), most * many.len() as f64);
    });
    let whole = [9e18, 9e18, 9e18, 8e18];
    with_scaled(&whole, |scaled| assert_eq!(scaled.sum(0..4), 3.5e19));
}

#[test]
fn damaged_bytes_are_errors_here_too() {
    let mut scratch = Scratch::default();
    assert!(decode_into(&[], 1, &mut scratch).is_err());
    assert!(decode_into(&[0x80, 0, 0], 1, &mut scratch).is_err());
    assert!(decode_into(&[0, 0, 0, 0], 1, &mut scratch).is_err());
    assert!(decode_into(&[0x71, 0, 0, 0, 0, 0], 1, &mut scratch).is_err());
    assert!(decode_into(&[0, 0, 0], usize::MAX, &mut scratch).is_err());
}

proptest! {
    #[test]
    fn sums_are_near_those_of_the_doubles(
        integers in prop::collection::vec(-1i64 << 40..1 << 40, 1..300),
        digits in 0i32..7,
        form in 0..4,
    ) {
        let of = |integer: i64| match form {
            // Read from text, as `powi` may be off in its last bit, and is under Miri.
            0 => integer as f64 / format!("1e{digits}").parse::<f64>().expect("a number"),
            1 => (integer >> 10) as f64 * 0.001,
            2 => (integer >> 10) as f64 / 1e3 / 1e3,
            _ => integer as f64 * 4096.0,
        };
        // A product may be the quotient's double, all but a few of them, which are exceptions.
        let is_scaled = check_sum(&Vec::from_iter(integers.into_iter().map(of)));
        prop_assert!(is_scaled || [1, 2].contains(&form));
    }

    #[test]
    fn any_bits_come_back(values: Vec<u64>, decimals: Vec<i32>, take: bool) {
        let of = |integer: &i32| f64::from(*integer) / 100.0;
        let mut floats = Vec::from_iter(decimals.iter().map(of));
        floats.extend(values.into_iter().map(f64::from_bits).filter(|_| take));
        check(&floats);
    }

    #[test]
    fn any_bytes_return(mut bytes: Vec<u8>, head: u8, mode in 0u8..8, count in 0usize..2000) {
        bytes.splice(0..0, [head, mode]);
        let mut scratch = Scratch::default();
        let mut out = Vec::new();
        let plain = decode(&bytes, count, &mut out);
        match decode_into(&bytes, count, &mut scratch) {
            Err(error) => prop_assert_eq!(plain, Err(error)),
            Ok(Values::Floats(floats)) => prop_assert_eq!(floats.len(), count),
            Ok(Values::Scaled(scaled)) => {
                prop_assert_eq!(scaled.integers.len(), count);
                scaled.sum(0..count);
            }
        }
    }
}
