use super::*;
use crate::keep::Buffer;
use std::fs;

#[test]
fn a_flipped_byte_anywhere_in_a_record_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    assert!(!is_buffer(dir));
    let mut buffer = Buffer::open(dir, 1 << 20).unwrap();
    for line in ["m v=1 1\n", "m v=2 2\n"] {
        buffer.append(line.as_bytes(), 1).unwrap();
    }
    assert!(check_buffer(dir).unwrap().is_in_use);
    drop(buffer);
    assert!(is_buffer(dir));
    let whole = check_buffer(dir).unwrap();
    assert_eq!((whole.segments, &whole.lost, whole.is_in_use), (1, &vec![], false));
    let path = list(dir).map(|all| segment::path(dir, all[0].id)).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(whole.bytes, bytes.len() as u64);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        let found = check_buffer(dir).unwrap().lost;
        assert_eq!(found.len(), 1, "byte {at}");
        assert!(found[0].path == path && found[0].offset <= at as u64, "{found:?}");
    }
    // As after a kill.
    fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(check_buffer(dir).unwrap().lost.len(), 1);
}
