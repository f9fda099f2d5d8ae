use super::*;
use crate::identity::{Interner, PolicyId};
use model::StreamKey;

fn streams() -> Vec<Arc<Identity>> {
    let interner = Interner::default();
    let make = |id: u32, database: &str, measurement: &str, tags: &[(&str, &str)]| {
        let policy =
            PolicyName { id: PolicyId(id), database: database.into(), policy: "autogen".into() };
        let pairs: Vec<_> = tags.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        interner.intern(&policy, &measurement.into(), &pairs)
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
            let pattern = regex::Regex::new(pattern).expect("pattern");
            all.push(matcher(attribute.clone(), MatchOp::Regex(pattern.clone())));
            all.push(matcher(attribute.clone(), MatchOp::NotRegex(pattern)));
        }
    }
    all
}

/// Nothing that fits may be missing; what is of the stream alone must be exact.
fn check(index: &Index, streams: &[(u32, &StreamKey)], predicate: &Predicate, is_exact: bool) {
    let found = index.candidates(predicate);
    for (ordinal, key) in streams {
        let fits = ["user", "value"].iter().any(|field| predicate.matches_column(key, field));
        let is_found = found.contains(*ordinal);
        assert!(is_found || !fits, "{key:?} is missing for {predicate:?}");
        assert!(!is_exact || is_found == fits, "{key:?} is wrong for {predicate:?}");
    }
}

#[test]
fn it_finds_what_looking_at_each_would() {
    let streams = streams();
    let mut index = Index::default();
    for (ordinal, identity) in (10..).zip(&streams) {
        index.insert(ordinal, identity);
    }
    let keys: Vec<_> = (10..).zip(&streams).map(|(n, s)| (n, s.key.as_ref())).collect();
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
    let mut index = Index::default();
    for (ordinal, identity) in (0..).zip(&streams) {
        index.insert(ordinal, identity);
    }
    for (ordinal, identity) in (0..).zip(&streams) {
        index.remove(ordinal, identity);
        assert!(!index.candidates(&Predicate::ALL).contains(ordinal));
    }
    assert!(index.tags.is_empty() && index.measurements.is_empty() && index.policies.is_empty());
}
