use super::*;

#[test]
fn a_run_tells_how_it_is_written() {
    let told = |values: &[f64]| {
        let mut out = Vec::new();
        Encoder::new().encode(values, &mut out);
        mode(&out, values.len()).expect("it was just written")
    };
    let many = |value: fn(u32) -> f64| (0..500).map(value).collect::<Vec<f64>>();
    assert_eq!(told(&[0.5; 200]), ("decimal", "constant"));
    assert_eq!(told(&many(|n| f64::from(n) / 10.0)), ("decimal", "linear"));
    assert_eq!(told(&many(|n| f64::from(n / 100))), ("decimal", "runs"));
    let patched = many(|n| if n == 7 { f64::NAN } else { f64::from(n * n % 97) / 10.0 });
    assert_eq!(told(&patched), ("decimal, patched", "frame"));
    assert_eq!(told(&many(|n| f64::from(n as f32).sqrt())).0, "bits");
    assert_eq!(told(&many(|n| f64::from((n as f32).sqrt()))).0, "single");
    mode(&[0xff], 1).expect_err("no run begins so");
    mode(&[], 1).expect_err("no run is empty");
}
use crate::dispatch::Ordinary;
use proptest::prelude::*;

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Encodes and decodes; the bytes.
fn check(values: &[f64]) -> Vec<u8> {
    let mut bytes = vec![0xaa];
    let mut encoder = Encoder::new();
    encoder.encode(&[1.5, f64::NAN, 0.1], &mut Vec::new());
    encoder.encode(values, &mut bytes);
    let bytes = bytes.split_off(1);
    let mut back = vec![1.0];
    decode(&bytes, values.len(), &mut back).unwrap();
    assert_eq!(bits(&back), bits(values));
    bytes
}

#[test]
fn every_kind_of_bits_comes_back() {
    check(&[]);
    check(&[f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0002), f64::from_bits(u64::MAX)]);
    check(&[0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, f64::MAX]);
    check(&[9_007_199_254_740_993.0, 1e15, -1e15, 2_251_799_813_685_248.0, 1e18, 9.3e18, 1e22]);
}

#[test]
fn shapes_take_the_bytes_they_should() {
    assert_eq!(check(&[12.5; 2000]).len(), 1 + 1 + 2);
    assert_eq!(check(&[f64::NAN; 2000]).len(), 1 + 1 + 10);
    let counter = Vec::from_iter((0..2000).map(|i| f64::from(i) * 1e15));
    assert_eq!(check(&counter)[0], Scale::WHOLE.head());
    let roots = Vec::from_iter((2..2000).map(|i| f64::from(i).sqrt()));
    assert_eq!(check(&roots)[0], BITS);
    let mut singles = Vec::from_iter((2..2000).map(|i| f64::from((i as f32).sin())));
    assert_eq!(check(&singles)[0], SINGLE);
    assert!(check(&singles).len() < singles.len() * 4);
    singles[700] = f64::from_bits(0x7ff0_0000_0000_0002);
    assert_eq!(check(&singles)[0], SINGLE | EXCEPTIONS);
    assert!(check(&singles).len() < singles.len() * 4 + 20);
}

#[test]
fn a_run_of_staleness_markers_is_cheap_among_decimals() {
    let mut values = Vec::from_iter((0..1000).map(|i| f64::from(i % 7) / 10.0));
    values[400..700].fill(f64::from_bits(0x7ff0_0000_0000_0002));
    assert!(check(&values).len() < 1000 * 3 / 8 + 40);
}

#[test]
fn impossible_heads_and_exceptions_are_refused() {
    let refuse = |bytes: &[u8], text: &str| {
        let error = decode(bytes, 2, &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), text);
    };
    refuse(&[], "the bytes end at offset 0: 1 more are needed, 0 are left");
    refuse(&[0x80, 0, 0], "floats at offset 0: mode 0x80 is not known to this version");
    refuse(&[0x70, 0, 0, 0], "floats at offset 0: mode 0x70 is not known to this version");
    refuse(&[0x71, 0, 0, 0], "floats at offset 0: mode 0x71 is not known to this version");
    refuse(&[0xb3, 0, 0], "floats at offset 0: mode 0xb3 is not known to this version");
    refuse(&[0x21, 0, 0], "floats at offset 0: mode 0x21 is not known to this version");
    refuse(&[0x40, 3, 0, 0, 0, 0], "count of exceptions at offset 1 is out of bounds");
    refuse(&[0x40, 1, 0, 4, 0, 0, 0, 0], "place of an exception at offset 2 is out of bounds");
    refuse(&[0x40, 1, 0, 3, 0, 0, 0, 0], "place of an exception at offset 2 is out of bounds");
    refuse(&[0, 0, 0, 0], "1 bytes follow the last value at offset 3");
}

/// Values of every texture: decimals of all forms, walks, floats, strangers among them.
fn textures() -> impl Strategy<Value = Vec<f64>> {
    let piece = (any::<f64>(), 0usize..200, 0i32..17, 0..9, any::<u32>());
    prop::collection::vec(piece, 0..5).prop_map(|pieces| {
        let mut values = Vec::new();
        for (seed, count, digits, texture, walk) in pieces {
            let power = 10f64.powi(digits);
            let mut state = i64::from(walk);
            for _ in 0..count {
                state += i64::from((state as u32).wrapping_mul(0x9e37_79b9) >> 22) - 500;
                let whole = state as f64;
                values.push(match texture {
                    0 => seed,
                    1 => whole / power,
                    2 => whole * 0.001,
                    3 => whole / 1e3 / 1e3,
                    4 => whole * power,
                    5 if digits > 9 => f64::from((whole / 100.0) as f32),
                    5 => f64::from((seed * whole) as f32),
                    6 => seed + whole,
                    7 if state % 50 == 0 => f64::NAN,
                    7 => whole,
                    _ => f64::from_bits(seed.to_bits() ^ state as u64),
                });
            }
        }
        values
    })
}

/// Decodes as a processor without anything beyond the ordinary does.
fn decode_ordinarily(bytes: &[u8], count: usize) -> Vec<f64> {
    let mut cursor = Cursor::new(bytes);
    let (form, has_exceptions) = Form::from_head(cursor.u8().unwrap()).unwrap();
    let exceptions = has_exceptions.then(|| Exceptions::read(&mut cursor, count).unwrap());
    let mut out = Vec::new();
    ReadForm { cursor: &mut cursor, count, form, out: &mut out }.on::<Ordinary>().unwrap();
    exceptions.into_iter().for_each(|exceptions| exceptions.put(&mut out).unwrap());
    out
}

proptest! {
    #[test]
    fn every_processor_decodes_the_same(values in textures(), cold: bool) {
        let effort = if cold { Effort::Cold } else { Effort::Hot };
        let mut bytes = Vec::new();
        Encoder::with_effort(effort).encode(&values, &mut bytes);
        prop_assert_eq!(bits(&decode_ordinarily(&bytes, values.len())), bits(&values));
        let mut back = Vec::new();
        decode(&bytes, values.len(), &mut back).unwrap();
        prop_assert_eq!(bits(&back), bits(&values));
    }

    #[test]
    fn every_slice_comes_back(values in textures()) {
        let bytes = check(&values);
        prop_assert!(bytes.len() <= 40 + 8 * values.len());
    }

    #[test]
    fn any_bits_come_back(values: Vec<u64>) {
        check(&Vec::from_iter(values.into_iter().map(f64::from_bits)));
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
        prop_assert!(decode(&bytes[..cut.index(bytes.len())], values.len(), &mut out).is_err());
        let at = flip.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        if decode(&bytes, values.len(), &mut out).is_ok() {
            prop_assert_eq!(out.len(), values.len());
        }
    }

    #[test]
    fn any_bytes_return(mut bytes: Vec<u8>, head: u8, mode in 0u8..8, count in 0usize..2000) {
        bytes.splice(0..0, [head, mode]);
        let mut out = Vec::new();
        if decode(&bytes, count, &mut out).is_ok() {
            prop_assert_eq!(out.len(), count);
        }
        prop_assert!(out.len() <= count);
    }
}
