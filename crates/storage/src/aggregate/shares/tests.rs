use super::*;
use codec::timestamps::Grid;
use model::Timestamp;

const CUT: Cut = Cut { start: 100, step: 50, width: 50, count: 3 };

fn key(list: u32) -> Key {
    Key { block: 7, list, visible: 0 }
}

fn hull(start: i64, end: i64) -> TimeRange {
    TimeRange::new(Timestamp(start), Timestamp(end))
}

#[test]
fn what_was_cut_is_kept_until_its_place_is_taken() {
    let mut kept = Kept::new();
    assert!(kept.get(key(1)).is_none());
    let times = Times::Grid(Grid { start: 90, step: 10, count: 10 });
    kept.put(key(1), &CUT, times, hull(110, 170));
    let shares = kept.get(key(1)).expect("it was put");
    assert_eq!(shares.inside, 2..9);
    assert_eq!(shares.of, [(0, 2..6), (1, 6..9)]);
    assert!(kept.get(Key { visible: 1, ..key(1) }).is_none());
    assert!(kept.get(Key { block: 8, ..key(1) }).is_none());
    let later = key(1 + KEPT as u32);
    kept.put(later, &CUT, Times::Slice(&[105, 249]), hull(0, 1000));
    assert!(kept.get(key(1)).is_none());
    assert_eq!(kept.get(later).expect("it was put").of, [(0, 0..1), (2, 1..2)]);
}
