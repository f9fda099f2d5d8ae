use super::*;
use crate::{Kind, Tags};

fn series(field: &str) -> SeriesMeta {
    let tags = Tags::new(vec![("host".into(), "a".into())]);
    let stream = StreamKey {
        database: "metrics".into(),
        policy: "autogen".into(),
        measurement: "cpu".into(),
        tags,
    };
    SeriesMeta { stream: Arc::new(stream), field: field.into(), kind: Kind::F64 }
}

fn tag(name: &str, op: MatchOp) -> Predicate {
    Predicate::Match(Matcher { attribute: Attribute::Tag(name.into()), op })
}

#[test]
fn an_absent_tag_equals_the_empty_text() {
    assert!(tag("rack", MatchOp::Equal("".into())).matches(&series("usage")));
    assert!(tag("rack", MatchOp::NotEqual("x".into())).matches(&series("usage")));
    assert!(!tag("host", MatchOp::Equal("".into())).matches(&series("usage")));
    assert!(tag("rack", MatchOp::Regex(Pattern::new("^.*$").unwrap())).matches(&series("usage")));
}

#[test]
fn the_name_is_made_of_measurement_and_field() {
    let named = |name: &str| Predicate::all_of([Matcher::equal(Attribute::Name, name)]);
    assert!(named("cpu_usage").matches(&series("usage")));
    assert!(named("cpu").matches(&series("value")));
    assert!(!named("cpu").matches(&series("usage")));
}

#[test]
fn and_or_not_join() {
    let host = |value: &str| tag("host", MatchOp::Equal(value.into()));
    assert!(Predicate::ALL.matches(&series("usage")));
    assert!(!Predicate::Or(vec![]).matches(&series("usage")));
    assert!(Predicate::Or(vec![host("b"), host("a")]).matches(&series("usage")));
    assert!(!Predicate::And(vec![host("b"), host("a")]).matches(&series("usage")));
    assert!(Predicate::Not(Box::new(host("b"))).matches(&series("usage")));
}

#[test]
fn a_policy_leaves_tags_and_columns_to_ask() {
    let database = |name: &str| Predicate::Match(Matcher::equal(Attribute::Database, name));
    let host = tag("host", MatchOp::Equal("a".into()));
    let both = |name: &str| Predicate::And(vec![database(name), host.clone()]);
    assert!(both("metrics").of_policy("metrics", "p").is_same(&Predicate::And(vec![host.clone()])));
    assert!(both("other").of_policy("metrics", "p").is_none());
    assert!(database("metrics").of_policy("metrics", "p").is_same(&Predicate::ALL));
    let not = Predicate::Not(Box::new(Predicate::Or(vec![database("metrics"), host])));
    assert!(not.of_policy("metrics", "p").is_none());
}
