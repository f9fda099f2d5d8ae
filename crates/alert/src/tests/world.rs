//! Everything around the room: samples in memory, a scripted query language, a clock that
//! stands still, a receiver, and a database file that outlives the service.

use super::receiver::Receiver;
use crate::store::{Notification, Read, Status, Store, Write, read};
use crate::{
    ApiError, ChannelConfig, DeliveryReport, Error, Firing, Options, RuleInput, RuleView, Service,
    Sqlite, TickReport,
};
use model::limits::Budget;
use model::port::{
    Aggregation, Clock, Compare, Evaluate, EvaluateError, Evaluation, Groups, Selection, Series,
    Source, SourceError, Split,
};
use model::{
    Kind, Labels, Samples, SeriesMeta, Span, StreamKey, Tags, TimeRange, Timestamp, ValueRef,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// When every test begins, in seconds since the epoch.
pub const START: i64 = 1_700_000_000;

/// `secs` after the beginning.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START + secs)
}

pub struct Still(AtomicI64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

type Points = BTreeMap<i64, f64>;

/// Samples in memory.
#[derive(Default)]
pub struct Memory {
    series: Mutex<Vec<(SeriesMeta, Points)>>,
    pub is_broken: AtomicBool,
    /// A host whose series are found and cannot be read.
    pub unreadable: Mutex<Option<String>>,
}

impl Memory {
    pub fn write(&self, series: &str, at: Timestamp, value: f64) {
        let meta = meta(series);
        let mut all = self.series.lock();
        let place = all.iter().position(|(known, _)| *known == meta).unwrap_or_else(|| {
            all.push((meta, Points::new()));
            all.len() - 1
        });
        all[place].1.insert(at.0, value);
    }
}

/// `cpu.usage_user,host=a` as a series; a database may stand before it: `db/cpu.usage,…`.
fn meta(text: &str) -> SeriesMeta {
    let (database, text) = text.split_once('/').unwrap_or((model::DEFAULT_DATABASE, text));
    let (name, tags) = text.split_once(',').unwrap_or((text, ""));
    let (measurement, field) = name.split_once('.').unwrap_or((name, "value"));
    let tags = tags.split(',').filter_map(|tag| tag.split_once('='));
    let stream = StreamKey {
        database: database.into(),
        policy: model::DEFAULT_POLICY.into(),
        measurement: measurement.into(),
        tags: Tags::new(tags.map(|(n, v)| (n.into(), v.into())).collect()),
    };
    SeriesMeta { stream: Arc::new(stream), field: field.into(), kind: Kind::F64 }
}

struct Copied {
    meta: SeriesMeta,
    points: Points,
    is_readable: bool,
}

impl Series for Copied {
    fn meta(&self) -> &SeriesMeta {
        &self.meta
    }

    fn read(
        &self,
        range: TimeRange,
        budget: &Budget,
        out: &mut Samples,
    ) -> Result<(), SourceError> {
        out.reset(Kind::F64);
        if !self.is_readable {
            return Err(SourceError::Failed("block 42: checksum mismatch".to_owned()));
        }
        if range.is_empty() {
            return Ok(());
        }
        for (at, value) in self.points.range(range.start.0..=range.end.0) {
            budget.charge(1)?;
            assert!(out.push(Timestamp(*at), ValueRef::F64(*value)));
        }
        Ok(())
    }
}

impl Source for Memory {
    fn select(
        &self,
        selection: &Selection,
        _: &Budget,
    ) -> Result<Vec<Box<dyn Series>>, SourceError> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(SourceError::Failed("the disk is on fire".to_owned()));
        }
        let range = selection.range.start.0..=selection.range.end.0;
        let all = self.series.lock();
        let fits = all.iter().filter(|(meta, points)| {
            selection.predicate.matches(meta) && points.range(range.clone()).next().is_some()
        });
        let unreadable = self.unreadable.lock().clone();
        let copy = |(meta, points): &(SeriesMeta, Points)| {
            let host = meta.stream.tags.get("host").to_owned();
            let is_readable = unreadable.as_deref() != Some(&host);
            let series = Copied { meta: meta.clone(), points: points.clone(), is_readable };
            Box::new(series) as Box<dyn Series>
        };
        Ok(fits.map(copy).collect())
    }

    fn aggregate(&self, _: &Aggregation<'_>, _: &Budget) -> Result<Groups, SourceError> {
        unreachable!("alerts read samples")
    }
}

/// What an expression gives from some time on.
type Script = BTreeMap<i64, Evaluation>;

/// A query language of names: each gives what was scripted for it, and `name > 5` compares.
#[derive(Default)]
pub struct Scripted {
    scripts: Mutex<BTreeMap<String, Script>>,
    pub is_broken: AtomicBool,
    pub cannot_range: AtomicBool,
    pub ranges: Mutex<Vec<(Timestamp, Timestamp)>>,
}

impl Scripted {
    pub fn give(&self, name: &str, from: Timestamp, samples: &[(&str, f64)], partial: bool) {
        let labels = |text: &str| {
            Labels::from_pairs(text.split(',').filter_map(|label| label.split_once('=')))
        };
        let samples = samples.iter().map(|(text, value)| (labels(text), *value)).collect();
        let evaluation = Evaluation { samples, partial };
        self.scripts.lock().entry(name.to_owned()).or_default().insert(from.0, evaluation);
    }
}

impl Evaluate for Scripted {
    fn check(&self, expr: &str) -> Result<Option<Split>, EvaluateError> {
        let message = "unexpected end of input".to_owned();
        match expr.split_once(" > ") {
            _ if expr.contains('(') => Err(EvaluateError::Parse { line: 1, column: 7, message }),
            Some((name, threshold)) => Ok(Some(Split {
                expr: name.to_owned(),
                compare: Compare::Gt,
                threshold: threshold.parse().unwrap(),
            })),
            None => Ok(None),
        }
    }

    fn instant(&self, expr: &str, at: Timestamp) -> Result<Evaluation, EvaluateError> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(EvaluateError::Failed("query timed out".to_owned()));
        }
        let scripts = self.scripts.lock();
        let script = scripts.get(expr).and_then(|script| script.range(..=at.0).next_back());
        Ok(script.map(|(_, evaluation)| evaluation.clone()).unwrap_or_default())
    }

    fn range(
        &self,
        expr: &str,
        start: Timestamp,
        end: Timestamp,
        step: Span,
    ) -> Result<Vec<(Timestamp, Evaluation)>, EvaluateError> {
        if self.cannot_range.load(Ordering::SeqCst) {
            return Err(EvaluateError::Failed("too many samples".to_owned()));
        }
        self.ranges.lock().push((start, end));
        let mut steps = Vec::new();
        let mut at = start;
        while at <= end {
            steps.push((at, self.instant(expr, at)?));
            at = at + step;
        }
        Ok(steps)
    }
}

/// A store that fails one write, counted from its start, before or after it is durable.
pub struct Failing {
    pub inner: Arc<dyn Store>,
    writes: AtomicI64,
    fails_at: i64,
    after_commit: bool,
    /// Once it has failed, it is like a process that died: nothing works any more.
    pub is_dead: AtomicBool,
}

impl Failing {
    pub fn new(inner: Arc<dyn Store>, fails_at: i64, after_commit: bool) -> Self {
        let (writes, is_dead) = (AtomicI64::new(0), AtomicBool::new(false));
        Self { inner, writes, fails_at, after_commit, is_dead }
    }

    fn died() -> Error {
        Error::Sqlite { doing: "die", source: rusqlite::Error::InvalidQuery }
    }
}

impl Store for Failing {
    fn write(&self, work: &mut Write<'_>) -> Result<(), Error> {
        let dies = self.writes.fetch_add(1, Ordering::SeqCst) == self.fails_at;
        let dead = self.is_dead.load(Ordering::SeqCst);
        if dies {
            self.is_dead.store(true, Ordering::SeqCst);
        }
        if dead || (dies && !self.after_commit) {
            return Err(Self::died());
        }
        self.inner.write(work)?;
        if dies { Err(Self::died()) } else { Ok(()) }
    }

    fn read(&self, work: &mut Read<'_>) -> Result<(), Error> {
        match self.is_dead.load(Ordering::SeqCst) {
            true => Err(Self::died()),
            false => self.inner.read(work),
        }
    }
}

/// Everything around one room.
pub struct World {
    pub folder: tempfile::TempDir,
    pub clock: Arc<Still>,
    pub memory: Arc<Memory>,
    pub scripted: Arc<Scripted>,
    pub receiver: Receiver,
    pub store: Arc<dyn Store>,
    pub service: Service,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Still(AtomicI64::new(at(0).0)));
        let (memory, scripted) = (Arc::new(Memory::default()), Arc::new(Scripted::default()));
        let receiver = Receiver::start();
        let store: Arc<dyn Store> =
            Arc::new(Sqlite::open(&folder.path().join("alerts.db")).unwrap());
        let ports = (clock.clone(), memory.clone(), scripted.clone());
        let service = open(&store, ports, &receiver).unwrap();
        Self { folder, clock, memory, scripted, receiver, store, service }
    }

    /// Another service on the same file, with a connection of its own.
    pub fn second(&self) -> Service {
        self.try_open(&self.reopened_store()).unwrap()
    }

    pub fn reopened_store(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(&self.folder.path().join("alerts.db")).unwrap())
    }

    pub fn try_open(&self, store: &Arc<dyn Store>) -> Result<Service, Error> {
        let ports = (self.clock.clone(), self.memory.clone(), self.scripted.clone());
        open(store, ports, &self.receiver)
    }

    /// Drops the service as a crash does, and opens the file again.
    pub fn restart(&mut self) {
        self.store = self.reopened_store();
        self.service = self.try_open(&self.store).unwrap();
    }

    pub fn go(&self, secs: i64) {
        self.clock.0.store(at(secs).0, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A sample of `cpu_usage_user` of a host.
    pub fn cpu(&self, host: &str, secs: i64, value: f64) {
        self.memory.write(&format!("cpu.usage_user,host={host}"), at(secs), value);
    }

    /// Samples every 10 s, the last one at `to` or before.
    pub fn cpu_from(&self, host: &str, from: i64, to: i64, value: f64) {
        (from..=to).step_by(10).for_each(|secs| self.cpu(host, secs, value));
    }

    pub fn tick(&self, secs: i64) -> TickReport {
        self.go(secs);
        self.service.tick(self.now()).unwrap()
    }

    /// Ticks every 5 s, both ends included.
    pub fn ticks(&self, from: i64, to: i64) {
        for secs in (from..=to).step_by(5) {
            self.tick(secs);
        }
    }

    pub fn deliver(&self) -> DeliveryReport {
        self.service.deliver(self.now()).unwrap()
    }

    pub fn create(&self, rule: Value) -> RuleView {
        self.try_create(rule).unwrap()
    }

    pub fn try_create(&self, rule: Value) -> Result<RuleView, ApiError> {
        self.service.create(RuleInput::from_value(rule)?)
    }

    pub fn state(&self, id: &str) -> String {
        self.service.get(id).unwrap().state.to_owned()
    }

    pub fn health(&self, id: &str) -> String {
        self.service.get(id).unwrap().health.to_owned()
    }

    pub fn history(&self, id: &str) -> Vec<Firing> {
        self.service.history(id).unwrap()
    }

    /// What came to a path, as `event_action dedup_key`, or the text of a Slack message.
    pub fn heard(&self, path: &str) -> Vec<String> {
        let said = |body: &Value| match body["event_action"].as_str() {
            Some(action) => format!("{action} {}", body["dedup_key"].as_str().unwrap()),
            None => body["text"].as_str().unwrap_or_default().to_owned(),
        };
        self.receiver.requests(path).iter().map(|request| said(&request.body)).collect()
    }

    /// What PagerDuty was told to do.
    pub fn actions(&self) -> Vec<String> {
        let word = |said: &String| said.split(' ').next().unwrap().to_owned();
        self.heard("/pagerduty").iter().map(word).collect()
    }

    /// Every notification of a rule, oldest first.
    pub fn outbox(&self, id: &str) -> Vec<Notification> {
        read(&*self.store, |reader| {
            let mut rows = Vec::new();
            for firing in reader.firings(id, 1_000)? {
                rows.extend(reader.notifications(&firing.key, firing.epoch)?);
            }
            rows.sort_by_key(|row| row.id);
            Ok(rows)
        })
        .unwrap()
    }

    /// How the notifications of a rule stand: `trigger pagerduty sent`.
    pub fn standing(&self, id: &str) -> Vec<String> {
        let line = |row: &Notification| {
            format!("{} {} {}", row.kind.word(), row.target, Status::word(row.status))
        };
        self.outbox(id).iter().map(line).collect()
    }
}

fn open(
    store: &Arc<dyn Store>,
    (clock, memory, scripted): (Arc<Still>, Arc<Memory>, Arc<Scripted>),
    receiver: &Receiver,
) -> Result<Service, Error> {
    let options =
        Options { external_url: "http://barograph.example/".to_owned(), ..Options::default() };
    Service::open(store.clone(), memory, scripted, clock, channels(receiver), options)
}

/// One channel of each kind.
pub fn channels(receiver: &Receiver) -> BTreeMap<String, ChannelConfig> {
    let config = json!({
        "slack": { "type": "slack", "url": receiver.url("/slack") },
        "pagerduty": {
            "type": "pagerduty", "routing_key": "R0", "url": receiver.url("/pagerduty"),
        },
        "webhook": {
            "type": "webhook", "url": receiver.url("/webhook"), "headers": { "X-Key": "k" },
        },
    });
    serde_json::from_value(config).unwrap()
}

/// A rule on `cpu_usage_user > 90`, told to PagerDuty, with some fields changed.
pub fn rule(changes: Value) -> Value {
    let mut rule = json!({
        "alert_id": "hot", "metric_name": "cpu_usage_user", "condition": "gt", "threshold": 90,
        "duration": "1m", "severity": "critical", "notify": ["pagerduty"],
    });
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(rule.as_object_mut().unwrap().remove(field)),
            _ => rule[field] = value.clone(),
        }
    }
    rule
}
