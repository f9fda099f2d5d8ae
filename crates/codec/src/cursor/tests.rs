use super::*;
use crate::varint::{put_i64, put_u64};
use proptest::prelude::*;

#[test]
fn fixed_numbers_are_little_endian() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut cursor = Cursor::new(&bytes);
    assert_eq!(cursor.u8(), Ok(1));
    assert_eq!(cursor.u16(), Ok(0x0302));
    assert_eq!(cursor.u32(), Ok(0x0706_0504));
    assert_eq!(cursor.u64(), Ok(0x0f0e_0d0c_0b0a_0908));
    assert_eq!((cursor.offset(), cursor.remaining(), cursor.finish()), (15, 0, Ok(())));
}

#[test]
fn a_short_read_says_where_and_moves_nothing() {
    let mut cursor = Cursor::new(&[1, 2, 3]);
    assert_eq!(cursor.u8(), Ok(1));
    assert_eq!(cursor.u32(), Err(Error::Ended { offset: 1, needed: 4, left: 2 }));
    let whole = cursor.bytes(usize::MAX);
    assert_eq!(whole, Err(Error::Ended { offset: 1, needed: usize::MAX, left: 2 }));
    assert_eq!(cursor.bytes(2), Ok(&[2, 3][..]));
    assert_eq!(cursor.u8(), Err(Error::Ended { offset: 3, needed: 1, left: 0 }));
}

#[test]
fn what_is_left_over_is_an_error() {
    assert_eq!(Cursor::new(&[0, 0]).finish(), Err(Error::Trailing { offset: 0, left: 2 }));
}

#[test]
fn varints_stop_at_64_bits() {
    let mut bytes = vec![0xff; 9];
    bytes.push(1);
    assert_eq!(Cursor::new(&bytes).varint(), Ok(u64::MAX));
    bytes[9] = 2;
    assert_eq!(Cursor::new(&bytes).varint(), Err(Error::Overlong { offset: 0 }));
    assert_eq!(Cursor::new(&[0x80; 20]).varint(), Err(Error::Overlong { offset: 0 }));
    assert_eq!(
        Cursor::new(&[0x80; 3]).varint(),
        Err(Error::Ended { offset: 0, needed: 4, left: 3 })
    );
}

proptest! {
    #[test]
    fn varints_come_back(unsigned: Vec<u64>, signed: Vec<i64>) {
        let mut bytes = Vec::new();
        unsigned.iter().for_each(|v| put_u64(&mut bytes, *v));
        signed.iter().for_each(|v| put_i64(&mut bytes, *v));
        let mut cursor = Cursor::new(&bytes);
        for value in unsigned {
            prop_assert_eq!(cursor.varint(), Ok(value));
        }
        for value in signed {
            prop_assert_eq!(cursor.zigzag(), Ok(value));
        }
        prop_assert_eq!(cursor.finish(), Ok(()));
    }
}
