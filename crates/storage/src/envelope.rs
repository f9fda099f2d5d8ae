//! The frame that every small structure on disk is wrapped in.
//!
//! `magic (8) | version (1) | body | CRC32C of all before (4)`. Versions to come keep magic,
//! version byte and checksum where they are, so that an old program can tell "of another
//! version" from "damaged".

use crate::error::{Damage, Error};
use codec::checksum::crc32c;
use codec::cursor::Cursor;
use std::path::Path;

/// How many bytes the wrapping takes.
pub const ENVELOPE_BYTES: usize = 8 + 1 + 4;

/// What a file or section is, and in which version.
#[derive(Clone, Copy, Debug)]
pub struct Seal {
    /// The first eight bytes.
    pub magic: &'static [u8; 8],
    /// The version this program writes and reads.
    pub version: u8,
    /// What it is called in messages.
    pub what: &'static str,
}

impl Seal {
    /// `body`, wrapped.
    pub fn wrap(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(body.len() + ENVELOPE_BYTES);
        bytes.extend_from_slice(self.magic);
        bytes.push(self.version);
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// The body inside `bytes`, which stand at `offset` of the file `path`.
    ///
    /// # Errors
    /// [`Error::Version`] where it is whole but of another version, else
    /// [`Error::Damaged`].
    pub fn unwrap<'a>(&self, bytes: &'a [u8], path: &Path, offset: u64) -> Result<&'a [u8], Error> {
        let damaged = |at: u64, why: &str| {
            Err(Error::damaged(path, offset + at, format!("{} {why}", self.what)))
        };
        let Some((sealed, sum)) = bytes.split_last_chunk::<4>() else {
            return damaged(0, "is cut short");
        };
        if sealed.len() < ENVELOPE_BYTES - 4 {
            return damaged(0, "is cut short");
        }
        if &sealed[..8] != self.magic {
            return damaged(0, "does not begin with its magic bytes");
        }
        if crc32c(sealed) != u32::from_le_bytes(*sum) {
            return damaged(sealed.len() as u64, "has a checksum that does not match");
        }
        if sealed[8] != self.version {
            let found = sealed[8];
            return Err(Error::Version { path: path.to_owned(), found, known: self.version });
        }
        Ok(&sealed[9..])
    }

    /// What `parse` makes of the body of a whole file, of which it must leave nothing.
    ///
    /// # Errors
    /// As for [`Seal::unwrap`], and where the body is damaged.
    pub fn read<T>(
        &self,
        bytes: &[u8],
        path: &Path,
        parse: impl FnOnce(&mut Cursor<'_>) -> Result<T, Damage>,
    ) -> Result<T, Error> {
        let mut from = Cursor::new(self.unwrap(bytes, path, 0)?);
        let parsed = parse(&mut from).and_then(|parsed| {
            from.finish()?;
            Ok(parsed)
        });
        // The body begins behind magic and version.
        parsed.map_err(|damage| damage.in_file(path, 9))
    }
}

#[cfg(test)]
mod tests;
