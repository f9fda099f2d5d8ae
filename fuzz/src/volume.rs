//! A disk in memory with a small data folder on it, made once by the store itself.

use model::limits::Budget;
use model::port::{
    Aggregation, Catalog, Edge, Reduction, Selection, Sink, Source, SystemClock, Windows,
    WriteError,
};
use model::row::Rows;
use model::{
    Attribute, Kind, Matcher, Needs, Predicate, Samples, Span, Target, TimeRange, Timestamp,
    WriteReport,
};
use protocol::line::{Decoder, Precision};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use storage::disk::{Disk, Entry, File, Lock, Space};
use storage::{Options, Store};

const DATA: &str = "/data";

type Files = Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>;

/// A disk in memory that never fails.
#[derive(Clone, Default)]
pub struct Volume(Files);

impl Volume {
    /// Changes one of its files, counted in the order of their names.
    pub fn change(&self, file: usize, how: impl FnOnce(&mut Vec<u8>)) {
        let mut files = self.0.lock().expect("no panic inside");
        let count = files.len().max(1);
        if let Some(content) = files.values_mut().nth(file % count) {
            how(content);
        }
    }

    fn with<T>(&self, path: &Path, work: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        let mut files = self.0.lock().expect("no panic inside");
        files.get_mut(path).map(work).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Disk for Volume {
    fn space(&self, _: &Path) -> io::Result<Space> {
        Ok(Space { free: u64::MAX, total: u64::MAX })
    }

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.0.lock().expect("no panic inside").insert(path.to_owned(), Vec::new());
        self.open(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        self.with(path, |_| ())?;
        Ok(Box::new(Open(self.clone(), path.to_owned())))
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.with(path, |content| content.truncate(bytes as usize))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.0.lock().expect("no panic inside");
        let content = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = self.0.lock().expect("no panic inside").remove(path);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let files = self.0.lock().expect("no panic inside");
        let inside = files.iter().filter(|(path, _)| path.parent() == Some(folder));
        let entry = |(path, content): (&PathBuf, &Vec<u8>)| Entry {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes: content.len() as u64,
        };
        Ok(inside.map(entry).collect())
    }

    /// Folders are no more than the beginnings of names here.
    fn folders(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        // Whoever changes one of two names of a file would change the other; nobody does.
        let content = self.with(from, |content| content.clone())?;
        self.0.lock().expect("no panic inside").insert(to.to_owned(), content);
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        Ok(Some(Box::new(Free)))
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.lock(path)
    }
}

struct Free;

impl Lock for Free {}

struct Open(Volume, PathBuf);

impl File for Open {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.with(&self.1, |content| content.extend_from_slice(bytes))
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.0.with(&self.1, |content| {
            let from = content.get(offset as usize..).and_then(|rest| rest.get(..into.len()));
            let from = from.ok_or(io::ErrorKind::UnexpectedEof)?;
            into.copy_from_slice(from);
            Ok(())
        })?
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        self.0.with(&self.1, |content| content.len() as u64)
    }
}

fn open(volume: &Volume) -> Result<Store, storage::Error> {
    let options = Options { partitions: 1, retention: None, ..Options::default() };
    Store::open(Path::new(DATA), Arc::new(volume.clone()), Arc::new(SystemClock), options)
}

/// Rows of every kind, some of them in blocks, some in the log.
fn fill(store: &Store, from: i64, until: i64) -> Result<WriteReport, WriteError> {
    let line = |n: i64| {
        let (host, note) = (n % 3, n % 5);
        format!(
            "cpu,host=h{host},zone=z user={}.5,count={n}i,total={n}u,up={},note=\"n{note}\" {n}\n",
            n % 100,
            n % 2 == 0
        )
    };
    let body: String = (from..until).map(line).collect();
    let target = Target { database: "metrics".into(), policy: None };
    let mut rows = Decoder::new(body.as_bytes(), Precision::S, Timestamp(0));
    let rows: &mut dyn Rows = &mut rows;
    store.write(&target, rows)
}

/// A store with a few rows.
pub fn store() -> Store {
    let store = open(&Volume::default()).expect("a sound disk");
    fill(&store, 1, 200).expect("a sound disk");
    store
}

/// A copy of a small data folder.
pub fn sample() -> Volume {
    static SAMPLE: OnceLock<Volume> = OnceLock::new();
    let sample = SAMPLE.get_or_init(|| {
        let volume = Volume::default();
        let store = open(&volume).expect("a sound disk");
        fill(&store, 1, 400).expect("a sound disk");
        store.flush().expect("a sound disk");
        let host = Matcher::equal(Attribute::Tag("host".into()), "h2");
        let range = TimeRange::new(Timestamp(0), Timestamp::from_secs(9));
        let some = Selection { predicate: Predicate::Match(host), range };
        store.delete(&some).expect("a sound disk");
        fill(&store, 390, 450).expect("a sound disk");
        volume
    });
    let files = sample.0.lock().expect("no panic inside").clone();
    Volume(Arc::new(Mutex::new(files)))
}

/// Looks at what may be damaged from outside, opens it, reads all of it in every way, merges,
/// writes, and opens it again.
pub fn read_all(volume: Volume) {
    let disk: Arc<dyn Disk> = Arc::new(volume.clone());
    let _ = storage::verify(Path::new(DATA), &disk, &mut |_| {});
    let how = storage::Inspect { top: 3, modes: true };
    let _ = storage::inspect(Path::new(DATA), &disk, how);
    for _ in 0..2 {
        let Ok(store) = open(&volume) else { return };
        let budget = Budget::new(1_000_000);
        let selection = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
        let mut samples = Samples::new(Kind::F64);
        for series in store.select(&selection, &budget).into_iter().flatten() {
            let _ = series.read(TimeRange::ALL, &budget, &mut samples);
        }
        let _ = store.outline(&selection, &budget);
        let windows = Windows {
            start: Timestamp(0),
            step: Span::MINUTE,
            width: Span::MINUTE,
            count: 9,
            edge: Edge::RightOpen,
        };
        let asked = Aggregation {
            predicate: &Predicate::ALL,
            windows,
            reduction: Reduction::Pooled,
            needs: Needs::ALL,
            group_by: &[Attribute::Tag("zone".into())],
        };
        let _ = store.aggregate(&asked, &budget);
        let _ = store.cardinality(TimeRange::ALL, 3, &budget);
        // A catalog may say anything, such as that there is no policy to write to.
        let _ = fill(&store, 500, 510);
        let _ = store.flush();
        let _ = store.maintain();
    }
}
