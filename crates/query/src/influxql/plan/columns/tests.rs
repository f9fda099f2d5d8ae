//! What columns are called.

use super::column_names;
use crate::influxql::ast::Statement;
use crate::influxql::parser::parse;

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    let statements = parse(&format!("SELECT {fields} FROM m")).unwrap();
    let [Statement::Select(select)] = statements.as_slice() else { panic!("one SELECT") };
    assert_eq!(column_names(&select.fields), expected, "{fields}");
}

#[test]
fn no_name_is_given_twice() {
    check("v, mean(w), v", &["v", "mean", "v_1"]);
    check("mean(a), mean(b), mean(c)", &["mean", "mean_1", "mean_2"]);
    check("mean(a), mean(b) AS mean_1, mean(c)", &["mean", "mean_1", "mean_2"]);
    check("a AS x, b AS x, x", &["x", "x", "x_1"]);
    check("a + b, (a * 2), max(a) - min(b), -a", &["a_b", "a", "max_min", "a_1"]);
}
