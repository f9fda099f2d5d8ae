//! Writes a block: header, chunks as they come, index, postings, footer.

use super::footer::{Extent, Footer, header};
use super::name::Name;
use super::section::Builder;
use crate::chunk::{Encoder, Summary, cuts};
use crate::disk::{Disk, File, TEMPORARY, with_suffix};
use crate::identity::Identity;
use crate::rowset::RowSet;
use crate::shape::Shape;
use model::{TimeRange, Timestamp};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much is gathered before it goes to the file.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes a block. Dropped before it is finished, it takes its file with it.
pub struct Writer {
    disk: Arc<dyn Disk>,
    name: Name,
    folder: PathBuf,
    file: Box<dyn File>,
    buffer: Vec<u8>,
    written: u64,
    index: Builder,
    chunks: Vec<Summary>,
    rows: u64,
    values: u64,
    range: TimeRange,
    is_finished: bool,
}

impl Writer {
    /// Begins a block in `folder`.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub fn create(disk: &Arc<dyn Disk>, folder: &Path, name: Name) -> io::Result<Self> {
        let file = disk.create(&temporary(folder, &name))?;
        Ok(Self {
            disk: disk.clone(),
            name,
            folder: folder.to_owned(),
            file,
            buffer: header(&name),
            written: 0,
            index: Builder::default(),
            chunks: Vec::new(),
            rows: 0,
            values: 0,
            range: TimeRange::new(Timestamp::MAX, Timestamp::MIN),
            is_finished: false,
        })
    }

    /// Adds rows of a stream, later than those it has had so far. [`Writer::end_stream`]
    /// closes the stream; streams come in their order.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(
        &mut self,
        rows: &RowSet,
        range: Range<usize>,
        encoder: &mut Encoder,
    ) -> io::Result<()> {
        for cut in cuts(rows, range) {
            self.rows += cut.len() as u64;
            let of = |cells: &crate::rowset::Cells| cells.cut(cut.clone()).0.len() as u64;
            self.values += rows.columns.iter().map(of).sum::<u64>();
            let summary = encoder.encode(rows, cut, &mut self.buffer);
            if let Some(last) = self.chunks.last() {
                assert!(last.range.end < summary.range.start, "chunks of a stream do not overlap");
            }
            self.range = self.range.union(&summary.range);
            self.chunks.push(summary);
            if self.buffer.len() >= BUFFER_BYTES {
                self.spill()?;
            }
        }
        Ok(())
    }

    /// Closes a stream whose rows were added, if there were any.
    pub fn end_stream(&mut self, identity: &Identity, shape: &Arc<Shape>) {
        if !self.chunks.is_empty() {
            self.index.add(identity, shape, &self.chunks);
            self.chunks.clear();
        }
    }

    /// Whether no stream was added.
    pub fn is_empty(&self) -> bool {
        self.index.streams() == 0
    }

    /// Writes what belongs behind the chunks, makes the block durable and answers its name;
    /// none where no stream was added, and then no file is left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> io::Result<Option<Name>> {
        assert!(self.chunks.is_empty(), "the last stream was closed");
        if self.is_empty() {
            return Ok(None);
        }
        let streams = u64::from(self.index.streams());
        let (index, postings) = std::mem::take(&mut self.index).finish();
        let at = self.written + self.buffer.len() as u64;
        let footer = Footer {
            index: Extent::new(at, &index),
            postings: Extent::new(at + index.len() as u64, &postings),
            streams,
            rows: self.rows,
            values: self.values,
            range: self.range,
        };
        self.buffer.extend_from_slice(&index);
        self.buffer.extend_from_slice(&postings);
        self.buffer.extend_from_slice(&footer.encode());
        self.spill()?;
        self.file.sync()?;
        let path = self.folder.join(self.name.to_string());
        self.disk.rename(&temporary(&self.folder, &self.name), &path)?;
        self.is_finished = true;
        self.disk.sync_dir(&self.folder)?;
        Ok(Some(self.name))
    }

    fn spill(&mut self) -> io::Result<()> {
        self.file.append(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left of it would be removed at the next start; a full disk wants it now.
            let _ = self.disk.remove(&temporary(&self.folder, &self.name));
        }
    }
}

fn temporary(folder: &Path, name: &Name) -> PathBuf {
    with_suffix(&folder.join(name.to_string()), TEMPORARY)
}
