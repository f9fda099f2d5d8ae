//! Reads every checksum of a data folder or a snapshot, and changes nothing.
//!
//! A start reads of a block no more than footer and root, and a query what it needs; this
//! finds damage before a query does. Values are not decoded: a checksum that matches says
//! that they are what was written.

use crate::block::{Block, Cache, Context, Handles, Name};
use crate::catalog;
use crate::disk::{DAMAGED, Disk, Entry, TEMPORARY, read_all};
use crate::error::{Damage, Error};
use crate::folder::Looked;
use crate::gap;
use crate::shape::Shapes;
use crate::store::unfinished;
use crate::tombstone;
use crate::twin::Twin;
use crate::wal::entry;
use crate::wal::frame::{self, Frame};
use crate::wal::{FrameKind, definition, replay, segment};
use codec::cursor::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Pages of a block are read one after the other; few are asked for again.
const CACHE_BYTES: u64 = 8 << 20;

/// What is said of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// Where in the file.
    pub offset: u64,
    /// What is there.
    pub what: String,
}

/// What [`verify`] says while it reads.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// A file will be read: `done` bytes of `of` were read before it.
    Reading {
        /// The file.
        path: &'a Path,
        /// Bytes of the files before it.
        done: u64,
        /// Bytes of all files.
        of: u64,
    },
    /// Something is damaged.
    Damage(&'a Finding),
    /// Something is there that a healthy folder may have, and that is worth a word.
    Note(&'a Finding),
}

/// What [`verify`] read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Places that are damaged.
    pub damages: u64,
}

/// Reads every file of the data folder or snapshot `dir`, and hands what it finds to `tell`.
///
/// # Errors
/// When a server has the folder, there is no data, or a folder cannot be listed. A file
/// that cannot be read is a finding.
pub fn verify(
    dir: &Path,
    disk: &Arc<dyn Disk>,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<Verified, Error> {
    let looked = Looked::open(dir, disk.as_ref())?;
    let listed = |folder: PathBuf| -> Result<Vec<(PathBuf, Entry)>, Error> {
        let entries = disk.list(&folder)?;
        Ok(entries.into_iter().map(|entry| (folder.join(&entry.name), entry)).collect())
    };
    let (wal, blocks) = (listed(looked.wal())?, listed(looked.blocks())?);
    let of = wal.iter().chain(&blocks).map(|(_, entry)| entry.bytes).sum();
    let mut verifier = Verifier { disk, tell, totals: Verified::default(), of };
    let partitions = verifier.settings(&looked);
    verifier.snapshots(&looked)?;
    let last = wal.iter().rev().find(|(_, entry)| segment::number(&entry.name).is_some());
    let last = last.map(|(path, _)| path.clone());
    for entry in disk.list(&looked.path)?.iter().filter(|entry| entry.name.ends_with(DAMAGED)) {
        let what = "was found damaged and written again from its copy; it is not read".to_owned();
        let finding = Finding { path: looked.path.join(&entry.name), offset: 0, what };
        (verifier.tell)(Told::Note(&finding));
    }
    for (path, entry) in &wal {
        if verifier.is_read(path, entry) {
            let is_last = last.as_ref() == Some(path);
            verifier.segment(path, &entry.name, is_last, partitions);
        }
    }
    for (path, entry) in &blocks {
        if verifier.is_read(path, entry) {
            verifier.block(path);
        }
    }
    Ok(verifier.totals)
}

/// What is damaged in the file of one block, or why it cannot be read; nothing of a sound one.
pub fn verify_block(path: &Path, disk: &Arc<dyn Disk>) -> Vec<Error> {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(Name::parse);
    let Some(name) = name else { return vec![Damage::new(0, "is no block").in_file(path, 0)] };
    let mut found = Vec::new();
    match Block::open(path.to_owned(), name, &context(disk, CACHE_BYTES)) {
        Ok(block) => block.audit(&mut |error| found.push(error)),
        Err(error) => found.push(error),
    }
    found
}

struct Verifier<'a> {
    disk: &'a Arc<dyn Disk>,
    tell: &'a mut dyn FnMut(Told<'_>),
    totals: Verified,
    of: u64,
}

impl Verifier<'_> {
    /// Checks MANIFEST, catalog and tombstones with their copies; answers how many partitions
    /// there are, where it is known.
    fn settings(&mut self, looked: &Looked) -> Option<u16> {
        let disk = self.disk.as_ref();
        let manifest = looked.partitions(disk).map(Some);
        let partitions = self.twin(&looked.manifest(), manifest);
        if let Err(error) = looked.check_catalog(disk) {
            self.fault(&looked.catalog(), &error);
        }
        self.twin(&looked.catalog(), catalog::read(&looked.catalog(), disk));
        self.twin(&looked.tombstones(), tombstone::read(&looked.tombstones(), disk));
        partitions
    }

    /// Says what is wrong with one of both copies of a file, or with both.
    fn twin<T>(&mut self, path: &Path, read: Result<Option<Twin<T>>, Error>) -> Option<T> {
        let twin = match read {
            Ok(twin) => twin?,
            Err(error) => {
                self.fault(path, &error);
                return None;
            }
        };
        self.totals.files += 2;
        for (path, error) in twin.damages() {
            self.fault(path, error);
        }
        Some(twin.value)
    }

    /// Says which snapshots are none.
    fn snapshots(&mut self, looked: &Looked) -> Result<(), Error> {
        for path in unfinished(&looked.path, self.disk.as_ref())? {
            let what = "is what a kill left of a snapshot; the next start removes it".to_owned();
            (self.tell)(Told::Note(&Finding { path, offset: 0, what }));
        }
        Ok(())
    }

    /// Says what is read next; answers whether the file is one of the store's own.
    fn is_read(&mut self, path: &Path, entry: &Entry) -> bool {
        let note = |what: &str| Finding { path: path.to_owned(), offset: 0, what: what.to_owned() };
        let unread = if entry.name.ends_with(TEMPORARY) {
            Some(note("is unfinished; the next start removes it"))
        } else if let Some(name) = entry.name.strip_suffix(DAMAGED) {
            let missing = gap::gap(path.to_owned(), name).what();
            Some(note(&format!("was found damaged and put aside, {missing}; it is not read")))
        } else {
            None
        };
        if let Some(finding) = &unread {
            (self.tell)(Told::Note(finding));
        } else {
            let (done, of) = (self.totals.bytes, self.of);
            (self.tell)(Told::Reading { path, done, of });
            self.totals.files += 1;
        }
        self.totals.bytes += entry.bytes;
        unread.is_none()
    }

    fn fault(&mut self, path: &Path, error: &Error) {
        let finding = match error {
            Error::Damaged { path, offset, what } => {
                Finding { path: path.clone(), offset: *offset, what: what.clone() }
            }
            other => Finding { path: path.to_owned(), offset: 0, what: other.to_string() },
        };
        self.totals.damages += 1;
        (self.tell)(Told::Damage(&finding));
    }

    fn damage(&mut self, path: &Path, damage: Damage) {
        self.fault(path, &damage.in_file(path, 0));
    }

    fn segment(&mut self, path: &Path, name: &str, is_last: bool, partitions: Option<u16>) {
        let Some(number) = segment::number(name) else {
            return self.damage(path, Damage::new(0, "is no segment of the log"));
        };
        let bytes = match read_all(self.disk.as_ref(), path) {
            Ok(bytes) => bytes,
            Err(error) => return self.fault(path, &error.into()),
        };
        let mut damages = Vec::new();
        let findings = replay::read(&bytes, number, path, |offset, frame| {
            if let Err(damage) = check_frame(&frame, partitions) {
                let at = offset + frame::HEADER_BYTES as u64 + damage.offset;
                damages.push(Damage { offset: at, ..damage });
            }
        });
        let findings = match findings {
            Ok(findings) => findings,
            Err(error) => return self.fault(path, &error),
        };
        damages.extend(findings.damages);
        match findings.torn {
            Some(torn) if is_last && findings.is_cut_short => {
                let what = format!("{}, as after a kill; the next start cuts it there", torn.what);
                let finding = Finding { path: path.to_owned(), offset: torn.offset, what };
                (self.tell)(Told::Note(&finding));
            }
            Some(torn) => damages.push(torn),
            None => {}
        }
        damages.sort_by_key(|damage| damage.offset);
        damages.into_iter().for_each(|damage| self.damage(path, damage));
    }

    fn block(&mut self, path: &Path) {
        verify_block(path, self.disk).iter().for_each(|error| self.fault(path, error));
    }
}

/// What blocks are read with by who has no store.
pub fn context(disk: &Arc<dyn Disk>, cache_bytes: u64) -> Context {
    Context {
        disk: disk.clone(),
        shapes: Arc::new(Shapes::default()),
        handles: Arc::new(Handles::default()),
        cache: Arc::new(Cache::new(cache_bytes)),
    }
}

fn check_frame(frame: &Frame<'_>, partitions: Option<u16>) -> Result<(), Damage> {
    if partitions.is_some_and(|partitions| frame.partition >= partitions) {
        return Err(Damage::new(0, "a frame is of a partition that is none"));
    }
    match frame.kind {
        FrameKind::Definitions => definition::read_all(frame.payload, |_| {}),
        FrameKind::Rows => {
            let mut from = Cursor::new(frame.payload);
            while from.remaining() > 0 {
                entry::Entry::read(&mut from)?;
            }
            Ok(())
        }
    }
}
