use super::*;
use model::value::STALE_NAN_BITS;
use proptest::prelude::*;

/// Writes protobuf fields.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    fn bytes(self, number: u64, bytes: &[u8]) -> Self {
        let mut message = self.varint(number << 3 | 2).varint(bytes.len() as u64);
        message.0.extend_from_slice(bytes);
        message
    }

    fn label(self, name: &str, value: &str) -> Self {
        let label = Self::default().bytes(1, name.as_bytes()).bytes(2, value.as_bytes());
        self.bytes(1, &label.0)
    }

    fn sample(self, value: f64, ms: i64) -> Self {
        let mut sample = Self(vec![1 << 3 | 1]);
        sample.0.extend_from_slice(&value.to_le_bytes());
        self.bytes(2, &sample.varint(2 << 3).varint(ms as u64).0)
    }

    fn series(self, series: Self) -> Self {
        self.bytes(1, &series.0)
    }
}

fn series(name: &str) -> Message {
    Message::default().label(NAME, name).label("host", "a")
}

/// What a message decodes to: the stream, the bits of the value, nanoseconds.
fn decode(message: &[u8]) -> Vec<Result<(String, u64, i64), String>> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new(message).expect("a good message");
    let identify = decoder.identify();
    while let Some(next) = decoder.next_row() {
        out.push(match next {
            Ok(row) => {
                assert_eq!(row.line, out.len() as u64 + 1);
                let [Field { name: "value", value: ValueRef::F64(value) }] = row.fields else {
                    panic!("one field: {:?}", row.fields)
                };
                let stream = match identify(row.key) {
                    Ok((name, tags)) => {
                        let tags: Vec<_> = tags.iter().map(|(n, v)| format!("{n}={v}")).collect();
                        format!("{name}{{{}}}", tags.join(","))
                    }
                    Err(refusal) => refusal.to_string(),
                };
                Ok((stream, value.to_bits(), row.timestamp.0))
            }
            Err(refused) => Err(format!("{}: {}", refused.line, refused.why)),
        });
    }
    out
}

#[test]
fn samples_become_rows() {
    let message = Message::default()
        .series(series("up").sample(1.5, 10).sample(-2.0, -20))
        .bytes(3, b"metadata")
        .series(series("down"))
        .series(Message::default().label("z", "").label(NAME, "m").label("a", "ü").sample(0.0, 0));
    let up = "up{host=a}".to_owned();
    assert_eq!(
        decode(&message.0),
        [
            Ok((up.clone(), 1.5f64.to_bits(), 10_000_000)),
            Ok((up, (-2.0f64).to_bits(), -20_000_000)),
            Ok(("m{a=ü}".to_owned(), 0, 0)),
        ]
    );
}

#[test]
fn defaults_may_be_left_out_and_unknown_fields_stand_anywhere() {
    let one = series("up").bytes(2, b"").bytes(3, b"an exemplar").varint(9 << 3).varint(300);
    let mut message = Message::default().series(one);
    message.0.extend_from_slice(&[15 << 3 | 5, 1, 2, 3, 4]);
    assert_eq!(decode(&message.0), [Ok(("up{host=a}".to_owned(), 0, 0))]);
    assert_eq!(decode(b""), []);
}

#[test]
fn bits_of_values_are_kept() {
    for bits in [STALE_NAN_BITS, 0x7ff8_0000_0000_0001, 0xfff8_1234_5678_9abc, 1 << 63] {
        let message = Message::default().series(series("m").sample(f64::from_bits(bits), 1));
        assert_eq!(decode(&message.0), [Ok(("m{host=a}".to_owned(), bits, 1_000_000))]);
    }
}

#[test]
fn labels_apart_from_each_other_are_gathered() {
    let apart =
        Message::default().label(NAME, "m").sample(1.0, 1).label("host", "a").sample(2.0, 2);
    let together = series("m").sample(3.0, 3);
    let message = Message::default().series(apart).series(together);
    let mut decoder = Decoder::new(&message.0).unwrap();
    let mut keys = Vec::new();
    while let Some(row) = decoder.next_row() {
        keys.push(row.unwrap().key.to_vec());
    }
    assert_eq!(keys.len(), 3);
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "one key for one series");
}

#[test]
fn what_cannot_be_kept_is_refused_alone() {
    let message = Message::default()
        .series(series("h").bytes(4, b"a histogram").sample(1.0, i64::MAX).sample(2.0, 2));
    let found = decode(&message.0);
    let labels = "{__name__=\"h\",host=\"a\"}";
    assert_eq!(
        found[..2],
        [
            Err(format!(
                "1: unable to parse '{labels}': native histograms are not taken yet; send classic ones"
            )),
            Err(format!(
                "2: unable to parse '{labels}': timestamp 9223372036854775807 ms is out of range"
            )),
        ]
    );
    assert!(found[2].is_ok());
}

#[track_caller]
fn check_key(labels: Message, expected: &str) {
    let refusal = identify(&labels.0).expect_err("the key is refused");
    assert_eq!(refusal.to_string(), expected);
}

#[test]
fn labels_that_name_no_series_are_refused() {
    check_key(
        Message::default().label("host", "a"),
        "unable to parse '{host=\"a\"}': series has no __name__ label",
    );
    check_key(Message::default(), "unable to parse '{}': series has no __name__ label");
    check_key(
        series("m").label("host", "b"),
        "unable to parse '{__name__=\"m\",host=\"a\",host=\"b\"}': label \"host\" stands twice",
    );
    check_key(
        series("m").label("", "b"),
        "unable to parse '{__name__=\"m\",host=\"a\",=\"b\"}': a label has no name",
    );
    let not_text = series("m").bytes(1, &Message::default().bytes(1, b"\xff").0);
    check_key(
        not_text,
        "unable to parse '{__name__=\"m\",host=\"a\"}': decode protobuf message at offset 28: invalid UTF-8",
    );
    let long = identify(&Message::default().label("x", &"ü".repeat(500)).0).unwrap_err();
    let Refusal::Malformed { text, .. } = long else { panic!("malformed") };
    assert_eq!(text.chars().count(), 120);
}

#[test]
fn a_damaged_message_is_refused_as_a_whole() {
    let message = Message::default().series(series("m").sample(1.0, 1)).0;
    for end in 1..message.len() {
        assert!(Decoder::new(&message[..end]).is_err(), "cut at {end}");
    }
    for (bytes, what) in [
        (&b"\x0b"[..], "a field has an encoding that is not known"),
        (b"\x02\x00", "a field has the number 0"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "a number has more than 64 bits"),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a number has more than 64 bits"),
        (b"\x80", "a number does not end"),
        (b"\x0a\xff\xff\xff\xff\x0f", "the message is cut off"),
        (b"\x08\x01", "a field that should have a length has none"),
    ] {
        let Err(Error::Protobuf { what: found, .. }) = Decoder::new(bytes) else {
            panic!("{bytes:?} is refused")
        };
        assert_eq!(found, what, "{bytes:?}");
    }
}

#[test]
fn a_body_is_decompressed_within_its_limit() {
    let message = Message::default().series(series("m").sample(1.0, 1)).0;
    let body = snap::raw::Encoder::new().compress_vec(&message).unwrap();
    let mut plain = b"what was there before".to_vec();
    assert_eq!(decompress(&body, message.len(), &mut plain), Ok(()));
    assert_eq!(plain, message);
    let limit = message.len() - 1;
    let declared = message.len();
    assert_eq!(decompress(&body, limit, &mut plain), Err(Error::TooLarge { declared, limit }));
    // A few bytes that claim four gigabytes.
    let bomb = b"\xff\xff\xff\xff\x0f\x00\x00";
    assert!(matches!(decompress(bomb, 1 << 20, &mut plain), Err(Error::TooLarge { .. })));
    assert!(matches!(decompress(b"", 10, &mut plain), Ok(()) | Err(Error::Snappy(_))));
    let cut = &body[..body.len() - 1];
    assert!(matches!(decompress(cut, 1 << 20, &mut plain), Err(Error::Snappy(_))));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decompress(&body, 1 << 16, &mut Vec::new());
        let _ = identify(&body);
        if Decoder::new(&body).is_ok() {
            decode(&body);
        }
    }

    #[test]
    fn one_changed_byte_is_survived(at: prop::sample::Index, byte: u8) {
        let one = series("m").sample(1.0, 1).bytes(4, b"x").label("late", "b");
        let mut message = Message::default().series(one).series(series("n").sample(2.0, 2)).0;
        let at = at.index(message.len());
        message[at] = byte;
        if Decoder::new(&message).is_ok() {
            decode(&message);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded(
        samples in prop::collection::vec((any::<u64>(), -9_000_000_000_000i64..9_000_000_000_000), 0..20),
        tags in prop::collection::btree_map("[a-z]{1,5}", "\\PC{0,6}", 0..5),
    ) {
        let mut one = Message::default().label(NAME, "m");
        for (name, value) in &tags {
            one = one.label(name, value);
        }
        for (bits, ms) in &samples {
            one = one.sample(f64::from_bits(*bits), *ms);
        }
        let tags: Vec<_> =
            tags.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n}={v}")).collect();
        let stream = format!("m{{{}}}", tags.join(","));
        let expected: Vec<_> =
            samples.iter().map(|(bits, ms)| Ok((stream.clone(), *bits, ms * 1_000_000))).collect();
        prop_assert_eq!(decode(&Message::default().series(one).0), expected);
    }
}
