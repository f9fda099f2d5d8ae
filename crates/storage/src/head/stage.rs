//! Rows of one body on their way to their partitions, as log entries.

use super::schema::Schema;
use super::stream::Stream;
use crate::shape::Shape;
use crate::wal::entry;
use crate::wal::frame::{self, FrameKind};
use model::{Field, Refusal, Row};

/// Buffers beyond this size are not kept for the next body.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// Rows of one body, one frame for each partition.
pub struct Stage {
    frames: Box<[Vec<u8>]>,
    /// Scratch: which column each field of a row is.
    ordinals: Vec<u32>,
}

impl Stage {
    /// An empty one.
    pub fn new(partitions: usize) -> Self {
        let frames = (0..partitions).map(|_| Vec::new()).collect();
        Self { frames, ordinals: Vec::new() }
    }

    /// Adds one row; answers how many bytes its partition's frame has now.
    ///
    /// # Errors
    /// When a field has another kind than before, or a limit stands in the way.
    #[inline]
    pub fn push(
        &mut self,
        stream: &Stream,
        row: &Row<'_>,
        schema: &Schema,
    ) -> Result<usize, Refusal> {
        let frame = &mut self.frames[usize::from(stream.partition)];
        if frame.is_empty() {
            frame::begin(frame);
        }
        let shape = stream.shape.read();
        if is_dense(&shape, row.fields) {
            let values = row.fields.iter().map(|field| field.value);
            entry::put_dense(frame, stream.slot, row.timestamp.0, values);
            return Ok(frame.len());
        }
        if find_all(&shape, row.fields, &mut self.ordinals) {
            drop(shape);
        } else {
            drop(shape);
            schema.gain(stream, row.fields)?;
            let is_known = find_all(&stream.shape.read(), row.fields, &mut self.ordinals);
            assert!(is_known, "a stream has the columns it was just given");
        }
        let values = self.ordinals.iter().copied().zip(row.fields.iter().map(|f| f.value));
        entry::put_sparse(frame, stream.slot, row.timestamp.0, values);
        Ok(frame.len())
    }

    /// Takes every frame that has rows, finished, with its partition; clears it after.
    pub fn drain<E>(&mut self, mut each: impl FnMut(u16, &[u8]) -> Result<(), E>) -> Result<(), E> {
        for (partition, frame) in (0..).zip(self.frames.iter_mut()) {
            if frame.len() > frame::HEADER_BYTES {
                frame::finish(frame, FrameKind::Rows, partition);
                each(partition, frame)?;
            }
            frame.clear();
        }
        Ok(())
    }

    /// Empties it; answers whether it is worth keeping.
    pub fn reset(&mut self) -> bool {
        self.frames.iter_mut().for_each(Vec::clear);
        self.frames.iter().map(Vec::capacity).sum::<usize>() <= KEPT_BYTES_MAX
    }
}

/// Whether the fields are the first columns, in their order and of their kinds.
#[inline]
fn is_dense(shape: &Shape, fields: &[Field<'_>]) -> bool {
    fields.len() <= shape.len()
        && fields.iter().zip(shape.columns()).all(|(field, column)| {
            field.value.kind() == column.kind && field.name == column.name.as_ref()
        })
}

/// Finds the column of each field; false where one is missing or of another kind.
fn find_all(shape: &Shape, fields: &[Field<'_>], ordinals: &mut Vec<u32>) -> bool {
    ordinals.clear();
    let mut guess = 0;
    for field in fields {
        match shape.find(field.name, guess) {
            Some(at) if shape.columns()[at].kind == field.value.kind() => {
                ordinals.push(at as u32);
                guess = at + 1;
            }
            _ => return false,
        }
    }
    true
}
