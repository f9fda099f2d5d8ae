//! The end of a block: where its root is, and its totals.

use super::name::Name;
use crate::disk::File;
use crate::envelope::{ENVELOPE_BYTES, Seal};
use crate::error::Error;
use codec::checksum::crc32c;
use codec::cursor::Cursor;
use model::{TimeRange, Timestamp};
use std::path::Path;

const HEADER: Seal = Seal { magic: b"BAROBLCK", version: 4, what: "block header" };
const FOOTER: Seal = Seal { magic: b"BAROFOOT", version: 4, what: "block footer" };

/// How long a block's header is: what its name says, wrapped.
pub const HEADER_BYTES: usize = ENVELOPE_BYTES + 2 + 2 + 4 + 4 + 8 + 8 + 2;
/// How long its footer is: an extent, three totals, two times, a flag, the last
/// tombstone that was applied, wrapped.
const FOOTER_BYTES: usize = ENVELOPE_BYTES + (8 + 8 + 4) + 3 * 8 + 2 * 8 + 1 + 8;

// `FORMAT.md` names both.
const _: () = assert!(HEADER_BYTES == 43 && FOOTER_BYTES == 82);

/// A section of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// Its checksum.
    pub crc: u32,
}

impl Extent {
    /// A section of these bytes.
    pub fn new(offset: u64, bytes: &[u8]) -> Self {
        Self { offset, bytes: bytes.len() as u64, crc: crc32c(bytes) }
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn read(&self, file: &dyn File, path: &Path) -> Result<Vec<u8>, Error> {
        let size = usize::try_from(self.bytes)
            .map_err(|_| Error::damaged(path, self.offset, "block section is too long"))?;
        let mut bytes = vec![0; size];
        file.read_at(self.offset, &mut bytes)?;
        if crc32c(&bytes) != self.crc {
            let what = "block section has a checksum that does not match";
            return Err(Error::damaged(path, self.offset, what));
        }
        Ok(bytes)
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.extend_from_slice(&self.crc.to_le_bytes());
    }

    fn get(from: &mut Cursor<'_>) -> Result<Self, codec::Error> {
        Ok(Self { offset: from.u64()?, bytes: from.u64()?, crc: from.u32()? })
    }
}

/// The end of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footer {
    /// Where its pages are.
    pub root: Extent,
    /// How many streams it has.
    pub streams: u64,
    /// How many rows.
    pub rows: u64,
    /// How many values.
    pub values: u64,
    /// The first and the last row.
    pub range: TimeRange,
    /// Whether it is written as what is not expected to change any more.
    pub is_cold: bool,
    /// The number of the last tombstone that was applied to its rows.
    pub applied: u64,
}

/// What a block begins with.
pub fn header(name: &Name) -> Vec<u8> {
    let mut body = Vec::with_capacity(HEADER_BYTES);
    body.extend_from_slice(&name.partition.to_le_bytes());
    body.extend_from_slice(&name.class.0.to_le_bytes());
    body.extend_from_slice(&name.slice.day.to_le_bytes());
    body.extend_from_slice(&name.slice.days.to_le_bytes());
    body.extend_from_slice(&name.sequences.first.to_le_bytes());
    body.extend_from_slice(&name.sequences.last.to_le_bytes());
    body.extend_from_slice(&name.level.to_le_bytes());
    HEADER.wrap(&body)
}

impl Footer {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(FOOTER_BYTES);
        self.root.put(&mut body);
        for total in [self.streams, self.rows, self.values] {
            body.extend_from_slice(&total.to_le_bytes());
        }
        body.extend_from_slice(&self.range.start.0.to_le_bytes());
        body.extend_from_slice(&self.range.end.0.to_le_bytes());
        body.push(u8::from(self.is_cold));
        body.extend_from_slice(&self.applied.to_le_bytes());
        FOOTER.wrap(&body)
    }

    /// Reads header and footer of a block of `bytes` bytes.
    ///
    /// # Errors
    /// When they are damaged, of another version, do not fit the name, or cannot be read.
    pub fn read(file: &dyn File, bytes: u64, name: &Name, path: &Path) -> Result<Self, Error> {
        if bytes < (HEADER_BYTES + FOOTER_BYTES) as u64 {
            return Err(Error::damaged(path, 0, "block is cut short"));
        }
        let mut found = [0; HEADER_BYTES];
        file.read_at(0, &mut found)?;
        HEADER.unwrap(&found, path, 0)?;
        if found.as_slice() != header(name) {
            return Err(Error::damaged(path, 9, "block header does not fit the file's name"));
        }
        let at = bytes - FOOTER_BYTES as u64;
        let mut found = [0; FOOTER_BYTES];
        file.read_at(at, &mut found)?;
        let body = FOOTER.unwrap(&found, path, at)?;
        let footer = Self::parse(body).map_err(|e| Error::damaged(path, at + 9, e))?;
        let end = footer.root.offset.checked_add(footer.root.bytes);
        if end.is_none_or(|end| end > at) {
            return Err(Error::damaged(path, at + 9, "block section lies outside the file"));
        }
        Ok(footer)
    }

    fn parse(body: &[u8]) -> Result<Self, codec::Error> {
        let from = &mut Cursor::new(body);
        let root = Extent::get(from)?;
        let (streams, rows, values) = (from.u64()?, from.u64()?, from.u64()?);
        let (start, end) = (from.u64()?.cast_signed(), from.u64()?.cast_signed());
        let range = TimeRange::new(Timestamp(start), Timestamp(end));
        let (is_cold, applied) = (from.u8()? != 0, from.u64()?);
        from.finish()?;
        Ok(Self { root, streams, rows, values, range, is_cold, applied })
    }
}
