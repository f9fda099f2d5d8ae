use super::*;
use proptest::prelude::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn check(value: f64) {
    let (text, known) = (written(|out| number(out, value)), format!("{value}"));
    // Of two decimals that are as short and as near, either is right.
    let is_as_near = || {
        let read: f64 = text.parse().expect("a number");
        text.len() == known.len() && read.to_bits() == value.to_bits()
    };
    assert!(text == known || is_as_near(), "{:016x}: {text}, not {known}", value.to_bits());
}

#[test]
fn numbers_have_the_fewest_digits() {
    let edges = [0.0, -0.0, 1.0, -1.0, 0.1, 99.9, 0.05, -0.007, 1e14, 1e15, 1e16, 1e300, 123.456];
    edges.into_iter().for_each(check);
    // -783159060843122.25, half-way between two decimals.
    check(f64::from_bits(0xc306_423b_6cfe_5392));
    [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, f64::EPSILON, 999_999_999_999_999.9, 1e-7, 2.5e-5]
        .into_iter()
        .for_each(check);
}

#[test]
fn texts_are_escaped() {
    let texts = ["", "plain", "a\"b", "back\\slash", "line\nend", "\u{1}", "ä€😀", "\u{7f}"];
    for text in texts {
        assert_eq!(written(|out| string(out, text)), serde_json::to_string(text).expect("JSON"));
    }
}

#[test]
fn parts_are_one_body_of_a_known_length() {
    let mut parts = Parts::new();
    parts.end().extend_from_slice(b"ab");
    parts.extend([b"cd".to_vec(), Vec::new(), b"e".to_vec()]);
    parts.end().push(b'f');
    let body = Body(parts.0.iter().cloned().map(Bytes::from).collect());
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(6));
    assert_eq!(parts.into_bytes(), b"abcdef");
}

proptest! {
    #[test]
    fn any_double_prints_as_the_standard_library_has_it(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        check(value);
    }

    #[test]
    fn decimals_print_as_they_were_meant(digits in -10_000_000_000i64..10_000_000_000, places in 0..9) {
        check(digits as f64 / 10f64.powi(places));
    }

    #[test]
    fn whole_numbers_print(value in any::<i64>()) {
        prop_assert_eq!(written(|out| whole(out, value)), value.to_string());
    }
}
