use super::*;
use crate::influxql::ast::{Reference, Select, Statement};
use crate::influxql::parser::parse;
use crate::influxql::run::frame::Columns;
use model::{Kind, Samples, Timestamp, ValueRef};
use std::sync::Arc;

/// Rows 0 to 7: floats in all of them, integers in some.
fn frame() -> Frame {
    let mut floats = Samples::new(Kind::F64);
    let mut integers = Samples::new(Kind::I64);
    for (at, value) in
        [1.5, -2.0, f64::NAN, 90.0, 90.5, 0.0, -0.0, f64::INFINITY].into_iter().enumerate()
    {
        assert!(floats.push(Timestamp(at as i64), ValueRef::F64(value)));
        if at % 3 != 1 {
            assert!(integers.push(Timestamp(at as i64), ValueRef::I64(at as i64 - 3)));
        }
    }
    let key = Arc::new(model::StreamKey {
        database: "db".into(),
        policy: "autogen".into(),
        measurement: "m".into(),
        tags: model::Tags::default(),
    });
    Frame::align(vec![Some(floats), Some(integers)], key)
}

/// Both ways of the condition; the quick one where there is one.
fn check(condition: &str, is_quick: bool) {
    let statements = parse(&format!("SELECT f FROM m WHERE {condition}")).expect("it parses");
    let [Statement::Select(select)] = statements.as_slice() else { panic!("a select") };
    let Select { condition: Some(mut expr), .. } = select.as_ref().clone() else { panic!() };
    expr.walk_mut(&mut |part| {
        if let crate::influxql::ast::Expr::Reference(reference) = part {
            reference.kind =
                if reference.name == "f" { DataType::Float } else { DataType::Integer };
        }
    });
    let mut columns = Columns::default();
    for (name, kind) in [("f", DataType::Float), ("i", DataType::Integer)] {
        columns.column(&Reference { name: name.to_owned(), kind });
    }
    let condition = columns.condition(Some(&expr)).expect("it compiles").expect("a condition");
    let frame = frame();
    let quick = condition.by_columns(&frame);
    assert_eq!(quick.is_some(), is_quick, "{expr}");
    assert_eq!(condition.kept(&frame), condition.by_rows(&frame), "{expr}");
}

#[test]
fn columns_are_compared_as_rows_are() {
    for operator in ["=", "!=", "<", "<=", ">", ">="] {
        for constant in ["90.0", "90", "0", "-2", "1.5"] {
            check(&format!("f {operator} {constant}"), true);
            check(&format!("{constant} {operator} f"), true);
            check(&format!("i {operator} {constant}"), true);
        }
    }
    check("f > 0 AND i < 2", true);
    check("f > 90 OR (i <= 0 AND f != 1.5)", true);
}

#[test]
fn the_rest_is_left_to_rows() {
    check("f + 1 > 2", false);
    check("f > i", false);
    check("f > 1 AND f * 2 > 3", false);
}
