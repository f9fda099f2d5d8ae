//! A disk in memory that loses power and fails on demand. For tests only.
//!
//! What was not synced may be found after a power cut or not: each write by itself, whole,
//! torn between sectors or not at all; each making, renaming and removing of a file by
//! itself, until its folder is synced. Operations fail where a test says so, or at random by
//! a seeded plan, or because the disk is full. A sync that fails is as on Linux: what it
//! should have written may be on the medium or not, and the next sync says that all is well.

mod content;
mod fault;
mod random;

pub use fault::{Fault, Plan};
pub use random::Random;

use super::{Disk, Entry, File, Lock, Space};
use content::Content;
use fault::{failed, no_space};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What of the unsynced a power cut leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Survival {
    Nothing,
    Everything,
    Random,
}

/// A change of names that its folder may not have on the medium yet.
#[derive(Clone)]
enum Renaming {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, usize),
    Folder(PathBuf),
    NoFolder(PathBuf),
}

impl Renaming {
    /// The folder whose sync makes it durable.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Link(path, _)
            | Self::Unlink(path)
            | Self::Folder(path)
            | Self::NoFolder(path) => path.parent(),
            Self::Rename(_, to, _) => to.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>, folders: &mut BTreeSet<PathBuf>) {
        match self {
            Self::Link(path, file) => drop(names.insert(path.clone(), *file)),
            Self::Unlink(path) => drop(names.remove(path)),
            Self::Rename(from, to, file) => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Folder(path) => drop(folders.insert(path.clone())),
            Self::NoFolder(path) => drop(folders.remove(path)),
        }
    }
}

#[derive(Default)]
struct State {
    contents: Vec<Content>,
    /// Names as a running process sees them.
    names: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
    /// Those above them, which were made with them.
    above: BTreeSet<PathBuf>,
    /// Names and folders that are on the medium for certain.
    durable: (BTreeMap<PathBuf, usize>, BTreeSet<PathBuf>),
    /// What was done since, in its order.
    pending: Vec<Renaming>,
    locked: BTreeSet<PathBuf>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    plan: Option<Plan>,
    spares_reads: bool,
    /// A file, and bytes of it that cannot be read.
    bad: Option<(PathBuf, Range<u64>)>,
    capacity: Option<u64>,
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

    /// Lets operations fail by a plan, until another or none is set.
    pub fn set_plan(&self, plan: Option<Plan>) {
        self.0.lock().plan = plan;
    }

    /// Whether reading succeeds whatever the plan says.
    pub fn spare_reads(&self, spares: bool) {
        self.0.lock().spares_reads = spares;
    }

    /// Lets reading these bytes of a file fail, until others or none are set.
    pub fn set_bad(&self, bad: Option<(&Path, Range<u64>)>) {
        self.0.lock().bad = bad.map(|(path, bytes)| (path.to_owned(), bytes));
    }

    /// Whether writes fail for want of space.
    pub fn set_full(&self, full: bool) {
        self.0.lock().full = full;
    }

    /// Says how much room there is; writes go on, whatever it is.
    pub fn set_space(&self, space: Space) {
        self.0.lock().space = Some(space);
    }

    /// How many bytes all files together may have; none is without end.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.0.lock().capacity = capacity;
    }

    /// How many bytes all files together have.
    pub fn used(&self) -> u64 {
        self.0.lock().used()
    }

    /// Whether [`Fault::Crash`] has happened.
    pub fn has_crashed(&self) -> bool {
        self.0.lock().crashed
    }

    /// The disk as it is found after a power cut. `shape` chooses what of the unsynced is
    /// there: 0 nothing, 1 everything, any other number some of it, chosen by it.
    pub fn after_power_cut(&self, shape: u64) -> Self {
        let old = self.0.lock();
        let random = &mut Random::new(shape);
        let survival = match shape {
            0 => Survival::Nothing,
            1 => Survival::Everything,
            _ => Survival::Random,
        };
        let cut = |content: &Content| content.after_cut(survival, random);
        let contents = old.contents.iter().map(cut).collect();
        let (names, folders) = old.names_after_cut(survival, random);
        Self::found(contents, names, folders)
    }

    /// The disk as the next process finds it: what the operating system has is still there.
    pub fn after_kill(&self) -> Self {
        let old = self.0.lock();
        let state = State {
            contents: old.contents.clone(),
            names: old.names.clone(),
            folders: old.folders.clone(),
            above: old.above.clone(),
            durable: old.durable.clone(),
            pending: old.pending.clone(),
            bad: old.bad.clone(),
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// A disk with the files of the folder `from` as they are now, in the folder `to`.
    pub fn copy_of(&self, from: &Path, to: &Path) -> Self {
        let old = self.0.lock();
        let mut contents = Vec::new();
        let (mut names, mut folders) = (BTreeMap::new(), BTreeSet::new());
        for (path, file) in &old.names {
            let Ok(inside) = path.strip_prefix(from) else { continue };
            let path = to.join(inside);
            folders.extend(path.parent().map(Path::to_owned));
            names.insert(path, contents.len());
            contents.push(old.contents[*file].clone());
        }
        Self::found(contents, names, folders)
    }

    fn found(
        contents: Vec<Content>,
        names: BTreeMap<PathBuf, usize>,
        folders: BTreeSet<PathBuf>,
    ) -> Self {
        let durable = (names.clone(), folders.clone());
        let above = folders.iter().flat_map(|folder| folder.ancestors().skip(1));
        let above = above.map(Path::to_owned).collect();
        let state = State { contents, names, folders, above, durable, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Every file there is.
    pub fn files(&self) -> Vec<PathBuf> {
        self.0.lock().names.keys().cloned().collect()
    }

    /// Changes the byte at `offset` of a file.
    pub fn flip(&self, path: &Path, offset: usize) {
        self.damage(path, |bytes| bytes[offset] ^= 0x41);
    }

    /// Changes the bytes of a file at rest.
    pub fn damage(&self, path: &Path, how: impl Fn(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let index = state.names[path];
        state.contents[index].damage(how);
    }
}

impl State {
    /// Counts a writing operation, and fails it where it shall fail.
    fn operate(&mut self, what: &str, path: &Path) -> io::Result<()> {
        let is_now = |(at, fault): &(u64, Fault)| match fault {
            Fault::Syncs => *at <= self.operations,
            _ => *at == self.operations,
        };
        let fault = self.fault.filter(is_now).map(|(_, fault)| fault);
        self.operations += 1;
        match fault {
            Some(Fault::Crash) => self.crashed = true,
            Some(Fault::Full) => self.full = true,
            Some(Fault::Sync | Fault::Syncs) if what.starts_with("sync") => {
                return Err(failed(what, path, "I/O error"));
            }
            _ => {}
        }
        self.alive(what, path)?;
        if self.full && matches!(what, "create" | "write") {
            return Err(no_space(what, path));
        }
        self.plan.as_mut().map_or(Ok(()), |plan| plan.fails(what, path))
    }

    /// Fails a reading operation where it shall fail.
    fn reading(&mut self, what: &str, path: &Path) -> io::Result<()> {
        self.alive(what, path)?;
        let plan = self.plan.as_mut().filter(|_| !self.spares_reads);
        plan.map_or(Ok(()), |plan| plan.fails_read(what, path))
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

    fn used(&self) -> u64 {
        self.names.values().map(|file| self.contents[*file].bytes.len() as u64).sum()
    }

    /// Does a change of names, which is durable once its folder is synced.
    fn rename(&mut self, renaming: Renaming) {
        renaming.apply(&mut self.names, &mut self.folders);
        self.pending.push(renaming);
    }

    fn names_after_cut(
        &self,
        survival: Survival,
        random: &mut Random,
    ) -> (BTreeMap<PathBuf, usize>, BTreeSet<PathBuf>) {
        let (mut names, mut folders) = self.durable.clone();
        let way = match survival {
            Survival::Nothing => 0,
            Survival::Everything => 1,
            Survival::Random => random.below(4),
        };
        for renaming in &self.pending {
            if way == 1 || (way > 1 && random.chance(500)) {
                renaming.apply(&mut names, &mut folders);
            }
        }
        // What a lost folder held is lost with it.
        let is_lost = |path: &Path| self.folders.contains(path) && !folders.contains(path);
        names.retain(|path, _| !path.ancestors().skip(1).any(is_lost));
        (names, folders)
    }
}

impl Disk for Simulated {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("make folder", path)?;
        if !state.folders.contains(path) {
            state.rename(Renaming::Folder(path.to_owned()));
            state.above.extend(path.ancestors().skip(1).map(Path::to_owned));
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut state = self.0.lock();
        state.operate("create", path)?;
        let index = match state.names.get(path).copied() {
            // As the real one does, the file that is there is emptied.
            Some(index) => {
                state.contents[index].empty();
                index
            }
            None => {
                let index = state.contents.len();
                state.contents.push(Content::default());
                state.rename(Renaming::Link(path.to_owned(), index));
                index
            }
        };
        Ok(Box::new(Open { disk: self.clone(), index, path: path.to_owned() }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut state = self.0.lock();
        state.reading("open", path)?;
        let index = state.find("open", path)?;
        Ok(Box::new(Open { disk: self.clone(), index, path: path.to_owned() }))
    }

    fn truncate(&self, path: &Path, bytes: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("truncate", path)?;
        let index = state.find("truncate", path)?;
        state.contents[index].truncate(bytes as usize);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("rename", from)?;
        let index = state.find("rename", from)?;
        state.rename(Renaming::Rename(from.to_owned(), to.to_owned(), index));
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("link", to)?;
        let index = state.find("link", from)?;
        if state.names.contains_key(to) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "that name is taken"));
        }
        state.rename(Renaming::Link(to.to_owned(), index));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("remove", path)?;
        state.find("remove", path)?;
        state.rename(Renaming::Unlink(path.to_owned()));
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut state = self.0.lock();
        state.reading("list", folder)?;
        let inside = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        let entry = |(path, index): (&PathBuf, &usize)| Entry {
            name: path.file_name().expect("a file").to_str().expect("utf-8").to_owned(),
            bytes: state.contents[*index].bytes.len() as u64,
        };
        Ok(inside.map(entry).collect())
    }

    fn folders(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut state = self.0.lock();
        state.reading("list", folder)?;
        let inside = |path: &PathBuf| {
            let name = path.file_name().filter(|_| path.parent() == Some(folder))?;
            Some(name.to_str().expect("utf-8").to_owned())
        };
        let all = state.folders.iter().chain(&state.above);
        let names: BTreeSet<String> = all.filter_map(inside).collect();
        Ok(names.into_iter().collect())
    }

    fn remove_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("remove folder", folder)?;
        let is_inside = |path: &PathBuf| path != folder && path.starts_with(folder);
        if state.names.keys().chain(&state.folders).chain(&state.above).any(is_inside) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        if !state.above.remove(folder) && !state.folders.contains(folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.rename(Renaming::NoFolder(folder.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.operate("sync folder", folder)?;
        let state = &mut *state;
        let (names, folders) = &mut state.durable;
        state.pending.retain(|renaming| {
            let is_here = renaming.folder() == Some(folder);
            if is_here {
                renaming.apply(names, folders);
            }
            !is_here
        });
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

    fn lock_shared(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let state = self.0.lock();
        state.alive("lock", path)?;
        Ok((!state.locked.contains(path)).then(|| Box::new(()) as Box<dyn Lock>))
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
        let mut outcome = state.operate("write", &self.path);
        // A write that fails may still have left some of its bytes.
        let mut kept = if outcome.is_ok() { bytes.len() } else { bytes.len() / 2 };
        let room = state.capacity.map_or(u64::MAX, |most| most.saturating_sub(state.used()));
        if (kept as u64) > room {
            kept = room as usize;
            outcome = outcome.and_then(|()| Err(no_space("write", &self.path)));
        }
        state.contents[self.index].append(&bytes[..kept]);
        outcome
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.reading("read", &self.path)?;
        let end = offset + into.len() as u64;
        let is_bad = |(path, bad): &(PathBuf, Range<u64>)| {
            *path == self.path && offset < bad.end && bad.start < end
        };
        if state.bad.as_ref().is_some_and(is_bad) {
            return Err(failed("read", &self.path, "I/O error"));
        }
        let bytes = &state.contents[self.index].bytes;
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let found = bytes.get(from..).and_then(|rest| rest.get(..into.len()));
        let found = found.ok_or_else(|| {
            let text = format!("read {}: past the end", self.path.display());
            io::Error::new(io::ErrorKind::UnexpectedEof, text)
        })?;
        into.copy_from_slice(found);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        let outcome = state.operate("sync", &self.path);
        let mut random = Random::new(state.operations);
        let is_alive = !state.crashed;
        // Only under a plan, as tests that fail one sync look at the file afterwards.
        let forgets = state.plan.is_some() && random.chance(500);
        let content = &mut state.contents[self.index];
        match &outcome {
            Ok(()) => content.sync(),
            Err(_) if is_alive => content.fail_sync(&mut random, forgets),
            Err(_) => {}
        }
        outcome
    }

    fn size(&self) -> io::Result<u64> {
        let mut state = self.disk.0.lock();
        state.reading("size", &self.path)?;
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
