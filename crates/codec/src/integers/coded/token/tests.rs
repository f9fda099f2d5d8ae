use super::*;
use proptest::prelude::*;

fn check(number: u64, index: usize, raw_bits: u32) {
    let token = Token::of(number);
    assert_eq!((token.index(), token.raw_bits()), (index, raw_bits), "{number}");
    assert_eq!(Token::from_index(index), token);
    assert_eq!(number >> raw_bits, u64::from(token.lead()), "{number}");
}

#[test]
fn small_numbers_are_their_own_tokens() {
    (0..8).for_each(|number| check(number, number as usize, 0));
    check(8, 8, 1);
    check(9, 8, 1);
    check(10, 9, 1);
    check(15, 11, 1);
    check(16, 12, 2);
    check(1 << 63, 248, 61);
    check(u64::MAX, 251, 61);
}

proptest! {
    #[test]
    fn lead_and_raw_bits_are_the_number(number: u64, shift in 0u32..64) {
        let number = number >> shift;
        let token = Token::of(number);
        prop_assert!(token.index() < TOKENS);
        let raw = number & ((1 << token.raw_bits()) - 1);
        prop_assert_eq!(u64::from(token.lead()) << token.raw_bits() | raw, number);
    }
}
