use super::*;

fn windows(edge: Edge, count: usize) -> Windows {
    Windows { start: Timestamp(100), step: Span(10), width: Span(30), count, edge }
}

#[test]
fn edges_decide_which_end_is_inside() {
    let at = |edge, index| {
        let range = windows(edge, 3).range(index);
        (range.start.0, range.end.0)
    };
    assert_eq!(at(Edge::LeftOpen, 1), (81, 110));
    assert_eq!(at(Edge::RightOpen, 1), (110, 139));
}

#[test]
fn the_hull_holds_every_window() {
    assert_eq!(windows(Edge::LeftOpen, 3).hull(), TimeRange::new(Timestamp(71), Timestamp(120)));
    assert!(windows(Edge::LeftOpen, 0).hull().is_empty());
}

#[test]
fn an_empty_window_has_no_value() {
    let mut windows = Accumulators::new(Needs::SUM);
    windows.reset(2);
    windows.pool_number(1, 1, 2.0);
    windows.pool_number(1, 2, 4.0);
    assert_eq!(WindowFunction::Count.of(&windows, 0), None);
    assert_eq!(WindowFunction::Mean.of(&windows, 1), Some(3.0));
    assert!(WindowFunction::Max.of(&windows, 1).is_some_and(f64::is_nan));
}

#[test]
fn groups_come_in_the_order_of_their_keys() {
    let keys = ["b", "2", "a", "9", "b", "1"].map(Arc::from).to_vec();
    let mut cells = Accumulators::new(Needs::SUM);
    cells.reset(6);
    (0..6).for_each(|at| cells.pool_number(at, 0, at as f64));
    let groups = Groups::new(3, (2, keys), (2, cells));
    let found: Vec<_> = groups
        .iter()
        .map(|group| {
            let sums = group.windows().map(|window| window.sum());
            (group.key.concat(), sums.collect::<Vec<_>>())
        })
        .collect();
    let of = |key: &str, sums: [f64; 2]| (key.to_owned(), sums.to_vec());
    assert_eq!(found, [of("a9", [2.0, 3.0]), of("b1", [4.0, 5.0]), of("b2", [0.0, 1.0])]);
}

#[test]
fn one_group_needs_no_key() {
    let mut cells = Accumulators::new(Needs::COUNT);
    cells.reset(2);
    let groups = Groups::new(1, (0, Vec::new()), (2, cells));
    assert_eq!(groups.iter().map(|group| group.windows().len()).collect::<Vec<_>>(), [2]);
    assert!(!groups.is_empty());
}
