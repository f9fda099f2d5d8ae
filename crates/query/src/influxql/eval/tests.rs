//! What operators make of values.

use super::Node;
use crate::influxql::answer::Cell;
use crate::influxql::ast::{Expr, Statement};
use crate::influxql::parser::parse;

/// The value of `text`, in which `i`, `u`, `f`, `b`, `s` and `n` stand for values.
fn value(text: &str) -> Cell {
    let values = [
        ("i", Cell::Integer(-7)),
        ("u", Cell::Unsigned(3)),
        ("f", Cell::Float(2.5)),
        ("b", Cell::Bool(true)),
        ("s", Cell::Text("x".to_owned())),
        ("n", Cell::Null),
    ];
    let statements = parse(&format!("SELECT v FROM m WHERE {text}")).unwrap();
    let [Statement::Select(select)] = statements.as_slice() else { panic!("one SELECT") };
    let node = Node::compile(select.condition.as_ref().unwrap(), &mut |expr| match expr {
        Expr::Reference(reference) => values.iter().position(|(name, _)| *name == reference.name),
        _ => None,
    });
    node.unwrap().eval(&|slot| values[slot].1.clone())
}

#[track_caller]
fn check(text: &str, expected: Cell) {
    assert_eq!(value(text), expected, "{text}");
}

#[test]
fn numbers_of_all_kinds() {
    check("i + 1", Cell::Integer(-6));
    check("i / 2", Cell::Float(-3.5));
    check("i / 0", Cell::Float(0.0));
    check("i % 4", Cell::Integer(-3));
    check("i % 0", Cell::Integer(0));
    check("u / 2", Cell::Unsigned(1));
    check("u % 0", Cell::Unsigned(0));
    check("u & 2", Cell::Unsigned(2));
    check("i + f", Cell::Float(-4.5));
    check("f / 0", Cell::Float(0.0));
    check("i < u", Cell::Bool(true));
    check("u > i", Cell::Bool(true));
    check("u = i", Cell::Bool(false));
    check("u <= 3", Cell::Bool(true));
    check("i ^ i", Cell::Integer(0));
}

#[test]
fn nothing_compares_with_nothing() {
    check("n + 1", Cell::Null);
    check("n = 1", Cell::Bool(false));
    check("n != 1", Cell::Bool(false));
    check("n = n", Cell::Bool(false));
    check("n =~ /./", Cell::Bool(false));
    check("n = false", Cell::Bool(true));
    check("b AND n = 1", Cell::Bool(false));
}

#[test]
fn texts_and_truth_values() {
    check("s = 'x' AND b", Cell::Bool(true));
    check("s != 'x' OR b = false", Cell::Bool(false));
    check("s < 'y'", Cell::Bool(false));
    check("s + 's'", Cell::Null);
    check("s = 1", Cell::Bool(false));
    check("s =~ /^x$/", Cell::Bool(true));
    check("s !~ /y/", Cell::Bool(true));
    check("b ^ true", Cell::Bool(false));
}

#[test]
fn functions_of_numbers() {
    check("abs(i)", Cell::Integer(7));
    check("floor(f)", Cell::Float(2.0));
    check("round(f)", Cell::Float(3.0));
    check("round(-f)", Cell::Float(-3.0));
    check("ceil(u)", Cell::Unsigned(3));
    check("pow(u, 2)", Cell::Float(9.0));
    check("log(9, u)", Cell::Float(2.0));
    check("atan2(0, 1)", Cell::Float(0.0));
    check("sqrt(s)", Cell::Null);
    check("pow(2, n)", Cell::Null);
}
