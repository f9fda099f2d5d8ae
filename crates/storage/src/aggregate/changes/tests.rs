use super::*;
use codec::timestamps::Grid;
use model::{Span, Timestamp};

/// Values at 10, 20, 30 and so on, in windows of 50 that end at 60, 75, 90 and so on.
fn changes_of(change: Change, runs: &[&[f64]]) -> Vec<(usize, f64)> {
    let count = 8;
    let windows = port::Windows {
        start: Timestamp(60),
        step: Span(15),
        width: Span(50),
        count,
        edge: port::Edge::LeftOpen,
    };
    let cut = Cut::new(&windows);
    let mut changes = Changes::new(change);
    changes.begin(count);
    let mut at = 10;
    for (number, run) in runs.iter().enumerate() {
        let times = Times::Grid(Grid { start: at, step: 10, count: run.len() });
        let numbers = Numbers::Floats(run);
        // Both ways of adding do the same.
        if number % 2 == 0 {
            changes.add_cut((times, numbers), 0..run.len(), &cut);
        } else {
            let mut shares = Vec::new();
            cut.split(times, 0..run.len(), |window, samples| shares.push((window, samples)));
            changes.add((times, numbers), 0..run.len(), &shares);
        }
        at += 10 * run.len() as i64;
    }
    let mut found = Vec::new();
    changes.each(&windows, |window, value| found.push((window, value)));
    found
}

/// The same, sample by sample.
fn expected_of(change: Change, values: &[f64]) -> Vec<(usize, f64)> {
    let samples: Vec<(i64, f64)> = (1..).map(|n| 10 * n).zip(values.iter().copied()).collect();
    let of = |window: usize| {
        let end = 60 + 15 * window as i64;
        let inside: Vec<_> =
            samples.iter().copied().filter(|(at, _)| (end - 49..=end).contains(at)).collect();
        let (first, last) = (*inside.first()?, *inside.last()?);
        let ends = Ends { count: inside.len() as u64, first, last };
        let falls = inside.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1);
        Some((window, change.of(&ends, (end - 50, end), falls)?))
    };
    (0..8).filter_map(of).collect()
}

#[test]
fn windows_that_overlap_see_the_falls_inside_them() {
    let values = [3.0, 9.0, 4.0, 4.0, 8.0, 1.0, f64::NAN, 0.5, 6.0, 2.0, 7.0, 9.0, 1.0, 1.0];
    for change in [Change::Delta, Change::Increase, Change::Rate] {
        let expected = expected_of(change, &values);
        assert!(!expected.is_empty());
        for seam in 0..values.len() {
            let (before, after) = values.split_at(seam);
            let text = |found: &[(usize, f64)]| format!("{found:?}");
            let found = changes_of(change, &[before, after]);
            assert_eq!(text(&found), text(&expected), "{change:?}, cut at {seam}");
        }
    }
}

#[test]
fn a_fall_is_found_wherever_it_stands() {
    for length in [2, 127, 128, 129, 300] {
        for place in 1..length {
            let values: Vec<i64> =
                (0..length as i64).map(|n| if n < place as i64 { n + 500 } else { n }).collect();
            let mut found = Vec::new();
            each_fall(&values, 7, |at| found.push(at));
            assert_eq!(found, [place + 7], "of {length}");
        }
    }
}

#[test]
fn a_series_begins_without_what_was_before() {
    let mut changes = Changes::new(Change::Increase);
    let run = Ends { count: 2, first: (1, 9.0), last: (2, 9.0) };
    changes.begin(1);
    changes.append_rising(0, &run);
    changes.begin(1);
    changes.append_rising(0, &Ends { first: (1, 3.0), ..run });
    assert!(changes.falls.is_empty() && changes.is_any());
}
