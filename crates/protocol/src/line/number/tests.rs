use super::*;
use proptest::prelude::*;

/// Reads `text` alone, with a neighbour, and at the end of a line; all must agree.
fn read(text: &str) -> Result<ValueRef<'static>, String> {
    let results = ["", ",b=1", " 1", "\n", "\r\n", " and a longer rest of the body"].map(|rest| {
        let bytes = format!("{text}{rest}");
        number(bytes.as_bytes()).map(|(value, length)| {
            assert_eq!(length, text.len(), "length of {bytes:?}");
            value
        })
    });
    for result in &results[1..] {
        assert_eq!(result, &results[0], "{text:?}");
    }
    results[0].clone().map_err(Flaw::into_owned)
}

fn check(text: &str, expected: Result<ValueRef<'static>, &str>) {
    assert_eq!(read(text), expected.map_err(str::to_owned), "{text:?}");
}

#[test]
fn floats_take_the_forms_influxdb_takes() {
    for (text, value) in [
        ("1", 1.0),
        ("-1", -1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.5", 1.5),
        ("007.50", 7.5),
        ("1e10", 1e10),
        ("1E10", 1e10),
        ("1.5e-3", 1.5e-3),
        ("-1.5e+3", -1.5e3),
        ("12345678", 12_345_678.0),
        ("123456789.123456789", 123_456_789.123_456_79),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("0.30000000000000004", 0.300_000_000_000_000_04),
        ("18446744073709551616", 18_446_744_073_709_551_616.0),
        ("1e-400", 0.0),
        ("5e-324", 5e-324),
        ("1.7976931348623157e308", f64::MAX),
    ] {
        check(text, Ok(ValueRef::F64(value)));
    }
    let zero = read("-0").expect("a number");
    assert!(matches!(zero, ValueRef::F64(value) if value.is_sign_negative()));
}

#[test]
fn integers_keep_their_whole_range() {
    check("0i", Ok(ValueRef::I64(0)));
    check("-5i", Ok(ValueRef::I64(-5)));
    check("9223372036854775807i", Ok(ValueRef::I64(i64::MAX)));
    check("-9223372036854775808i", Ok(ValueRef::I64(i64::MIN)));
    check("000000000000000000000000012i", Ok(ValueRef::I64(12)));
    check("18446744073709551615u", Ok(ValueRef::U64(u64::MAX)));
    check("00000000000000000000000001u", Ok(ValueRef::U64(1)));
}

#[test]
fn integers_out_of_range_say_so() {
    let said = |kind: &str, go: &str, n: &str| {
        format!("unable to parse {kind} {n}: strconv.{go}: parsing \"{n}\": value out of range")
    };
    for n in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"] {
        check(&format!("{n}i"), Err(&said("integer", "ParseInt", n)));
    }
    for n in ["18446744073709551616", "99999999999999999999999"] {
        check(&format!("{n}u"), Err(&said("unsigned", "ParseUint", n)));
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "-", ".", "-.", "-i", "1.5i", "1e5i", "1i2", "-1u", "1.1.1", "1-1", "--1", "1x", "0x10",
        "1_0", "NaN", "nan", "null", "-Inf", "1e5x", "ine5", ".e5", "1ii", "1.0u", "1e5e5",
    ] {
        check(text, Err("invalid number"));
    }
    for text in ["1e", "1e+", "1e400", "-1e400", &"9".repeat(400)] {
        check(text, Err("invalid float"));
    }
}

#[test]
fn a_timestamp_has_digits_and_a_sign_only() {
    let read = |text: &str| timestamp(text.as_bytes());
    assert_eq!(read("0 "), (Some(0), 1));
    assert_eq!(read("-9223372036854775808\n"), (Some(i64::MIN), 20));
    assert_eq!(read("9223372036854775808"), (None, 19));
    assert_eq!(read("-"), (None, 0));
    assert_eq!(read("12x"), (Some(12), 2));
}

proptest! {
    #[test]
    fn any_double_is_read_back(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        for text in [format!("{value}"), format!("{value:e}"), format!("{value:.17e}")] {
            let Ok(ValueRef::F64(back)) = read(&text) else { panic!("{text} is a float") };
            prop_assert_eq!(back.to_bits(), value.to_bits(), "{}", text);
        }
    }

    #[test]
    fn short_decimals_are_rounded_exactly(whole: u32, scale in 0usize..25, negative: bool) {
        let digits = format!("{whole:0>width$}", width = scale + 1);
        let (a, b) = digits.split_at(digits.len() - scale);
        let text = format!("{}{a}.{b}", if negative { "-" } else { "" });
        let expected: f64 = text.parse().expect("a float");
        prop_assert_eq!(read(&text), Ok(ValueRef::F64(expected)), "{}", text);
    }

    #[test]
    fn any_integer_is_read_back(signed: i64, unsigned: u64) {
        prop_assert_eq!(read(&format!("{signed}i")), Ok(ValueRef::I64(signed)));
        prop_assert_eq!(read(&format!("{unsigned}u")), Ok(ValueRef::U64(unsigned)));
    }

    #[test]
    fn leading_digits_agree_with_a_slow_count(word: [u8; 8], ascii: bool) {
        let word = if ascii { word.map(|byte| b'.' + byte % 13) } else { word };
        let slow = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let value: u64 = std::str::from_utf8(&word[..slow]).unwrap().parse().unwrap_or(0);
        prop_assert_eq!(leading_digits(u64::from_le_bytes(word)), (value, slow));
    }
}
