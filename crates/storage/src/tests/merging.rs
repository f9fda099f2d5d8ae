//! Merges: what they keep, what they take over as it is, and whom they let pass.

use super::rig::*;
use crate::Options;
use crate::chunk::ROWS_MAX;
use crate::disk::simulated::Simulated;
use model::{Span, Value};
use std::time::Duration;

const SECOND: i64 = Span::SECOND.0;
/// Early enough on its day for all rows of a test.
const START: i64 = NOW - 20_000 * SECOND;

fn one() -> Options {
    Options { partitions: 1, ..options() }
}

/// Rows of a stream from `first` on, one a second, of two fields.
fn rows(host: &str, first: i64, count: i64, plus: f64) -> Vec<Point> {
    let row = |n: i64| {
        let user = ("user", Value::F64((n % 50) as f64 + plus));
        point(&format!("cpu,host={host}"), START + n * SECOND, &[user, ("n", Value::I64(n))])
    };
    (first..first + count).map(row).collect()
}

/// Flushes each of these alone, merges them, and checks all rows, also after a restart;
/// answers how many values were copied.
fn merged(bodies: &[Vec<Point>]) -> u64 {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for body in bodies {
        rig.put(body);
        expected.add(body);
        rig.store.flush().expect("flush");
    }
    assert_eq!(rig.store.stats().block_count, bodies.len() as u64);
    rig.store.maintain().expect("maintain");
    let stats = rig.store.stats();
    assert_eq!((stats.block_count, stats.merges), (1, 1));
    assert_eq!(rig.all(), expected.0);
    assert_eq!(rig.kill(one()).all(), expected.0);
    stats.values_copied
}

const LONG: i64 = ROWS_MAX as i64;

#[test]
fn long_chunks_that_stand_alone_are_copied() {
    let bodies: Vec<_> = (0..4).map(|n| rows("a", n * LONG, LONG, 0.0)).collect();
    assert_eq!(merged(&bodies), 4 * 2 * LONG as u64);
}

#[test]
fn short_chunks_are_joined() {
    let bodies: Vec<_> = (0..4).map(|n| rows("a", n * 100, 100, 0.0)).collect();
    assert_eq!(merged(&bodies), 0);
}

#[test]
fn the_newest_of_rows_that_overlap_stay() {
    let mut bodies: Vec<_> = (0..4).map(|n| rows("a", n * LONG, LONG, 0.0)).collect();
    // The second and the third are written again in part, by the last.
    bodies[3] = rows("a", LONG + 100, LONG, 1000.0);
    assert_eq!(merged(&bodies), 2 * LONG as u64);
}

#[test]
fn rows_without_some_value_are_merged_as_they_are() {
    let mut bodies: Vec<_> = (0..4).map(|n| rows("a", n * LONG, LONG, 0.0)).collect();
    for point in bodies[1].iter_mut().step_by(3) {
        point.fields.truncate(1);
    }
    for point in bodies[2].iter_mut().skip(1).step_by(2) {
        point.fields.remove(0);
        point.at += 7;
    }
    merged(&bodies);
}

#[test]
fn a_slice_that_is_over_becomes_one_cold_block() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for n in 0..3 {
        let body = rows("a", n * 2 * LONG, LONG, 0.0);
        rig.put(&body);
        expected.add(&body);
        rig.store.flush().expect("flush");
    }
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.store.stats().block_count, 3, "too few to merge");
    rig.clock.set(START + Span::DAY.0);
    assert_eq!(rig.store.maintain().expect("maintain").merged, 0, "it may still be read often");
    rig.clock.set(START + 3 * Span::DAY.0);
    assert_eq!(rig.store.maintain().expect("maintain").merged, 1);
    assert_eq!(rig.store.stats().block_count, 1);
    assert_eq!(rig.all(), expected.0);
    assert_eq!(rig.store.maintain().expect("maintain").merged, 0, "it is cold now");
    assert_eq!(rig.kill(one()).all(), expected.0);
}

#[test]
fn a_flush_does_not_wait_for_the_end_of_a_merge() {
    let rig = Rig::with(Simulated::new(), Options { head_bytes_max: 200_000, ..one() });
    let rig = rig.expect("open");
    let mut expected = Expected::default();
    for n in 0..4i64 {
        let body: Vec<_> = (0..500)
            .map(|h| float(&format!("cpu,host=h{h}"), START + n * SECOND, n as f64))
            .collect();
        rig.put(&body);
        expected.add(&body);
        rig.store.flush().expect("flush");
    }
    let text = [point("late", START, &[("text", Value::Str("x".repeat(150_000)))])];
    std::thread::scope(|scope| {
        let maintaining = scope.spawn(|| rig.store.maintain().expect("maintain"));
        rig.put(&text);
        maintaining.join().expect("thread");
    });
    rig.store.maintain().expect("maintain");
    expected.add(&text);
    assert_eq!(rig.all(), expected.0);
    assert!(rig.store.stats().merges > 0);
}

#[test]
fn flushes_are_left_to_the_thread_that_keeps_the_store_flushed() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let put_what_is_due = |hours: i64| {
        rig.put(&[float("cpu", NOW + hours * Span::HOUR.0, 1.0)]);
        rig.clock.set(NOW + (hours + 2) * Span::HOUR.0);
    };
    put_what_is_due(0);
    assert_eq!(rig.store.maintain().expect("maintain").flushed, 1);
    put_what_is_due(2);
    assert_eq!(rig.store.keep_flushed(Duration::ZERO).expect("flush").flushed, 1);
    put_what_is_due(4);
    assert_eq!(rig.store.maintain().expect("maintain").flushed, 0, "another thread sees to it");
    assert_eq!(rig.store.keep_flushed(Duration::ZERO).expect("flush").flushed, 1);
    assert_eq!(rig.all()["cpu value"].len(), 3);
}

#[test]
fn a_merge_gives_up_where_the_store_is_about_to_close() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for n in 0..4i64 {
        let of = |h| float(&format!("cpu,host=h{h}"), START + n * SECOND, n as f64);
        let body: Vec<_> = (0..100).map(of).collect();
        rig.put(&body);
        expected.add(&body);
        rig.store.flush().expect("flush");
    }
    rig.store.stop_merging();
    assert_eq!(rig.store.maintain().expect("maintain").merged, 0);
    assert_eq!(rig.store.stats().block_count, 4);
    rig.store.close().expect("close");
    let rig = rig.kill(one());
    assert_eq!(rig.store.maintain().expect("maintain").merged, 1);
    assert_eq!(rig.all(), expected.0);
}
