use super::*;

const OPS: [Operator; 6] = [
    Operator::Equal,
    Operator::NotEqual,
    Operator::Greater,
    Operator::GreaterEqual,
    Operator::Less,
    Operator::LessEqual,
];

#[test]
fn a_series_is_passed_over_only_where_no_value_between_its_bounds_is_kept() {
    let numbers = [-1.0, 0.0, 2.0, 3.0, f64::NAN, f64::INFINITY];
    for op in OPS {
        for (one, other) in numbers.iter().flat_map(|a| numbers.iter().map(move |b| (*a, *b))) {
            let filter = Filter::new(op, vec![one, other]);
            for (low, high) in [(0.0, 0.0), (0.0, 2.0), (2.5, 2.5), (-5.0, 5.0), (3.0, 9.0)] {
                let ends = [low, high, f64::midpoint(low, high)];
                let keeps = ends.iter().any(|v| filter.keeps(0, *v) || filter.keeps(1, *v));
                let may = filter.may_keep((low, high));
                assert!(may || !keeps, "{op:?} {one} {other} between {low} and {high}");
            }
        }
    }
    assert!(!Filter::new(Operator::Greater, vec![90.0]).may_keep((10.0, 90.0)));
    assert!(!Filter::new(Operator::Less, vec![10.0, 5.0]).may_keep((10.0, 90.0)));
    assert!(!Filter::new(Operator::Equal, vec![9.0]).may_keep((10.0, 90.0)));
    // Of a series without any value, nothing is kept.
    let none = (f64::INFINITY, f64::NEG_INFINITY);
    assert!(OPS.iter().all(|op| !Filter::new(*op, vec![1.0]).may_keep(none)));
}

#[test]
fn a_number_on_the_left_is_compared_from_the_other_side() {
    for op in OPS {
        for (a, b) in [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0)] {
            assert_eq!(compare(op, a, b), compare(mirrored(op), b, a), "{a} {op:?} {b}");
        }
    }
}
