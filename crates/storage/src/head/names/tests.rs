use super::*;
use model::{Attribute, MatchOp, Matcher};

fn streams() -> Vec<Arc<Identity>> {
    let make = |id: u32, database: &str, measurement: &str, tags: &[(&str, &str)]| {
        let policy =
            PolicyName { id: PolicyId(id), database: database.into(), policy: "autogen".into() };
        let pairs: Vec<_> = tags.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        Identity::of(&policy, measurement, &pairs)
    };
    vec![
        make(1, "metrics", "cpu", &[("host", "a"), ("zone", "x")]),
        make(1, "metrics", "cpu", &[("host", "b")]),
        make(1, "metrics", "cpu_usage", &[("host", "a")]),
        make(1, "metrics", "mem", &[]),
        make(2, "other", "cpu", &[("host", "c"), ("zone", "y")]),
    ]
}

fn tag(name: &str) -> Attribute {
    Attribute::Tag(name.into())
}

fn matcher(attribute: Attribute, op: MatchOp) -> Predicate {
    Predicate::Match(Matcher { attribute, op })
}

/// All predicates of one matcher that are worth trying.
fn predicates() -> Vec<Predicate> {
    let mut all = vec![];
    for attribute in [
        tag("host"),
        tag("zone"),
        tag("none"),
        Attribute::Measurement,
        Attribute::Database,
        Attribute::Policy,
        Attribute::Name,
        Attribute::Field,
    ] {
        for value in ["", "a", "x", "cpu", "cpu_usage", "cpu_usage_user", "other", "user"] {
            all.push(matcher(attribute.clone(), MatchOp::Equal(value.into())));
            all.push(matcher(attribute.clone(), MatchOp::NotEqual(value.into())));
        }
        for pattern in ["", "^(a|b)$", "^.+$", "^.*$", "u"] {
            let pattern = model::Pattern::new(pattern).expect("pattern");
            all.push(matcher(attribute.clone(), MatchOp::Regex(pattern.clone())));
            all.push(matcher(attribute.clone(), MatchOp::NotRegex(pattern)));
        }
    }
    all
}

/// Nothing that fits may be missing; what is of the stream alone must be exact.
fn check(index: &Names, streams: &[(u32, &StreamKey)], predicate: &Predicate, is_exact: bool) {
    let found = index.candidates(predicate);
    for (ordinal, key) in streams {
        let fits = ["user", "value"].iter().any(|field| predicate.matches_column(key, field));
        let is_found = found.contains(*ordinal);
        assert!(is_found || !fits, "{key:?} is missing for {predicate:?}");
        assert!(!is_exact || is_found == fits, "{key:?} is wrong for {predicate:?}");
    }
}

fn add(names: &mut Names, identity: &Identity) -> u32 {
    let key = &identity.key;
    let (database, policy) = (key.database.clone(), key.policy.clone());
    let policy = PolicyName { id: identity.policy, database, policy };
    let pairs: Vec<_> = key.tags.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
    names.add(identity.hash(), &policy, &key.measurement, &pairs)
}

#[test]
fn it_finds_what_looking_at_each_would() {
    let streams = streams();
    let mut index = Names::default();
    // Enough others that lists and sets of streams are met too.
    for n in 0..200 {
        let policy = PolicyName { id: PolicyId(3), database: "d".into(), policy: "p".into() };
        let pairs =
            [("host".into(), format!("h{}", n % 2).into()), ("n".into(), format!("{n}").into())];
        add(&mut index, &Identity::of(&policy, "cpu", &pairs));
    }
    let slots: Vec<u32> = streams.iter().map(|identity| add(&mut index, identity)).collect();
    let keys: Vec<_> = slots.iter().zip(&streams).map(|(n, s)| (*n, s.key.as_ref())).collect();
    let singles = predicates();
    for (at, one) in singles.iter().enumerate() {
        let is_of_stream = |p: &Predicate| match p {
            Predicate::Match(matcher) => matcher.attribute.is_of_stream(),
            _ => false,
        };
        check(&index, &keys, one, is_of_stream(one));
        let not = Predicate::Not(Box::new(one.clone()));
        check(&index, &keys, &not, is_of_stream(one));
        let other = &singles[(at * 7 + 3) % singles.len()];
        let both = is_of_stream(one) && is_of_stream(other);
        check(&index, &keys, &Predicate::And(vec![one.clone(), other.clone()]), both);
        check(&index, &keys, &Predicate::Or(vec![one.clone(), not, other.clone()]), both);
    }
    check(&index, &keys, &Predicate::ALL, true);
    check(&index, &keys, &Predicate::Or(vec![]), true);
}

#[test]
fn what_is_removed_leaves_nothing() {
    let streams = streams();
    let mut index = Names::default();
    let slots: Vec<u32> = streams.iter().map(|identity| add(&mut index, identity)).collect();
    for (slot, identity) in slots.iter().zip(&streams) {
        assert_eq!(index.find(identity.hash(), identity.policy), Some(*slot));
        let epoch = index.shape(*slot).expect("known").1;
        assert_eq!(index.identity(*slot, epoch).expect("known").key, identity.key);
        index.remove(*slot);
        assert_eq!(index.find(identity.hash(), identity.policy), None);
        assert!(index.identity(*slot, epoch).is_none());
        assert!(!index.candidates(&Predicate::ALL).contains(*slot));
    }
    let all = slots.len();
    // Slots are given again, to others, and nobody is found under an old name.
    let again: Vec<u32> = streams.iter().rev().map(|identity| add(&mut index, identity)).collect();
    assert!(again.iter().all(|slot| (*slot as usize) < all), "{again:?}");
    for (slot, identity) in again.iter().zip(streams.iter().rev()) {
        let epoch = index.shape(*slot).expect("known").1;
        assert_eq!(index.identity(*slot, epoch).expect("known").key, identity.key);
        let host = identity.key.tags.get("host").to_owned();
        let only = matcher(tag("host"), MatchOp::Equal(host.into()));
        assert!(index.candidates(&only).contains(*slot));
    }
}
