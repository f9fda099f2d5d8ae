use super::*;
use crate::Effort;
use crate::integers::{CODED, Encoder, decode};
use proptest::prelude::*;

/// Encodes with every effort and decodes; the bytes of the cold one.
fn check(values: &[i64]) -> Vec<u8> {
    let encode = |effort| {
        let mut encoder = Encoder::with_effort(effort);
        encoder.encode(&[3, 1, 4, 1, 5], &mut Vec::new());
        let mut bytes = Vec::new();
        encoder.encode(values, &mut bytes);
        let mut back = Vec::new();
        decode(&bytes, values.len(), &mut back).unwrap();
        assert_eq!(back, values);
        bytes
    };
    let (hot, cold) = (encode(Effort::Hot), encode(Effort::Cold));
    let saving = if cold[0] == CODED { hot.len().min(values.len()) / SAVING_SHARE } else { 0 };
    assert!(cold.len() + saving <= hot.len());
    cold
}

/// Sums of eight uniform numbers from 0 to 15: a bell around 60.
fn bell(index: i64) -> i64 {
    let bits = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ bits >> 31).wrapping_mul(0x94d0_49bb_1331_11eb);
    (0..8).map(|at| (bits >> (32 + 4 * at) & 15) as i64).sum()
}

fn check_predictor(of: impl Fn(i64) -> i64, byte: u8) {
    let bytes = check(&Vec::from_iter((0..2000).map(of)));
    assert_eq!((bytes[0], bytes[1]), (CODED, byte));
}

#[test]
fn the_predictor_that_fits_is_taken() {
    check_predictor(|i| 500 + bell(i), 0x0f);
    check_predictor(|i| i * 1000 + 7 * bell(i) * bell(i) % 1000 / 10 * bell(i), 0x1f);
    let mut walk = 0;
    let walks = Vec::from_iter((0..2000).map(|i| {
        walk += bell(i) - 60;
        walk
    }));
    assert!([0x00, 0x1f].contains(&check(&walks)[1]));
    check_predictor(|i| (i - 1000).pow(2) / 400 + bell(i), 0x02);
}

#[test]
fn what_lies_above_its_least_saves_the_sign() {
    // Most are near 5,000, and some a few times that.
    let duration = |i: i64| 5000 + (bell(i) - 60).abs().pow(3) / 40;
    let values = Vec::from_iter((0..2000).map(duration));
    let bytes = check(&values);
    assert_eq!((bytes[0], bytes[1]), (CODED, 0x2f));
    let mut sums = values.clone();
    (1..sums.len()).for_each(|at| sums[at] += sums[at - 1]);
    assert_eq!(check(&sums)[1], 0x3f);
}

#[test]
fn a_code_saves_against_packing() {
    let values = Vec::from_iter((0..2000).map(bell));
    let mut hot = Vec::new();
    Encoder::new().encode(&values, &mut hot);
    let cold = check(&values);
    assert!(cold.len() < hot.len() * 19 / 20, "{} against {}", cold.len(), hot.len());
}

#[test]
fn wide_residuals_are_coded_too() {
    let wide = |i: i64| (bell(i) - 60) * bell(i + 3) * 99_999_999_999_999 + bell(i + 7);
    assert_eq!(check(&Vec::from_iter((0..2000).map(wide)))[0], CODED);
    let octets = |i: i64| i * 90_000_000_000 + bell(i) * bell(i + 3) * 9_999_999;
    assert_eq!(check(&Vec::from_iter((0..2000).map(octets)))[0], CODED);
}

#[test]
fn logarithms_are_near() {
    for number in (1..5000).chain([1 << 24, (1 << 24) - 1, u32::MAX]) {
        let near = log2(number) as f64 / f64::from(1u32 << LOG_BITS);
        assert!((near - f64::from(number).log2()).abs() < 0.01, "{number}");
    }
}

#[test]
fn impossible_parts_are_refused() {
    let refuse = |bytes: &[u8], text: &str| {
        let error = decode(bytes, 40, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), text);
    };
    refuse(&[CODED], "the bytes end at offset 1: 1 more are needed, 0 are left");
    refuse(&[CODED, 0x20, 1, 0, 0], "predictor at offset 1 is out of bounds");
    refuse(&[CODED, 0x0f, 0, 0, 0], "divisor at offset 2 is out of bounds");
    refuse(&[CODED, 0x0f, 1, 0, 0, 1, 2], "lengths of a code at offset 5 is out of bounds");
}

/// Values that a code suits: bells of many widths around levels, walks and rates.
fn textures() -> impl Strategy<Value = Vec<i64>> {
    let piece = (any::<i64>(), 0u32..58, 0usize..400, 1i64..1000, 0..4);
    prop::collection::vec(piece, 1..4).prop_map(|pieces| {
        let mut values = Vec::new();
        for (seed, shift, count, factor, texture) in pieces {
            let mut level = seed >> 8;
            for index in 0..count as i64 {
                let noise = bell(seed.wrapping_add(index)).wrapping_mul(1 << shift);
                level = level.wrapping_add(noise);
                values.push(match texture {
                    0 => noise,
                    1 => level,
                    2 => level.wrapping_mul(factor),
                    _ => seed.wrapping_add(index.wrapping_mul(factor)).wrapping_add(noise),
                });
            }
        }
        values
    })
}

proptest! {
    #[test]
    fn every_slice_comes_back(values in textures()) {
        check(&values);
    }

    #[test]
    fn any_values_come_back(values: Vec<i64>) {
        check(&values);
    }

    #[test]
    fn damaged_bytes_return(
        values in textures(),
        cut: prop::sample::Index,
        flip: prop::sample::Index,
        bit in 0..8,
    ) {
        let mut bytes = check(&values);
        let mut out = Vec::new();
        prop_assert!(decode(&bytes[..cut.index(bytes.len())], values.len(), &mut out).is_err());
        let at = flip.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        if decode(&bytes, values.len(), &mut out).is_ok() {
            prop_assert_eq!(out.len(), values.len());
        }
        prop_assert!(out.len() <= values.len());
    }

    #[test]
    fn any_bytes_return(mut bytes: Vec<u8>, byte in 0u8..0x40, count in 0usize..2000) {
        bytes.splice(0..0, [CODED, byte, 1, 2, 3, 4, 0x22, 0x22]);
        let mut out = Vec::new();
        if decode(&bytes, count, &mut out).is_ok() {
            prop_assert_eq!(out.len(), count);
        }
        prop_assert!(out.len() <= count);
    }
}
