use super::*;
use crate::line::Encoder;
use model::{Field, Refusal, ValueRef};
use proptest::prelude::*;
use std::fmt::Write;

const NOW: Timestamp = Timestamp(1_700_000_123_456_789_012);

/// What a body decodes to, one line for each row or refusal.
fn decode(body: &[u8], precision: Precision) -> String {
    let mut out = String::new();
    let mut decoder = Decoder::new(body, precision, NOW);
    let identify = decoder.identify();
    while let Some(next) = decoder.next_row() {
        match next {
            Ok(row) => {
                write!(out, "{}: ", row.line).unwrap();
                match identify(row.key) {
                    Ok((measurement, tags)) => {
                        write!(out, "{measurement}").unwrap();
                        tags.iter().for_each(|(n, v)| write!(out, ",{n}={v}").unwrap());
                    }
                    Err(refusal) => write!(out, "{refusal}").unwrap(),
                }
                for field in row.fields {
                    write!(out, " {}={:?}", field.name, field.value).unwrap();
                }
                match row.timestamp {
                    NOW => writeln!(out, " @now").unwrap(),
                    Timestamp(ns) => writeln!(out, " @{ns}").unwrap(),
                }
            }
            Err(refused) => writeln!(out, "{}! {}", refused.line, refused.why).unwrap(),
        }
    }
    out
}

#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let found = decode(body.as_bytes(), Precision::Ns);
    assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{body:?}");
}

/// One line that is refused, between two good ones that are not.
#[track_caller]
fn refused(line: &str, reason: &str) {
    let found = decode(format!("before v=1\n{line}\nafter v=2\n").as_bytes(), Precision::Ns);
    let expected = format!(
        "1: before v=F64(1.0) @now\n2! unable to parse '{line}': {reason}\n3: after v=F64(2.0) @now\n"
    );
    assert_eq!(found, expected, "{line:?}");
}

#[test]
fn every_type_of_field_is_read() {
    check(
        "cpu,host=a f=1.5,i=-2i,u=3u,t=true,n=F,s=\"x y\" 1700000000000000000\n",
        &[
            "1: cpu,host=a f=F64(1.5) i=I64(-2) u=U64(3) t=Bool(true) n=Bool(false) s=Str(\"x y\") @1700000000000000000",
        ],
    );
    for word in ["t", "T", "true", "True", "TRUE"] {
        check(&format!("m b={word}"), &["1: m b=Bool(true) @now"]);
    }
    for word in ["f", "F", "false", "False", "FALSE"] {
        check(&format!("m b={word},c=1i 5"), &["1: m b=Bool(false) c=I64(1) @5"]);
    }
}

#[test]
fn blank_lines_comments_and_line_ends_are_stepped_over() {
    check(
        "# a comment with \"a quote\n\r\n  \n\t# another\n  m v=1 1 \r\n\n#\nm v=2   2\r\nm v=3\r",
        &["5: m v=F64(1.0) @1", "8: m v=F64(2.0) @2", "9: m v=F64(3.0) @now"],
    );
    check("", &[]);
    check("\n\n", &[]);
    check("#", &[]);
}

#[test]
fn escapes_are_undone_where_they_are_escapes() {
    check(
        r#"m\ 1,t\,g=a\=b f\ 1=1,f\,2=2,f\=3=3,f\"4=4,f\5=5,f\\=6=6"#,
        &[
            r#"1: m 1,t,g=a=b f 1=F64(1.0) f,2=F64(2.0) f=3=F64(3.0) f"4=F64(4.0) f\5=F64(5.0) f\=6=F64(6.0) @now"#,
        ],
    );
}

#[test]
fn strings_keep_everything_between_their_quotes() {
    check(r#"m s="a\"b\\c\d, =",e="" 1"#, &[r#"1: m s=Str("a\"b\\c\\d, =") e=Str("") @1"#]);
    check(
        "m s=\"one\r\ntwo\nthree\" 1\nm s=\"x\" 2",
        &["1: m s=Str(\"one\\r\\ntwo\\nthree\") @1", "4: m s=Str(\"x\") @2"],
    );
    check("m time=\"two\nlines\",v=1 1\nm v=1 2", &["1: m v=F64(1.0) @1", "3: m v=F64(1.0) @2"]);
}

#[test]
fn a_quote_in_a_name_is_no_quote() {
    check("\"m\",t=\"a \"f\"=1 1", &["1: \"m\",t=\"a \"f\"=F64(1.0) @1"]);
}

#[test]
fn a_line_unlike_the_one_before_is_read_all_the_same() {
    check(
        "m a=1,bb=2,c=3 10\nm a=1,bb=2,c=3 10\nm a=1,b=2,c=3 10\nm aa=1,bb=2 101\nm c=1,d\\ d=2,bb=3 1\nm c=1,d\\ d=4,bb=3\n",
        &[
            "1: m a=F64(1.0) bb=F64(2.0) c=F64(3.0) @10",
            "2: m a=F64(1.0) bb=F64(2.0) c=F64(3.0) @10",
            "3: m a=F64(1.0) b=F64(2.0) c=F64(3.0) @10",
            "4: m aa=F64(1.0) bb=F64(2.0) @101",
            "5: m c=F64(1.0) d d=F64(2.0) bb=F64(3.0) @1",
            "6: m c=F64(1.0) d d=F64(4.0) bb=F64(3.0) @now",
        ],
    );
}

#[test]
fn precisions_scale_timestamps_and_cut_the_clock() {
    for (precision, given, floor) in [
        ("n", 7, 1_700_000_123_456_789_012),
        ("ns", 7, 1_700_000_123_456_789_012),
        ("u", 7_000, 1_700_000_123_456_789_000),
        ("us", 7_000, 1_700_000_123_456_789_000),
        ("µs", 7_000, 1_700_000_123_456_789_000),
        ("ms", 7_000_000, 1_700_000_123_456_000_000),
        ("s", 7_000_000_000, 1_700_000_123_000_000_000),
        ("m", 420_000_000_000, 1_700_000_100_000_000_000),
        ("h", 25_200_000_000_000, 1_699_999_200_000_000_000i64),
    ] {
        let precision: Precision = precision.parse().unwrap();
        let mut decoder = Decoder::new(b"m v=1 7\nm v=1 -7\nm v=1", precision, NOW);
        for expected in [given, -given, floor] {
            let row = decoder.next_row().unwrap().unwrap();
            assert_eq!(row.timestamp, Timestamp(expected), "{precision:?}");
        }
    }
    assert_eq!(
        "d".parse::<Precision>().unwrap_err().to_string(),
        "invalid precision \"d\" (use n, u, ms, s, m or h)"
    );
}

#[test]
fn timestamps_out_of_range_are_refused() {
    let range = "time outside range -9223372036854775806 - 9223372036854775806";
    for time in ["9223372036854775807", "-9223372036854775808", "99999999999999999999999"] {
        refused(&format!("m v=1 {time}"), range);
    }
    let hours = decode(b"m v=1 2562048\nm v=1 2562047", Precision::H);
    assert_eq!(
        hours,
        format!(
            "1! unable to parse 'm v=1 2562048': {range}\n2: m v=F64(1.0) @9223369200000000000\n"
        )
    );
}

#[test]
fn flaws_are_told_in_the_words_of_influxdb() {
    refused("cpu", "missing fields");
    refused("cpu ", "missing fields");
    refused("cpu,host=a", "missing fields");
    refused("cpu,host", "missing tag value");
    refused("cpu,host=", "missing tag value");
    refused("cpu,", "missing tag key");
    refused(",host=a", "missing measurement");
    refused("cpu v", "invalid field format");
    refused("cpu 1700000000", "invalid field format");
    refused("cpu,host=a b,c=1 v=1", "invalid field format");
    refused("cpu v=1,", "invalid field format");
    refused("cpu v=1, 5", "invalid field format");
    refused("cpu v=1,,w=2", "invalid field format");
    refused("cpu =1", "missing field key");
    refused("cpu v=1,=2", "missing field key");
    refused("cpu v=", "missing field value");
    refused("cpu v=,w=1", "missing field value");
    refused("cpu v= 5", "missing field value");
    refused("cpu v=1.2.3", "invalid number");
    refused("cpu v=NaN", "invalid number");
    refused("cpu v=1e400", "invalid float");
    refused("cpu v=abc", "invalid boolean");
    refused("cpu v=tru", "invalid boolean");
    refused("cpu v=+1", "invalid boolean");
    refused("cpu v=Inf", "invalid boolean");
    refused("cpu v=1 abc", "bad timestamp");
    refused("cpu v=1 1.5", "bad timestamp");
    refused("cpu v=1 -", "bad timestamp");
    refused("cpu v=1 5 6", "point is invalid");
    refused("cpu v=\"a", "unbalanced quotes");
    refused("cpu v=\"a\"b", "unbalanced quotes: text after a closing quote");
    refused(
        "cpu time=1",
        "invalid field name: input field \"time\" on measurement \"cpu\" is invalid",
    );
}

#[test]
fn a_key_that_is_wrong_is_told_by_identify() {
    check(
        "cpu,host v=1\ncpu,a=1,a=2 v=1\n,a=1 v=1",
        &[
            "1: unable to parse 'cpu,host': missing tag value v=F64(1.0) @now",
            "2: unable to parse 'cpu,a=1,a=2': duplicate tags v=F64(1.0) @now",
            "3: unable to parse ',a=1': missing measurement v=F64(1.0) @now",
        ],
    );
}

#[test]
fn a_lost_quote_costs_one_line() {
    check(
        "m s=\"lost\nm s=\"x\"\nm v=1\n",
        &[
            "1! unable to parse 'm s=\"lost': unbalanced quotes: text after a closing quote",
            "2: m s=Str(\"x\") @now",
            "3: m v=F64(1.0) @now",
        ],
    );
}

#[test]
fn lines_inside_the_string_of_a_refused_line_are_never_taken_for_lines() {
    check(
        "log msg=\"a\ncpu forged=1\n\" yesterday\nlog level=bad,msg=\"\ncpu forged=2\n\" 1\nm v=1",
        &[
            "1! unable to parse 'log msg=\"a",
            "cpu forged=1",
            "\" yesterday': bad timestamp",
            "4! unable to parse 'log level=bad,msg=\"",
            "cpu forged=2",
            "\" 1': invalid boolean",
            "7: m v=F64(1.0) @now",
        ],
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_alone() {
    let body = b"m v=1 1\nm,t=\xff v=1 1\nm s=\"\xff\nm forged=1\n\" 1\n# caf\xe9\nm \xff=1 1\nm v=2 2\nm v=\xff\n";
    let found = decode(body, Precision::Ns);
    let expected = "1: m v=F64(1.0) @1\n\
        2! unable to parse 'm,t=\u{fffd} v=1 1': invalid UTF-8\n\
        3! unable to parse 'm s=\"\u{fffd}\nm forged=1\n\" 1': invalid UTF-8\n\
        7! unable to parse 'm \u{fffd}=1 1': invalid UTF-8\n\
        8: m v=F64(2.0) @2\n\
        9! unable to parse 'm v=\u{fffd}': invalid boolean\n";
    assert_eq!(found, expected);
}

#[test]
fn a_long_line_is_cut_in_its_message() {
    let body = format!("m {}", "x".repeat(5_000));
    let mut decoder = Decoder::new(body.as_bytes(), Precision::Ns, NOW);
    let Some(Err(Refused { why: Refusal::Malformed { text, .. }, .. })) = decoder.next_row() else {
        panic!("the line is refused");
    };
    assert_eq!(text.chars().count(), 120);
    let key = format!("{} v=1\nm v=1", "x".repeat(70_000));
    let found = decode(key.as_bytes(), Precision::Ns);
    assert!(found.contains("max key length exceeded: 70000 > 65535\n2: m "), "{found}");
}

#[test]
fn many_fields_fit_in_a_line() {
    let fields: Vec<String> = (0..3_000).map(|i| format!("f{i}={i}i")).collect();
    let body = format!("m {0} 1\nm {0} 2\n", fields.join(","));
    let mut decoder = Decoder::new(body.as_bytes(), Precision::Ns, NOW);
    for _ in 0..2 {
        let row = decoder.next_row().unwrap().unwrap();
        assert_eq!(row.fields.len(), 3_000);
        assert_eq!(row.fields[2_999], Field { name: "f2999", value: ValueRef::I64(2_999) });
    }
}

#[test]
fn too_many_fields_are_refused() {
    let body = format!("m {}\nm v=1 1\n", "a=1,".repeat(70_000));
    let found = decode(body.as_bytes(), Precision::Ns);
    assert!(found.ends_with("more than 65536 fields in one line\n2: m v=F64(1.0) @1\n"));
}

#[test]
fn a_body_of_broken_lines_takes_linear_time() {
    // From each line, quotes lead to the end of the body: 40,000 lines of it would be looked
    // through 40,000 times.
    let body = "k a\" b=\"\n".repeat(40_000);
    let started = std::time::Instant::now();
    assert_eq!(decode(body.as_bytes(), Precision::Ns).lines().count(), 40_000);
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn a_steady_stream_of_lines_allocates_nothing_more() {
    let line = "m,t=a f\\ 1=1,s=\"x\\\"y\",g=2.5 1700000000000000000\n";
    let body = line.repeat(1_000);
    let mut decoder = Decoder::new(body.as_bytes(), Precision::Ns, NOW);
    decoder.next_row().unwrap().unwrap();
    let first = decoder.arena.allocated_bytes_including_metadata();
    while let Some(row) = decoder.next_row() {
        row.unwrap();
    }
    assert_eq!(decoder.arena.allocated_bytes_including_metadata(), first);
}

/// A good line whose field is its number.
fn good(number: usize) -> String {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out);
    let mut fields = encoder.point("good").tag("a b", "c,d").fields();
    fields.count("n", number as u64).field("s", ValueRef::Str("a, \"b\" \\"));
    assert!(fields.end(Some(Timestamp(number as i64))));
    String::from_utf8(out).unwrap()
}

/// The numbers of the good lines that are found in `body`.
fn good_found(body: &[u8]) -> Vec<i64> {
    let mut found = Vec::new();
    let mut decoder = Decoder::new(body, Precision::Ns, NOW);
    while let Some(row) = decoder.next_row() {
        if let Ok(row) = row
            && row.key == br"good,a\ b=c\,d"
            && let ValueRef::I64(number) = row.fields[0].value
        {
            found.push(number);
        }
    }
    found
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..300)) {
        decode(&body, Precision::Ms);
    }

    #[test]
    fn any_near_line_is_survived(body in r##"([mt,= \\"#\n\r0-9eiu.\-]|v=1|="|", ){0,60}"##) {
        decode(body.as_bytes(), Precision::H);
    }

    /// One byte of the middle line is changed to anything that does not touch quotes or line
    /// feeds; its neighbours must not notice.
    #[test]
    fn a_damaged_line_does_not_hide_its_neighbours(at: prop::sample::Index, byte: u8) {
        let (before, middle, after) = (good(1), good(2), good(3));
        let mut damaged = middle.into_bytes();
        let is_quote = |byte: u8| matches!(byte, b'"' | b'\\');
        let places: Vec<_> = (0..damaged.len() - 1).filter(|at| !is_quote(damaged[*at])).collect();
        damaged[*at.get(&places)] = if is_quote(byte) { b'=' } else { byte };
        let body = [before.as_bytes(), &damaged, after.as_bytes()].concat();
        let found = good_found(&body);
        prop_assert!(found.first() == Some(&1) && found.last() == Some(&3), "{:?}", found);
    }

    /// Anything may happen to the middle line; the one before it stays, and so does the one
    /// after an empty string has closed whatever was open.
    #[test]
    fn damage_ends_with_the_next_quotes(cut: prop::sample::Index, junk in prop::collection::vec(any::<u8>(), 0..6)) {
        let middle = good(2);
        let cut = cut.index(middle.len() - 1);
        let mut body = good(1).into_bytes();
        body.extend_from_slice(&middle.as_bytes()[..cut]);
        body.extend_from_slice(&junk);
        body.extend_from_slice(b"\n");
        for number in 3..8 {
            body.extend_from_slice(good(number).as_bytes());
        }
        let found = good_found(&body);
        prop_assert_eq!(found.first(), Some(&1));
        prop_assert_eq!(found.last(), Some(&7));
    }
}

#[test]
fn a_decoder_may_go_to_another_thread() {
    fn goes<T: Send>(_: &T) {}
    goes(&Decoder::new(b"", Precision::Ns, NOW));
}
