//! What handlers share: the house, which is there from the first moment, and its rooms,
//! which open once the store has replayed.

use crate::answers::Answers;
use crate::gate::Gate;
use crate::http::Door;
use crate::ingest::{self, Ingest, Memory};
use crate::metrics::Metrics;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use model::Timestamp;
use model::port::Clock;
use parking_lot::Mutex;
use query::{influxql, promql};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The headers that carry the id of a request.
pub const REQUEST_IDS: [HeaderName; 2] =
    [HeaderName::from_static("x-request-id"), HeaderName::from_static("request-id")];
/// How many hexadecimal digits of a request's id count requests.
const ID_COUNT_DIGITS: u32 = 12;
/// Longest request id that is taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// The server from its first moment on.
pub struct House {
    /// The address it listens on, as people open it: `http://127.0.0.1:7373`.
    pub url: String,
    pub door: Door,
    pub limits: ingest::Limits,
    pub inflight: Arc<Memory>,
    pub metrics: Arc<Metrics>,
    pub clock: Arc<dyn Clock>,
    pub started_at: Timestamp,
    rooms: OnceLock<Arc<Rooms>>,
    is_stopping: AtomicBool,
    requests: AtomicU64,
    /// What the ids of requests begin with.
    id_prefix: String,
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

/// What a house is made of before its rooms open.
pub struct Plan {
    pub url: String,
    pub door: Door,
    pub limits: ingest::Limits,
    pub inflight_bytes_max: u64,
    pub clock: Arc<dyn Clock>,
}

/// Everything that answers.
pub struct Rooms {
    pub store: Arc<storage::Store>,
    pub ingest: Ingest,
    pub promql: Arc<promql::Engine>,
    pub influxql: Arc<influxql::Engine>,
    pub gate: Gate,
    pub answers: Answers,
    pub alerts: alert::Service,
    pub collects: bool,
    /// The database of the rules.
    pub rules_file: PathBuf,
}

/// Where a server stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The store replays.
    Starting,
    /// Everything answers.
    Ready,
    /// It is on its way down.
    Stopping,
}

impl House {
    pub fn new(plan: Plan) -> Arc<Self> {
        let started_at = plan.clock.now();
        let start = started_at.0 as u64;
        let (high, middle, low) = (start >> 32, (start >> 16) & 0xffff, start & 0xffff);
        Arc::new(Self {
            id_prefix: format!("{high:08x}-{middle:04x}-{low:04x}-0000-"),
            url: plan.url,
            door: plan.door,
            limits: plan.limits,
            inflight: Memory::new(plan.inflight_bytes_max),
            metrics: Arc::default(),
            started_at,
            clock: plan.clock,
            rooms: OnceLock::new(),
            is_stopping: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            troubles: Mutex::default(),
        })
    }

    /// Opens the rooms. They open once.
    pub fn open(&self, rooms: Arc<Rooms>) {
        let was_closed = self.rooms.set(rooms).is_ok();
        assert!(was_closed, "the rooms of a house open once");
    }

    /// The rooms, where they are open.
    pub fn rooms(&self) -> Option<Arc<Rooms>> {
        self.rooms.get().cloned()
    }

    /// Says from now on that the server is on its way down.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub fn phase(&self) -> Phase {
        if self.is_stopping.load(Ordering::Relaxed) {
            Phase::Stopping
        } else if self.rooms.get().is_some() {
            Phase::Ready
        } else {
            Phase::Starting
        }
    }

    /// Notes that `part` is in trouble, or is well again; says whether that is news.
    pub fn note(&self, part: &'static str, trouble: Option<String>) -> bool {
        let mut troubles = self.troubles.lock();
        match trouble {
            Some(text) => troubles.insert(part, text).is_none(),
            None => troubles.remove(part).is_some(),
        }
    }

    /// What is in trouble now, by part.
    pub fn troubles(&self) -> BTreeMap<&'static str, String> {
        self.troubles.lock().clone()
    }

    /// The id a request goes by: the client's own, or one made up.
    pub fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let [first, second] = REQUEST_IDS;
        let given = headers.get(first).or_else(|| headers.get(second));
        let is_good = |id: &&HeaderValue| (1..=REQUEST_ID_BYTES_MAX).contains(&id.len());
        if let Some(given) = given.filter(is_good).filter(|id| id.to_str().is_ok()) {
            return given.clone();
        }
        // The start of this process and a count: unique, and in the shape of a UUID.
        let mut id = self.id_prefix.clone();
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        let digits = (0..ID_COUNT_DIGITS).rev().map(|at| (count >> (4 * at)) as usize & 0xf);
        id.extend(digits.map(|digit| char::from(b"0123456789abcdef"[digit])));
        HeaderValue::try_from(id).expect("digits and dashes")
    }
}
