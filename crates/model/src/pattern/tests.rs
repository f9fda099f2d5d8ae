use super::*;
use proptest::prelude::*;

fn pattern(text: &str) -> Pattern {
    Pattern::new(text).expect("a pattern")
}

fn hint(text: &str) -> Hint {
    pattern(text).hint().clone()
}

fn one_of(texts: &[&str]) -> Hint {
    Hint::OneOf(texts.iter().map(|text| Box::from(*text)).collect())
}

#[test]
fn patterns_of_whole_values_say_which() {
    for (text, expected) in [
        ("^(?s:.*)$", Hint::Every),
        ("^(?s:.+)$", Hint::NotEmpty),
        ("^(?s:(.+))$", Hint::NotEmpty),
        ("^(?s:a|b)$", one_of(&["a", "b"])),
        ("^(?s:(b|a|))$", one_of(&["", "a", "b"])),
        ("^(?s:a(b|c)d?)$", one_of(&["ab", "abd", "ac", "acd"])),
        ("^(?s:host_1)$", one_of(&["host_1"])),
        ("^(?s:)$", one_of(&[""])),
        ("^(?s:a\\.b)$", one_of(&["a.b"])),
        ("^(?s:host_1.*)$", Hint::Prefix("host_1".into())),
        ("^(?s:host_1?.)$", Hint::Prefix("host_".into())),
        ("^(?s:ab+)$", Hint::Prefix("a".into())),
        ("^abc", Hint::Prefix("abc".into())),
        ("^(?s:é*)$", Hint::Any),
        ("^(?s:.*17)$", Hint::Any),
        ("^(?s:a.|b)$", Hint::Any),
        ("^(?:.*)$", Hint::Any),
        ("", Hint::Every),
        ("a*", Hint::Every),
        (".*", Hint::Every),
        ("^", Hint::Every),
        ("a", Hint::Any),
        ("a$", Hint::Any),
        ("(?m)^a$", Hint::Any),
    ] {
        assert_eq!(hint(text), expected, "{text}");
    }
}

#[test]
fn a_long_list_of_words_is_one() {
    let words: Vec<String> = (0..5_000).map(|number| format!("host-{number}")).collect();
    let list = pattern(&format!("^(?s:{})$", words.join("|")));
    assert!(matches!(list.hint(), Hint::OneOf(texts) if texts.len() == 5_000));
    assert!(list.is_match("host-4999") && !list.is_match("host-5000") && list.rest.is_none());
}

#[test]
fn texts_with_gaps_need_no_engine() {
    for text in ["^(?s:.*77.*)$", "^(?s:a.*b.*c)$", "^(?s:.*b)$", "^(?s:a.*)$", "77", "^a", "a$"] {
        assert!(pattern(text).rest.is_none(), "{text}");
    }
    for text in ["^(?s:a.+b)$", "^(?s:[0-9]+77.*)$", "^a.*b$", "a.*b", "\\ba", "^(?s:a(b|c.*))$"] {
        assert!(pattern(text).rest.is_some(), "{text}");
    }
    assert!(!pattern("^(?s:aba.*aba)$").is_match("ababa"));
}

#[test]
fn what_every_match_has_is_told() {
    assert_eq!(pattern("^(?s:.*[0-9]77-.*)$").needle(), Some(&b"77-"[..]));
    assert_eq!(pattern("_[0-9]*77$").needle(), Some(&b"77"[..]));
    assert_eq!(pattern("^(?s:web-[0-9]+)$").needle(), Some(&b"web-"[..]));
    assert_eq!(pattern("^(?s:web-.*77.*)$").needle(), Some(&b"77"[..]));
    assert_eq!(pattern("(?i)web").needle(), None);
    assert_eq!(pattern("a|b").needle(), None);
}

#[test]
fn what_is_no_pattern_is_refused_as_the_library_does() {
    for text in ["(", "[z-a]", "a**{", "\\p{Nothing}", "(?P<a>.)(?P<a>.)"] {
        let expected = regex::Regex::new(text).map(drop).map_err(|error| error.to_string());
        assert_eq!(Pattern::new(text).map(drop).map_err(|error| error.to_string()), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The parts and the engine together say what the engine alone does.
    #[test]
    fn a_pattern_matches_what_its_text_does(
        inner in prop_oneof![
            "[ab.|*+?()é^$]{0,8}",
            "(a|b|ab|[.][*]|[.][+]|[.]|a[*]|[(]a|[)]|[|]|é|\\^|\\$|\\\\b|[(][?]m|[(][?]i){0,7}",
        ],
        wrap in prop_oneof![
            Just(("", "")),
            Just(("^(?s:", ")$")),
            Just(("^(", ")$")),
            Just(("^", "")),
            Just(("", "$")),
        ],
        values in prop::collection::vec("[abABé\n]{0,6}", 1..8),
    ) {
        let text = format!("{}{inner}{}", wrap.0, wrap.1);
        let Ok(whole) = regex::Regex::new(&text) else {
            prop_assert!(Pattern::new(&text).is_err());
            return Ok(());
        };
        let pattern = pattern(&text);
        for value in &values {
            let is_match = whole.is_match(value);
            prop_assert_eq!(pattern.is_match(value), is_match, "{} {:?}", &text, value);
            if let Some(needle) = pattern.needle().filter(|_| is_match) {
                let is_there = value.as_bytes().windows(needle.len()).any(|text| text == needle);
                prop_assert!(is_there, "{} {:?} lacks {:?}", &text, value, needle);
            }
            match pattern.hint() {
                Hint::Any | Hint::OneOf(_) => {}
                Hint::Every => prop_assert!(is_match),
                Hint::NotEmpty => prop_assert_eq!(is_match, !value.is_empty()),
                Hint::Prefix(prefix) => prop_assert!(!is_match || value.starts_with(&**prefix)),
            }
        }
    }
}
