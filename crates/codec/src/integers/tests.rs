use super::*;
use crate::dispatch::Ordinary;
use proptest::prelude::*;

/// Encodes and decodes; the bytes.
fn check(values: &[i64]) -> Vec<u8> {
    let mut bytes = vec![0xaa];
    encode(values, &mut bytes);
    let bytes = bytes.split_off(1);
    let mut back = vec![1, 2, 3];
    decode(&bytes, values.len(), &mut back).unwrap();
    assert_eq!(back, values);
    bytes
}

fn check_mode(values: &[i64], mode: u8, len: usize) {
    let bytes = check(values);
    assert_eq!((bytes[0], bytes.len()), (mode, len));
}

#[test]
fn the_shortest_mode_is_taken() {
    check_mode(&[], CONSTANT, 2);
    check_mode(&[5], CONSTANT, 2);
    check_mode(&[5; 5000], CONSTANT, 2);
    check_mode(&[i64::MIN, i64::MAX], LINEAR, 1 + 10 + 1);
    check_mode(&Vec::from_iter((0..5000).map(|i| i * 10)), LINEAR, 3);
    check_mode(&[vec![7; 100], vec![9; 100], vec![7; 2000]].concat(), RUNS, 1 + 1 + 1 + 2 + 2);
    // 0, 3, 0, 3 … is one bit each, once divided by 3.
    check_mode(&[0, 3, 3, 0].repeat(32), FRAME, 1 + 1 + 1 + 2 + 16);
    let squares = Vec::from_iter((0..512).map(|i| i * i));
    assert_eq!(check(&squares)[0], DELTA);
}

#[test]
fn the_first_value_is_no_outlier() {
    let counter = Vec::from_iter((0..128).map(|i| 1_000_000_000_000 + 1000 * i + i % 2));
    check_mode(&counter, DELTA, 1 + 1 + 6 + (1 + 2 + 32));
}

#[test]
fn noise_is_written_raw_and_no_longer() {
    let mut state = 1u64;
    let noise = Vec::from_iter((0..1000).map(|_| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        state as i64
    }));
    check_mode(&noise, RAW, 1 + 8000);
}

#[test]
fn counts_that_contradict_the_bytes_are_errors() {
    let bytes = check(&Vec::from_iter((0..300).map(|i| i * i % 77)));
    let mut out = Vec::new();
    for count in (0..299).chain(301..600) {
        assert!(decode(&bytes, count, &mut out).is_err(), "count {count}");
    }
    assert!(matches!(decode(&bytes, usize::MAX, &mut out), Err(Error::TooMany { .. })));
    let raw = [RAW, 0, 0];
    let error = decode(&raw, 1 << 20, &mut out).unwrap_err();
    assert_eq!(error, Error::Ended { offset: 1, needed: 1 << 23, left: 2 });
    assert_eq!(
        decode(&[77], 1, &mut out),
        Err(Error::Mode { what: "integers", offset: 0, mode: 77 })
    );
}

#[test]
fn runs_that_contradict_the_count_are_errors() {
    let invalid = |bytes: &[u8], count: usize, what: &str, at: usize| {
        let error = decode(bytes, count, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::Invalid { what: w, offset } if w == what && offset == at));
    };
    let two_changes = [RUNS, 14, 2, 3, 2, 200, 1, 4];
    assert!(decode(&two_changes, 204, &mut Vec::new()).is_ok());
    invalid(&two_changes, 203, "length of a run", 5);
    invalid(&two_changes, 3, "length of a run", 3);
    invalid(&two_changes[..3], 0, "count of runs", 3);
    invalid(&[RUNS, 14, 1, 0, 2], 9, "length of a run", 3);
}

/// Values of every texture: walks, runs, noise, extremes, multiples.
fn textures() -> impl Strategy<Value = Vec<i64>> {
    let piece = (any::<i64>(), 0u32..64, 0usize..200, 1i64..1000, 0..5);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| {
        let mut values = Vec::new();
        for (seed, shift, count, factor, texture) in pieces {
            let mut state = seed;
            for index in 0..count as i64 {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e);
                values.push(match texture {
                    0 => seed,
                    1 => seed.wrapping_add(index.wrapping_mul(factor)),
                    2 => (state >> shift).wrapping_mul(factor),
                    3 => seed.wrapping_add(index * 1000).wrapping_add(state >> 58),
                    _ => state >> shift,
                });
            }
        }
        values
    })
}

proptest! {
    #[test]
    fn every_processor_plans_and_reads_the_same(values in textures(), cold: bool) {
        let (mut plans, mut ordinary_plans) = (Vec::new(), Vec::new());
        let len = plan_groups(&values, &mut plans);
        let work = PlanGroups { numbers: &values, plans: &mut ordinary_plans };
        prop_assert_eq!(work.on::<Ordinary>(), len);
        prop_assert_eq!(&plans, &ordinary_plans);

        let mut bytes = Vec::new();
        let effort = if cold { Effort::Cold } else { Effort::Hot };
        Encoder::with_effort(effort).encode(&values, &mut bytes);
        let mut out = Vec::new();
        let mut cursor = Cursor::new(&bytes);
        let work = ReadInto { cursor: &mut cursor, count: values.len(), out: &mut out };
        work.on::<Ordinary>().unwrap();
        prop_assert_eq!(out, values);
    }

    #[test]
    fn every_slice_comes_back(values in textures()) {
        let bytes = check(&values);
        prop_assert!(bytes.len() <= 2 + 10 + 8 * values.len());
    }

    #[test]
    fn any_values_come_back(values: Vec<i64>) {
        check(&values);
    }

    #[test]
    fn damaged_bytes_return(
        values in textures(),
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let mut bytes = check(&values);
        let mut out = Vec::new();
        let cut = cut.index(bytes.len());
        prop_assert!(decode(&bytes[..cut], values.len(), &mut out).is_err());
        let at = flip.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        if decode(&bytes, values.len(), &mut out).is_ok() {
            prop_assert_eq!(out.len(), values.len());
        }
    }

    #[test]
    fn any_bytes_return(mut bytes: Vec<u8>, mode in 0u8..8, count in 0usize..2000) {
        bytes.insert(0, mode);
        let mut out = Vec::new();
        if decode(&bytes, count, &mut out).is_ok() {
            prop_assert_eq!(out.len(), count);
        }
        prop_assert!(out.len() <= count);
    }
}
