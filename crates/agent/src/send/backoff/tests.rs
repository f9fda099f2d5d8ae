use super::*;

#[test]
fn waits_double_up_to_the_longest_and_differ() {
    let mut backoff = Backoff::new(7);
    let waits: Vec<f64> = (0..40).map(|_| backoff.next_wait().as_secs_f64()).collect();
    for (at, wait) in waits.iter().enumerate() {
        let whole = 2f64.powi(at as i32).min(LONGEST.as_secs_f64());
        assert!((whole / 2.0..=whole).contains(wait), "wait {at} is {wait}");
    }
    assert!(waits[10..].windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1.0));
    assert_ne!(Backoff::new(7).next_wait(), Backoff::new(9_999).next_wait());
    backoff.reset();
    assert!(backoff.next_wait() <= FIRST);
}
