use super::*;

fn page(byte: u8) -> Page {
    Page::new(&[byte; 1000])
}

#[test]
fn what_was_put_is_found() {
    let cache = Cache::new(1 << 20);
    assert!(cache.get((1, 2)).is_none());
    cache.put((1, 2), &page(7));
    assert_eq!(cache.get((1, 2)).expect("found")[0], 7);
    assert!(cache.get((2, 1)).is_none());
    let usage = cache.usage();
    assert_eq!((usage.hits, usage.misses, usage.bytes), (1, 2, 1000 + ENTRY_BYTES));
}

#[test]
fn memory_stays_within_its_bound() {
    let max = 200_000;
    let cache = Cache::new(max);
    for n in 0..5000u64 {
        cache.put((n % 3, n), &page(n as u8));
        assert!(cache.usage().bytes <= max);
    }
    let kept = (0..5000).filter(|n| cache.get((n % 3, *n)).is_some()).count();
    assert!(kept > 100, "{kept} of about 180 are kept");
    cache.put((9, 9), &Page::new(&vec![0; max as usize]));
    assert!(cache.get((9, 9)).is_none(), "one that is too large is not kept");
}

#[test]
fn pages_in_use_outlive_a_scan() {
    let cache = Cache::new(SHARDS as u64 * 20_000);
    cache.put((0, 0), &page(1));
    for n in 1..3000u64 {
        cache.put((1, n), &page(2));
        assert!(cache.get((0, 0)).is_some(), "after {n}");
    }
}

/// Asks for pages and puts those that are not there; how many were.
fn ask(cache: &Cache, keys: impl Iterator<Item = Key>) -> usize {
    let ask = |key: &Key| {
        let is_there = cache.get(*key).is_some();
        if !is_there {
            cache.put(*key, &page(3));
        }
        is_there
    };
    keys.filter(ask).count()
}

#[test]
fn what_is_asked_for_often_outlives_a_scan_between() {
    let cache = Cache::new(SHARDS as u64 * 40_000);
    let often = || (0..200).map(|n| (0, n));
    let scan = || (0..5000).map(|n| (1, n));
    ask(&cache, often());
    ask(&cache, often());
    ask(&cache, scan());
    let kept = ask(&cache, often());
    assert!(kept > 190, "{kept} of 200 after one scan");
    ask(&cache, scan());
    let kept = ask(&cache, often());
    assert!(kept > 190, "{kept} of 200 after another");
}

#[test]
fn what_nobody_asks_for_any_more_leaves() {
    let cache = Cache::new(SHARDS as u64 * 40_000);
    for _ in 0..3 {
        ask(&cache, (0..500).map(|n| (0, n)));
    }
    // As after a merge: the same pages in another block.
    let after = || (0..400).map(|n| (1, n));
    for _ in 0..3 {
        ask(&cache, after());
    }
    let kept = ask(&cache, after());
    assert!(kept > 380, "{kept} of 400 are kept");
}

#[test]
fn what_was_parsed_is_found_as_what_it_is() {
    let cache = Cache::new(SHARDS as u64 * 1_000);
    assert!(cache.put_parsed((1, 2), &Arc::new(vec![7u32]), 100));
    assert_eq!(*cache.parsed::<Vec<u32>>((1, 2)).expect("found"), [7]);
    assert!(cache.parsed::<Vec<u64>>((1, 2)).is_none());
    assert!(cache.get((1, 2)).is_none());
    assert_eq!(cache.usage().bytes, 100 + ENTRY_BYTES);
    assert!(!cache.put_parsed((1, 3), &Arc::new(0u8), 2_000), "one that is too large");
    assert!(cache.parsed::<u8>((1, 3)).is_none());
}
