//! A file of records, written once and read once: see `FORMAT.md`.
//!
//! Invariant: a record is either whole, with the checksum it was written with, or it is not
//! read at all.

use super::Limits;
use flate2::Crc;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"BAROBUF\x01";
pub(super) const HEADER_BYTES: u64 = MAGIC.len() as u64;
pub(super) const RECORD_HEADER_BYTES: u64 = 12;
const SUFFIX: &str = ".buf";

/// The path of segment `id` in `dir`.
pub(super) fn path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("{id:020}{SUFFIX}"))
}

/// The number of the segment with this file name.
pub(super) fn id(name: &str) -> Option<u64> {
    name.strip_suffix(SUFFIX).filter(|digits| digits.len() == 20)?.parse().ok()
}

/// How many bytes a record with this payload takes.
pub(super) fn record_bytes(payload: &[u8]) -> u64 {
    RECORD_HEADER_BYTES + payload.len() as u64
}

fn checksum(length: [u8; 4], lines: [u8; 4], payload: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(&length);
    crc.update(&lines);
    crc.update(payload);
    crc.sum().to_le_bytes()
}

/// Appends records to a new segment.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    /// How long the file is, as far as its records are whole.
    bytes: u64,
    is_spent: bool,
    record: Vec<u8>,
}

impl Writer {
    /// Makes segment `id`, which must not be there yet.
    pub(super) fn create(dir: &Path, id: u64) -> io::Result<Self> {
        let path = path(dir, id);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        if let Err(error) = file.write_all_at(&MAGIC, 0) {
            fs::remove_file(&path)?;
            return Err(error);
        }
        Ok(Self { file, bytes: HEADER_BYTES, is_spent: false, record: Vec::new() })
    }

    /// Appends a record. When that fails, nothing of it is left, or the writer is spent.
    pub(super) fn append(&mut self, payload: &[u8], lines: u32) -> io::Result<()> {
        let too_long = || io::Error::new(io::ErrorKind::InvalidInput, "record of 4 GiB or more");
        let length = u32::try_from(payload.len()).map_err(|_| too_long())?.to_le_bytes();
        let lines = lines.to_le_bytes();
        self.record.clear();
        self.record.extend_from_slice(&length);
        self.record.extend_from_slice(&lines);
        self.record.extend_from_slice(&checksum(length, lines, payload));
        self.record.extend_from_slice(payload);
        let result = self.file.write_all_at(&self.record, self.bytes);
        match &result {
            Ok(()) => self.bytes += record_bytes(payload),
            Err(_) => self.is_spent = self.file.set_len(self.bytes).is_err(),
        }
        result
    }

    /// Whether half a record may stand at the end, so that nothing may follow it.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// What comes next in a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// A record of this many lines, whose payload was appended; the next one starts there.
    Record { lines: u32, end: u64 },
    /// A record that was left alone, since it is longer than the room for it.
    NoRoom,
    /// The end.
    End,
    /// Bytes that are no record: this many are lost.
    Damaged { bytes: u64 },
}

/// Reads records of a segment.
#[derive(Debug)]
pub(super) struct Reader {
    file: File,
    bytes: u64,
}

impl Reader {
    pub(super) fn open(dir: &Path, id: u64) -> io::Result<Self> {
        let file = File::open(path(dir, id))?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }

    /// Where the first record starts; none where this is no segment of this version.
    pub(super) fn start(&self) -> io::Result<Option<u64>> {
        let mut magic = [0; MAGIC.len()];
        if self.bytes < HEADER_BYTES {
            return Ok(None);
        }
        self.file.read_exact_at(&mut magic, 0)?;
        Ok((magic == MAGIC).then_some(HEADER_BYTES))
    }

    /// Appends the payload of the record at `offset` to `out` where there is room for it.
    pub(super) fn read(&self, offset: u64, room: Limits, out: &mut Vec<u8>) -> io::Result<Next> {
        let left = self.bytes.saturating_sub(offset);
        let damaged = Ok(Next::Damaged { bytes: left });
        if left == 0 {
            return Ok(Next::End);
        }
        if left < RECORD_HEADER_BYTES {
            return damaged;
        }
        let mut header = [0; RECORD_HEADER_BYTES as usize];
        self.file.read_exact_at(&mut header, offset)?;
        let [l0, l1, l2, l3, n0, n1, n2, n3, crc @ ..] = header;
        let (length, lines) = ([l0, l1, l2, l3], [n0, n1, n2, n3]);
        let payload_bytes = u32::from_le_bytes(length) as usize;
        let line_count = u32::from_le_bytes(lines);
        if payload_bytes as u64 > left - RECORD_HEADER_BYTES {
            return damaged;
        }
        if payload_bytes > room.bytes || line_count as usize > room.lines {
            return Ok(Next::NoRoom);
        }
        let before = out.len();
        out.resize(before + payload_bytes, 0);
        self.file.read_exact_at(&mut out[before..], offset + RECORD_HEADER_BYTES)?;
        if checksum(length, lines, &out[before..]) != crc {
            out.truncate(before);
            return damaged;
        }
        let end = offset + RECORD_HEADER_BYTES + payload_bytes as u64;
        Ok(Next::Record { lines: line_count, end })
    }

    /// How many lines stand from `offset` on.
    pub(super) fn lines_from(&self, mut offset: u64) -> io::Result<u64> {
        let (mut total, mut payload) = (0, Vec::new());
        let all = Limits { lines: usize::MAX, bytes: usize::MAX };
        loop {
            payload.clear();
            match self.read(offset, all, &mut payload)? {
                Next::Record { lines, end } => {
                    total += u64::from(lines);
                    offset = end;
                }
                Next::NoRoom | Next::End | Next::Damaged { .. } => return Ok(total),
            }
        }
    }
}

#[cfg(test)]
mod tests;
