//! The bounded buffer on disk: segments in a folder, and how far they were delivered.
//!
//! Invariants: segments are delivered in the order of their numbers, records in the order
//! they were written; nothing is removed before it was delivered, but by the limit, oldest
//! first and counted; one agent at a time uses the folder.

use super::Limits;
use super::segment::{self, HEADER_BYTES, Next, Reader, Writer};
use crate::Error;
use flate2::Crc;
use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use tracing::{error, warn};

/// The longest a segment grows, however large the buffer is.
const SEGMENT_BYTES_MAX: u64 = 1 << 20;

/// How many segments a full buffer has at least: what is dropped at once is one of them.
const SEGMENTS_MIN: u64 = 16;

const CURSOR_BYTES: usize = 20;

/// A place in the buffer, and the order of places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    segment: u64,
    offset: u64,
}

/// A segment that is there.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) id: u64,
    pub(super) bytes: u64,
}

/// The buffer.
#[derive(Debug)]
pub(crate) struct Buffer {
    dir: PathBuf,
    /// Holds the lock for as long as it is open.
    _lock: File,
    bytes_max: u64,
    /// Oldest first. The last may be the one that `writer` appends to.
    segments: VecDeque<Segment>,
    writer: Option<Writer>,
    /// Where the first record stands that was not delivered.
    cursor: Place,
    next_id: u64,
    dropped_lines: u64,
}

impl Buffer {
    /// Opens the buffer in `dir`, which is made where it is missing.
    pub(crate) fn open(dir: &Path, bytes_max: u64) -> Result<Self, Error> {
        let failed = |what| move |source| Error::Buffer { dir: dir.to_owned(), what, source };
        fs::create_dir_all(dir).map_err(failed("create folder"))?;
        let lock = File::create(dir.join("lock")).map_err(failed("create lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::BufferInUse { dir: dir.to_owned() },
            TryLockError::Error(source) => failed("lock")(source),
        })?;
        let segments = list(dir).map_err(failed("list folder"))?;
        let mut buffer = Self {
            dir: dir.to_owned(),
            _lock: lock,
            bytes_max,
            segments,
            writer: None,
            cursor: Place { segment: 0, offset: 0 },
            next_id: 0,
            dropped_lines: 0,
        };
        buffer.cursor = buffer.stored_cursor().unwrap_or(buffer.cursor);
        // A new segment comes after all that ever was, also where only the cursor is left.
        let last = buffer.segments.back().map_or(0, |last| last.id);
        buffer.next_id = last.max(buffer.cursor.segment) + 1;
        // Delivered before, but not removed any more.
        while buffer.segments.front().is_some_and(|first| first.id < buffer.cursor.segment) {
            buffer.remove_first();
        }
        Ok(buffer)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How long all segments are.
    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Lines that were dropped by the limit, or lost by damage.
    pub(crate) fn dropped_lines(&self) -> u64 {
        self.dropped_lines
    }

    /// Appends a record, after room was made for it.
    pub(crate) fn append(&mut self, payload: &[u8], lines: u32) -> io::Result<()> {
        let needed = segment::record_bytes(payload);
        if needed + HEADER_BYTES > self.bytes_max {
            self.dropped_lines += u64::from(lines);
            warn!(lines, "dropped a batch that is longer than buffer_bytes_max");
            return Ok(());
        }
        let segment_max = (self.bytes_max / SEGMENTS_MIN).min(SEGMENT_BYTES_MAX);
        let is_done = |writer: &Writer| writer.is_spent() || writer.bytes() + needed > segment_max;
        if self.writer.as_ref().is_some_and(is_done) {
            self.writer = None;
        }
        let header = if self.writer.is_none() { HEADER_BYTES } else { 0 };
        while self.bytes() + needed + header > self.bytes_max && !self.segments.is_empty() {
            self.drop_first();
        }
        if self.writer.is_none() {
            self.writer = Some(Writer::create(&self.dir, self.next_id)?);
            self.segments.push_back(Segment { id: self.next_id, bytes: HEADER_BYTES });
            self.next_id += 1;
        }
        if let (Some(writer), Some(last)) = (&mut self.writer, self.segments.back_mut()) {
            writer.append(payload, lines)?;
            last.bytes = writer.bytes();
        }
        Ok(())
    }

    /// Appends the oldest records to `out`, as many as fit `limits` (but at least one), and
    /// says what to [`Buffer::advance`] to once they are delivered. `None` where nothing
    /// waits any more. What cannot be read is skipped, so that it does not hold up the rest.
    pub(crate) fn peek(&mut self, limits: Limits, out: &mut Vec<u8>) -> Option<Place> {
        while let Some(first) = self.segments.front() {
            let id = first.id;
            match self.read_segment(id, limits, out) {
                Ok(place) if !out.is_empty() => return Some(place),
                Ok(_) => {}
                Err(error) => error!(segment = id, %error, "lost a segment that cannot be read"),
            }
            out.clear();
            self.remove_first();
        }
        None
    }

    /// Appends records of segment `id` to `out`; says where the next one starts.
    fn read_segment(&self, id: u64, limits: Limits, out: &mut Vec<u8>) -> io::Result<Place> {
        let reader = Reader::open(&self.dir, id)?;
        let start = match reader.start()? {
            Some(start) if self.cursor.segment == id => start.max(self.cursor.offset),
            Some(start) => start,
            None => return Err(io::Error::other("it is no segment of this version")),
        };
        let mut place = Place { segment: id, offset: start };
        let mut room = Limits { lines: usize::MAX, bytes: usize::MAX };
        loop {
            match reader.read(place.offset, room, out)? {
                Next::Record { lines, end } => {
                    place.offset = end;
                    // The first one may be of any size, those after it share its room.
                    let lines_left = room.lines.min(limits.lines).saturating_sub(lines as usize);
                    room =
                        Limits { lines: lines_left, bytes: limits.bytes.saturating_sub(out.len()) };
                }
                Next::Damaged { bytes } if out.is_empty() => {
                    error!(segment = id, bytes, "lost the damaged end of a segment");
                    return Ok(place);
                }
                Next::NoRoom | Next::End | Next::Damaged { .. } => return Ok(place),
            }
        }
    }

    /// Notes that everything before `place` was delivered.
    pub(crate) fn advance(&mut self, place: Place) -> io::Result<()> {
        // What the limit dropped meanwhile is behind already.
        if place <= self.cursor {
            return Ok(());
        }
        self.cursor = place;
        while let Some(first) = self.segments.front() {
            let is_done = first.id < place.segment
                || first.id == place.segment && first.bytes <= place.offset;
            if !is_done {
                break;
            }
            self.remove_first();
        }
        self.store_cursor()
    }

    /// Makes sure that everything is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.writer.as_ref().map_or(Ok(()), Writer::sync)
    }

    /// Removes the oldest segment and counts what was not delivered of it.
    fn drop_first(&mut self) {
        let Some(first) = self.segments.front() else { return };
        let start = if self.cursor.segment == first.id { self.cursor.offset } else { 0 };
        let lines = Reader::open(&self.dir, first.id)
            .and_then(|reader| reader.lines_from(start.max(HEADER_BYTES)))
            .unwrap_or(0);
        self.dropped_lines += lines;
        warn!(
            lines,
            "buffer is full: dropped its oldest lines; raise buffer_bytes_max to keep more"
        );
        self.cursor = self.cursor.max(Place { segment: first.id, offset: first.bytes });
        self.remove_first();
    }

    /// Removes the oldest segment. Where its file stays, its lines are sent again by the
    /// next run at worst.
    fn remove_first(&mut self) {
        let Some(first) = self.segments.pop_front() else { return };
        if self.segments.is_empty() {
            // The last segment is the one that is written.
            self.writer = None;
        }
        if let Err(error) = fs::remove_file(segment::path(&self.dir, first.id)) {
            warn!(segment = first.id, %error, "remove buffer segment");
        }
    }

    fn cursor_path(&self) -> PathBuf {
        self.dir.join("cursor")
    }

    fn store_cursor(&self) -> io::Result<()> {
        if self.is_empty() {
            return match fs::remove_file(self.cursor_path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let fresh = self.dir.join("cursor.new");
        fs::write(&fresh, encode(self.cursor))?;
        fs::rename(fresh, self.cursor_path())
    }

    /// The cursor that was stored; none where there is none that can be read.
    fn stored_cursor(&self) -> Option<Place> {
        let bytes = fs::read(self.cursor_path()).ok()?;
        let (segment, rest) = bytes.split_first_chunk()?;
        let (offset, _) = rest.split_first_chunk()?;
        let place =
            Place { segment: u64::from_le_bytes(*segment), offset: u64::from_le_bytes(*offset) };
        (encode(place) == *bytes).then_some(place)
    }
}

fn encode(place: Place) -> [u8; CURSOR_BYTES] {
    let mut bytes = [0; CURSOR_BYTES];
    bytes[..8].copy_from_slice(&place.segment.to_le_bytes());
    bytes[8..16].copy_from_slice(&place.offset.to_le_bytes());
    let mut crc = Crc::new();
    crc.update(&bytes[..16]);
    bytes[16..].copy_from_slice(&crc.sum().to_le_bytes());
    bytes
}

pub(super) fn list(dir: &Path) -> io::Result<VecDeque<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if let Some(id) = entry.file_name().to_str().and_then(segment::id) {
            segments.push(Segment { id, bytes: entry.metadata()?.len() });
        }
    }
    segments.sort_by_key(|segment| segment.id);
    Ok(segments.into())
}

#[cfg(test)]
mod tests;
