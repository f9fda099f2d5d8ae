use super::*;

fn policy(id: u32) -> PolicyName {
    PolicyName { id: PolicyId(id), database: "d".into(), policy: "p".into() }
}

fn pair(name: &str, value: &str) -> Pair {
    (name.into(), value.into())
}

#[test]
fn names_and_policy_tell_streams_apart() {
    let tags = [pair("host", "a"), pair("zone", "b")];
    let first = Identity::of(&policy(1), "cpu", &tags);
    let id = |of: &Identity| (of.hash(), of.policy);
    assert_eq!(id(&first), id(&Identity::of(&policy(1), "cpu", &tags)));
    for other in [
        Identity::of(&policy(2), "cpu", &tags),
        Identity::of(&policy(1), "mem", &tags),
        Identity::of(&policy(1), "cpu", &tags[..1]),
        Identity::of(&policy(1), "cpu", &[pair("host", "a"), pair("zone", "c")]),
    ] {
        assert_ne!(id(&first), id(&other));
    }
    assert_eq!(first.hash(), Identity::of(&policy(2), "cpu", &tags).hash());
}

#[test]
fn partitions_are_told_by_the_highest_bits() {
    let pairs = [pair("host", "a")];
    let whole = xxh3_128_with_seed(b"cpu\xffhost\xffa", 0);
    let hash = hash(&mut Vec::new(), "cpu", &pairs);
    assert_eq!(hash, whole >> (128 - 8 * HASH_BYTES));
    assert_eq!(u64::from(partition_of(hash, 7)), (whole >> 64) as u64 % 7);
}
