use super::*;

#[test]
fn ids_are_one_path_segment() {
    for id in ["alert_001", "a", "A-b.c:d", &"x".repeat(ID_LENGTH_MAX)] {
        assert!(checked_id(id).is_ok(), "{id}");
    }
    for id in ["", "a b", "a/b", "ä", "..", ".", "audit", &"x".repeat(ID_LENGTH_MAX + 1)] {
        assert!(checked_id(id).is_err(), "{id}");
    }
}

#[test]
fn recovery_stands_on_the_healthy_side() {
    let check = |recovery, compare| check_recovery(Some(recovery), Some((compare, 50.0))).is_ok();
    assert!(check(40.0, Compare::Gt) && !check(60.0, Compare::Gte));
    assert!(check(60.0, Compare::Lt) && !check(40.0, Compare::Lte));
    assert!(!check(50.0, Compare::Eq) && !check(f64::NAN, Compare::Gt));
    assert!(check_recovery(Some(1.0), None).is_err());
    assert!(check_recovery(None, None).is_ok());
}

#[test]
fn texts_are_cut_between_characters() {
    for (length, expected) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (9, "aéb")] {
        let mut text = "aéb".to_owned();
        cut(&mut text, length);
        assert_eq!(text, expected);
    }
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text: &str, expected: &str| {
        let said = RuleInput::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(said.contains(expected), "{text}: {said}");
    };
    check(r#"{"expr":"up","bogus":1}"#, "unknown field `bogus`");
    check(r#"{"expr":"up","duration":300}"#, "duration: invalid type: integer `300`");
    check(r#"{"tags_filter":{"a":1}}"#, "tags_filter: invalid type: integer `1`");
    check(r#"{"notify":"slack"}"#, "notify: invalid type: string \"slack\"");
}

#[test]
fn a_rule_survives_being_written_and_read() {
    let text = r#"{"alert_id":"x","expr":"up","tags_filter":{"a":"b"},"enabled":false}"#;
    let input = RuleInput::from_json(text.as_bytes()).unwrap();
    let written = serde_json::to_string(&input).unwrap();
    assert_eq!(written, text);
    assert_eq!(RuleInput::from_json(written.as_bytes()).unwrap(), input);
}
