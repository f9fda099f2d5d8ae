//! Who streams are, as the log writes it down before their first rows.
//!
//! Labels and columns that several streams of a frame have stand there once: a million
//! streams of a thousand hosts differ in little.

use crate::error::Damage;
use crate::identity::PolicyId;
use crate::notation::{get_text, number, put_text};
use crate::shape::{ColumnDef, Shape};
use codec::cursor::Cursor;
use codec::varint::put_u64;
use hashbrown::HashMap;
use model::Kind;
use std::sync::Arc;

/// A definition that was read.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'b, 'a> {
    /// What rows of this run call the stream.
    pub slot: u32,
    /// Its policy.
    pub policy: PolicyId,
    /// Its measurement.
    pub measurement: &'a str,
    /// Its tags.
    pub pairs: &'b [(&'a str, &'a str)],
    /// What the frame calls measurement and tags: one number is one label.
    pub numbers: &'b [u32],
    /// Its columns; rows call them by their place here.
    pub columns: &'b Arc<[ColumnDef]>,
}

/// Appends the definitions of one frame.
#[derive(Default)]
pub struct Writer {
    /// Labels of the frame, by the head's numbers.
    labels: HashMap<u32, u64>,
    /// Columns of the frame, by the numbers of their shapes.
    shapes: HashMap<u32, u64>,
}

impl Writer {
    /// Begins a frame.
    pub fn clear(&mut self) {
        self.labels.clear();
        self.shapes.clear();
    }

    /// Appends a definition. `labels` are numbers of the measurement, whose name is empty,
    /// and of the tags; `text` tells name and value of one.
    pub fn put<'a>(
        &mut self,
        out: &mut Vec<u8>,
        slot: u32,
        (policy, labels): (PolicyId, &[u32]),
        text: impl Fn(u32) -> (&'a str, &'a str),
        shape: &Shape,
    ) {
        put_u64(out, u64::from(slot));
        put_u64(out, u64::from(policy.0));
        put_u64(out, labels.len() as u64);
        for label in labels {
            if !put_known(out, &mut self.labels, *label) {
                let (name, value) = text(*label);
                put_text(out, name);
                put_text(out, value);
            }
        }
        if !put_known(out, &mut self.shapes, shape.id()) {
            put_u64(out, shape.len() as u64);
            for column in shape.columns() {
                out.push(column.kind as u8);
                put_text(out, &column.name);
            }
        }
    }
}

/// Appends the frame's number of something that it has by now, counted from 1, else 0 and
/// gives it the next; answers whether it had one.
fn put_known(out: &mut Vec<u8>, known: &mut HashMap<u32, u64>, id: u32) -> bool {
    let next = known.len() as u64 + 1;
    let number = *known.entry(id).or_insert(next);
    let is_known = number != next;
    put_u64(out, if is_known { number } else { 0 });
    is_known
}

/// Reads every definition of a frame.
///
/// # Errors
/// Where the payload is not what a [`Writer`] appended.
pub fn read_all<'a>(
    payload: &'a [u8],
    mut each: impl FnMut(&Definition<'_, 'a>),
) -> Result<(), Damage> {
    let from = &mut Cursor::new(payload);
    let mut labels: Vec<(&str, &str)> = Vec::new();
    let mut shapes: Vec<Arc<[ColumnDef]>> = Vec::new();
    let (mut own, mut numbers) = (Vec::new(), Vec::new());
    while from.remaining() > 0 {
        let slot = number(from)?;
        let policy = PolicyId(number(from)?);
        own.clear();
        numbers.clear();
        for _ in 0..from.varint()? {
            let at = known(from, &mut labels, |from| Ok((get_text(from)?, get_text(from)?)))?;
            own.push(labels[at]);
            numbers.push(at as u32);
        }
        let columns = known(from, &mut shapes, read_columns)?;
        let [(_, measurement), pairs @ ..] = own.as_slice() else {
            return Err(Damage::new(from.offset() as u64, "a stream has no measurement"));
        };
        let (numbers, columns) = (&numbers, &shapes[columns]);
        each(&Definition { slot, policy, measurement, pairs, numbers, columns });
    }
    Ok(())
}

/// Where something is that the frame has by now, or that is read, and that it has from then on.
fn known<'a, T>(
    from: &mut Cursor<'a>,
    known: &mut Vec<T>,
    read: impl FnOnce(&mut Cursor<'a>) -> Result<T, Damage>,
) -> Result<usize, Damage> {
    let at = from.offset() as u64;
    let place: usize = number(from)?;
    if place == 0 {
        known.push(read(from)?);
    }
    let place = if place == 0 { known.len() } else { place };
    if place > known.len() {
        return Err(Damage::new(at, "a definition names what its frame does not have"));
    }
    Ok(place - 1)
}

fn read_columns(from: &mut Cursor<'_>) -> Result<Arc<[ColumnDef]>, Damage> {
    let mut columns = Vec::new();
    for _ in 0..from.varint()? {
        let at = from.offset() as u64;
        let kind = Kind::from_u8(from.u8()?)
            .ok_or_else(|| Damage::new(at, "value kind is not known to this version"))?;
        columns.push(ColumnDef { name: get_text(from)?.into(), kind });
    }
    Ok(columns.into())
}
