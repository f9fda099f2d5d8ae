use super::*;
use proptest::prelude::*;

fn check(values: &[f64], form: Form, exponent: u8, exceptions: &[i64]) {
    let mut decimals = Decimals::default();
    let scale = decimals.find(values);
    assert_eq!(scale, Some(Scale { form, exponent }), "{values:?}");
    assert_eq!(decimals.exceptions, exceptions);
    let mut back = vec![0.0; values.len()];
    scale.unwrap().convert::<Ordinary>(&decimals.ints, &mut back);
    for (at, (value, back)) in values.iter().zip(back).enumerate() {
        if !exceptions.contains(&(at as i64)) {
            assert_eq!(value.to_bits(), back.to_bits(), "{value} at {at}");
        }
    }
}

#[test]
fn the_least_exponent_is_found() {
    check(&[0.0, 17.0, -4.0], Form::Quotient, 0, &[]);
    check(&[0.5, 17.25, -4.0], Form::Quotient, 2, &[]);
    check(&[1e-15, 3e-15], Form::Quotient, 15, &[]);
    check(&[2_251_799_813_685_247.0, -2_251_799_813_685_247.0], Form::Quotient, 0, &[]);
}

#[test]
fn what_programs_compute_has_forms_of_its_own() {
    let product = Vec::from_iter((1..300).map(|i| f64::from(i * 7) * 0.001));
    check(&product, Form::Product, 3, &[]);
    let thousandths = Vec::from_iter((1..300).map(|i| f64::from(i * 77_777) / 1e3 / 1e3));
    check(&thousandths, Form::Thousandths, 6, &[]);
}

#[test]
fn decimals_that_became_f32_are_decimals() {
    let single = |i: i32, digits: i32| f64::from((f64::from(i) / 10f64.powi(digits)) as f32);
    let temperatures = Vec::from_iter((0..300).map(|i| single(200 + i * 7 % 99, 1)));
    check(&temperatures, Form::Single, 1, &[]);
    check(&Vec::from_iter((0..300).map(|i| single(-i * 3331, 4))), Form::Single, 4, &[]);
    // More digits than these are bits.
    let many = Vec::from_iter((1..300).map(|i| single(50_000_000 + i * 77_777, 6)));
    assert_eq!(Decimals::default().find(&many), None);
}

#[test]
fn heads_name_scales() {
    let heads = (0..0x40).filter(|head| Scale::from_head(*head).is_some());
    let expected = (0..0x20).chain(0x23..0x30).chain([0x31]).chain(0x33..0x40);
    assert!(heads.eq(expected));
    for scale in (0..=u8::MAX).filter_map(|head| Some((head, Scale::from_head(head)?))) {
        assert_eq!(scale.1.head(), scale.0);
    }
}

#[test]
fn few_strangers_are_exceptions() {
    let mut values = Vec::from_iter((0..200).map(f64::from));
    values[3] = f64::NAN;
    values[77] = -0.0;
    values[199] = f64::INFINITY;
    check(&values, Form::Quotient, 0, &[3, 77, 199]);
    // One value with digits is cheaper beside than a digit more for all.
    values[100] = 0.125;
    check(&values, Form::Quotient, 0, &[3, 77, 100, 199]);
}

#[test]
fn digits_that_samples_miss_raise_the_exponent() {
    let mut values = vec![1.0; 1600];
    (0..100).for_each(|i| values[i * 16 + 1] = 0.5);
    (0..100).for_each(|i| values[i * 16 + 2] = 0.25);
    check(&values, Form::Quotient, 2, &[]);
}

#[test]
fn full_entropy_is_no_decimal() {
    let mut decimals = Decimals::default();
    let roots = Vec::from_iter((2..100).map(|i| f64::from(i).sqrt() * 1e5));
    assert_eq!(decimals.find(&roots), None);
    assert_eq!(decimals.find(&[f64::NAN; 50]), None);
    assert_eq!(decimals.find(&[1e300; 50]), None);
}

#[test]
fn every_head_is_one_scale() {
    for head in 0..=255 {
        if let Some(scale) = Scale::from_head(head) {
            assert_eq!(scale.head(), head);
        }
    }
}

/// Has the fused multiplication; here it may be a call.
struct Fused;

impl Processor for Fused {
    const HAS_FMA: bool = true;
}

/// Integers of all lengths up to the limit, and those next to where rounding turns.
fn integers() -> impl Strategy<Value = i64> {
    let limit = INT_LIMIT as i64;
    let any = (1 - limit..limit, 0u32..51).prop_map(|(integer, shift)| integer >> shift);
    let near_turn =
        (1i64 << 40..1 << 51, 1..16u32, -1..=1i64).prop_map(move |(integer, k, off)| {
            let power = 10i64.pow(k);
            (integer / power * power + power / 2 + off).clamp(1 - limit, limit - 1)
        });
    prop_oneof![any, near_turn]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn fused_multiplication_divides(integer in integers(), k in 0..=EXPONENT_MAX) {
        let (power, x) = (Power::of(k), shifted(integer));
        let expected = x / POWERS[k as usize];
        prop_assert_eq!(power.divide::<Fused>(x).to_bits(), expected.to_bits());
        let (thousandth, expected) = (x / 1e3, x / 1e3 / POWERS[k as usize]);
        prop_assert_eq!(power.divide::<Fused>(thousandth).to_bits(), expected.to_bits());
    }

    #[test]
    fn every_processor_finds_the_same(
        integers in prop::collection::vec(integers(), 1..300),
        digits in 0..16u8,
        strangers in prop::collection::vec((any::<f64>(), any::<prop::sample::Index>()), 0..9),
        form in prop::sample::select(vec![
            Form::Quotient, Form::Product, Form::Thousandths, Form::Single
        ]),
        other in 3..=SINGLE_EXPONENT_MAX,
    ) {
        let scale = Scale { form: Form::Quotient, exponent: digits };
        let mut values = vec![0.0; integers.len()];
        scale.convert::<Ordinary>(&integers, &mut values);
        for (stranger, at) in strangers {
            let at = at.index(values.len());
            values[at] = stranger;
        }
        let scale = Scale { form, exponent: other };
        let mut fills = [(); 2].map(|()| (Vec::new(), Vec::new()));
        let [(ints, exceptions), (fused_ints, fused_exceptions)] = &mut fills;
        let ordinary = Fill { values: &values, scale, ints, exceptions }.on::<Ordinary>();
        let (ints, exceptions) = (fused_ints, fused_exceptions);
        let fused = Fill { values: &values, scale, ints, exceptions }.on::<Fused>();
        prop_assert_eq!(ordinary, fused);
        prop_assert!(!ordinary || fills[0] == fills[1]);
    }
}
