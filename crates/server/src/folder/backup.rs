//! `barograph backup` and `barograph restore`: everything, elsewhere and back.
//!
//! A backup is files in a folder or a bucket and one list of them, `backup.json`, which is
//! written last and says for each where it belongs, how long it is and its checksum. Files
//! are called by path and checksum, so that one that is there need not be copied again, and
//! a list that is there stays true until the next one replaces it.

mod bucket;
mod copy;
mod in_folder;
mod listing;
mod place;
mod restore;

pub use restore::run as restore;

use super::progress::Progress;
use super::scratch::Scratch;
use super::{bytes, print};
use crate::cli;
use crate::client::asked::Server;
use crate::error::Error;
use copy::checksum;
use listing::{Entry, Listing};
use parking_lot::Mutex;
use place::Place;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use storage::{Disk, Looked, RealDisk};

/// What the rules are called in a data folder.
const RULES_FILE: &str = "alerts.db";
/// A file in a snapshot that the backup it was made for has locked while it runs.
const HELD: &str = "backup.lock";

/// Copies a running server's data, or a stopped folder's, to a folder or a bucket.
///
/// # Errors
/// When the server refuses, a file is damaged or cannot be read or written. A backup that
/// was there before is still whole then.
pub fn run(flags: &cli::Backup) -> Result<(), Error> {
    let place = place::of(&flags.target, flags.silence.silence.to_std())?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let source = Source::take(flags, disk.as_ref())?;
    let done = copy_all(&source, place.as_ref());
    source.end();
    let done = done?;
    print(&format!(
        "{}: {} files, {}; {} of them copied now, {}\n",
        place.shown(),
        done.files,
        bytes(done.bytes),
        done.copied,
        bytes(done.copied_bytes)
    ));
    Ok(())
}

/// Where the files of a backup come from.
struct Source {
    folder: PathBuf,
    /// The rules, where they are not in `folder` as they should be copied.
    staged: Option<Scratch>,
    /// Kept for as long as a stopped folder is read.
    _held: Option<Looked>,
    /// The lock of a snapshot that was made for this backup.
    snapshot: Option<fs::File>,
}

impl Source {
    fn take(flags: &cli::Backup, disk: &dyn Disk) -> Result<Self, Error> {
        match Looked::open(&flags.data_dir, disk) {
            Ok(held) => {
                let rules = flags.data_dir.join(RULES_FILE);
                let staged = match rules.exists() {
                    true => Some(stage(&rules)?),
                    false => None,
                };
                let folder = flags.data_dir.clone();
                Ok(Self { folder, staged, _held: Some(held), snapshot: None })
            }
            Err(storage::Error::InUse { .. }) => Self::ask(flags),
            Err(error) => Err(Error::Failed(error.to_string())),
        }
    }

    fn ask(flags: &cli::Backup) -> Result<Self, Error> {
        remove_abandoned(&flags.data_dir.join(storage::SNAPSHOTS));
        let server = Server::new(&flags.server);
        let answer = server.post_form("/api/v1/admin/tsdb/snapshot", &[])?;
        if answer.status != 200 {
            return Err(Error::Client(answer.error()));
        }
        let json = answer.json()?;
        let name = json["data"]["name"].as_str().unwrap_or_default();
        let folder = flags.data_dir.join(storage::SNAPSHOTS).join(name);
        if name.is_empty() || name.contains('/') || !folder.join("MANIFEST").exists() {
            return Err(Error::Failed(format!(
                "{} is in use, but not by the server at {}: say with --url which server has it",
                flags.data_dir.display(),
                flags.server.url
            )));
        }
        let held = hold(&folder).map_err(copy::failed("lock", &folder))?;
        Ok(Self { folder, staged: None, _held: None, snapshot: Some(held) })
    }

    /// The files to copy: paths in a data folder, and where they are now.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let mut files = Vec::new();
        for (inside, suffix) in [("blocks", ".block"), ("wal", ".wal")] {
            let folder = self.folder.join(inside);
            let listed = RealDisk.list(&folder).map_err(|e| Error::Failed(e.to_string()))?;
            let named = listed.into_iter().map(|entry| entry.name).filter(|n| n.ends_with(suffix));
            files.extend(named.map(|name| (format!("{inside}/{name}"), folder.join(name))));
        }
        let listed = RealDisk.list(&self.folder).map_err(|e| Error::Failed(e.to_string()))?;
        for name in storage::FILES.iter().chain([&RULES_FILE]) {
            let is_staged = *name == RULES_FILE && self.staged.is_some();
            if !is_staged && listed.iter().any(|entry| entry.name == **name) {
                files.push(((*name).to_owned(), self.folder.join(name)));
            }
        }
        let staged = self.staged.iter().map(|staged| staged.path().join(RULES_FILE));
        files.extend(staged.map(|staged| (RULES_FILE.to_owned(), staged)));
        Ok(files)
    }

    /// Removes what was made for the backup alone.
    fn end(self) {
        if self.snapshot.is_none() {
            return;
        }
        if let Err(error) = remove_snapshot(&self.folder) {
            eprintln!("barograph: remove {}: {error}", self.folder.display());
        }
    }
}

/// Removes a snapshot, what makes it one first: what a kill leaves is no snapshot, which
/// the next start removes.
fn remove_snapshot(folder: &Path) -> std::io::Result<()> {
    fs::remove_file(folder.join(storage::MANIFEST))?;
    fs::remove_dir_all(folder)
}

/// Says that the snapshot is that of a backup which runs.
fn hold(snapshot: &Path) -> std::io::Result<fs::File> {
    let file = fs::File::create(snapshot.join(HELD))?;
    file.try_lock()?;
    Ok(file)
}

/// Removes the snapshots of backups that were killed: they keep dropped blocks on the disk.
/// Those that people made have no such file, and stay.
fn remove_abandoned(snapshots: &Path) {
    for entry in fs::read_dir(snapshots).into_iter().flatten().flatten() {
        let abandoned = fs::File::open(entry.path().join(HELD));
        if abandoned.is_ok_and(|file| file.try_lock().is_ok())
            && let Err(error) = remove_snapshot(&entry.path())
        {
            eprintln!("barograph: remove {}: {error}", entry.path().display());
        }
    }
}

/// Copies a stopped folder's rules to where they wait to be stored.
fn stage(rules: &Path) -> Result<Scratch, Error> {
    let staged = Scratch::new()?;
    alert::copy_database(rules, &staged.path().join(RULES_FILE)).map_err(|error| {
        let text = format!("copy {} to {}: {error}", rules.display(), staged.path().display());
        if error.is_disk_full() { Error::Full(text) } else { Error::Failed(text) }
    })?;
    Ok(staged)
}

/// What a backup did.
#[derive(Clone, Copy, Default)]
struct Done {
    files: usize,
    bytes: u64,
    copied: usize,
    copied_bytes: u64,
}

/// A file that was stored, and whether it had to be copied for that.
struct Stored {
    entry: Entry,
    is_copied: bool,
}

fn copy_all(source: &Source, place: &dyn Place) -> Result<Done, Error> {
    let files = source.files()?;
    let stored = Mutex::new(Vec::new());
    let progress = Mutex::new(Progress::new());
    let all = files.iter().filter_map(|(_, from)| Some(from.metadata().ok()?.len())).sum();
    let done = Mutex::new(Done::default());
    let copied = each_in_lanes(place.lanes(), &files, |(path, from)| {
        let (bytes, crc) = checksum(from)?;
        let entry = Entry { path: path.clone(), bytes, crc };
        let is_copied = !place.has(&entry)?;
        if is_copied {
            place.store(from, &entry)?;
        }
        stored.lock().push(Stored { entry, is_copied });
        let mut done = done.lock();
        done.files += 1;
        done.bytes += bytes;
        done.copied += usize::from(is_copied);
        done.copied_bytes += if is_copied { bytes } else { 0 };
        progress.lock().show(done.bytes, all);
        Ok(())
    });
    progress.lock().clear();
    let mut stored = stored.into_inner();
    stored.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
    let listing = Listing { files: stored.iter().map(|it| it.entry.clone()).collect() };
    // The files are durable before the list that names them, and that one before those
    // that only the list before it named are removed.
    if let Err(error) = copied.and_then(|()| place.conclude(&listing)) {
        if matches!(error, Error::Full(_)) {
            // A full disk is not left full of what nobody can restore.
            stored.iter().filter(|it| it.is_copied).for_each(|it| place.forget(&it.entry));
        }
        return Err(error);
    }
    place.prune(&listing.files.iter().map(Entry::stored).collect::<BTreeSet<_>>());
    Ok(done.into_inner())
}

/// Does something with each, with several at one time; after a failure, no more are begun.
fn each_in_lanes<T: Sync>(
    lanes: usize,
    all: &[T],
    work: impl Fn(&T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let lane = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.lock().is_some() {
                break;
            }
            if let Err(error) = work(one) {
                failed.lock().get_or_insert(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..lanes.min(all.len()) {
            scope.spawn(lane);
        }
        lane();
    });
    failed.into_inner().map_or(Ok(()), Err)
}
