use super::*;

#[test]
fn a_value_of_another_kind_is_refused_and_changes_nothing() {
    let mut samples = Samples::new(Kind::I64);
    assert!(samples.push(Timestamp(1), ValueRef::I64(5)));
    assert!(!samples.push(Timestamp(2), ValueRef::F64(5.0)));
    assert_eq!((samples.len(), samples.values.len()), (1, 1));
    samples.reset(Kind::Str);
    assert!(samples.push(Timestamp(3), ValueRef::Str("x")));
    assert_eq!(samples.get(0), (Timestamp(3), ValueRef::Str("x")));
}

#[test]
fn strings_keep_empty_entries() {
    let mut strings = Strings::default();
    for entry in ["", "ab", "", "c"] {
        strings.push(entry.as_bytes());
    }
    assert_eq!(strings.iter().collect::<Vec<_>>(), [&b""[..], b"ab", b"", b"c"]);
}
