use super::*;
use proptest::prelude::*;

fn packed(numbers: &[u64], width: u32) -> Vec<u8> {
    let mut out = Vec::new();
    pack(numbers, width, &mut out);
    out
}

fn check(numbers: &[u64], width: u32) {
    let bytes = packed(numbers, width);
    assert_eq!(bytes.len(), packed_len(numbers.len(), width));
    let mut back = vec![-1; numbers.len()];
    unpack(&bytes, width, &mut back);
    let expected: Vec<i64> = numbers.iter().map(|number| (number & mask(width)) as i64).collect();
    assert_eq!(back, expected, "width {width}, count {}", numbers.len());
}

#[test]
fn every_width_and_length_comes_back() {
    let mut state = 7u64;
    let noise: Vec<u64> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state ^ (state >> 29)
    })
    .take(GROUP)
    .collect();
    for width in 0..=WIDTH_MAX {
        for count in [0, 1, 2, 3, 7, 8, 31, 32, 33, 64, 127, GROUP] {
            check(&noise[..count], width);
            check(&vec![u64::MAX; count], width);
        }
    }
}

#[test]
fn a_short_group_is_one_string_of_bits() {
    assert_eq!(packed(&[1, 2, 3, 4, 5], 3), [0xd1, 0x58]);
    assert_eq!(packed(&[0xabc, 0xdef], 12), [0xbc, 0xfa, 0xde]);
}

#[test]
fn neighbours_of_a_whole_group_are_in_different_lanes() {
    let mut numbers = [0; GROUP];
    numbers[..6].copy_from_slice(&[1, 2, 3, 4, 5, 6]);
    // Lane 0 holds numbers 0 and 4, lane 1 holds 1 and 5.
    let bytes = packed(&numbers, 4);
    assert_eq!(bytes[..16], [0x51, 0, 0, 0, 0x62, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
    let bytes = packed(&numbers, 40);
    assert_eq!(bytes[..16], [1, 0, 0, 0, 0, 3, 0, 0, 2, 0, 0, 0, 0, 4, 0, 0]);
}

proptest! {
    #[test]
    fn any_numbers_come_back(
        numbers in prop::collection::vec(any::<u64>(), 0..=GROUP),
        width in 0..=WIDTH_MAX,
    ) {
        check(&numbers, width);
    }
}
