use super::*;
use model::Span;
use proptest::prelude::*;

/// Which samples each window has, sample by sample.
fn slowly(cut: &Cut, times: Times<'_>, inside: Range<usize>) -> Vec<(usize, Range<usize>)> {
    let mut found = Vec::new();
    for window in 0..cut.count {
        let start = i128::from(cut.start) + i128::from(cut.step) * window as i128;
        let is_in = |index: &usize| {
            let at = i128::from(times.at(*index));
            start <= at && at < start + i128::from(cut.width)
        };
        let mut samples = inside.clone().filter(is_in);
        if let Some(first) = samples.next() {
            found.push((window, first..samples.next_back().unwrap_or(first) + 1));
        }
    }
    found
}

fn quickly(cut: &Cut, times: Times<'_>, inside: Range<usize>) -> Vec<(usize, Range<usize>)> {
    let mut found = Vec::new();
    cut.split(times, inside, |window, samples| found.push((window, samples)));
    found
}

fn cuts() -> impl Strategy<Value = Cut> {
    (-60i64..60, 1i64..40, 1i64..90, 0usize..9).prop_map(|(start, step, width, count)| {
        // As often side by side as not.
        let width = if width > 45 { step } else { width };
        Cut { start, step, width, count }
    })
}

proptest! {
    #[test]
    fn windows_of_a_slice(
        cut in cuts(),
        times in prop::collection::btree_set(-150i64..400, 0..60),
        (a, b) in (0usize..60, 0usize..60),
    ) {
        let times: Vec<i64> = times.into_iter().collect();
        let inside = a.min(b).min(times.len())..a.max(b).min(times.len());
        let times = Times::Slice(&times);
        let found = quickly(&cut, times, inside.clone());
        prop_assert_eq!(found, slowly(&cut, times, inside));
    }

    #[test]
    fn windows_of_a_grid(
        cut in cuts(),
        start in -150i64..200,
        step in 1i64..30,
        count in 0usize..60,
        (a, b) in (0usize..60, 0usize..60),
    ) {
        let inside = a.min(b).min(count)..a.max(b).min(count);
        let times = Times::Grid(Grid { start, step, count });
        let found = quickly(&cut, times, inside.clone());
        prop_assert_eq!(found, slowly(&cut, times, inside));
    }

    #[test]
    fn a_range_of_times(
        start in -50i64..50,
        step in 1i64..9,
        count in 0usize..40,
        (from, to) in (-60i64..300, -60i64..300),
    ) {
        let range = TimeRange::new(Timestamp(from), Timestamp(to));
        let grid = Grid { start, step, count };
        let times: Vec<i64> = (0..count).map(|index| grid.at(index)).collect();
        let wanted = |index: &usize| range.contains(Timestamp(times[*index]));
        let expected: Vec<usize> = (0..count).filter(wanted).collect();
        for times in [Times::Grid(grid), Times::Slice(&times)] {
            prop_assert_eq!(times.inside(range).collect::<Vec<_>>(), &expected[..]);
        }
    }

    #[test]
    fn the_only_window(cut in cuts(), first in -100i64..300, length in 0i64..60) {
        let range = TimeRange::new(Timestamp(first), Timestamp(first + length));
        let ends = [first, first + length];
        let of_ends = ends.map(|at| slowly(&cut, Times::Slice(&[at]), 0..1));
        let only = match &of_ends {
            [a, b] if a.len() == 1 && a == b && cut.width <= cut.step => Some(a[0].0),
            _ => None,
        };
        prop_assert_eq!(cut.find(range), only);
    }
}

#[test]
fn far_ends_of_time_do_not_overflow() {
    let cut = Cut { start: i64::MIN, step: i64::MAX, width: i64::MAX, count: 4 };
    let times = [i64::MIN, -1, 0, i64::MAX];
    assert_eq!(quickly(&cut, Times::Slice(&times), 0..4), slowly(&cut, Times::Slice(&times), 0..4));
    let grid = Times::Grid(Grid { start: -10, step: i64::MAX / 2, count: 3 });
    assert_eq!(quickly(&cut, grid, 0..3), slowly(&cut, grid, 0..3));
    assert_eq!(cut.hull().end, Timestamp::MAX);
}

#[test]
fn edges_and_panes() {
    let windows = Windows {
        start: Timestamp(100),
        step: Span(10),
        width: Span(30),
        count: 3,
        edge: Edge::LeftOpen,
    };
    let cut = Cut::new(&windows);
    assert_eq!((cut.start, cut.hull()), (71, TimeRange::new(Timestamp(71), Timestamp(120))));
    let (panes, overlap) = cut.panes().expect("three panes a window");
    assert_eq!((panes.start, panes.width, panes.count, overlap), (71, 10, 5, 3));
    assert!(Cut { width: 25, ..cut }.panes().is_none());
    assert!(Cut { width: 10, ..cut }.panes().is_none());
}

/// Two hours by the nanosecond would be panes of 57 TB.
#[test]
fn few_wide_windows_have_no_panes() {
    let windows = |count| Windows {
        start: Timestamp(0),
        step: Span(1),
        width: Span(2 * Span::HOUR.0),
        count,
        edge: Edge::LeftOpen,
    };
    let one = Cut::new(&windows(1));
    assert!(one.panes().is_none());
    assert_eq!(one.find(one.hull()), Some(0), "statistics answer for the only window");
    assert!(Cut::new(&windows(3)).panes().is_none());
    let many = Windows { step: Span::MINUTE, ..windows(100) };
    assert!(Cut::new(&many).panes().is_some());
}
