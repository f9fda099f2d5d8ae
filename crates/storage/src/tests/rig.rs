//! What the tests of the whole store share: a clock, bodies of rows, and the model map.

use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::{Error, Options, Store};
use model::limits::Budget;
use model::port::{Clock, Selection, Sink, Source, WriteError};
use model::row::{Dialect, Identify, Identity, Rows};
use model::{
    Field, Kind, Predicate, Refusal, Refused, Row, Samples, Span, Tags, Target, TimeRange,
    Timestamp, Value, WriteReport,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub const DATA: &str = "/data";
/// 2023-11-14T22:13:20Z, in the middle of a day.
pub const NOW: i64 = 1_700_000_000 * Span::SECOND.0;

/// A clock that a test sets.
pub struct TestClock(pub AtomicI64);

impl TestClock {
    pub fn set(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A row as a test writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub key: String,
    pub at: i64,
    pub fields: Vec<(String, Value)>,
}

pub fn point(key: &str, at: i64, fields: &[(&str, Value)]) -> Point {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Point { key: key.to_owned(), at, fields }
}

pub fn float(key: &str, at: i64, value: f64) -> Point {
    point(key, at, &[("value", Value::F64(value))])
}

/// Lends points as a decoder would.
pub struct Body<'a> {
    points: &'a [Point],
    next: usize,
    fields: Vec<Field<'a>>,
}

impl<'a> Body<'a> {
    pub fn new(points: &'a [Point]) -> Self {
        Self { points, next: 0, fields: Vec::new() }
    }
}

impl<'a> Rows for Body<'a> {
    fn next_row(&mut self) -> Option<Result<Row<'_>, Refused>> {
        let point = self.points.get(self.next)?;
        self.next += 1;
        self.fields.clear();
        let field = |(name, value): &'a (String, Value)| Field { name, value: value.as_ref() };
        self.fields.extend(point.fields.iter().map(field));
        let key = point.key.as_bytes();
        let (line, timestamp) = (self.next as u64, Timestamp(point.at));
        Some(Ok(Row { line, key, timestamp, fields: &self.fields }))
    }

    fn identify(&self) -> Identify {
        identify
    }

    fn dialect(&self) -> Dialect {
        Dialect::Line
    }
}

/// `measurement,tag=value,…`, without escapes.
pub fn identify(key: &[u8]) -> Result<Identity, Refusal> {
    let text = std::str::from_utf8(key).map_err(|_| malformed(key))?;
    let mut parts = text.split(',');
    let measurement = parts.next().filter(|name| !name.is_empty()).ok_or_else(|| malformed(key))?;
    let mut pairs = Vec::new();
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(|| malformed(key))?;
        pairs.push((name.into(), value.into()));
    }
    Ok((measurement.into(), Tags::new(pairs)))
}

fn malformed(key: &[u8]) -> Refusal {
    let text = String::from_utf8_lossy(key).into_owned();
    Refusal::Malformed { text, reason: "no key".into() }
}

/// Series by their canonical name, samples by time.
pub type Map = BTreeMap<String, BTreeMap<i64, Value>>;

/// What was acknowledged, as a map.
#[derive(Clone, Debug, Default)]
pub struct Expected(pub Map);

impl Expected {
    pub fn add(&mut self, points: &[Point]) {
        for point in points {
            let (measurement, tags) = identify(point.key.as_bytes()).expect("key");
            for (field, value) in &point.fields {
                let name = series_name(&measurement, &tags, field);
                self.0.entry(name).or_default().insert(point.at, value.clone());
            }
        }
    }
}

pub fn series_name(measurement: &str, tags: &Tags, field: &str) -> String {
    let tags: String = tags.iter().map(|(name, value)| format!(",{name}={value}")).collect();
    format!("{measurement}{tags} {field}")
}

/// A store on a simulated disk.
pub struct Rig {
    pub store: Store,
    pub disk: Simulated,
    pub clock: Arc<TestClock>,
}

pub fn options() -> Options {
    Options { partitions: 2, retention: None, ..Options::default() }
}

impl Rig {
    pub fn new() -> Self {
        Self::with(Simulated::new(), options()).expect("open")
    }

    pub fn with(disk: Simulated, options: Options) -> Result<Self, Error> {
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let store = open(Arc::new(disk.clone()), clock.clone(), options)?;
        Ok(Self { store, disk, clock })
    }

    /// Loses power, and starts again with what is found then.
    pub fn lose_power(self, torn: u64, options: Options) -> Self {
        let found = self.disk.after_power_cut(torn);
        Self::with(found, options).expect("a start after a power cut succeeds")
    }

    /// Stops as `kill -9` does: what the operating system has is still there.
    pub fn kill(self, options: Options) -> Self {
        let Self { store, disk, .. } = self;
        drop(store);
        Self::with(disk, options).expect("a start after a kill succeeds")
    }

    pub fn write(&self, points: &[Point]) -> Result<WriteReport, WriteError> {
        self.write_to("metrics", None, points)
    }

    pub fn write_to(
        &self,
        database: &str,
        policy: Option<&str>,
        points: &[Point],
    ) -> Result<WriteReport, WriteError> {
        write(&self.store, database, policy, points)
    }

    /// Writes points of which none may be refused.
    pub fn put(&self, points: &[Point]) {
        let report = self.write(points).expect("write");
        assert_eq!(report.refused, []);
        assert_eq!(report.rows, points.len() as u64);
    }

    /// Everything that can be read, and no warning with it.
    pub fn all(&self) -> Map {
        let budget = Budget::unlimited();
        let found = read(&self.store, &Predicate::ALL, TimeRange::ALL, &budget);
        assert_eq!(budget.warnings(), Vec::<String>::new());
        found
    }

    pub fn files(&self, folder: &str) -> Vec<String> {
        let listed = self.disk.list(&Path::new(DATA).join(folder)).expect("list");
        listed.into_iter().map(|entry| entry.name).collect()
    }
}

pub fn write(
    store: &Store,
    database: &str,
    policy: Option<&str>,
    points: &[Point],
) -> Result<WriteReport, WriteError> {
    let target = Target { database: database.into(), policy: policy.map(Into::into) };
    store.write(&target, &mut Body::new(points))
}

pub fn open(disk: Arc<dyn Disk>, clock: Arc<TestClock>, options: Options) -> Result<Store, Error> {
    Store::open(Path::new(DATA), disk, clock, options)
}

/// What a query sees, by series.
pub fn read(store: &Store, predicate: &Predicate, range: TimeRange, budget: &Budget) -> Map {
    let selection = Selection { predicate: predicate.clone(), range };
    let mut map = Map::new();
    for series in store.select(&selection, budget).expect("select") {
        let meta = series.meta();
        let name = series_name(&meta.stream.measurement, &meta.stream.tags, &meta.field);
        let mut samples = Samples::new(Kind::F64);
        series.read(range, budget, &mut samples).expect("read");
        assert!(samples.timestamps.is_sorted_by(|a, b| a < b), "{name}: times rise strictly");
        assert_eq!(samples.values.kind(), meta.kind);
        let by_time: BTreeMap<_, _> = (0..samples.len())
            .map(|at| (samples.timestamps[at], samples.values.get(at).to_value()))
            .collect();
        if !by_time.is_empty() {
            assert!(map.insert(name.clone(), by_time).is_none(), "{name} comes once");
        }
    }
    map
}
