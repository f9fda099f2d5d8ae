use super::*;
use model::port::CacheError;
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// A cache without expiry, which may be out of reach.
#[derive(Default)]
struct Shelf {
    entries: Mutex<HashMap<String, Vec<u8>>>,
    is_away: bool,
}

impl Shelf {
    fn reach(&self) -> Result<(), CacheError> {
        if self.is_away { Err(CacheError { what: "away".to_owned() }) } else { Ok(()) }
    }
}

impl Cache for Shelf {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        self.reach()?;
        Ok(self.entries.lock().get(key).cloned())
    }
    fn set(&self, key: &str, value: &[u8], _: Span) -> Result<(), CacheError> {
        self.reach()?;
        self.entries.lock().insert(key.to_owned(), value.to_vec());
        Ok(())
    }
    fn set_if_absent(&self, _: &str, _: &[u8], _: Span) -> Result<bool, CacheError> {
        self.reach().map(|()| false)
    }
    fn remove(&self, _: &str) -> Result<(), CacheError> {
        self.reach()
    }
}

fn answers(is_away: bool) -> (Answers, Arc<Hand>) {
    let clock = Arc::new(Hand(AtomicI64::new(1_000)));
    let shelf = Arc::new(Shelf { is_away, ..Shelf::default() });
    (Answers::new(shelf, clock.clone(), Arc::default()), clock)
}

fn key() -> Key {
    Key::new("promql", &["up", "0:1"])
}

async fn ask(answers: &Answers, max_age: u64, calls: &AtomicUsize) -> Answer {
    let compute = async {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok::<_, Infallible>(format!("answer {call}").into_bytes())
    };
    answers.get(key(), Duration::from_secs(max_age), compute).await.unwrap()
}

#[test]
fn keys_hold_their_parts_apart() {
    assert_ne!(Key::new("x", &["ab", "c"]), Key::new("x", &["a", "bc"]));
    assert_ne!(Key::new("x", &["a:1"]), Key::new("x", &["a", "1"]));
}

#[tokio::test]
async fn an_answer_is_kept_as_long_as_the_request_allows() {
    let (answers, clock) = answers(false);
    let calls = AtomicUsize::new(0);
    assert_eq!(ask(&answers, 30, &calls).await.age, Span::ZERO);
    clock.0.store(1_020, Ordering::Relaxed);
    let kept = ask(&answers, 30, &calls).await;
    assert_eq!((kept.age, &kept.body[..]), (Span::from_secs(20), &b"answer 0"[..]));
    let response = kept.respond("application/json");
    assert_eq!(response.headers()[header::AGE], "20");
    let fresh = ask(&answers, 10, &calls).await;
    assert_eq!((fresh.age, &fresh.body[..]), (Span::ZERO, &b"answer 1"[..]));
}

#[tokio::test]
async fn equal_requests_at_one_time_are_computed_once() {
    let (answers, _) = answers(true);
    let calls = AtomicUsize::new(0);
    let (a, b, c) =
        tokio::join!(ask(&answers, 5, &calls), ask(&answers, 5, &calls), ask(&answers, 0, &calls));
    assert_eq!((&a, &a), (&b, &c));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(answers.running.lock().values().all(|it| it.strong_count() == 0));
}

#[tokio::test]
async fn a_cache_out_of_reach_is_passed_over() {
    let (answers, _) = answers(true);
    let calls = AtomicUsize::new(0);
    ask(&answers, 30, &calls).await;
    ask(&answers, 30, &calls).await;
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_failure_is_not_shared() {
    let (answers, _) = answers(false);
    let failing = answers.get(key(), Duration::from_secs(5), async { Err::<Vec<u8>, _>("no") });
    assert_eq!(failing.await, Err("no"));
    let calls = AtomicUsize::new(0);
    assert_eq!(&ask(&answers, 5, &calls).await.body[..], b"answer 0");
}

#[tokio::test]
async fn when_the_first_goes_away_the_next_computes() {
    let (answers, _) = answers(false);
    let calls = AtomicUsize::new(0);
    let first = tokio::time::timeout(Duration::from_millis(1), ask(&answers, 5, &calls)).await;
    assert!(first.is_err());
    assert_eq!(&ask(&answers, 5, &calls).await.body[..], b"answer 1");
}
