//! A day of streams that nobody saw before, day after day: what today's writes and queries
//! cost, and what stays in memory of the days before.

use super::load::{Load, Order, STEP};
use super::rig::{self, Rig};
use model::Span;
use model::limits::Budget;
use model::port::{Selection, Source};
use model::{Attribute, MatchOp, Matcher, Predicate, TimeRange, Timestamp};
use std::time::Instant;
use storage::Fsync;

/// Rounds that each stream is written in; then it is never seen again.
const ROUNDS: usize = 6;
/// Groups of streams that come one after the other on a day, as deployments do.
const WAVES: usize = 8;
/// Queries of which the fastest counts.
const QUERIES: usize = 20;

/// Writes `series` new streams a day, and prints a line a day.
pub fn measure(load: &mut Load, series: usize, days: usize) {
    let rig = Rig::durable("churn", Fsync::Off);
    println!(
        "{:>4}{:>12}{:>12}{:>10}{:>12}{:>14}{:>12}{:>12}",
        "day", "first ns", "ns/value", "RSS MiB", "head", "blocks' KiB", "blocks", "query µs"
    );
    let rounds_a_day = (Span::DAY.0 / STEP) as usize;
    for day in 0..days {
        let (mut first, mut more) = (0, 0);
        for wave in 0..WAVES {
            load.renew(series / WAVES, day * WAVES + wave);
            let start = day * rounds_a_day + wave * rounds_a_day / WAVES;
            first += rig.round(load, start, Order::Sorted);
            more += (1..ROUNDS).map(|n| rig.round(load, start + n, Order::Sorted)).sum::<u64>();
            rig.store.maintain().expect("maintain");
        }
        let stats = rig.store.stats();
        println!(
            "{day:>4}{:>12.0}{:>12.1}{:>10}{:>12}{:>14}{:>12}{:>12.0}",
            first as f64 / series as f64,
            more as f64 / (series * (ROUNDS - 1)) as f64,
            rig::resident() >> 20,
            stats.streams,
            stats.block_memory_bytes >> 10,
            stats.block_count,
            query(&rig, load, rig.now())
        );
    }
}

/// The fastest of some queries for the streams of a pod over the last hour, in µs.
fn query(rig: &Rig, load: &Load, now: i64) -> f64 {
    let pod = load.pod(0);
    let op = MatchOp::Equal(pod.as_str().into());
    let predicate = Predicate::Match(Matcher { attribute: Attribute::Tag("pod".into()), op });
    let range = TimeRange::new(Timestamp(now - Span::HOUR.0), Timestamp(now));
    let one = |_| {
        let start = Instant::now();
        let selection = Selection { predicate: predicate.clone(), range };
        let found = rig.store.select(&selection, &Budget::unlimited()).expect("select");
        assert!(!found.is_empty(), "today's streams of {pod} are there");
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..QUERIES).map(one).fold(f64::INFINITY, f64::min)
}
