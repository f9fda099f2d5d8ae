//! `barograph backup` and `barograph restore`: everything, elsewhere and back.
//!
//! A backup is a folder of files and one list of them, `backup.json`, which is written
//! last and says for each where it belongs, how long it is and its checksum. Files are
//! called by path and checksum, so that one that is there need not be copied again, and
//! a list that is there stays true until the next one replaces it.

mod copy;
mod listing;
mod restore;

pub use restore::run as restore;

use super::{bytes, print};
use crate::cli;
use crate::client::asked::Server;
use crate::error::Error;
use copy::{checksum, copy_checked, failed, sync_folder};
use listing::{Entry, LISTING, Listing};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage::{Disk, Looked, RealDisk};

/// What the rules are called in a data folder.
const RULES_FILE: &str = "alerts.db";
/// Where a stopped folder's rules are copied before they are stored.
const STAGED: &str = "alerts.db.tmp";

/// Copies a running server's data, or a stopped folder's, to a folder.
///
/// # Errors
/// When the server refuses, a file is damaged or cannot be read or written. A backup that
/// was there before is still whole then.
pub fn run(flags: &cli::Backup) -> Result<(), Error> {
    let target = &flags.target;
    let target_error = failed("make folder", target);
    fs::create_dir_all(target).map_err(target_error)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let source = Source::take(flags, disk.as_ref(), target)?;
    let done = copy_all(&source, target);
    source.end();
    let done = done?;
    print(&format!(
        "{}: {} files, {}; {} of them copied now, {}\n",
        target.display(),
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
    staged: Option<PathBuf>,
    /// Kept for as long as a stopped folder is read.
    _held: Option<Looked>,
    is_snapshot: bool,
}

impl Source {
    fn take(flags: &cli::Backup, disk: &dyn Disk, target: &Path) -> Result<Self, Error> {
        match Looked::open(&flags.data_dir, disk) {
            Ok(held) => {
                let rules = flags.data_dir.join(RULES_FILE);
                let staged = rules.exists().then(|| target.join(STAGED));
                if let Some(staged) = &staged {
                    let _ = fs::remove_file(staged);
                    alert::copy_database(&rules, staged).map_err(|error| {
                        Error::Failed(format!("copy {}: {error}", rules.display()))
                    })?;
                }
                let folder = flags.data_dir.clone();
                Ok(Self { folder, staged, _held: Some(held), is_snapshot: false })
            }
            Err(storage::Error::InUse { .. }) => Self::ask(flags),
            Err(error) => Err(Error::Failed(error.to_string())),
        }
    }

    fn ask(flags: &cli::Backup) -> Result<Self, Error> {
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
        Ok(Self { folder, staged: None, _held: None, is_snapshot: true })
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
        files.extend(self.staged.clone().map(|staged| (RULES_FILE.to_owned(), staged)));
        Ok(files)
    }

    /// Removes what was made for the backup alone.
    fn end(self) {
        let removed = match (&self.staged, self.is_snapshot) {
            (Some(staged), _) => fs::remove_file(staged),
            (None, true) => fs::remove_dir_all(&self.folder),
            (None, false) => Ok(()),
        };
        if let Err(error) = removed {
            eprintln!("barograph: remove {}: {error}", self.folder.display());
        }
    }
}

/// What a backup did.
#[derive(Default)]
struct Done {
    files: usize,
    bytes: u64,
    copied: usize,
    copied_bytes: u64,
}

fn copy_all(source: &Source, target: &Path) -> Result<Done, Error> {
    let mut done = Done::default();
    let mut listing = Listing::default();
    let mut folders = BTreeSet::from([target.to_owned()]);
    for (path, from) in source.files()? {
        let (bytes, crc) = checksum(&from)?;
        let entry = Entry { path, bytes, crc };
        let to = target.join(entry.stored());
        // Read again, so that what went bad where it lies is replaced.
        let is_there = to.exists() && checksum(&to)? == (bytes, crc);
        if !is_there {
            let folder = to.parent().unwrap_or(target);
            fs::create_dir_all(folder).map_err(failed("make folder", folder))?;
            folders.insert(folder.to_owned());
            copy_checked(&from, &to, &entry)?;
            done.copied += 1;
            done.copied_bytes += bytes;
        }
        done.files += 1;
        done.bytes += bytes;
        listing.files.push(entry);
    }
    // The files are durable before the list that names them, and that one before those
    // that only the list before it named are removed.
    folders.iter().try_for_each(|folder| sync_folder(folder))?;
    listing.write(target)?;
    prune(&listing, target);
    Ok(done)
}

/// Removes files of earlier backups that the list does not name; one that stays does no harm.
fn prune(listing: &Listing, target: &Path) {
    let named: BTreeSet<String> = listing.files.iter().map(Entry::stored).collect();
    for inside in ["", "blocks/", "wal/"] {
        let listed = RealDisk.list(&target.join(inside)).unwrap_or_default();
        for entry in listed {
            let stored = format!("{inside}{}", entry.name);
            if listing::is_stored(&stored) && stored != LISTING && !named.contains(&stored) {
                let _ = fs::remove_file(target.join(stored));
            }
        }
    }
}
