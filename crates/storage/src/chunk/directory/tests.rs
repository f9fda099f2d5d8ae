use super::*;
use proptest::prelude::*;

fn check(value: f64, expected_bytes: usize) {
    let mut bytes = vec![];
    put_f64(&mut bytes, value);
    let back = get_f64(&mut Cursor::new(&bytes)).expect("read");
    assert_eq!(back.to_bits(), value.to_bits(), "{value}");
    assert!(bytes.len() <= expected_bytes, "{value} takes {} bytes", bytes.len());
}

#[test]
fn few_digits_take_few_bytes() {
    check(0.0, 1);
    check(-3.0, 1);
    check(12.3, 2);
    check(0.125, 2);
    check(-99.999, 3);
    check(1e15, 8);
    for value in [-0.0, f64::MAX, f64::MIN_POSITIVE, 1.0 / 3.0, f64::INFINITY, f64::NAN] {
        check(value, 9);
    }
    check(((1i64 << 60) - 1) as f64, 9);
}

proptest! {
    #[test]
    fn every_float_comes_back(bits in any::<u64>(), few in -1_000_000i64..1_000_000) {
        check(f64::from_bits(bits), 9);
        check(few as f64 / 10.0, 4);
        check(few as f64 / 1000.0, 4);
    }

    #[test]
    fn whatever_the_bytes_parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut whole = bytes.clone();
        whole.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        if let Ok(mut directory) = Directory::parse(&whole) {
            while let Ok(Some(entry)) = directory.next_column() {
                let mut values = Column::new(entry.kind);
                let _ = entry.decode_section(&bytes, 20, &mut vec![], &mut values);
            }
        }
    }
}
