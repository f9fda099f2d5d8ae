//! `barograph restore`: a backup becomes a data folder.

use super::copy::{failed, sync_folder};
use super::listing::Listing;
use super::place::{self, Place};
use super::{bytes, each_in_lanes, print};
use crate::cli;
use crate::error::Error;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Copies a backup into a folder that is empty or not there. Under the name of the folder
/// it is there as a whole or not at all.
///
/// # Errors
/// When the folder holds something, the backup is incomplete or damaged, or the disk
/// refuses.
pub fn run(flags: &cli::Restore) -> Result<(), Error> {
    let folder = &flags.data_dir;
    check_empty(folder)?;
    let place = place::of(&flags.source, flags.silence.silence.to_std())?;
    let listing = place.listing()?;
    let unfinished = unfinished(folder)?;
    // What a restore that was killed has left.
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed("remove", &unfinished)(error));
        }
        _ => {}
    }
    if let Err(error) = fill(&unfinished, place.as_ref(), &listing) {
        let _ = fs::remove_dir_all(&unfinished);
        return Err(error);
    }
    // An empty folder gives way to a rename.
    fs::rename(&unfinished, folder).map_err(failed("rename to", folder))?;
    sync_folder(above(folder))?;
    let all = listing.files.iter().map(|entry| entry.bytes).sum();
    let (count, size) = (listing.files.len(), bytes(all));
    print(&format!("{}: {count} files, {size} restored\n", folder.display()));
    Ok(())
}

fn check_empty(folder: &Path) -> Result<(), Error> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Usage(format!(
            "{} is not empty: restore into a folder that is empty or not there",
            folder.display()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("look into", folder)(error)),
    }
}

fn above(folder: &Path) -> &Path {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

/// Where files gather, beside the folder: on the same disk, so that a rename ends it.
fn unfinished(folder: &Path) -> Result<PathBuf, Error> {
    let name = folder.file_name().ok_or_else(|| {
        Error::Usage(format!("{} is no name of a folder to restore into", folder.display()))
    })?;
    let mut name = name.to_owned();
    name.push(".restoring");
    Ok(above(folder).join(name))
}

fn fill(into: &Path, place: &dyn Place, listing: &Listing) -> Result<(), Error> {
    let mut folders = BTreeSet::from([into.to_owned(), into.join("wal"), into.join("blocks")]);
    for entry in &listing.files {
        folders.extend(into.join(&entry.path).parent().map(Path::to_owned));
    }
    for folder in &folders {
        fs::create_dir_all(folder).map_err(failed("make folder", folder))?;
    }
    each_in_lanes(place.lanes(), &listing.files, |entry| {
        place.fetch(entry, &into.join(&entry.path))
    })?;
    folders.iter().try_for_each(|folder| sync_folder(folder))
}
