use super::*;

fn check(values: &[f64], form: Form, exponent: u8, exceptions: &[i64]) {
    let mut decimals = Decimals::default();
    let scale = decimals.find(values);
    assert_eq!(scale, Some(Scale { form, exponent }), "{values:?}");
    assert_eq!(decimals.exceptions, exceptions);
    let mut back = Vec::new();
    scale.unwrap().extend(&decimals.ints, &mut back);
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
