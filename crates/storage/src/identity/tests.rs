use super::*;

fn policy(id: u32) -> PolicyName {
    PolicyName { id: PolicyId(id), database: "d".into(), policy: "p".into() }
}

fn pair(name: &str, value: &str) -> Pair {
    (name.into(), value.into())
}

#[test]
fn one_stream_has_one_identity() {
    let interner = Interner::default();
    let cpu: Arc<str> = "cpu".into();
    let tags = [pair("host", "a"), pair("zone", "b")];
    let first = interner.intern(&policy(1), &cpu, &tags);
    assert!(Arc::ptr_eq(&first, &interner.intern(&policy(1), &cpu, &tags)));
    for other in [
        interner.intern(&policy(2), &cpu, &tags),
        interner.intern(&policy(1), &"mem".into(), &tags),
        interner.intern(&policy(1), &cpu, &tags[..1]),
        interner.intern(&policy(1), &cpu, &[pair("host", "a"), pair("zone", "c")]),
    ] {
        assert!(!Arc::ptr_eq(&first, &other));
        assert_ne!(first.order(&other), Ordering::Equal);
    }
    assert_eq!(first.hash(), interner.intern(&policy(2), &cpu, &tags).hash());
}

#[test]
fn the_sweep_forgets_only_what_nobody_holds() {
    let interner = Interner::default();
    let held = interner.intern(&policy(1), &"a".into(), &[]);
    interner.intern(&policy(1), &"b".into(), &[]);
    interner.sweep();
    assert_eq!(interner.table.lock().entries.len(), 1);
    assert!(Arc::ptr_eq(&held, &interner.intern(&policy(1), &"a".into(), &[])));
}

#[test]
fn streams_stand_in_the_order_of_their_names() {
    // Texts are shared or not: that makes no difference.
    let (interner, shared) = (Interner::default(), [pair("a", "1"), pair("b", "2")]);
    let mut all = vec![];
    for measurement in ["cpu", "cpu2", ""] {
        for tags in
            [&shared[..], &shared[..1], &[], &[pair("a", "1"), pair("b", "10")], &[pair("b", "0")]]
        {
            for id in [1, 2] {
                all.push(interner.intern(&policy(id), &measurement.into(), tags));
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
