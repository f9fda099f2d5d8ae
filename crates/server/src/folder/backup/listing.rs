//! The list of a backup's files: `backup.json`.

use super::copy::{failed, sync_folder};
use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Component, Path};

/// What the list is called.
pub const LISTING: &str = "backup.json";
/// The version that this program writes and reads.
const VERSION: u32 = 1;

/// The files of a backup.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it belongs in the data folder, with `/`.
    pub path: String,
    pub bytes: u64,
    /// CRC32C of all of it.
    #[serde(rename = "crc32c")]
    pub crc: u32,
}

impl Entry {
    /// What it is called in the backup.
    pub fn stored(&self) -> String {
        format!("{}.{:08x}", self.path, self.crc)
    }
}

/// Whether a name, which may be that of a stranger's file in the same place, lies where
/// those of a backup do.
pub fn belongs(name: &str) -> bool {
    match name.split_once('/') {
        Some((folder, file)) => ["blocks", "wal"].contains(&folder) && !file.contains('/'),
        None => true,
    }
}

/// Whether a name is one that [`Entry::stored`] gives.
pub fn is_stored(name: &str) -> bool {
    let digits = name.rsplit_once('.').map_or("", |(_, digits)| digits);
    digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The list as it is written; the checksum is of `files` as compact JSON.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    crc32c: u32,
    files: Vec<Entry>,
}

fn checksum(files: &[Entry]) -> u32 {
    let text = serde_json::to_vec(files).expect("a list of names and numbers is JSON");
    codec::checksum::crc32c(&text)
}

impl Listing {
    /// The list as text.
    pub fn as_text(&self) -> String {
        let written =
            Written { version: VERSION, crc32c: checksum(&self.files), files: self.files.clone() };
        serde_json::to_string_pretty(&written).expect("names and numbers are JSON")
    }

    /// Reads the text that stands in `place`.
    ///
    /// # Errors
    /// When it is damaged or of another version.
    pub fn of_text(text: &str, place: &str) -> Result<Self, Error> {
        let fail = |what: String| Error::Failed(format!("{place}: {what}"));
        let written: Written =
            serde_json::from_str(text).map_err(|error| fail(format!("is damaged: {error}")))?;
        if written.version != VERSION {
            let (found, known) = (written.version, VERSION);
            return Err(fail(format!("has version {found}, this program knows version {known}")));
        }
        let is_inside = |entry: &Entry| {
            let mut parts = Path::new(&entry.path).components();
            !entry.path.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
        };
        if checksum(&written.files) != written.crc32c || !written.files.iter().all(is_inside) {
            return Err(fail("is damaged: its checksum does not match".to_owned()));
        }
        Ok(Self { files: written.files })
    }

    /// Writes it in place of an older one, durably.
    ///
    /// # Errors
    /// When it cannot be written; then the older one is still there.
    pub fn write(&self, target: &Path) -> Result<(), Error> {
        let (unfinished, path) = (target.join("backup.json.tmp"), target.join(LISTING));
        let put = || {
            let mut file = fs::File::create(&unfinished)?;
            file.write_all(self.as_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)
        };
        let written = put().map_err(failed("write", &path));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        sync_folder(target)
    }

    /// Reads the list of the backup `source`.
    ///
    /// # Errors
    /// When there is none, or it is damaged or of another version.
    pub fn read(source: &Path) -> Result<Self, Error> {
        let path = source.join(LISTING);
        let text = fs::read_to_string(&path).map_err(|error| {
            let folder = source.display();
            Error::Failed(format!("{folder} holds no complete backup: {LISTING}: {error}"))
        })?;
        Self::of_text(&text, &path.display().to_string())
    }
}
