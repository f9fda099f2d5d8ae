//! A disk in memory that forgets what was not synced when it loses power, and fails on
//! demand. For tests only.

use super::{Disk, Entry, File, Lock, Space};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What happens at the chosen operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// This and every later operation fails, as in a process that is gone.
    Crash,
    /// Writes fail for want of space from here on, until told otherwise.
    Full,
    /// This one sync fails.
    Sync,
}

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    /// How many of `bytes` survive a power cut.
    synced: usize,
}

#[derive(Default)]
struct State {
    contents: Vec<Content>,
    /// Names as a running process sees them.
    names: BTreeMap<PathBuf, usize>,
    /// Names as they survive a power cut.
    durable: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
    locked: BTreeSet<PathBuf>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    crashed: bool,
    full: bool,
    /// Where it was set; else there is more than anybody needs.
    space: Option<Space>,
}

/// See the module.
#[derive(Clone, Default)]
pub struct Simulated(Arc<Mutex<State>>);

impl Simulated {
    pub fn new() -> Self {
        Self::default()
    }

    /// How many writing operations there were.
    pub fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    /// Makes `fault` happen at the writing operation with this number.
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.0.lock().fault = Some((operation, fault));
    }

    /// Whether writes fail for want of space.
    pub fn set_full(&self, full: bool) {
        self.0.lock().full = full;
    }

    /// Says how much room there is; writes go on, whatever it is.
    pub fn set_space(&self, space: Space) {
        self.0.lock().space = Some(space);
    }

    /// The disk as it is found after a power cut. `torn` chooses how much of what was not
    /// synced happens to be there: 0 nothing, then more and more, the last of it damaged.
    pub fn after_power_cut(&self, torn: u64) -> Self {
        let old = self.0.lock();
        let mut state = State { folders: old.folders.clone(), ..State::default() };
        for content in &old.contents {
            let unsynced = content.bytes.len() - content.synced;
            let kept = content.synced + (unsynced as u64 * torn.min(4) / 4) as usize;
            let mut bytes = content.bytes[..kept].to_vec();
            if kept > content.synced && torn % 2 == 1 {
                bytes[kept - 1] ^= 0x55;
            }
            state.contents.push(Content { synced: bytes.len(), bytes });
        }
        // Names that were not synced may be there or not; an odd choice keeps them.
        let names = if torn % 2 == 1 { &old.names } else { &old.durable };
        state.names = names.clone();
        state.durable = names.clone();
        Self(Arc::new(Mutex::new(state)))
    }

    /// Changes the byte at `offset` of a file.
    pub fn flip(&self, path: &Path, offset: usize) {
        let mut state = self.0.lock();
        let index = state.names[path];
        state.contents[index].bytes[offset] ^= 0x41;
    }
}

impl State {
    /// Counts a writing operation, and fails it where it shall fail.
    fn operate(&mut self, what: &str, path: &Path) -> io::Result<()> {
        let fault = self.fault.filter(|(at, _)| *at == self.operations).map(|(_, f)| f);
        self.operations += 1;
        match fault {
            Some(Fault::Crash) => self.crashed = true,
            Some(Fault::Full) => self.full = true,
            Some(Fault::Sync) if what == "sync" => return Err(failed(what, path, "I/O error")),
            _ => {}
        }
        self.alive(what, path)?;
        if self.full && matches!(what, "create" | "write") {
            let text = format!("{what} {}: no space left on device", path.display());
            return Err(io::Error::new(io::ErrorKind::StorageFull, text));
        }
        Ok(())
    }

    fn alive(&self, what: &str, path: &Path) -> io::Result<()> {
        if self.crashed { Err(failed(what, path, "crashed")) } else { Ok(()) }
    }

    fn find(&self, what: &str, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| {
            let text = format!("{what} {}: no such file", path.display());
            io::Error::new(io::ErrorKind::NotFound, text)
        })
    }
}

fn failed(what: &str, path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{what} {}: {why}", path.display()))
}

impl Disk for Simulated {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("make folder", path)?;
        state.folders.insert(path.to_owned());
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut state = self.0.lock();
        state.operate("create", path)?;
        let index = state.contents.len();
        state.contents.push(Content::default());
        state.names.insert(path.to_owned(), index);
        Ok(Box::new(Open { disk: self.clone(), index, path: path.to_owned() }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let state = self.0.lock();
        state.alive("open", path)?;
        let index = state.find("open", path)?;
        Ok(Box::new(Open { disk: self.clone(), index, path: path.to_owned() }))
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("truncate", path)?;
        let index = state.find("truncate", path)?;
        let content = &mut state.contents[index];
        content.bytes.truncate(bytes as usize);
        content.synced = content.bytes.len();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("rename", from)?;
        let index = state.find("rename", from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), index);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("remove", path)?;
        state.find("remove", path)?;
        state.names.remove(path);
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let state = self.0.lock();
        state.alive("list", folder)?;
        let inside = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        let entry = |(path, index): (&PathBuf, &usize)| Entry {
            name: path.file_name().expect("a file").to_str().expect("utf-8").to_owned(),
            bytes: state.contents[*index].bytes.len() as u64,
        };
        Ok(inside.map(entry).collect())
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("sync", folder)?;
        let is_inside = |path: &Path| path.parent() == Some(folder);
        let now = state.names.clone();
        state.durable.retain(|path, _| !is_inside(path));
        state.durable.extend(now.into_iter().filter(|(path, _)| is_inside(path)));
        Ok(())
    }

    fn space(&self, folder: &Path) -> io::Result<Space> {
        let state = self.0.lock();
        state.alive("ask for space", folder)?;
        Ok(state.space.unwrap_or(Space { free: u64::MAX, total: u64::MAX }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.0.lock();
        state.alive("lock", path)?;
        if !state.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held { disk: self.clone(), path: path.to_owned() })))
    }
}

struct Open {
    disk: Simulated,
    index: usize,
    path: PathBuf,
}

impl File for Open {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        let outcome = state.operate("write", &self.path);
        // A write that fails may still have left some of its bytes.
        let kept = if outcome.is_ok() { bytes.len() } else { bytes.len() / 2 };
        state.contents[self.index].bytes.extend_from_slice(&bytes[..kept]);
        outcome
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let state = self.disk.0.lock();
        state.alive("read", &self.path)?;
        let bytes = &state.contents[self.index].bytes;
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let found = bytes.get(from..).and_then(|rest| rest.get(..into.len()));
        let found = found.ok_or_else(|| failed("read", &self.path, "past the end"))?;
        into.copy_from_slice(found);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.operate("sync", &self.path)?;
        let content = &mut state.contents[self.index];
        content.synced = content.bytes.len();
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        let state = self.disk.0.lock();
        state.alive("size", &self.path)?;
        Ok(state.contents[self.index].bytes.len() as u64)
    }
}

struct Held {
    disk: Simulated,
    path: PathBuf,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.disk.0.lock().locked.remove(&self.path);
    }
}
