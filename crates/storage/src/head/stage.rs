//! Rows of one body on their way to their partitions, as log entries.

use super::directory::Place;
use crate::shape::Shape;
use crate::wal::entry;
use crate::wal::frame;
use model::{Field, Row};

/// Buffers beyond this size are not kept for the next body.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// Rows of one body, one frame for each partition.
pub struct Stage {
    frames: Box<[Vec<u8>]>,
    /// Scratch: which column each field of a row is, and which field it is.
    ordinals: Vec<(u32, u32)>,
}

impl Stage {
    /// An empty one.
    pub fn new(partitions: usize) -> Self {
        let frames = (0..partitions).map(|_| Vec::new()).collect();
        Self { frames, ordinals: Vec::new() }
    }

    /// Adds one row; answers how many bytes its partition's frame has now, and none, having
    /// added nothing, where a field is no column of `shape`.
    #[inline]
    pub fn push(&mut self, place: Place, shape: &Shape, row: &Row<'_>) -> Option<usize> {
        let frame = &mut self.frames[usize::from(place.partition)];
        if frame.is_empty() {
            frame::begin(frame);
        }
        if is_dense(shape, row.fields) {
            let values = row.fields.iter().map(|field| field.value);
            entry::put_dense(frame, place.slot, row.timestamp.0, values);
            return Some(frame.len());
        }
        if !find_all(shape, row.fields, &mut self.ordinals) {
            return None;
        }
        let value = |(column, field): &(u32, u32)| (*column, row.fields[*field as usize].value);
        entry::put_sparse(frame, place.slot, row.timestamp.0, self.ordinals.iter().map(value));
        Some(frame.len())
    }

    /// Takes every frame that has rows, to be finished, with its partition; clears it after.
    pub fn drain<E>(
        &mut self,
        mut each: impl FnMut(u16, &mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for (partition, frame) in (0..).zip(self.frames.iter_mut()) {
            if frame.len() > frame::HEADER_BYTES {
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

/// Finds the column of each field, of two with one name the last; false where one is
/// missing or of another kind.
fn find_all(shape: &Shape, fields: &[Field<'_>], ordinals: &mut Vec<(u32, u32)>) -> bool {
    ordinals.clear();
    let mut guess = 0;
    let mut is_rising = true;
    for (field, place) in fields.iter().zip(0..) {
        match shape.find(field.name, guess) {
            Some(at) if shape.columns()[at].kind == field.value.kind() => {
                is_rising &= ordinals.last().is_none_or(|(last, _)| (*last as usize) < at);
                ordinals.push((at as u32, place));
                guess = at + 1;
            }
            _ => return false,
        }
    }
    if !is_rising {
        ordinals.sort_unstable_by_key(|(column, field)| (*column, std::cmp::Reverse(*field)));
        ordinals.dedup_by_key(|(column, _)| *column);
    }
    true
}
