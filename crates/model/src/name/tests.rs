use super::*;
use crate::{Kind, StreamKey, Tags};
use std::sync::Arc;

fn check(database: &str, tags: &[(&str, &str)], field: &str, expected: &str) {
    let pairs = tags.iter().map(|(n, v)| (Arc::from(*n), Arc::from(*v))).collect();
    let stream = StreamKey {
        database: database.into(),
        policy: "autogen".into(),
        measurement: "cpu".into(),
        tags: Tags::new(pairs),
    };
    let meta = SeriesMeta { stream: Arc::new(stream), field: field.into(), kind: Kind::F64 };
    assert_eq!(labels(&meta).to_string(), expected);
}

#[test]
fn fields_and_databases_become_names_and_labels() {
    check("metrics", &[("host", "a")], "usage", r#"cpu_usage{host="a"}"#);
    check("metrics", &[], "value", "cpu");
    check("other", &[], "value", r#"cpu{db="other"}"#);
    check("other", &[("db", "mine")], "value", r#"cpu{db="mine"}"#);
}
