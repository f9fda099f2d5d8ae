//! What blocks take of memory: little while nobody looks, and a bounded cache when somebody
//! does, however much is stored.

use super::rig::*;
use crate::Options;
use crate::disk::simulated::Simulated;
use model::limits::Budget;
use model::{Attribute, MatchOp, Matcher, Predicate, Span, TimeRange, Timestamp};

const DAY: i64 = Span::DAY.0;
const CACHE_BYTES: u64 = 256 << 10;

fn with(disk: Simulated) -> Rig {
    let options = Options { partitions: 1, index_cache_bytes: CACHE_BYTES, ..options() };
    Rig::with(disk, options).expect("open")
}

/// Stops and starts, so that nothing is in the cache.
fn again(rig: Rig) -> Rig {
    let disk = rig.disk.clone();
    drop(rig);
    with(disk)
}

/// A day of streams that nobody saw before.
fn churn(rig: &Rig, day: i64) {
    let at = NOW + day * DAY;
    rig.clock.set(at);
    let stream = |n: i64| float(&format!("up,pod=p{day}-{n},app=a{}", n % 7), at, n as f64);
    rig.put(&(0..3000).map(stream).collect::<Vec<_>>());
    rig.store.flush().expect("flush");
}

fn pods(rig: &Rig, pattern: &str) -> usize {
    let op = MatchOp::Regex(model::Pattern::new(pattern).expect("pattern"));
    let predicate = Predicate::Match(Matcher { attribute: Attribute::Tag("pod".into()), op });
    read(&rig.store, &predicate, TimeRange::ALL, &Budget::unlimited()).len()
}

#[test]
fn memory_does_not_grow_with_history() {
    let rig = with(Simulated::new());
    let mut memory = vec![];
    for day in 0..12 {
        churn(&rig, day);
        memory.push(rig.store.stats().block_memory_bytes);
    }
    let index: u64 = rig.store.stats().block_bytes;
    let last = *memory.last().expect("days");
    assert!(last * 20 < index, "{last} of {index} bytes stay in memory");
    assert!(last < memory[0] * 14, "{memory:?} grows with the blocks alone");
    let rig = again(rig);
    assert_eq!(rig.store.stats().block_memory_bytes, last);
    let opened = rig.store.stats();
    assert!(opened.cache_bytes < 30_000, "a start reads what it must: {}", opened.cache_bytes);
    // Whatever is asked, the cache stays within its bound.
    assert_eq!(pods(&rig, "17$"), 12 * 30);
    assert_eq!(pods(&rig, "^(?s:p3-1.*)$"), 1111);
    let stats = rig.store.stats();
    assert!(stats.cache_bytes <= CACHE_BYTES, "{}", stats.cache_bytes);
    assert!(stats.cache_misses > 0 && stats.cache_hits > 0);
}

#[test]
fn a_query_reads_the_days_it_asks_for() {
    let rig = with(Simulated::new());
    for day in 0..8 {
        churn(&rig, day);
    }
    let rig = again(rig);
    let misses = |range: TimeRange| {
        let before = rig.store.stats().cache_misses;
        let op = MatchOp::Equal("p7-5".into());
        let predicate = Predicate::Match(Matcher { attribute: Attribute::Tag("pod".into()), op });
        let found = read(&rig.store, &predicate, range, &Budget::unlimited());
        assert_eq!(found.len(), 1);
        rig.store.stats().cache_misses - before
    };
    let last_day = TimeRange::new(Timestamp(NOW + 7 * DAY - 1), Timestamp::MAX);
    let today = misses(last_day);
    assert!((1..=10).contains(&today), "{today} pages for one stream of one day");
    assert_eq!(misses(last_day), 0, "and none the second time");
}
