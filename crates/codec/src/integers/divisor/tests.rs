use super::*;
use proptest::prelude::*;

fn check(values: &[i64], expected: u64) {
    let least = values.iter().copied().min().unwrap_or(0);
    let divisor = Divisor::common(values, least);
    assert_eq!(divisor.get(), expected, "{values:?}");
    for value in values {
        let distance = value.wrapping_sub(least);
        let quotient = divisor.divide(distance);
        assert_eq!(quotient as u64, distance as u64 / expected, "{value} of {values:?}");
    }
}

#[test]
fn the_greatest_is_found() {
    check(&[], 1);
    check(&[7, 7, 7], 1);
    check(&[5, 1_000_005, 250_005], 250_000);
    check(&[1, 2], 1);
    check(&[4096, 0, 12288], 4096);
    check(&[-30, 12, -9], 21);
    check(&[i64::MIN, i64::MAX], u64::MAX);
    check(&[i64::MIN, 0], 1 << 63);
    check(&[0, 6, 10, 15], 1);
}

proptest! {
    #[test]
    fn division_is_exact(
        factor in 1u64..1 << 40,
        quotients in prop::collection::vec(0u64..1 << 20, 1..50),
        least: i64,
    ) {
        let values: Vec<i64> =
            quotients.iter().map(|q| least.wrapping_add((q * factor) as i64)).collect();
        let first = values[0];
        // Distances are taken from the least quotient, whether or not values wrap.
        let least = quotients.iter().zip(&values).min().map_or(first, |(_, value)| *value);
        let divisor = Divisor::common(&values, least);
        for value in &values {
            let distance = value.wrapping_sub(least);
            prop_assert_eq!(divisor.divide(distance) as u64, distance as u64 / divisor.get());
            prop_assert_eq!(distance as u64 % divisor.get(), 0);
        }
    }
}
