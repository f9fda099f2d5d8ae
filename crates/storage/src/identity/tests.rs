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
        assert_ne!(first.order(&other), Ordering::Equal);
    }
    assert_eq!(first.hash(), Identity::of(&policy(2), "cpu", &tags).hash());
}

#[test]
fn streams_stand_in_the_order_of_their_names() {
    // Texts are shared or not: that makes no difference.
    let shared = [pair("a", "1"), pair("b", "2")];
    let mut all = vec![];
    for measurement in ["cpu", "cpu2", ""] {
        for tags in
            [&shared[..], &shared[..1], &[], &[pair("a", "1"), pair("b", "10")], &[pair("b", "0")]]
        {
            for id in [1, 2] {
                all.push(Identity::of(&policy(id), measurement, tags));
            }
        }
    }
    for a in &all {
        for b in &all {
            let key = |i: &Identity| (i.key.measurement.clone(), i.key.tags.clone(), i.policy);
            assert_eq!(a.order(b), key(a).cmp(&key(b)), "{a:?} {b:?}");
        }
    }
}
