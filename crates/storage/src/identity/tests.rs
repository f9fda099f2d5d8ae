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
