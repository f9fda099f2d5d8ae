//! The alert room as the server sees it: rules in, answers out, and the two rounds (judge,
//! deliver) that a test calls by hand and [`Service::start`] calls in threads.
//!
//! Rules are changed in the store, and the next tick takes them over from there; so a
//! change never waits for a tick, and a second process on the same database sees it too.

mod answers;
mod changes;

use crate::channel::{ChannelConfig, Channels};
use crate::delivery::{DeliveryReport, Post};
use crate::evaluator::{Evaluator, Watch};
use crate::observe::{Origin, matches};
use crate::rule::Rule;
use crate::running::{Bell, Running};
use crate::stats::{Counters, Stats, by_state};
use crate::store::{Store, read, write};
use crate::tick::{Round, TickReport, checkpoint, run};
use crate::view::Standing;
use crate::{ApiError, Error};
use model::port::{Clock, Evaluate, Source};
use model::{Span, Timestamp};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

/// The shortest evaluation interval; a shorter one is taken for this.
const INTERVAL_MIN: Span = Span::from_millis(10);

/// How the alert room works.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// From one tick to the next.
    pub evaluation_interval: Span,
    /// Where people reach this Barograph; notifications link there.
    pub external_url: String,
    /// The most samples one metric rule may read in one tick.
    pub samples_max: u64,
    /// Whether nobody else can be using the store, as where it stands in a locked folder.
    /// Then what an earlier process had claimed is sent at once, not after its lease.
    pub owns_store: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            evaluation_interval: Span::from_secs(5),
            external_url: "http://127.0.0.1:7373".to_owned(),
            // A hundred thousand series over a quarter of an hour at 10 s.
            samples_max: 10_000_000,
            owns_store: false,
        }
    }
}

/// The alert room. Clones are the same room.
#[derive(Clone)]
pub struct Service {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub store: Arc<dyn Store>,
    source: Arc<dyn Source>,
    evaluate: Arc<dyn Evaluate>,
    clock: Arc<dyn Clock>,
    channels: Channels,
    options: Options,
    /// Who claims notifications, different in every process and service.
    owner: String,
    evaluator: Mutex<Evaluator>,
    /// What the last tick saw, so that answers never wait for the next.
    board: RwLock<HashMap<String, Posted>>,
    resting: Mutex<HashMap<String, Timestamp>>,
    pub counters: Counters,
    /// Rung when rules have changed.
    pub rules_bell: Bell,
    /// Rung when there is something to send.
    pub outbox_bell: Bell,
}

/// What the last tick saw of a rule.
struct Posted {
    standing: Standing,
    /// The worst values so far, by hash and epoch of open firings.
    peaks: HashMap<(String, i64), f64>,
    /// Whether a change of the rule posted this, and no tick has seen it yet.
    is_announced: bool,
}

impl Service {
    /// Opens the room on `store`: rules and open instances are as they were left, and
    /// what happened since is judged by the first tick.
    ///
    /// # Errors
    /// When the store cannot be read, or a channel cannot work as configured.
    pub fn open(
        store: Arc<dyn Store>,
        source: Arc<dyn Source>,
        evaluate: Arc<dyn Evaluate>,
        clock: Arc<dyn Clock>,
        channels: BTreeMap<String, ChannelConfig>,
        options: Options,
    ) -> Result<Self, Error> {
        let channels = Channels::new(channels, &options.external_url)?;
        if options.owns_store {
            let released = write(&*store, |tx| tx.release_claims())?;
            if released > 0 {
                tracing::info!(released, "an earlier process had notifications under way");
            }
        }
        let mut evaluator = Evaluator::default();
        evaluator.refresh(&*store, &*evaluate)?;
        evaluator.checkpointed_at = Some(clock.now());
        for watch in evaluator.watches.values() {
            for target in watch.rule.notify.iter().filter(|t| channels.resolve(t).is_none()) {
                tracing::warn!(rule = watch.rule.id, "{}", channels.unknown(target));
            }
        }
        let owner = format!("{:016x}", RandomState::new().build_hasher().finish());
        let inner = Inner {
            store,
            source,
            evaluate,
            clock,
            channels,
            options,
            owner,
            evaluator: Mutex::default(),
            board: RwLock::default(),
            resting: Mutex::default(),
            counters: Counters::default(),
            rules_bell: Bell::default(),
            outbox_bell: Bell::default(),
        };
        inner.post(&evaluator);
        *inner.evaluator.lock() = evaluator;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Judges all rules once, as of `now`.
    ///
    /// # Errors
    /// When the store fails; nothing is lost, the next tick decides the same again.
    pub fn tick(&self, now: Timestamp) -> Result<TickReport, Error> {
        self.inner.tick(now)
    }

    /// Sends what is due at `now`, each notification once; those that fail are due later.
    ///
    /// # Errors
    /// When the store fails; what was claimed is sent again after its lease.
    pub fn deliver(&self, now: Timestamp) -> Result<DeliveryReport, Error> {
        self.inner.deliver_all(&|| now, &|| false, |_| true)
    }

    /// Starts the threads that tick and deliver until [`Running::stop`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(&self) -> Result<Running, Error> {
        Running::start(self)
    }

    /// Counts, and how things stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stats(&self) -> Result<Stats, ApiError> {
        let now = self.inner.now();
        let (backlog, rules) = read(&*self.inner.store, |reader| {
            Ok((reader.backlog(now)?, reader.rules()?.len() as u64))
        })?;
        let mut stats = self.inner.counters.snapshot(backlog);
        stats.rules = rules;
        Ok(stats)
    }
}

impl Inner {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn interval(&self) -> Span {
        self.options.evaluation_interval.max(INTERVAL_MIN)
    }

    /// Names of the configured channels.
    pub fn channel_names(&self) -> Vec<String> {
        self.channels.iter().map(|(name, _)| name.to_owned()).collect()
    }

    pub fn tick(&self, now: Timestamp) -> Result<TickReport, Error> {
        let begun = std::time::Instant::now();
        let mut evaluator = self.evaluator.lock();
        let round = Round {
            store: &*self.store,
            evaluate: &*self.evaluate,
            channels: &self.channels,
            origin: self.origin(),
            now,
        };
        let report = run(&mut evaluator, &round);
        // Also after a failure: errors of single rules are seen then, too.
        self.post(&evaluator);
        drop(evaluator);
        let took = Span::from(begun.elapsed());
        self.counters.note(|stats| {
            stats.ticks += 1;
            stats.tick_time = Span(stats.tick_time.0.saturating_add(took.0));
            stats.tick_last = took;
            if let Ok(report) = &report {
                stats.fired += report.fired;
                stats.resolved += report.resolved;
                stats.lost += report.lost;
                stats.rules_in_error = report.errors as u64;
            }
        });
        if report.as_ref().is_ok_and(|report| report.fired + report.resolved > 0) {
            self.outbox_bell.ring();
        }
        report
    }

    fn origin(&self) -> Origin<'_> {
        Origin {
            source: &*self.source,
            evaluate: &*self.evaluate,
            interval: self.interval(),
            samples_max: self.options.samples_max,
        }
    }

    /// Tells the store how far judging has come, so that a restart reads less again.
    pub fn checkpoint(&self) -> Result<(), Error> {
        checkpoint(&mut self.evaluator.lock(), &*self.store, self.now())
    }

    /// Delivers what is due of the channels `which` says yes to.
    pub fn deliver_all(
        &self,
        now: &dyn Fn() -> Timestamp,
        is_stopping: &dyn Fn() -> bool,
        which: impl Fn(&str) -> bool,
    ) -> Result<DeliveryReport, Error> {
        self.with_post(now, is_stopping, |post| {
            let mut total = DeliveryReport::default();
            // A fallback may wake a channel that had nothing due before.
            loop {
                let due = post.due_channels()?;
                let mut moved = false;
                for channel in due.iter().filter(|channel| which(channel)) {
                    let report = post.deliver(channel)?;
                    moved |= report != DeliveryReport::default();
                    total.delivered += report.delivered;
                    total.retried += report.retried;
                    total.failed += report.failed;
                }
                if !moved || is_stopping() {
                    return Ok(total);
                }
            }
        })
    }

    /// Runs `work` with what delivery works with.
    pub fn with_post<T>(
        &self,
        now: &dyn Fn() -> Timestamp,
        is_stopping: &dyn Fn() -> bool,
        work: impl FnOnce(&Post<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        work(&Post {
            store: &*self.store,
            channels: &self.channels,
            owner: &self.owner,
            resting: &self.resting,
            now,
            is_stopping,
            note: &|channel, outcome| self.counters.attempt(channel, outcome),
        })
    }

    /// Whether a channel of this name is configured.
    pub fn is_configured(&self, channel: &str) -> bool {
        self.channels.contains(channel)
    }

    /// How many series a rule matches now, before any tick has judged it.
    fn matches(&self, rule: &Rule) -> usize {
        let watch = Watch::new(rule.clone(), &*self.evaluate);
        matches(&watch, &self.origin(), self.now())
    }

    fn post(&self, evaluator: &Evaluator) {
        let posted = evaluator.watches.iter().map(|(id, watch)| (id.clone(), Posted::of(watch)));
        let mut posted: HashMap<_, _> = posted.collect();
        let mut board = self.board.write();
        // A rule that was made during this tick is not judged yet, but must not vanish.
        for (id, announced) in board.drain().filter(|(_, posted)| posted.is_announced) {
            posted.entry(id).or_insert(Posted { is_announced: false, ..announced });
        }
        *board = posted;
        drop(board);
        let states = evaluator.watches.values().flat_map(|watch| watch.instances.values());
        let instances = by_state(states.map(|tracked| tracked.instance.progress.state));
        self.counters.note(|stats| stats.instances = instances);
    }
}

fn no_rule(id: &str) -> ApiError {
    ApiError::NotFound(format!("there is no alert {id:?}"))
}
