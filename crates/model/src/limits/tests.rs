use super::*;

#[test]
fn a_budget_ends_a_query_that_reads_too_much() {
    let budget = Budget::new(10);
    assert_eq!(budget.charge(10), Ok(()));
    assert_eq!(budget.charge(1), Err(Exceeded::Samples { limit: 10 }));
}

#[test]
fn a_budget_ends_a_query_that_holds_too_much() {
    let budget = Budget::new(10).holding(20);
    assert_eq!(budget.hold(20), Ok(()));
    assert_eq!(budget.hold(1), Err(Exceeded::Bytes { limit: 20 }));
    assert!(Budget::new(10).hold(Budget::BYTES_MAX + 1).is_err());
    assert_eq!(Budget::unlimited().hold(Budget::BYTES_MAX + 1), Ok(()));
}

#[test]
fn what_is_held_for_a_while_is_given_back() {
    let budget = Budget::new(10).holding(20);
    let mut holding = Holding::new(&budget);
    assert_eq!(holding.hold(15), Ok(()));
    assert_eq!(holding.hold(6), Err(Exceeded::Bytes { limit: 20 }));
    drop(holding);
    let mut holding = Holding::new(&budget);
    assert_eq!(holding.hold(20), Ok(()));
    holding.keep();
    assert_eq!(budget.hold(1), Err(Exceeded::Bytes { limit: 20 }));
}

#[test]
fn whoever_ends_a_query_gives_the_reason() {
    let budget = Budget::unlimited();
    assert_eq!(budget.check(), Ok(()));
    budget.end(End::Timeout);
    assert_eq!(budget.charge(1), Err(Exceeded::Timeout));
    budget.end(End::Killed);
    assert_eq!(budget.check(), Err(Exceeded::Killed));
}

#[test]
fn a_warning_is_said_once() {
    let budget = Budget::unlimited();
    budget.warn("block 7 is set aside".to_owned());
    budget.warn("block 7 is set aside".to_owned());
    assert_eq!(budget.warnings().len(), 1);
    // Whoever takes them lets them be said again, with the next statement.
    assert_eq!(budget.take_warnings().len(), 1);
    assert_eq!(budget.take_warnings(), Vec::<String>::new());
    budget.warn("block 7 is set aside".to_owned());
    assert_eq!(budget.warnings().len(), 1);
}
