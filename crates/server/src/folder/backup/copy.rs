//! Copies of files whose bytes are known, checked on the way.

use super::listing::Entry;
use crate::error::Error;
use codec::checksum::{crc32c, crc32c_append};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

/// How much is read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// What failed with which file.
pub fn failed<'a>(operation: &'a str, path: &'a Path) -> impl Fn(io::Error) -> Error + 'a {
    move |error| {
        let text = format!("{operation} {}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full(text),
            _ => Error::Failed(text),
        }
    }
}

/// How long a file is, and its CRC32C.
///
/// # Errors
/// When it cannot be read.
pub fn checksum(path: &Path) -> Result<(u64, u32), Error> {
    let read = || {
        let mut file = fs::File::open(path)?;
        through(&mut file, &mut io::sink())
    };
    read().map_err(failed("read", path))
}

/// Copies all that is left; answers how much, and its CRC32C.
fn through(from: &mut impl Read, to: &mut impl Write) -> io::Result<(u64, u32)> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut bytes, mut crc) = (0, crc32c(&[]));
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok((bytes, crc)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(&buffer[..count])?;
        bytes += count as u64;
        crc = crc32c_append(crc, &buffer[..count]);
    }
}

/// Copies a file, checks that its bytes are those of `entry`, and makes them durable under
/// the name `to`, which is not there with other bytes.
///
/// # Errors
/// When the bytes are others, or cannot be read or written; then `to` is not there.
pub fn copy_checked(from: &Path, to: &Path, entry: &Entry) -> Result<(), Error> {
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".tmp");
    let copy = || -> io::Result<(u64, u32)> {
        let mut file = fs::File::create(&unfinished)?;
        let copied = through(&mut fs::File::open(from)?, &mut file)?;
        file.sync_all()?;
        Ok(copied)
    };
    let copied = copy().map_err(failed("write", to));
    let is_good = matches!(copied, Ok(copied) if copied == (entry.bytes, entry.crc));
    if !is_good {
        // What failed says more than whether this does.
        let _ = fs::remove_file(&unfinished);
        copied?;
        return Err(Error::Failed(format!(
            "{} is damaged: its length or checksum is not the one noted for {}",
            from.display(),
            entry.path
        )));
    }
    fs::rename(&unfinished, to).map_err(failed("rename to", to))
}

/// Makes durable which files a folder holds.
///
/// # Errors
/// When that failed.
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    let sync = || fs::File::open(folder)?.sync_all();
    sync().map_err(failed("sync folder", folder))
}
