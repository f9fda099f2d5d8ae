//! The file that the log is written to, and what is done with it.
//!
//! Whoever calls this is the only one who does: the log has one leader at a time.

use super::segment;
use crate::disk::{Disk, File};
use crate::options::Fsync;
use crate::stats::Counters;
use model::port::Clock;
use model::{Span, Timestamp};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What the log needs of its surroundings.
pub struct Setting {
    /// Where its files are.
    pub disk: Arc<dyn Disk>,
    /// The folder of its segments.
    pub folder: PathBuf,
    /// When to sync.
    pub fsync: Fsync,
    /// Tells how long a sync takes, and when one is due.
    pub clock: Arc<dyn Clock>,
    /// Where syncs are counted.
    pub counters: Arc<Counters>,
}

/// A segment that is written to.
pub struct Open {
    /// Its number.
    pub number: u64,
    /// How many bytes were written.
    pub bytes: u64,
    file: Box<dyn File>,
    is_synced: bool,
    synced_at: Timestamp,
}

impl Setting {
    /// Appends frames to segment `number`, and syncs it where that is due.
    ///
    /// # Errors
    /// When that failed; the segment must then be turned away from.
    pub fn write(&self, open: &mut Option<Open>, number: u64, frames: &[u8]) -> io::Result<()> {
        self.turn_to(open, number)?;
        let open = open.as_mut().expect("it was just opened");
        let before = open.bytes;
        let appended = open.file.append(frames);
        if appended.is_ok() {
            open.bytes += frames.len() as u64;
        }
        // Whatever was there before and is not synced was acknowledged, as the options allow;
        // it is left to what the disk made of it.
        let may_cut = open.is_synced || appended.is_err();
        open.is_synced = false;
        let written = appended.and_then(|()| match self.is_due(open) {
            true => self.sync(open),
            false => Ok(()),
        });
        if written.is_err() && may_cut {
            // Part of the frames may be there; without it, the next start finds no damage, and
            // a full disk has that much more room. Where that fails too, the start copes.
            let cut = self.disk.truncate(&segment::path(&self.folder, number), before);
            open.bytes = if cut.is_ok() { before } else { open.bytes };
        }
        written
    }

    /// Makes `number` the open segment.
    ///
    /// # Errors
    /// When the one before cannot be synced, or it cannot be made.
    pub fn turn_to(&self, open: &mut Option<Open>, number: u64) -> io::Result<()> {
        if open.as_ref().is_some_and(|open| open.number == number) {
            return Ok(());
        }
        if let Some(mut old) = open.take().filter(|old| !old.is_synced) {
            self.sync(&mut old)?;
        }
        *open = Some(self.create(number)?);
        Ok(())
    }

    fn create(&self, number: u64) -> io::Result<Open> {
        let path = segment::path(&self.folder, number);
        let header = segment::header(number);
        let file = self.disk.create(&path)?;
        let made = file.append(&header).and_then(|()| file.sync());
        if let Err(error) = made.and_then(|()| self.disk.sync_dir(&self.folder)) {
            // An empty file is in nobody's way, but a full disk should not gather them.
            let _ = self.disk.remove(&path);
            return Err(error);
        }
        let bytes = header.len() as u64;
        Ok(Open { number, bytes, file, is_synced: true, synced_at: self.clock.now() })
    }

    /// Whether something was written that should be synced by now.
    pub fn is_due(&self, open: &Open) -> bool {
        !open.is_synced
            && match self.fsync {
                Fsync::Always => true,
                Fsync::Every(span) => self.clock.now() - open.synced_at >= span,
                Fsync::Off => false,
            }
    }

    /// Whether something was written that will be synced, be it now or later.
    pub fn is_behind(&self, open: &Open) -> bool {
        !open.is_synced && self.fsync != Fsync::Off
    }

    /// Makes durable what was written.
    ///
    /// # Errors
    /// When that failed; the segment must then be turned away from.
    pub fn sync(&self, open: &mut Open) -> io::Result<()> {
        let start = self.clock.now();
        open.file.sync()?;
        open.is_synced = true;
        open.synced_at = self.clock.now();
        self.counters.fsync((open.synced_at - start).max(Span::ZERO));
        Ok(())
    }

    /// Removes a segment, durably.
    ///
    /// # Errors
    /// When that failed; one that is gone already is no error.
    pub fn remove(&self, number: u64) -> io::Result<()> {
        match self.disk.remove(&segment::path(&self.folder, number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.disk.sync_dir(&self.folder),
        }
    }
}
