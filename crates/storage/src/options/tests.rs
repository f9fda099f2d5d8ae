use super::*;

#[test]
fn sync_rules_are_read_as_they_are_printed() {
    for text in ["always", "every 100ms", "off"] {
        assert_eq!(text.parse::<Fsync>().expect(text).to_string(), text);
    }
    for text in ["", "never", "every", "every 0s", "every -1s", "100ms"] {
        assert!(text.parse::<Fsync>().is_err(), "{text:?}");
    }
}
