//! Small files that nothing can be done without, each kept twice: `NAME` and `NAME.copy`.
//!
//! A change is written to the file and then to its copy, and counts once both are on disk.
//! Whichever of the two is whole is read; the other is written again from it. Where both are
//! whole the file itself wins: a kill between the two writes leaves its copy one change
//! behind.
//!
//! Invariants: reading changes nothing, so that a folder of another version stays as it is;
//! what is damaged is put aside before it is written again.

use crate::disk::{Disk, aside, read_all, replace, with_suffix};
use crate::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// What the names of copies end in.
pub const COPY: &str = ".copy";

/// Where the copy of a file is.
pub fn copy_of(path: &Path) -> PathBuf {
    with_suffix(path, COPY)
}

/// What one of the two is like.
enum Half<T> {
    Missing,
    Whole(Vec<u8>, T),
    /// Damaged, or the disk refuses to read it.
    Broken(Error),
}

/// What was read, and what is wrong with the other half.
pub struct Twin<T> {
    /// What the file says.
    pub value: T,
    bytes: Vec<u8>,
    /// The halves that are not like the one that was read, and what is wrong with them; none
    /// where one is missing or behind.
    amiss: Vec<(PathBuf, Option<Error>)>,
}

/// Reads whichever of both is whole; none where neither is there.
///
/// # Errors
/// When one is of another version, or neither can be read.
pub fn read<T>(
    path: &Path,
    disk: &dyn Disk,
    decode: impl Fn(&[u8], &Path) -> Result<T, Error>,
) -> Result<Option<Twin<T>>, Error> {
    let copy = copy_of(path);
    let first = half(path, disk, &decode)?;
    let second = half(&copy, disk, &decode)?;
    let error_of = |half: Half<T>| if let Half::Broken(error) = half { Some(error) } else { None };
    match (first, second) {
        (Half::Missing, Half::Missing) => Ok(None),
        (Half::Whole(bytes, value), Half::Whole(other, _)) if other == bytes => {
            Ok(Some(Twin { value, bytes, amiss: Vec::new() }))
        }
        (Half::Whole(bytes, value), other) => {
            Ok(Some(Twin { value, bytes, amiss: vec![(copy, error_of(other))] }))
        }
        (other, Half::Whole(bytes, value)) => {
            Ok(Some(Twin { value, bytes, amiss: vec![(path.to_owned(), error_of(other))] }))
        }
        // Both are broken, or one is and the other is not there.
        (Half::Broken(error), _) | (Half::Missing, Half::Broken(error)) => Err(hopeless(error)),
    }
}

fn half<T>(
    path: &Path,
    disk: &dyn Disk,
    decode: impl Fn(&[u8], &Path) -> Result<T, Error>,
) -> Result<Half<T>, Error> {
    let bytes = match read_all(disk, path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Half::Missing),
        Err(e) => return Ok(Half::Broken(e.into())),
    };
    match decode(&bytes, path) {
        Ok(value) => Ok(Half::Whole(bytes, value)),
        Err(error @ Error::Version { .. }) => Err(error),
        Err(error) => Ok(Half::Broken(error)),
    }
}

/// The same error with what to do, where the other file does not help either.
fn hopeless(error: Error) -> Error {
    let advice = "there is no sound copy of it: restore it from a backup; nothing was changed";
    match error {
        Error::Damaged { path, offset, what } => {
            Error::Damaged { path, offset, what: format!("{what}; {advice}") }
        }
        Error::Io(error) => Error::Io(io::Error::new(error.kind(), format!("{error}; {advice}"))),
        other => other,
    }
}

impl<T> Twin<T> {
    /// Writes again what is not like the half that was read, and says so; answers how many
    /// were damaged. Where the disk refuses, that is said, and the next start tries again.
    pub fn mend(&self, disk: &dyn Disk) -> u64 {
        let mut damaged = 0;
        for (path, error) in &self.amiss {
            if let Some(error) = error {
                damaged += 1;
                tracing::error!(%error, "one of two copies of a file cannot be read and is written again from the other");
            }
            // What the disk refuses to read holds nothing that people could look at.
            let is_damaged = matches!(error, Some(Error::Damaged { .. }));
            if let Err(error) = self.write_again(path, is_damaged, disk) {
                tracing::warn!(%error, "one of two copies of a file could not be written again; the other is used");
            }
        }
        damaged
    }

    fn write_again(&self, path: &Path, is_damaged: bool, disk: &dyn Disk) -> io::Result<()> {
        if is_damaged {
            disk.rename(path, &aside(path))?;
        }
        replace(disk, path, &self.bytes)
    }

    /// What is wrong with the half that was not read; none where that is only missing or
    /// behind.
    pub fn damages(&self) -> impl Iterator<Item = (&Path, &Error)> {
        self.amiss.iter().filter_map(|(path, error)| Some((path.as_path(), error.as_ref()?)))
    }
}

/// Writes a file and its copy, so that whatever happens, each has either the old or the new
/// bytes.
///
/// # Errors
/// When the disk refuses; the new bytes may then be in one of both.
pub fn replace_both(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(disk, path, bytes)?;
    replace(disk, &copy_of(path), bytes)
}

#[cfg(test)]
mod tests;
