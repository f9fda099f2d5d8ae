use super::*;

const RULE: &str = r#"{"metric_name":"cpu_usage","condition":"gt","threshold":90}"#;

fn check(text: &str, expected: Result<usize, &str>) {
    match (check_rules_file(text), expected) {
        (Ok(rules), Ok(count)) => assert_eq!(rules.len(), count, "{text}"),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
        (got, _) => panic!("{text}: {got:?}"),
    }
}

#[test]
fn a_file_is_an_array_an_object_or_one_rule() {
    check(&format!("[{RULE},{RULE}]"), Ok(2));
    check(&format!("{{\"rules\":[{RULE}]}}"), Ok(1));
    check(RULE, Ok(1));
    check("[]", Ok(0));
}

#[test]
fn a_bad_rule_is_named_by_its_place() {
    check(&format!("[{RULE},{{\"colour\":1}}]"), Err("rule 2: unknown field `colour`"));
    check("{\"rules\":3}", Err("not an array"));
    check("{\"rules\":[],\"groups\":[]}", Err("unknown field `groups`"));
    check("rules:", Err("not JSON"));
}
