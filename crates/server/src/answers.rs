//! Answers that may be a little old: kept in the cache, and computed once for all who ask
//! at one time.
//!
//! Only requests that say how old an answer may be (`max_age`) come here; without it, every
//! answer holds every acknowledged write. A cache that does not answer is passed over.

use crate::metrics::Metrics;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::port::{Cache, Clock};
use model::{Span, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::OnceCell;

/// Longest an answer is kept, whatever its request allows: the design's dashboards are
/// served from the last 30 s, and nothing is gained by keeping more.
const KEPT_MAX: Duration = Duration::from_secs(60);
/// Largest answer kept; a larger one would push out many small ones.
const BYTES_MAX: usize = 8 << 20;
/// An entry of the cache starts with the time it was computed at, in nanoseconds.
const HEADER_BYTES: usize = 8;

/// What a request asks, in full: equal keys have equal answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// Of a family of requests and everything its answer depends on.
    pub fn new(family: &str, parts: &[&str]) -> Self {
        let mut key = format!("dashboard:{family}");
        for part in parts {
            // The length before each part keeps ("ab", "c") apart from ("a", "bc").
            key.push_str(&format!(":{}:{part}", part.len()));
        }
        Self(key)
    }
}

/// An answer, and how long ago it was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    body: Bytes,
    age: Span,
}

impl Answer {
    /// As a response that says how old it is.
    pub fn respond(self, media_type: &'static str) -> Response {
        let mut response = Body::from(self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let seconds = u64::try_from(self.age.0 / Span::SECOND.0).unwrap_or_default();
        headers.insert(header::AGE, HeaderValue::from(seconds));
        response
    }
}

/// An answer that is being computed; the time is when that began.
struct Running {
    began: Timestamp,
    answer: OnceCell<Bytes>,
}

/// Kept and running answers.
pub struct Answers {
    cache: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    running: Mutex<HashMap<Key, Weak<Running>>>,
}

impl Answers {
    pub fn new(cache: Arc<dyn Cache>, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { cache, clock, metrics, running: Mutex::default() }
    }

    /// The answer to `key`, not older than `max_age`: kept, joined, or from `compute`.
    ///
    /// # Errors
    /// When `compute` fails; a failure is neither kept nor shared.
    pub async fn get<E>(
        &self,
        key: Key,
        max_age: Duration,
        compute: impl Future<Output = Result<Vec<u8>, E>>,
    ) -> Result<Answer, E> {
        let oldest = self.clock.now() - Span::from(max_age);
        if let Some(answer) = self.kept(&key, oldest) {
            self.metrics.cached_answers.add(["kept"], 1);
            return Ok(answer);
        }
        let running = self.join(&key, oldest);
        let mut computed = false;
        let body = running.answer.get_or_try_init(|| async {
            computed = true;
            compute.await.map(Bytes::from)
        });
        let body = body.await?.clone();
        if computed {
            self.metrics.cached_answers.add(["computed"], 1);
            self.keep(&key, running.began, &body);
        } else {
            self.metrics.cached_answers.add(["joined"], 1);
        }
        Ok(self.answer(body, running.began))
    }

    /// The computation of `key` that began late enough, or a new one.
    fn join(&self, key: &Key, oldest: Timestamp) -> Arc<Running> {
        let mut running = self.running.lock();
        if let Some(it) = running.get(key).and_then(Weak::upgrade)
            && it.began >= oldest
        {
            return it;
        }
        running.retain(|_, it| it.strong_count() > 0);
        let it = Arc::new(Running { began: self.clock.now(), answer: OnceCell::new() });
        running.insert(key.clone(), Arc::downgrade(&it));
        it
    }

    fn kept(&self, key: &Key, oldest: Timestamp) -> Option<Answer> {
        let entry = self.cache.get(&key.0).ok()??;
        let (at, body) = entry.split_first_chunk::<HEADER_BYTES>()?;
        let computed_at = Timestamp(i64::from_le_bytes(*at));
        let body = Bytes::copy_from_slice(body);
        (computed_at >= oldest).then(|| self.answer(body, computed_at))
    }

    fn keep(&self, key: &Key, computed_at: Timestamp, body: &Bytes) {
        if body.len() > BYTES_MAX {
            return;
        }
        let mut entry = Vec::with_capacity(HEADER_BYTES + body.len());
        entry.extend_from_slice(&computed_at.0.to_le_bytes());
        entry.extend_from_slice(body);
        if let Err(error) = self.cache.set(&key.0, &entry, Span::from(KEPT_MAX)) {
            tracing::debug!(%error, "keep answer");
        }
    }

    fn answer(&self, body: Bytes, computed_at: Timestamp) -> Answer {
        Answer { body, age: self.clock.now() - computed_at }
    }
}

#[cfg(test)]
mod tests;
