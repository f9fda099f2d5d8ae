use super::*;
use crate::block::Sequences;
use crate::catalog::Class;
use crate::slice::Slice;
use model::Timestamp;

const COLD_AFTER: Span = Span(5 * Span::HOUR.0);

/// A block of day 10: its flushes and its size.
fn block(first: u64, last: u64, bytes: u64) -> Candidate {
    let slice = Slice { day: 10, days: 1 };
    let sequences = Sequences { first, last };
    let name = Name { partition: 0, class: Class::SHARED, slice, sequences, level: 0 };
    let range = slice.range();
    Candidate { name, range, bytes, has_dropped: false, is_cold: false, is_fixed: false }
}

/// A block of the wide slice around day 10.
fn wide(first: u64, last: u64, range: TimeRange) -> Candidate {
    let mut block = block(first, last, 1);
    block.name.slice = Slice { day: 0, days: 32 };
    Candidate { range, ..block }
}

fn check(blocks: &[Candidate], expected: &[&[(u64, u64)]]) {
    let found = plan(blocks, Timestamp::EPOCH, COLD_AFTER);
    assert!(found.iter().all(|merge| merge.effort == Effort::Hot));
    let found: Vec<Vec<_>> = found
        .iter()
        .map(|merge| merge.names.iter().map(|n| (n.sequences.first, n.sequences.last)).collect())
        .collect();
    assert_eq!(found, expected, "{blocks:?}");
}

#[test]
fn few_blocks_are_left_alone() {
    check(&[], &[]);
    check(&[block(1, 1, 5), block(2, 2, 5), block(3, 3, 5)], &[]);
}

#[test]
fn enough_blocks_of_one_size_are_merged() {
    let four = [block(2, 2, 5), block(1, 1, 5), block(4, 4, 5), block(3, 3, 5)];
    check(&four, &[&[(1, 1), (2, 2), (3, 3), (4, 4)]]);
}

#[test]
fn a_large_block_is_not_copied_for_a_few_small_ones() {
    let small: Vec<_> = (2..=5).map(|n| block(n, n, 5)).collect();
    let mut blocks = vec![block(1, 1, 1000)];
    blocks.extend(&small);
    check(&blocks, &[&[(2, 2), (3, 3), (4, 4), (5, 5)]]);
    let crowd: Vec<_> = (1..=13).map(|n| block(n, n, 1 << n)).collect();
    let all: Vec<_> = (1..=13).map(|n| (n, n)).collect();
    check(&crowd, &[&all]);
}

#[test]
fn other_partitions_are_other_groups() {
    let mut blocks: Vec<_> = (1..=4).map(|n| block(n, n, 5)).collect();
    blocks[3].name.partition = 1;
    check(&blocks, &[]);
}

#[test]
fn flushes_are_not_joined_across_a_block_with_the_same_times() {
    let mut blocks: Vec<_> = (1..=8).filter(|n| *n != 4).map(|n| block(n, n, 5)).collect();
    let day = Slice { day: 10, days: 1 }.range();
    blocks.push(wide(4, 4, day));
    check(&blocks, &[&[(5, 5), (6, 6), (7, 7), (8, 8)]]);
    let elsewhere = Slice { day: 9, days: 1 }.range();
    *blocks.last_mut().expect("wide") = wide(4, 4, elsewhere);
    check(&blocks, &[&[(1, 1), (2, 2), (3, 3), (5, 5), (6, 6), (7, 7), (8, 8)]]);
}

#[test]
fn dropped_data_is_rewritten_even_alone() {
    let one = Candidate { has_dropped: true, ..block(7, 7, 5) };
    check(&[block(1, 6, 500), one], &[&[(7, 7)]]);
    assert!(one.range.contains(Timestamp(one.range.start.0)));
}

/// What is planned once day 10 has been over for long.
fn check_over(blocks: &[Candidate], expected: Option<(&[(u64, u64)], Effort)>) {
    let found = plan(blocks, Timestamp(11 * Span::DAY.0) + COLD_AFTER, COLD_AFTER);
    let of = |merge: &Merge| {
        let names = merge.names.iter().map(|n| (n.sequences.first, n.sequences.last));
        (names.collect::<Vec<_>>(), merge.effort)
    };
    let expected = expected.map(|(names, effort)| (names.to_vec(), effort));
    assert_eq!(found.first().map(of), expected, "{blocks:?}");
}

fn cold(block: Candidate) -> Candidate {
    Candidate { is_cold: true, ..block }
}

#[test]
fn a_slice_that_is_over_is_merged_into_one_cold_block() {
    check(&[block(1, 1, 5)], &[]);
    check_over(&[block(1, 1, 5)], Some((&[(1, 1)], Effort::Cold)));
    check_over(&[block(1, 1, 500), block(2, 2, 5)], Some((&[(1, 1), (2, 2)], Effort::Cold)));
    check_over(&[cold(block(1, 1, 500))], None);
}

#[test]
fn a_slice_that_was_just_over_stays_hot() {
    let end = Timestamp(11 * Span::DAY.0 - 1);
    let four: Vec<_> = (1..=4).map(|n| block(n, n, 5)).collect();
    for (late, effort) in
        [(0, Effort::Hot), (COLD_AFTER.0, Effort::Hot), (COLD_AFTER.0 + 1, Effort::Cold)]
    {
        let found = plan(&four, end + Span(late), COLD_AFTER);
        assert_eq!(found.first().map(|merge| merge.effort), Some(effort), "{late}");
        let alone = plan(&four[..1], end + Span(late), COLD_AFTER);
        assert_eq!(alone.len(), usize::from(effort == Effort::Cold), "{late}");
    }
}

#[test]
fn late_rows_wait_until_they_are_worth_it() {
    let large = cold(block(1, 1, 800));
    check_over(&[large, block(2, 2, 50)], Some((&[(2, 2)], Effort::Cold)));
    check_over(
        &[large, cold(block(2, 2, 50)), block(3, 3, 50)],
        Some((&[(2, 2), (3, 3)], Effort::Cold)),
    );
    check_over(&[large, block(2, 2, 100)], Some((&[(1, 1), (2, 2)], Effort::Cold)));
}

#[test]
fn a_merge_is_bounded() {
    let half = MERGE_BYTES_MAX / 2;
    check_over(
        &[block(1, 1, half), block(2, 2, half), block(3, 3, half)],
        Some((&[(2, 2), (3, 3)], Effort::Cold)),
    );
    let many: Vec<_> = (1..=20).map(|n| block(n, n, half)).collect();
    check(&many, &[&[(19, 19), (20, 20)]]);
    check(&[block(1, 1, 2 * half), block(2, 2, 2 * half)], &[]);
}

#[test]
fn a_block_that_must_stay_is_not_merged_and_not_merged_over() {
    let fixed = |first, last| Candidate { is_fixed: true, ..block(first, last, 5) };
    let others = |of: std::ops::Range<u64>| of.map(|n| block(n, n, 5)).collect::<Vec<_>>();
    let mut all = others(1..5);
    all.push(fixed(5, 5));
    all.extend(others(6..10));
    check(&all, &[&[(6, 6), (7, 7), (8, 8), (9, 9)]]);
    all.retain(|block| block.name.sequences.first < 8);
    check(&all, &[&[(1, 1), (2, 2), (3, 3), (4, 4)]]);
    // Whatever was dropped waits, too, where it would be written over the other.
    let dropped = Candidate { has_dropped: true, ..block(3, 6, 5) };
    check(&[dropped], &[&[(3, 6)]]);
    check(&[dropped, fixed(4, 5)], &[]);
    check(&[dropped, fixed(7, 7)], &[&[(3, 6)]]);
}
