use super::super::code::Code;
use super::*;
use proptest::prelude::*;

fn frequencies(of: &[(usize, u32)]) -> [u32; TOKENS] {
    let mut frequencies = [0; TOKENS];
    of.iter().for_each(|(token, times)| frequencies[*token] = *times);
    frequencies
}

/// Writes the code, reads its table, and looks every token up, with every string of raw
/// bits that is short enough to be told with it.
fn check(frequencies: &[u32; TOKENS]) -> Table {
    let code = Code::of(frequencies);
    let mut bytes = Vec::new();
    code.write(&mut bytes);
    assert_eq!(bytes.len(), code.stored_len());
    let mut cursor = Cursor::new(&bytes);
    let table = Table::read(&mut cursor).unwrap();
    cursor.finish().unwrap();
    let mut bits_max = 0;
    for index in (0..TOKENS).filter(|index| frequencies[*index] > 0) {
        let token = Token::from_index(index);
        let (code, length) = code.get(token);
        let (raw_bits, lead) = (token.raw_bits(), u64::from(token.lead()));
        let bits = length + raw_bits;
        bits_max = bits_max.max(bits);
        let is_told_whole = table.has_numbers() && bits <= CODE_BITS_MAX;
        for raw in 0..if is_told_whole { 1 << raw_bits } else { 1 } {
            let told_by = if is_told_whole { bits } else { length };
            for others in [0, u64::MAX] {
                let entry = table.entries().get(others << told_by | raw << length | code);
                assert_eq!(entry.is_long(), !is_told_whole);
                if is_told_whole {
                    let expected = (bits, unfold(lead << raw_bits | raw));
                    assert_eq!((entry.code_bits(), entry.number()), expected);
                } else {
                    let expected = (length, raw_bits, lead);
                    assert_eq!((entry.code_bits(), entry.raw_bits(), entry.lead()), expected);
                }
            }
        }
    }
    assert_eq!(table.bits_max(), bits_max);
    table
}

#[test]
fn short_numbers_are_told_whole() {
    // 0 to 7 in three bits each, and 8 to 15 in as many and one raw bit.
    let short = check(&frequencies(&Vec::from_iter((0..12).map(|token| (token, 1)))));
    assert!(short.has_numbers());
    assert!(short.entries().0.iter().all(|entry| !Entry(*entry).is_long()));
    // A number of 30 bits, whose code has six: rare enough.
    let steep = Vec::from_iter((0..6).map(|token| (token, 32 >> token)));
    let rare = check(&frequencies(&[steep, vec![(4 * 28, 1)]].concat()));
    assert!(rare.has_numbers());
    assert!(rare.entries().0.iter().any(|entry| Entry(*entry).is_long()));
    let half = check(&frequencies(&[(0, 512), (4 * 28, 512)]));
    assert!(!half.has_numbers());
}

#[test]
fn every_string_has_an_entry() {
    let steep = Vec::from_iter((0..30).map(|token| (token, 1 << token)));
    for table in [check(&frequencies(&steep)), check(&[1; TOKENS])] {
        assert!(table.entries().0.iter().all(|entry| Entry(*entry).code_bits() > 0));
    }
}

#[test]
fn one_token_is_read_whatever_its_bit() {
    for index in [0, 7, 40, 200] {
        let table = check(&frequencies(&[(index, 7)]));
        let token = Token::from_index(index);
        for bits in 0..TABLE as u64 {
            let entry = table.entries().get(bits);
            let raw_bits = token.raw_bits();
            if table.has_numbers() && raw_bits < CODE_BITS_MAX {
                assert_eq!(entry.code_bits(), 1 + raw_bits);
            } else {
                assert_eq!((entry.code_bits(), entry.raw_bits()), (1, raw_bits));
            }
        }
    }
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
