//! Summaries of a window, whatever order inputs come in.

use super::Tally;
use crate::influxql::answer::Cell;
use crate::influxql::ast::DataType;
use crate::influxql::plan::Aggregate;
use model::{Value, ValueRef};

/// One input: its values with their times.
fn tally(kind: DataType, input: &[(i64, Value)]) -> Tally {
    let mut values = input.iter();
    let (at, first) = values.next().unwrap();
    let mut tally = Tally::of(*at, first.as_ref(), kind).unwrap();
    values.for_each(|(at, value)| tally.push(*at, value.as_ref(), kind));
    tally
}

const ALL: [Aggregate; 8] = [
    Aggregate::Count,
    Aggregate::Sum,
    Aggregate::Mean,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::First,
    Aggregate::Last,
    Aggregate::Spread,
];

#[test]
fn the_order_of_inputs_does_not_matter() {
    let inputs = |value: fn(i64) -> Value| {
        [
            vec![(1, value(5)), (2, value(7)), (9, value(1))],
            vec![(1, value(6)), (9, value(0))],
            vec![(3, value(7)), (4, value(0))],
        ]
    };
    for (kind, inputs) in [
        (DataType::Float, inputs(|v| Value::F64(v as f64))),
        (DataType::Integer, inputs(Value::I64)),
        (DataType::Unsigned, inputs(|v| Value::U64(v as u64))),
    ] {
        let summed = |order: [usize; 3]| {
            let mut sum = tally(kind, &inputs[order[0]]);
            sum.pool(&tally(kind, &inputs[order[1]]));
            sum.pool(&tally(kind, &inputs[order[2]]));
            ALL.map(|aggregate| sum.value(aggregate, kind))
        };
        let expected = summed([0, 1, 2]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(summed(order), expected, "{kind:?} {order:?}");
        }
        let number = |cell: &Cell| cell.as_f64().unwrap();
        let values: Vec<f64> = expected.iter().map(|(cell, _)| number(cell)).collect();
        assert_eq!(values, [7.0, 26.0, 26.0 / 7.0, 0.0, 7.0, 6.0, 1.0, 7.0], "{kind:?}");
        let times: Vec<_> = expected.iter().filter_map(|(_, at)| *at).collect();
        assert_eq!(times, [4, 2, 1, 9], "{kind:?}: when min, max, first and last stood");
    }
}

#[test]
fn texts_have_ends_only() {
    let text = |text: &str| Value::Str(text.to_owned());
    let mut ends = tally(DataType::Text, &[(1, text("b")), (5, text("c"))]);
    ends.pool(&tally(DataType::Text, &[(1, text("a")), (5, text("d"))]));
    let values = ALL.map(|aggregate| ends.value(aggregate, DataType::Text).0);
    let text = |text: &str| Cell::Text(text.to_owned());
    let none = Cell::Null;
    let expected = [
        Cell::Integer(4),
        none.clone(),
        none.clone(),
        none.clone(),
        none.clone(),
        text("b"),
        text("d"),
        none,
    ];
    assert_eq!(values, expected);
}

#[test]
fn values_of_another_kind_are_no_values() {
    assert_eq!(Tally::of(0, ValueRef::Str("x"), DataType::Float), None);
    assert_eq!(Tally::of(0, ValueRef::Bool(true), DataType::Integer), None);
    assert_eq!(Tally::of(0, ValueRef::F64(1.0), DataType::Bool), None);
    assert_eq!(Tally::of(0, ValueRef::F64(1.0), DataType::Text), None);
}
