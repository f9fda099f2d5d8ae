use super::*;

fn slot(operator: Operator, number: i64) -> Node {
    let constant = Node::Constant(Cell::Integer(number));
    Node::Binary(operator, Box::new(Node::Slot(0)), Box::new(constant))
}

fn check(node: &Node, bounds: Option<(f64, f64)>, expected: bool) {
    assert_eq!(may_hold(node, &|_| bounds), expected, "{node:?} in {bounds:?}");
}

#[test]
fn a_comparison_looks_at_the_nearer_bound() {
    let within = Some((1.0, 9.0));
    for (operator, holds) in [
        (Operator::Gt, [true, false, false]),
        (Operator::Gte, [true, true, false]),
        (Operator::Lt, [true, true, true]),
        (Operator::Eq, [true, true, false]),
        (Operator::NotEq, [true, true, true]),
    ] {
        for (number, holds) in [5, 9, 10].into_iter().zip(holds) {
            check(&slot(operator, number), within, holds);
        }
    }
    check(&slot(Operator::Lt, 1), within, false);
    check(&slot(Operator::Lte, 1), within, true);
    check(&slot(Operator::Gt, 10), None, true);
}

#[test]
fn both_sides_of_and_and_one_of_or_must_be_possible() {
    let within = Some((1.0, 9.0));
    let both = |operator, left, right| Node::Binary(operator, Box::new(left), Box::new(right));
    let (possible, not) = (slot(Operator::Gt, 5), slot(Operator::Gt, 20));
    check(&both(Operator::And, possible.clone(), not.clone()), within, false);
    check(&both(Operator::Or, possible, not.clone()), within, true);
    check(&both(Operator::Or, not.clone(), not), within, false);
}

#[test]
fn a_number_on_the_left_turns_the_operator_round() {
    let constant = Node::Constant(Cell::Float(20.0));
    let node = Node::Binary(Operator::Lt, Box::new(constant), Box::new(Node::Slot(0)));
    check(&node, Some((1.0, 9.0)), false);
}
