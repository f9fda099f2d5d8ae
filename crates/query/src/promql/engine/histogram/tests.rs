//! Quantiles and fractions of buckets, by hand.

use super::{Bucket, fraction, quantile};

const INF: f64 = f64::INFINITY;

fn buckets(pairs: &[(f64, f64)]) -> Vec<Bucket> {
    pairs.iter().map(|&(bound, count)| Bucket { bound, count }).collect()
}

#[test]
fn quantiles_are_linear_inside_a_bucket() {
    let histogram = [(1.0, 10.0), (2.0, 30.0), (4.0, 30.0), (INF, 40.0)];
    for (phi, expected) in [
        (0.0, 0.0),
        (0.125, 0.5),
        (0.25, 1.0),
        (0.5, 1.5),
        (0.75, 2.0),
        // What is past the last bound is said to be at it.
        (0.9, 4.0),
        (1.0, 4.0),
        (-0.1, f64::NEG_INFINITY),
        (1.1, INF),
    ] {
        assert_eq!(quantile(phi, &mut buckets(&histogram)), (expected, false), "{phi}");
    }
}

#[test]
fn a_first_bucket_below_zero_is_all_at_its_bound() {
    let histogram = [(-1.0, 10.0), (1.0, 20.0), (INF, 20.0)];
    assert_eq!(quantile(0.25, &mut buckets(&histogram)).0, -1.0);
    assert_eq!(fraction(-5.0, -2.0, &mut buckets(&histogram)), 0.0);
    assert_eq!(fraction(-5.0, -1.0, &mut buckets(&histogram)), 0.5);
    assert_eq!(fraction(-1.0, 0.0, &mut buckets(&histogram)), 0.25);
}

#[test]
fn counts_that_fall_are_lifted_and_reported_unless_it_is_rounding() {
    let falling = [(1.0, 10.0), (2.0, 5.0), (INF, 20.0)];
    assert_eq!(quantile(0.25, &mut buckets(&falling)), (0.5, true));
    let rounding = [(1.0, 10.0), (2.0, 10.0 - 1e-13), (INF, 20.0)];
    assert_eq!(quantile(0.25, &mut buckets(&rounding)), (0.5, false));
}

#[test]
fn without_an_end_or_a_count_there_is_no_answer() {
    for histogram in [&[(1.0, 10.0)][..], &[(INF, 10.0)], &[(1.0, 0.0), (INF, 0.0)]] {
        assert!(quantile(0.5, &mut buckets(histogram)).0.is_nan(), "{histogram:?}");
    }
    assert!(fraction(0.0, 1.0, &mut buckets(&[(1.0, 10.0)])).is_nan());
    assert!(fraction(f64::NAN, 1.0, &mut buckets(&[(1.0, 1.0), (INF, 2.0)])).is_nan());
}

#[test]
fn fractions_take_shares_of_buckets() {
    let histogram = [(1.0, 10.0), (3.0, 30.0), (INF, 40.0)];
    for (lower, upper, expected) in [
        (f64::NEG_INFINITY, INF, 1.0),
        (0.0, 1.0, 0.25),
        (0.5, 2.0, 0.375),
        (3.0, INF, 0.25),
        // Nothing is known about where in the last bucket things are.
        (3.0, 1e9, 0.0),
        (2.0, 2.0, 0.0),
        (3.0, 1.0, 0.0),
    ] {
        let got = fraction(lower, upper, &mut buckets(&histogram));
        assert_eq!(got, expected, "between {lower} and {upper}");
    }
}
