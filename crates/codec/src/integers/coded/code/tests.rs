use super::*;
use proptest::prelude::*;

fn frequencies(of: &[(usize, u32)]) -> [u32; TOKENS] {
    let mut frequencies = [0; TOKENS];
    of.iter().for_each(|(token, times)| frequencies[*token] = *times);
    frequencies
}

fn lengths(of: &[(usize, u32)]) -> Vec<u8> {
    let lengths = lengths_of(&frequencies(of));
    of.iter().map(|(token, _)| lengths[*token]).collect()
}

fn stored(code: &Code) -> Vec<u8> {
    let mut bytes = Vec::new();
    code.write(&mut bytes);
    assert_eq!(bytes.len(), code.stored_len());
    bytes
}

/// Writes the code, reads its table, and looks every token up.
fn check(frequencies: &[u32; TOKENS]) {
    let code = Code::of(frequencies);
    let bytes = stored(&code);
    let mut cursor = Cursor::new(&bytes);
    let table = Table::read(&mut cursor).unwrap();
    cursor.finish().unwrap();
    for index in (0..TOKENS).filter(|index| frequencies[*index] > 0) {
        let token = Token::from_index(index);
        let (code, length) = code.get(token);
        for others in [0, u64::MAX] {
            let entry = table.get(others << length | code);
            let expected = (length, token.raw_bits(), u64::from(token.lead()));
            assert_eq!((entry.code_bits(), entry.raw_bits(), entry.lead()), expected);
        }
    }
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
    check(&frequencies(&steep));
    check(&[1; TOKENS]);
}

#[test]
fn one_token_is_read_whatever_its_bit() {
    check(&frequencies(&[(40, 7)]));
}

#[test]
fn lengths_that_are_no_code_are_refused() {
    let refuse = |bytes: &[u8]| {
        let error = Table::read(&mut Cursor::new(bytes)).unwrap_err();
        assert!(matches!(error, Error::Invalid { what: "lengths of a code", offset: 0 }));
    };
    // Unused, too few, too many, too long, one of two bits alone, skipped past the last.
    refuse(&[0, 0]);
    refuse(&[1, 0x21]);
    refuse(&[2, 0x11, 0x01]);
    refuse(&[0, 0x0c]);
    refuse(&[0, 0x02]);
    refuse(&[
        255, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff,
    ]);
    refuse(&[2, 0x1f, 0x01]);
    let past_tokens = [[252].as_slice(), &[0xff; 14], &[0xbf, 0x11]].concat();
    refuse(&past_tokens);
    assert!(matches!(Table::read(&mut Cursor::new(&[2])), Err(Error::Ended { .. })));
}

proptest! {
    #[test]
    fn every_code_comes_back(
        present in prop::collection::vec((0..TOKENS, 1u32..1 << 20), 1..40),
        flat in any::<bool>(),
    ) {
        let mut of = frequencies(&present);
        if flat {
            of.iter_mut().for_each(|times| *times = (*times).min(3));
        }
        check(&of);
    }

    #[test]
    fn any_bytes_return(bytes: Vec<u8>) {
        // Whatever it says, it says it without a panic.
        let _ = Table::read(&mut Cursor::new(&bytes)).is_ok();
    }
}
