use super::*;

#[test]
fn labels_that_read_alike_hash_apart() {
    let (one, other) = ([("a", "bc")], [("ab", "c")]);
    assert_ne!(hash(&Labels::from_pairs(one)), hash(&Labels::from_pairs(other)));
}

#[test]
fn hashes_never_change() {
    // It is written to the database and known to receivers.
    let labels = Labels::from_pairs([("host", "a"), ("region", "us-east-1")]);
    assert_eq!(hash(&labels), "1189bfd2115ac4752830a102b2df4a0c");
    let key = Key { rule_id: "r".repeat(128), hash: hash(&labels) };
    assert!(key.dedup_key(i64::MAX).len() <= 255);
}
