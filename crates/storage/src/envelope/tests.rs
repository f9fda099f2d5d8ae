use super::*;

const SEAL: Seal = Seal { magic: b"BAROTEST", version: 3, what: "test" };

#[test]
fn any_flipped_bit_is_found() {
    let path = Path::new("/x");
    let whole = SEAL.wrap(b"body");
    assert_eq!(SEAL.unwrap(&whole, path, 0).expect("whole"), b"body");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        let error = SEAL.unwrap(&bytes, path, 100).expect_err("flipped");
        assert!(matches!(error, Error::Damaged { offset, .. } if offset >= 100), "{error}");
        let error = SEAL.unwrap(&whole[..at], path, 0).expect_err("cut");
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}

#[test]
fn another_version_is_told_from_damage() {
    let newer = Seal { version: 4, ..SEAL };
    let error = SEAL.unwrap(&newer.wrap(b"body"), Path::new("/x/MANIFEST"), 0).expect_err("newer");
    assert!(matches!(error, Error::Version { found: 4, known: 3, .. }));
    assert!(error.to_string().contains("/x/MANIFEST"), "{error}");
}
