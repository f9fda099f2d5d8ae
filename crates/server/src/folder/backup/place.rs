//! Where backups are kept: a folder, or a bucket.

use super::bucket::InBucket;
use super::in_folder::InFolder;
use super::listing::{Entry, Listing};
use crate::client::s3::address::is_bucket;
use crate::error::Error;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// A place of one backup. Files are called as [`Entry::stored`] says, so that what is there
/// under a name is what it was, and a list that is there stays true until it is replaced.
pub trait Place: Sync {
    /// As people write it.
    fn shown(&self) -> String;

    /// How many files may be on their way at one time.
    fn lanes(&self) -> usize;

    /// Whether the file is there with its length and checksum.
    ///
    /// # Errors
    /// When that cannot be told.
    fn has(&self, entry: &Entry) -> Result<bool, Error>;

    /// Stores a file.
    ///
    /// # Errors
    /// When it cannot be read or written, or is not what `entry` says; then nothing is there
    /// under its name.
    fn store(&self, from: &Path, entry: &Entry) -> Result<(), Error>;

    /// Writes the list in place of the one before, after everything that it names.
    ///
    /// # Errors
    /// When it cannot be written; then the one before is still there.
    fn conclude(&self, listing: &Listing) -> Result<(), Error>;

    /// Removes what the list before this one named alone. What stays does no harm.
    fn prune(&self, named: &BTreeSet<String>);

    /// Removes a file that no list names.
    fn forget(&self, entry: &Entry);

    /// The list.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    fn listing(&self) -> Result<Listing, Error>;

    /// Writes a file of the backup to the new file `to`, durably.
    ///
    /// # Errors
    /// When it is not what `entry` says, or cannot be read or written.
    fn fetch(&self, entry: &Entry, to: &Path) -> Result<(), Error>;
}

/// The place that a flag names. `silence` is the longest wait for a bucket's next byte.
///
/// # Errors
/// When it is none.
pub fn of(place: &Path, silence: Duration) -> Result<Box<dyn Place>, Error> {
    Ok(match is_bucket(place) {
        true => Box::new(InBucket::new(place, silence)?),
        false => Box::new(InFolder::new(place)),
    })
}
