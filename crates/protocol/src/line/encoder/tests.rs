use super::*;
use crate::line::{Decoder, Precision};
use model::row::Rows;
use model::{Tags, Value};
use proptest::prelude::*;
use std::sync::Arc;

#[test]
fn a_point_is_written_with_its_escapes() {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out);
    let mut fields = encoder.point("c p,u=#").tag("a b", "c=d,e").tag("empty", "").fields();
    fields.float("f 1", 1.5).count("i", 7).field("u", ValueRef::U64(8));
    fields.field("b", ValueRef::Bool(true)).field("s", ValueRef::Str("say \"\\\"\n"));
    assert!(fields.end(Some(Timestamp(-5))));
    let mut fields = encoder.point("m").fields();
    fields.float("v", 1e300);
    assert!(fields.end(None));
    let expected = "c\\ p\\,u=#,a\\ b=c\\=d\\,e f\\ 1=1.5,i=7i,u=8u,b=true,s=\"say \\\"\\\\\\\"\n\" -5\nm v=1e300\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn what_a_line_cannot_carry_is_left_out() {
    let mut out = b"before\n".to_vec();
    let mut encoder = Encoder::new(&mut out);
    let mut fields = encoder.point("m").tag("time", "x").tag("", "x").tag("t\\", "\\").fields();
    fields.float("nan", f64::NAN).float("inf", f64::INFINITY).count("", 1).count("time", 1);
    assert!(!fields.end(None));
    let mut nameless = encoder.point("#\t").fields();
    nameless.count("v", 1);
    assert!(!nameless.end(None));
    drop(encoder.point("dropped").fields());
    let mut fields = encoder.point("#two\nlines\\").tag("t", "a\\\r").fields();
    fields.count("v", u64::MAX);
    assert!(fields.end(None));
    let expected = "before\ntwo\\ lines,t=a v=9223372036854775807i\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

/// Text with everything that has a meaning somewhere.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(" ".to_owned()),
        Just(",".to_owned()),
        Just("=".to_owned()),
        Just("\\".to_owned()),
        Just("\"".to_owned()),
        Just("#".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\t".to_owned()),
        Just("\0".to_owned()),
        Just("🌍".to_owned()),
        "[a-z0-9]{1,3}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Text that a name can be: what the encoder would change is taken out.
fn nasty_name() -> impl Strategy<Value = String> {
    nasty().prop_map(|text| {
        let text = text.replace(['\n', '\r'], "_");
        let text = format!("n{}", text.trim_end_matches('\\'));
        if text == RESERVED { "n".to_owned() } else { text }
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(Value::F64),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(Value::U64),
        any::<bool>().prop_map(Value::Bool),
        nasty().prop_map(Value::Str),
    ]
}

type Fixture = (String, Vec<(String, String)>, Vec<(String, Value)>, Option<i64>);

fn point() -> impl Strategy<Value = Fixture> {
    let tags = prop::collection::btree_map(nasty_name(), nasty_name(), 0..4);
    let fields = prop::collection::vec((nasty_name(), value()), 1..6);
    let time = prop::option::of(i64::MIN + 2..i64::MAX);
    (nasty_name(), tags, fields, time)
        .prop_map(|(name, tags, fields, time)| (name, tags.into_iter().collect(), fields, time))
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(points in prop::collection::vec(point(), 1..6)) {
        let mut body = Vec::new();
        let mut encoder = Encoder::new(&mut body);
        for (measurement, tags, fields, time) in &points {
            let mut line = encoder.point(measurement);
            for (name, value) in tags {
                line = line.tag(name, value);
            }
            let mut line = line.fields();
            for (name, value) in fields {
                line.field(name, value.as_ref());
            }
            prop_assert!(line.end(time.map(Timestamp)));
        }
        let mut decoder = Decoder::new(&body, Precision::Ns, Timestamp(42));
        let identify = decoder.identify();
        let shown = String::from_utf8_lossy(&body).into_owned();
        for (measurement, tags, fields, time) in &points {
            let row = decoder.next_row().expect("a row").expect("a good row");
            let (name, found) = identify(row.key).expect("a good key");
            prop_assert_eq!(name.as_ref(), measurement, "{}", shown);
            let tags = tags.iter().map(|(n, v)| (Arc::from(n.as_str()), Arc::from(v.as_str())));
            prop_assert_eq!(found, Tags::new(tags.collect()), "{}", shown);
            prop_assert_eq!(row.timestamp.0, time.unwrap_or(42));
            prop_assert_eq!(row.fields.len(), fields.len());
            for (field, (name, value)) in row.fields.iter().zip(fields) {
                prop_assert_eq!(field.name, name, "{}", shown);
                prop_assert_eq!(&field.value.to_value(), value, "{}", shown);
                if let (ValueRef::F64(found), Value::F64(value)) = (field.value, value) {
                    prop_assert_eq!(found.to_bits(), value.to_bits());
                }
            }
        }
        prop_assert!(decoder.next_row().is_none());
    }

    #[test]
    fn whatever_is_written_makes_good_lines(
        measurement in nasty(), tag in nasty(), text in nasty(), field in nasty(), float: f64,
    ) {
        let mut body = Vec::new();
        let mut encoder = Encoder::new(&mut body);
        let mut fields = encoder.point(&measurement).tag(&tag, &text).fields();
        fields.float(&field, float).field("s", ValueRef::Str(&text));
        let is_whole = fields.end(None);
        prop_assert_eq!(is_whole, !body.is_empty());
        let mut decoder = Decoder::new(&body, Precision::Ns, Timestamp(0));
        let identify = decoder.identify();
        while let Some(row) = decoder.next_row() {
            let row = row.expect("a good row");
            prop_assert!(identify(row.key).is_ok(), "{}", String::from_utf8_lossy(&body));
        }
    }
}
