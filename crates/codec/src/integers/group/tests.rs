use super::*;
use proptest::prelude::*;

/// Writes and reads back; the number of bytes.
fn check(numbers: &[i64]) -> usize {
    let mut bytes = Vec::new();
    let plan = Plan::of(numbers);
    plan.write(numbers, &mut bytes);
    assert_eq!(bytes.len(), plan.len(), "{plan:?} foretells its length for {numbers:?}");
    let mut cursor = Cursor::new(&bytes);
    let mut back = vec![-1; numbers.len()];
    let reference = read(&mut cursor, &mut back).unwrap();
    cursor.finish().unwrap();
    back.iter_mut().for_each(|distance| *distance = distance.wrapping_add(reference));
    assert_eq!(back, numbers);
    bytes.len()
}

#[test]
fn plain_groups_are_header_and_bits() {
    assert_eq!(check(&[42; GROUP]), 2);
    assert_eq!(check(&[0, 1, 2, 3, 4, 5, 6, 7]), 2 + 3);
    assert_eq!(check(&[i64::MIN, i64::MAX]), 1 + 10 + 16);
}

#[test]
fn outliers_on_both_sides_are_patched() {
    let mut numbers: Vec<i64> = (0..GROUP as i64).map(|i| 1000 + i % 4).collect();
    numbers[17] = 1_000_000;
    let one_above = check(&numbers);
    assert_eq!(one_above, 1 + 2 + 2 * 16 + 1 + (1 + 3));
    numbers[90] = -1_000_000;
    assert!(check(&numbers) < one_above + 3 * 16, "an outlier below costs about as little");
}

#[test]
fn impossible_headers_are_refused() {
    let refuse = |bytes: &[u8], what| {
        let error = read(&mut Cursor::new(bytes), &mut [0; 2]).unwrap_err();
        assert!(matches!(&error, Error::Invalid { what: w, .. } if *w == what), "{error}");
    };
    refuse(&[65, 0], "width of a group");
    refuse(&[PATCHED | 64, 0], "width of a group");
    refuse(&[PATCHED, 0, 1, 2, 0], "index of a patch");
}

proptest! {
    #[test]
    fn every_group_comes_back(
        numbers in prop::collection::vec(
            prop_oneof![8 => -50i64..50, 1 => any::<i64>(), 1 => -100_000i64..100_000],
            1..=GROUP,
        ),
    ) {
        check(&numbers);
    }
}
