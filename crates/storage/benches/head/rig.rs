//! A store for one bench: its disk, its clock, and what is read of the process.

use super::load::{Body, Load, Order, START, STEP};
use model::port::{Clock, Sink};
use model::{Span, Target, Timestamp};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use storage::disk::{Disk, Entry, File, Lock, Space};
use storage::{Fsync, Options, RealDisk, Store};

/// Rows in a body.
const BODY_ROWS: usize = 5_000;

/// A clock that the bench sets.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// The clock of this machine, which tells how long a sync takes.
struct Wall(std::time::Instant);

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp(START + self.0.elapsed().as_nanos() as i64)
    }
}

/// A store for one bench.
pub struct Rig {
    pub store: Store,
    clock: Option<Arc<TestClock>>,
    folder: tempfile::TempDir,
}

impl Rig {
    /// A store whose log is thrown away.
    pub fn new(name: &str, head_bytes_max: u64) -> Self {
        let folder = folder(name);
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let options = Options { head_bytes_max, fsync: Fsync::Off, ..options() };
        let disk = Arc::new(Forgetful(RealDisk));
        let store = Store::open(folder.path(), disk, clock.clone(), options).expect("open");
        Self { store, clock: Some(clock), folder }
    }

    /// A store on a real disk that does not wait for it.
    pub fn on_disk(name: &str) -> Self {
        let folder = folder(name);
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let options = Options { fsync: Fsync::Off, ..options() };
        let store = Store::open(folder.path(), Arc::new(RealDisk), clock.clone(), options);
        Self { store: store.expect("open"), clock: Some(clock), folder }
    }

    /// A store on a real disk, in simulated time.
    pub fn durable(name: &str, fsync: Fsync) -> Self {
        let folder = folder(name);
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let options = Options { fsync, ..options() };
        let store = Store::open(folder.path(), Arc::new(RealDisk), clock.clone(), options);
        Self { store: store.expect("open"), clock: Some(clock), folder }
    }

    /// A store on a real disk, in real time, that syncs each body.
    pub fn synced(name: &str) -> Self {
        let folder = folder(name);
        let clock = Arc::new(Wall(std::time::Instant::now()));
        let store = Store::open(folder.path(), Arc::new(RealDisk), clock, options());
        Self { store: store.expect("open"), clock: None, folder }
    }

    /// Drops the store as it is and opens its folder again.
    pub fn reopen(&mut self) {
        let clock = self.clock.clone().expect("a store in simulated time");
        let options = Options { fsync: Fsync::Off, ..options() };
        let empty = folder("empty");
        let spare = Store::open(empty.path(), Arc::new(RealDisk), clock.clone(), options.clone());
        drop(std::mem::replace(&mut self.store, spare.expect("open")));
        let store = Store::open(self.folder.path(), Arc::new(RealDisk), clock, options);
        self.store = store.expect("open");
    }

    /// Writes one row of every stream; answers the CPU time in ns.
    pub fn round(&self, load: &Load, round: usize, order: Order) -> u64 {
        self.bodies(load, round, order, BODY_ROWS)
    }

    /// Simulated time.
    pub fn now(&self) -> i64 {
        self.clock.as_ref().map_or(START, |clock| clock.0.load(Ordering::Relaxed))
    }

    /// Sets simulated time to a round.
    pub fn set_round(&self, round: usize) {
        if let Some(clock) = &self.clock {
            clock.0.store(START + round as i64 * STEP, Ordering::Relaxed);
        }
    }

    /// Writes one row of each of the first streams, for as long as `go_on` says so; `each`
    /// is told what each body took.
    pub fn timed(
        &self,
        load: &Load,
        streams: usize,
        round: usize,
        go_on: impl Fn() -> bool,
        mut each: impl FnMut(CallTime),
    ) {
        let target = Target { database: "metrics".into(), policy: None };
        for first in (0..streams).step_by(BODY_ROWS).take_while(|_| go_on()) {
            let mut body =
                Body::new(load, round, Order::Sorted, first..streams.min(first + BODY_ROWS));
            let (start, (ran, waited)) = (std::time::Instant::now(), schedule());
            let report = self.store.write(&target, &mut body).expect("write");
            let (all, now) = (start.elapsed().as_secs_f64(), schedule());
            assert!(report.refused.is_empty(), "{:?}", report.refused);
            let blocked = all - (now.0 - ran + now.1 - waited) as f64 / 1e9;
            each(CallTime { all, blocked });
        }
    }

    /// The same in bodies of so many rows.
    pub fn bodies(&self, load: &Load, round: usize, order: Order, rows: usize) -> u64 {
        self.set_round(round);
        let target = Target { database: "metrics".into(), policy: None };
        let start = cpu_ns();
        for first in (0..load.streams).step_by(rows) {
            let streams = first..load.streams.min(first + rows);
            let mut body = Body::new(load, round, order, streams.clone());
            let report = self.store.write(&target, &mut body).expect("write");
            assert_eq!(report.rows, streams.len() as u64, "{:?}", report.refused);
        }
        cpu_ns() - start
    }
}

fn options() -> Options {
    Options {
        retention: Some(Span(15 * Span::DAY.0)),
        future_max: None,
        series_max: 100_000_000,
        ..Options::default()
    }
}

fn folder(name: &str) -> tempfile::TempDir {
    let root = std::env::var_os("BENCH_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    tempfile::Builder::new().prefix(name).tempdir_in(root).expect("a folder")
}

/// What one call took, in seconds.
pub struct CallTime {
    /// From begin to end.
    pub all: f64,
    /// Of that, neither running nor waiting for a processor.
    pub blocked: f64,
}

/// CPU time of this thread, in ns.
pub fn cpu_ns() -> u64 {
    schedule().0
}

/// How long this thread ran and how long it waited for a processor, in ns.
fn schedule() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    let mut words = text.split(' ').map(|word| word.parse().expect("a number"));
    (words.next().expect("time run"), words.next().expect("time waited"))
}

/// CPU seconds of all threads of this process.
pub fn process_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("stat");
    // Behind the name, which may hold anything; ticks are hundredths of a second.
    let rest = text.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2);
    ticks.filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Resident bytes of this process.
pub fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    let kib = line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
    kib.expect("a number") << 10
}

/// A disk that throws the log away.
struct Forgetful(RealDisk);

struct Nowhere;

impl File for Nowhere {
    fn append(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(0)
    }
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wal")
}

impl Disk for Forgetful {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.0.create_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        if is_log(path) { Ok(Box::new(Nowhere)) } else { self.0.create(path) }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.0.open(path)
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.0.truncate(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if is_log(path) { Ok(()) } else { self.0.remove(path) }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.0.list(folder)
    }

    fn folders(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.0.folders(folder)
    }

    fn remove_dir(&self, folder: &Path) -> io::Result<()> {
        self.0.remove_dir(folder)
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        self.0.sync_dir(folder)
    }

    fn space(&self, folder: &Path) -> io::Result<Space> {
        self.0.space(folder)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link(from, to)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.0.lock(path)
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.lock(path)
    }
}
