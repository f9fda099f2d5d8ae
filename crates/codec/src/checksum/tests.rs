use super::*;

#[test]
fn known_vectors_hold() {
    // RFC 3720, appendix B.4, and the usual check string.
    assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}

#[test]
fn appending_equals_the_whole() {
    assert_eq!(crc32c_append(crc32c(b"1234"), b"56789"), crc32c(b"123456789"));
    assert_eq!(crc32c_append(0, b"1"), crc32c(b"1"));
}
