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
mod save;

pub use restore::run as restore;

use super::scratch::Scratch;
use super::{bytes, print};
use crate::cli;
use crate::client::asked::Server;
use crate::error::Error;
use parking_lot::Mutex;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use storage::{DAMAGED, Disk, Looked, RealDisk};

/// What the rules are called in a data folder.
const RULES_FILE: &str = "alerts.db";
/// A file in a snapshot that the backup it was made for has locked while it runs.
const HELD: &str = "backup.lock";

/// Copies a running server's data, or a stopped folder's, to a folder or a bucket.
///
/// # Errors
/// When the server refuses, or a file cannot be read or written; a backup that was there before is
/// still whole then. And when a block cannot be read or is damaged: then everything else is in the
/// backup.
pub fn run(flags: &cli::Backup) -> Result<(), Error> {
    let place = place::of(&flags.target, flags.silence.silence.to_std())?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let source = Source::take(flags, disk.as_ref())?;
    let done = source.files().and_then(|files| save::all(&files, place.as_ref()));
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
    done.told(&place.shown())
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
        for (inside, suffix) in [("blocks", save::BLOCK), ("wal", ".wal")] {
            let folder = self.folder.join(inside);
            let listed = RealDisk.list(&folder).map_err(|e| Error::Failed(e.to_string()))?;
            // What lies put aside says what is missing, in what is restored as well.
            let is_ours = |name: &String| name.ends_with(suffix) || name.ends_with(DAMAGED);
            let named = listed.into_iter().map(|entry| entry.name).filter(is_ours);
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
