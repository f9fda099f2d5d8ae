use super::*;
use proptest::prelude::*;

fn singles(values: &[f64]) -> Option<(Vec<i64>, Vec<i64>)> {
    let (mut ints, mut exceptions) = (vec![9], vec![9]);
    fill_singles(values, &mut ints, &mut exceptions).then_some((ints, exceptions))
}

#[test]
fn strangers_among_singles_are_exceptions() {
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let (one, two) = (order_single(1.0), order_single(-2.0));
    assert_eq!(singles(&[stale, 1.0, -2.0, 0.1, 1.0]), None);
    let values = [stale, 1.0, -2.0, 1.0, 1.0, 1.0, 0.1, 1.0];
    let ints = vec![0, one, two, one, one, one, one, one];
    assert_eq!(singles(&values), Some((ints, vec![0, 6])));
    assert_eq!(singles(&[0.1; 40]), None);
    assert_eq!(singles(&[1e300; 40]), None);
}

#[test]
fn every_kind_of_single_comes_back() {
    for value in [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e-45, -0.1] {
        let value = f64::from(value);
        assert!(is_single(value));
        assert_eq!(unorder_single(order_single(value)).to_bits(), value.to_bits());
    }
    assert!(!is_single(f64::NAN));
    assert!(!is_single(f64::from(f32::NAN)));
}

proptest! {
    #[test]
    fn order_is_kept(a: f64, b: f64) {
        prop_assert_eq!(order(a).cmp(&order(b)), a.total_cmp(&b));
        prop_assert_eq!(unorder(order(a)).to_bits(), a.to_bits());
    }

    #[test]
    fn order_of_singles_is_kept(a: f32, b: f32) {
        let (wide_a, wide_b) = (f64::from(a), f64::from(b));
        prop_assume!(!a.is_nan() && !b.is_nan());
        prop_assert_eq!(order_single(wide_a).cmp(&order_single(wide_b)), a.total_cmp(&b));
        prop_assert_eq!(unorder_single(order_single(wide_a)).to_bits(), wide_a.to_bits());
    }

    #[test]
    fn any_integer_is_some_single(integer: i64) {
        prop_assert!(unorder_single(integer).is_nan() || is_single(unorder_single(integer)));
    }
}
