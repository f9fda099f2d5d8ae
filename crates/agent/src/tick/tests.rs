use super::*;

#[track_caller]
fn check(now: i64, interval: i64, jitter: i64, expected: i64) {
    assert_eq!(next_tick(Timestamp(now), Span(interval), Span(jitter)), Timestamp(expected));
}

#[test]
fn ticks_are_aligned_and_after_now() {
    check(0, 10, 0, 10);
    check(9, 10, 0, 10);
    check(10, 10, 0, 20);
    check(-1, 10, 0, 0);
    check(-10, 10, 0, 0);
    check(12, 10, 3, 13);
    check(13, 10, 3, 23);
    check(13, 10, 13, 23);
    check(5, 10, -2, 8);
    check(i64::MAX, 10, 0, i64::MAX);
}

#[test]
fn jitter_is_fixed_for_a_host_and_spread_among_many() {
    let interval = Span::from_secs(10);
    assert_eq!(jitter("web-1", interval), jitter("web-1", interval));
    let mut buckets = [0; 10];
    for host in 0..10_000 {
        let jitter = jitter(&format!("web-{host}"), interval);
        assert!((0..interval.0 / 2).contains(&jitter.0));
        buckets[(jitter.0 * 10 / (interval.0 / 2)) as usize] += 1;
    }
    assert!(buckets.iter().all(|count| (700..1_300).contains(count)), "{buckets:?}");
}
