use super::*;
use model::Tags;

/// The stream with these names. `pairs` are sorted by name.
pub fn named(policy: &PolicyName, measurement: &str, pairs: &[Pair]) -> Arc<Identity> {
    let hash = hash(&mut Vec::new(), measurement, pairs);
    let key = StreamKey {
        database: policy.database.clone(),
        policy: policy.policy.clone(),
        measurement: measurement.into(),
        tags: Tags::new(pairs.to_vec()),
    };
    Arc::new(Identity::new(policy.id, key, hash))
}

fn policy(id: u32) -> PolicyName {
    PolicyName { id: PolicyId(id), database: "d".into(), policy: "p".into() }
}

fn pair(name: &str, value: &str) -> Pair {
    (name.into(), value.into())
}

#[test]
fn names_and_policy_tell_streams_apart() {
    let tags = [pair("host", "a"), pair("zone", "b")];
    let first = named(&policy(1), "cpu", &tags);
    assert_eq!(first.order(&named(&policy(1), "cpu", &tags)), Ordering::Equal);
    assert_eq!(first.hash(), named(&policy(2), "cpu", &tags).hash());
    assert_ne!(first.order(&named(&policy(2), "cpu", &tags)), Ordering::Equal);
    for other in [
        named(&policy(1), "mem", &tags),
        named(&policy(1), "cpu", &tags[..1]),
        named(&policy(1), "cpu", &[pair("host", "a"), pair("zone", "c")]),
        named(&policy(1), "cpu", &[pair("host", "ab"), pair("zone", "")]),
    ] {
        assert_ne!(first.order(&other), Ordering::Equal);
        assert_ne!(first.hash(), other.hash());
    }
}
