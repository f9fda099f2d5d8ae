use super::*;

fn frequencies(of: &[(usize, u32)]) -> [u32; TOKENS] {
    let mut frequencies = [0; TOKENS];
    of.iter().for_each(|(token, times)| frequencies[*token] = *times);
    frequencies
}

fn lengths(of: &[(usize, u32)]) -> Vec<u8> {
    let lengths = lengths_of(&frequencies(of));
    of.iter().map(|(token, _)| lengths[*token]).collect()
}

#[test]
fn lengths_are_those_of_huffman() {
    assert_eq!(lengths(&[(9, 5)]), [1]);
    assert_eq!(lengths(&[(0, 1), (251, 1000)]), [1, 1]);
    assert_eq!(lengths(&[(0, 8), (1, 4), (2, 2), (3, 1), (4, 1)]), [1, 2, 3, 4, 4]);
    assert_eq!(lengths(&[(0, 5), (1, 5), (2, 5), (3, 5)]), [2, 2, 2, 2]);
}

#[test]
fn no_code_is_longer_than_a_table_has_bits() {
    let steep = Vec::from_iter((0..30).map(|token| (token, 1 << token)));
    let lengths = lengths(&steep);
    assert_eq!(lengths.iter().max(), Some(&(CODE_BITS_MAX as u8)));
    assert_eq!(lengths.iter().map(|length| share(*length)).sum::<usize>(), TABLE);
    assert_eq!(lengths[29], 1);
}
