//! A backup in a bucket of S3, or of one who speaks like it.
//!
//! Objects are called by path and checksum, and were taken with a signed hash of their
//! bytes, so that one that is there with its length is what it was.

use super::listing::{self, Entry, LISTING, Listing};
use super::place::Place;
use crate::client::s3::{Bucket, Known};
use crate::error::Error;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// Requests that are on their way at one time: enough to fill a line in spite of its delay.
const LANES: usize = 4;

/// A backup in a bucket.
pub struct InBucket {
    bucket: Bucket,
    /// What there was when it was first asked for.
    there: OnceLock<BTreeMap<String, u64>>,
}

impl InBucket {
    /// # Errors
    /// When the address or the environment is wrong.
    pub fn new(place: &Path, silence: Duration) -> Result<Self, Error> {
        Ok(Self { bucket: Bucket::new(place, silence)?, there: OnceLock::new() })
    }

    fn there(&self) -> Result<&BTreeMap<String, u64>, Error> {
        if let Some(there) = self.there.get() {
            return Ok(there);
        }
        let listed = self.bucket.list()?;
        Ok(self.there.get_or_init(|| listed))
    }
}

impl Place for InBucket {
    fn shown(&self) -> String {
        self.bucket.shown()
    }

    fn lanes(&self) -> usize {
        LANES
    }

    fn has(&self, entry: &Entry) -> Result<bool, Error> {
        Ok(self.there()?.get(&entry.stored()) == Some(&entry.bytes))
    }

    fn store(&self, from: &Path, entry: &Entry) -> Result<(), Error> {
        self.bucket.put_file(from, &entry.stored(), known(entry))
    }

    fn conclude(&self, listing: &Listing) -> Result<(), Error> {
        self.bucket.put(LISTING, listing.as_text().as_bytes())
    }

    fn prune(&self, named: &BTreeSet<String>) {
        // None of this backup is under way any more: what is, a killed one left.
        for (key, id) in self.bucket.uploads().unwrap_or_default() {
            if listing::is_stored(&key) && listing::belongs(&key) {
                let _ = self.bucket.abort(&key, &id);
            }
        }
        let Ok(there) = self.there() else { return };
        for key in there.keys() {
            let is_ours = listing::is_stored(key) && listing::belongs(key);
            if is_ours && !named.contains(key) {
                let _ = self.bucket.remove(key);
            }
        }
    }

    fn forget(&self, entry: &Entry) {
        let _ = self.bucket.remove(&entry.stored());
    }

    fn listing(&self) -> Result<Listing, Error> {
        let shown = self.shown();
        let text = self.bucket.get(LISTING)?.ok_or_else(|| {
            Error::Failed(format!("{shown} holds no complete backup: there is no {LISTING}"))
        })?;
        Listing::of_text(&text, &format!("{shown}/{LISTING}"))
    }

    fn fetch(&self, entry: &Entry, to: &Path) -> Result<(), Error> {
        self.bucket.get_file(&entry.stored(), to, known(entry))
    }
}

fn known(entry: &Entry) -> Known {
    Known { bytes: entry.bytes, crc: entry.crc }
}
