use super::*;
use proptest::prelude::*;

#[test]
fn small_magnitudes_take_one_byte() {
    let bytes_of = |value| {
        let mut out = Vec::new();
        put_i64(&mut out, value);
        out
    };
    assert_eq!(bytes_of(0), [0]);
    assert_eq!(bytes_of(-1), [1]);
    assert_eq!(bytes_of(1), [2]);
    assert_eq!(bytes_of(-64), [127]);
    assert_eq!(bytes_of(64), [0x80, 1]);
    assert_eq!(bytes_of(i64::MIN).len(), 10);
}

proptest! {
    #[test]
    fn lengths_are_foretold(value: u64, shift in 0u32..64) {
        let value = value >> shift;
        let mut out = Vec::new();
        put_u64(&mut out, value);
        prop_assert_eq!(out.len(), len_u64(value));
        prop_assert_eq!(fold(unfold(value)), value);
    }
}
