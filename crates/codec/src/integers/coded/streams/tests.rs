use super::super::token::TOKENS;
use super::*;
use crate::varint::{fold, unfold};
use proptest::prelude::*;

fn code_of(numbers: &[u64]) -> Code {
    let mut frequencies = [0; TOKENS];
    for number in numbers {
        frequencies[Token::of(*number).index()] += 1;
    }
    Code::of(&frequencies)
}

fn table_of(code: &Code) -> Table {
    let mut bytes = Vec::new();
    code.write(&mut bytes);
    Table::read(&mut Cursor::new(&bytes)).unwrap()
}

/// Writes and reads, some at a time.
fn check(numbers: &[u64]) -> (Code, Vec<u8>) {
    let code = code_of(numbers);
    let mut bytes = Vec::new();
    write(numbers, &code, &mut bytes);
    bytes.push(0xaa);
    let mut cursor = Cursor::new(&bytes);
    let mut reader = Reader::new(&mut cursor, numbers.len()).unwrap();
    assert_eq!(cursor.remaining(), 1);
    let mut back = vec![0; numbers.len()];
    back.chunks_mut(12).for_each(|some| reader.read(&table_of(&code), some));
    reader.finish().unwrap();
    assert!(back.iter().map(|number| fold(*number)).eq(numbers.iter().copied()));
    bytes.pop();
    (code, bytes)
}

#[test]
fn numbers_of_every_length_come_back() {
    let every = Vec::from_iter((0..64).flat_map(|bit| [1u64 << bit, u64::MAX >> bit, 3 << bit]));
    check(&every);
    check(&[u64::MAX; 9]);
    check(&[5]);
    check(&[7; 100]);
}

#[test]
fn ends_that_do_not_fit_are_errors() {
    let (code, bytes) = check(&Vec::from_iter(0..40));
    let table = table_of(&code);
    let end = |count: usize| {
        let mut reader = Reader::new(&mut Cursor::new(&bytes), 40).unwrap();
        reader.read(&table, &mut vec![0; count]);
        reader.finish()
    };
    assert_eq!(end(40), Ok(()));
    assert!(matches!(end(20), Err(Error::Invalid { what: "end of a stream", .. })));
    // Numbers behind the end are read as zeros until this is noticed.
    assert!(matches!(end(4000), Err(Error::Invalid { what: "end of a stream", .. })));
    let long = [200, 1, 0, 0, 0, 9];
    let error = Reader::new(&mut Cursor::new(&long), 1).err();
    let expected = Some(Error::Invalid { what: "length of a stream", offset: 0 });
    assert_eq!(error, expected);
    // More numbers than there are bits.
    assert_eq!(Reader::new(&mut Cursor::new(&bytes), 8 * bytes.len()).err(), expected);
}

proptest! {
    #[test]
    fn all_numbers_come_back(numbers in prop::collection::vec((any::<u64>(), 0u32..64), 1..300)) {
        let numbers = Vec::from_iter(numbers.into_iter().map(|(number, shift)| number >> shift));
        let (code, bytes) = check(&numbers);
        let mut frequencies = [0; TOKENS];
        numbers.iter().for_each(|number| frequencies[Token::of(*number).index()] += 1);
        let raw = numbers.iter().map(|number| u64::from(Token::of(*number).raw_bits()));
        prop_assert!(bytes.len() <= len_at_most(code.bits(&frequencies) + raw.sum::<u64>()));
        prop_assert!(numbers.iter().all(|number| fold(unfold(*number)) == *number));
    }
}
