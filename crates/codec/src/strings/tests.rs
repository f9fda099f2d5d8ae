use super::*;
use proptest::prelude::*;

fn decoded(bytes: &[u8], count: usize) -> Result<Vec<Vec<u8>>, Error> {
    let mut entries = Vec::new();
    decode(bytes, count, |entry| entries.push(entry.to_vec()))?;
    Ok(entries)
}

fn check(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0xaa];
    encode(entries.iter().map(Vec::as_slice), &mut bytes);
    let bytes = bytes.split_off(1);
    assert_eq!(decoded(&bytes, entries.len()).unwrap(), entries);
    bytes
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn the_shorter_mode_is_taken() {
    assert_eq!(check(&[]), [PLAIN, 0, 0]);
    assert_eq!(check(&texts(&["", "", ""])), [PLAIN, 0, 0]);
    assert_eq!(check(&texts(&["a", "b", "c"])), [PLAIN, 0, 2, b'a', b'b', b'c']);
    let repeated = check(&texts(&["running"; 1000]));
    assert_eq!(repeated.len(), 1 + 1 + 1 + 7 + 2);
    let states = texts(&["running", "stopped", "stopped", "failed"].repeat(100));
    assert_eq!(check(&states)[0], DICTIONARY);
}

#[test]
fn contradictions_are_errors() {
    let refuse = |bytes: &[u8], count, text: &str| {
        assert_eq!(decoded(bytes, count).unwrap_err().to_string(), text);
    };
    refuse(&[PLAIN, 0, 2, b'a'], 2, "length of an entry at offset 1 is out of bounds");
    refuse(&[PLAIN, 0, 1, b'a'], 1, "length of an entry at offset 1 is out of bounds");
    refuse(&[PLAIN, 0, 2, b'a', b'b'], 1, "1 bytes follow the last value at offset 4");
    refuse(&[DICTIONARY, 1, 1, b'a', 0, 2], 3, "index of an entry at offset 4 is out of bounds");
    refuse(&[DICTIONARY, 1, 1, b'a', 0, 0, 9], 3, "1 bytes follow the last value at offset 6");
    refuse(
        &[DICTIONARY, 1, 9, b'a'],
        3,
        "the bytes end at offset 3: 9 more are needed, 1 are left",
    );
    refuse(&[7], 0, "strings at offset 0: mode 0x07 is not known to this version");
}

#[test]
fn a_long_entry_is_not_repeated_without_end() {
    let mut bytes = vec![DICTIONARY, 1];
    put_u64(&mut bytes, 1 << 12);
    bytes.resize(bytes.len() + (1 << 12), b'x');
    bytes.extend([0, 0]);
    let mut total = 0;
    decode(&bytes, 1 << 18, |entry| total += entry.len()).unwrap();
    assert_eq!(total, EXPANDED_BYTES_MAX);
    let error = decode(&bytes, (1 << 18) + 1, |_| panic!("nothing is handed on")).unwrap_err();
    assert!(error.to_string().starts_with("size of all entries"), "{error}");
}

proptest! {
    #[test]
    fn every_slice_comes_back(
        entries in prop::collection::vec(
            prop_oneof![prop::collection::vec(any::<u8>(), 0..20), Just(b"again and again".to_vec())],
            0..60,
        ),
        flip in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let mut bytes = check(&entries);
        prop_assert!(decoded(&bytes[..bytes.len() - 1], entries.len()).is_err());
        let at = flip.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        if let Ok(back) = decoded(&bytes, entries.len()) {
            prop_assert_eq!(back.len(), entries.len());
        }
    }

    #[test]
    fn any_bytes_return(mut bytes: Vec<u8>, mode in 0u8..3, count in 0usize..300) {
        bytes.insert(0, mode);
        let _ = decoded(&bytes, count);
    }
}
