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
    let mut window = Accumulator::default();
    assert_eq!(WindowFunction::Count.of(&window), None);
    window.push(1, 2.0);
    window.push(2, 4.0);
    assert_eq!(WindowFunction::Mean.of(&window), Some(3.0));
}
