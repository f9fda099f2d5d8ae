//! What every cache must do, as tests over `&dyn Cache`.
//!
//! Each implementation calls [`check`] with an empty cache and a way to let time pass (a
//! clock that is set, or a pause). Nothing here fills a cache so far that it would have to
//! forget, so that an entry may only go by expiry or by removal.

use model::Span;
use model::port::Cache;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

/// A time to live that outlasts the suite.
const LONG: Span = Span::HOUR;
/// A time to live that passes within it.
const SHORT: Span = Span::from_millis(200);
/// Long enough for [`SHORT`] to pass.
const PAUSE: Span = Span::from_millis(300);

/// Checks all of it.
pub(crate) fn check(cache: &dyn Cache, let_pass: &dyn Fn(Span)) {
    values_come_back(cache);
    the_last_value_stands(cache);
    removal_forgets(cache);
    entries_expire(cache, let_pass);
    a_later_set_renews(cache, let_pass);
    absent_keys_are_set_once(cache, let_pass);
    no_time_to_live_is_no_entry(cache);
    one_of_many_wins(cache);
}

fn get(cache: &dyn Cache, key: &str) -> Option<Vec<u8>> {
    cache.get(key).expect("the cache answers")
}

fn set(cache: &dyn Cache, key: &str, value: &[u8], ttl: Span) {
    cache.set(key, value, ttl).expect("the cache answers");
}

fn set_if_absent(cache: &dyn Cache, key: &str, value: &[u8], ttl: Span) -> bool {
    cache.set_if_absent(key, value, ttl).expect("the cache answers")
}

fn values_come_back(cache: &dyn Cache) {
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(get(cache, "values:none"), None);
    for (key, value) in [("values:a", &every_byte[..]), ("values:é {}\n", b"x"), ("values:b", b"")]
    {
        set(cache, key, value, LONG);
        assert_eq!(get(cache, key).as_deref(), Some(value), "{key:?}");
    }
    assert_eq!(get(cache, "values:"), None, "a prefix of a key is another key");
}

fn the_last_value_stands(cache: &dyn Cache) {
    set(cache, "last", b"a longer first value", LONG);
    set(cache, "last", b"second", LONG);
    assert_eq!(get(cache, "last").as_deref(), Some(&b"second"[..]));
}

fn removal_forgets(cache: &dyn Cache) {
    set(cache, "removed", b"x", LONG);
    cache.remove("removed").expect("the cache answers");
    assert_eq!(get(cache, "removed"), None);
    cache.remove("removed").expect("removing what is not there is fine");
    assert!(set_if_absent(cache, "removed", b"y", LONG), "a removed key is absent");
}

fn entries_expire(cache: &dyn Cache, let_pass: &dyn Fn(Span)) {
    set(cache, "expires", b"x", SHORT);
    set(cache, "stays", b"y", LONG);
    assert_eq!(get(cache, "expires").as_deref(), Some(&b"x"[..]));
    let_pass(PAUSE);
    assert_eq!(get(cache, "expires"), None);
    assert_eq!(get(cache, "stays").as_deref(), Some(&b"y"[..]));
}

fn a_later_set_renews(cache: &dyn Cache, let_pass: &dyn Fn(Span)) {
    set(cache, "renewed", b"x", SHORT);
    set(cache, "renewed", b"x", LONG);
    set(cache, "shortened", b"x", LONG);
    set(cache, "shortened", b"x", SHORT);
    let_pass(PAUSE);
    assert_eq!(get(cache, "renewed").as_deref(), Some(&b"x"[..]));
    assert_eq!(get(cache, "shortened"), None);
}

fn absent_keys_are_set_once(cache: &dyn Cache, let_pass: &dyn Fn(Span)) {
    assert!(set_if_absent(cache, "once", b"first", SHORT));
    assert!(!set_if_absent(cache, "once", b"second", LONG));
    assert_eq!(get(cache, "once").as_deref(), Some(&b"first"[..]));
    let_pass(PAUSE);
    // A refused call has not renewed the entry either.
    assert!(set_if_absent(cache, "once", b"third", LONG), "an expired key is absent");
    assert_eq!(get(cache, "once").as_deref(), Some(&b"third"[..]));
}

fn no_time_to_live_is_no_entry(cache: &dyn Cache) {
    set(cache, "zero", b"x", LONG);
    set(cache, "zero", b"y", Span::ZERO);
    assert_eq!(get(cache, "zero"), None);
    assert!(set_if_absent(cache, "zero", b"x", Span(-1)));
    assert_eq!(get(cache, "zero"), None);
}

fn one_of_many_wins(cache: &dyn Cache) {
    const THREADS: u32 = 8;
    for round in 0..20 {
        let key = format!("race:{round}");
        let (winners, start) = (AtomicU32::new(0), Barrier::new(THREADS as usize));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (winners, start, key) = (&winners, &start, &key);
                scope.spawn(move || {
                    start.wait();
                    if set_if_absent(cache, key, &thread.to_le_bytes(), LONG) {
                        winners.fetch_add(1, Ordering::Relaxed);
                        let stands = get(cache, key);
                        assert_eq!(stands.as_deref(), Some(&thread.to_le_bytes()[..]));
                    }
                });
            }
        });
        assert_eq!(winners.into_inner(), 1, "exactly one thread sets {key}");
    }
}
