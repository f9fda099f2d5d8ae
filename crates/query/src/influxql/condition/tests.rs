//! Time bounds apart from the rest, tags apart from fields.

use super::{split_tags, split_time};
use crate::influxql::ast::{DataType, Expr, Statement};
use crate::influxql::parser::parse;
use crate::influxql::reduce::Folding;

const NOW: i64 = 1_000;

fn condition(text: &str) -> Expr {
    let statements = parse(&format!("SELECT v FROM m WHERE {text}")).unwrap();
    let [Statement::Select(select)] = statements.as_slice() else { panic!("one SELECT") };
    select.condition.clone().unwrap()
}

/// Prints the bounds and what remains.
#[track_caller]
fn check(text: &str, expected: &str) {
    let folding = Folding { now: Some(NOW), zone: None };
    let split = match split_time(Some(&condition(text)), &folding) {
        Err(error) => error.to_string(),
        Ok((rest, bounds)) => {
            let end = |bound: Option<i64>| bound.map_or("-".to_owned(), |at| at.to_string());
            let rest = rest.map_or("-".to_owned(), |rest| rest.to_string());
            format!("{}..{} {rest}", end(bounds.min), end(bounds.max))
        }
    };
    assert_eq!(split, expected, "{text}");
}

#[test]
fn bounds_are_taken_out() {
    check("time > 5", "6..- -");
    check("time >= 5 AND time < 9", "5..8 -");
    check("5 <= time AND 9 > time", "5..8 -");
    check("time = 7", "7..7 -");
    check("time > now() - 300ns", "701..- -");
    check("TIME > 1.9", "2..- -");
    check("time > 2 AND time > 4 AND time <= 8 AND time < 8", "5..7 -");
    check("h = 'a'", "-..- h = 'a'");
    check("h = 'a' AND time > 5 AND (v > 1 OR w > 2)", "6..- h = 'a' AND (v > 1 OR w > 2)");
    check("(time > 5 AND h = 'a') OR h = 'b'", "6..- (h = 'a') OR h = 'b'");
    check("(time > 5)", "6..- -");
    check("true AND h = 'a'", "-..- h = 'a'");
    check("h = 'a' OR true", "-..- true");
    check("v > 2 * 3", "-..- v > 6");
    check("time > 'x'", "invalid operation: time and *influxql.StringLiteral are not compatible");
    check("time =~ /x/", "invalid operation: time and *influxql.RegexLiteral are not compatible");
    check("v + 1 AND h = 'a'", "-..- v + 1 AND h = 'a'");
}

/// Prints what rows are still asked, with names in capitals as fields.
#[track_caller]
fn check_rest(text: &str, expected: &str) {
    let mut condition = condition(text);
    condition.walk_mut(&mut |part| {
        if let Expr::Reference(reference) = part {
            let is_field = reference.name.starts_with(|c: char| c.is_uppercase());
            reference.kind = if is_field { DataType::Float } else { DataType::Tag };
        }
    });
    let (_, rest) = split_tags(Some(&condition));
    let rest = rest.map_or("-".to_owned(), |rest| rest.to_string());
    assert_eq!(rest.replace("::float", "").replace("::tag", ""), expected, "{text}");
}

#[test]
fn the_index_answers_what_it_can() {
    check_rest("h = 'a'", "-");
    check_rest("h = 'a' AND r =~ /x/ AND 'b' != z", "-");
    check_rest("(h = 'a' OR r !~ /x/) AND V > 1", "V > 1");
    check_rest("h = 'a' OR V > 1", "h = 'a' OR V > 1");
    check_rest("V > 1 AND (h = 'a' AND W < 2)", "V > 1 AND (W < 2)");
    check_rest("h = r", "h = r");
    check_rest("h > 'a'", "h > 'a'");
}
