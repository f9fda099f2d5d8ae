use super::*;

#[test]
fn labels_are_sorted_and_an_empty_value_is_no_label() {
    let mut labels =
        Labels::from_pairs([("b", "2"), (NAME, "up"), ("a", "1"), ("c", ""), ("b", "3")]);
    assert_eq!(labels.to_string(), r#"up{a="1", b="3"}"#);
    labels.set("a", "");
    assert_eq!((labels.len(), labels.get("a"), labels.get("b")), (2, "", "3"));
    labels.retain(|name| name != NAME);
    assert_eq!(labels.to_string(), r#"{b="3"}"#);
}

#[test]
fn a_bare_name_prints_without_braces() {
    assert_eq!(Labels::from_pairs([(NAME, "up")]).to_string(), "up");
    assert_eq!(Labels::default().to_string(), "{}");
}
