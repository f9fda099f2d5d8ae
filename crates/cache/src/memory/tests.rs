use super::*;
use crate::contract;
use proptest::prelude::*;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that only moves when it is told to.
#[derive(Default)]
struct Hands(AtomicI64);

impl Hands {
    fn pass(&self, span: Span) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

fn cache(bytes_max: u64) -> (Memory, Arc<Hands>) {
    let clock = Arc::new(Hands::default());
    (Memory::new(bytes_max, Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

#[test]
fn it_keeps_the_contract() {
    for bytes_max in [100_000, 64 << 20] {
        let (cache, clock) = cache(bytes_max);
        contract::check(&cache, &|span| clock.pass(span));
        assert_eq!(cache.stats().evictions, 0);
    }
}

#[test]
fn what_expires_first_makes_room() {
    let (cache, clock) = cache(3 * (ENTRY_BYTES + 1));
    cache.set("a", b"", Span::HOUR).unwrap();
    cache.set("b", b"", Span::MINUTE).unwrap();
    cache.set("c", b"", Span::DAY).unwrap();
    cache.set("d", b"", Span::MINUTE).unwrap();
    let present = |key: &str| cache.get(key).unwrap().is_some();
    assert_eq!(["a", "b", "c", "d"].map(present), [true, false, true, true]);
    assert_eq!(cache.stats(), Stats { entries: 3, bytes: 3 * (ENTRY_BYTES + 1), evictions: 1 });

    clock.pass(Span::MINUTE);
    cache.set("e", b"", Span::SECOND).unwrap();
    assert_eq!(["a", "c", "d", "e"].map(present), [true, true, false, true]);
    assert_eq!(cache.stats().evictions, 1, "what had expired was not evicted");
}

#[test]
fn what_is_larger_than_the_cache_is_not_kept() {
    let (cache, _) = cache(1000);
    cache.set("small", b"x", Span::HOUR).unwrap();
    cache.set("large", &[0; 1000], Span::HOUR).unwrap();
    assert_eq!(cache.get("large"), Ok(None));
    assert!(cache.get("small").unwrap().is_some());
    cache.set("small", &[0; 1000], Span::HOUR).unwrap();
    assert_eq!(cache.get("small"), Ok(None), "an old value does not outlive a newer one");
    assert_eq!(cache.stats(), Stats::default());
}

/// One call, and how much time passes after it.
type Step = (u8, u8, usize, i64, i64);

proptest! {
    #[test]
    fn it_answers_as_a_map_does(steps: Vec<(u8, u8, u8, u8, u8)>) {
        let (cache, clock) = cache(64 << 20);
        let mut model: HashMap<String, (Vec<u8>, i64)> = HashMap::new();
        let steps = steps.into_iter().map(|(verb, key, len, ttl, pause)| -> Step {
            (verb % 4, key % 8, len.into(), i64::from(ttl) - 20, i64::from(pause % 32))
        });
        for (verb, key, len, ttl, pause) in steps {
            let (key, value) = (key.to_string(), vec![key; len]);
            let now = clock.now().0;
            model.retain(|_, (_, expiry)| *expiry > now);
            match verb {
                0 => {
                    let expected = model.get(&key).map(|(value, _)| value.clone());
                    prop_assert_eq!(cache.get(&key), Ok(expected));
                }
                1 => {
                    cache.set(&key, &value, Span(ttl)).unwrap();
                    model.insert(key, (value, now + ttl));
                }
                2 => {
                    let is_absent = !model.contains_key(&key);
                    prop_assert_eq!(cache.set_if_absent(&key, &value, Span(ttl)), Ok(is_absent));
                    if is_absent {
                        model.insert(key, (value, now + ttl));
                    }
                }
                _ => {
                    cache.remove(&key).unwrap();
                    model.remove(&key);
                }
            }
            clock.pass(Span(pause));
        }
    }

    #[test]
    fn it_stays_within_its_bytes(entries: Vec<(u8, u16, u8)>, bytes_max in 0u64..20_000) {
        let (cache, _) = cache(bytes_max);
        for (key, len, ttl) in entries {
            let value = vec![key; usize::from(len % 4000)];
            cache.set(&key.to_string(), &value, Span(ttl.into())).unwrap();
            let weights = cache.shards.iter().map(|shard| {
                let shard = shard.read();
                assert_eq!(shard.entries.len(), shard.expiries.len());
                shard.entries.iter().map(|(key, entry)| weight(key, &entry.value)).sum::<u64>()
            });
            prop_assert_eq!(cache.stats().bytes, weights.sum::<u64>());
            prop_assert!(cache.stats().bytes <= bytes_max);
        }
    }
}
