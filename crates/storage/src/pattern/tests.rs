use super::*;
use proptest::prelude::*;

fn check(pattern: &str, expected: Hint) {
    assert_eq!(hint(pattern), expected, "{pattern}");
}

fn one_of(texts: &[&str]) -> Hint {
    Hint::OneOf(texts.iter().map(|text| (*text).to_owned()).collect())
}

#[test]
fn patterns_of_whole_values_say_something() {
    check("^(?s:.*)$", Hint::Every);
    check("^(?s:.+)$", Hint::NotEmpty);
    check("^(?s:(.+))$", Hint::NotEmpty);
    check("^(?s:a|b)$", one_of(&["a", "b"]));
    check("^(?s:(a|b|))$", one_of(&["a", "b", ""]));
    check("^(?s:host_1)$", one_of(&["host_1"]));
    check("^abc$", one_of(&["abc"]));
    check("^(?s:host_1.*)$", Hint::Prefix("host_1".into()));
    check("^(?s:host_1?.)$", Hint::Prefix("host_".into()));
    check("^(?s:ab+)$", Hint::Prefix("ab".into()));
    check("^(?s:é*)$", Hint::Any);
}

#[test]
fn others_say_nothing() {
    for pattern in [
        "a",
        "^a",
        "a$",
        "^a|b$",
        "^(?:.*)$",
        "^(?:.+)$",
        "^(?s:.*17)$",
        "^(?s:(a)*b)$",
        "^(?s:a(b|c))$",
        "^(?s:a\\.b)$",
        "^(?s:(?i)abc)$",
        "^(?i:abc)$",
        "^(a)(b)$",
        "^(?s:a.|b)$",
        "^a+*$",
        "^(?s:a+{0})$",
    ] {
        check(pattern, Hint::Any);
    }
}

proptest! {
    /// Whatever a pattern matches, its hint allows.
    #[test]
    fn a_hint_never_loses_a_value(
        inner in "[ab.|*+?()s:]{0,8}",
        wrap in prop_oneof![Just(("", "")), Just(("(?s:", ")")), Just(("(", ")"))],
        value in "[ab\n]{0,5}",
    ) {
        let text = format!("^{}{inner}{}$", wrap.0, wrap.1);
        let Ok(pattern) = regex::Regex::new(&text) else { return Ok(()) };
        let is_match = pattern.is_match(&value);
        match hint(&text) {
            Hint::Any => {}
            Hint::Every => prop_assert!(is_match, "{text} {value:?}"),
            Hint::NotEmpty => prop_assert_eq!(is_match, !value.is_empty(), "{} {:?}", text, value),
            Hint::Prefix(prefix) => prop_assert!(!is_match || value.starts_with(&prefix), "{text} {value:?}"),
            Hint::OneOf(texts) => prop_assert!(!is_match || texts.contains(&value), "{text} {value:?}"),
        }
    }
}
