//! Who a stream is, as the log writes it down before the stream's first row.

use crate::error::Damage;
use crate::identity::{Identity, PolicyId};
use crate::shape::{ColumnDef, Shape};
use codec::cursor::Cursor;
use codec::varint::put_u64;
use model::Kind;

/// A definition that was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// What rows of this segment call the stream.
    pub slot: u32,
    /// Its policy.
    pub policy: PolicyId,
    /// Its measurement.
    pub measurement: &'a str,
    /// Its tags.
    pub pairs: Vec<(&'a str, &'a str)>,
    /// Its columns; rows call them by their place here.
    pub columns: Vec<ColumnDef>,
}

/// Appends a definition.
pub fn put(out: &mut Vec<u8>, slot: u32, identity: &Identity, shape: &Shape) {
    put_u64(out, u64::from(slot));
    put_u64(out, u64::from(identity.policy.0));
    put_text(out, &identity.key.measurement);
    put_u64(out, identity.key.tags.len() as u64);
    for (name, value) in identity.key.tags.iter() {
        put_text(out, name);
        put_text(out, value);
    }
    put_u64(out, shape.len() as u64);
    for column in shape.columns() {
        out.push(column.kind as u8);
        put_text(out, &column.name);
    }
}

/// Reads every definition of a frame.
///
/// # Errors
/// Where the payload is not what [`put`] appended.
pub fn read_all<'a>(payload: &'a [u8], mut each: impl FnMut(Definition<'a>)) -> Result<(), Damage> {
    let from = &mut Cursor::new(payload);
    while from.remaining() > 0 {
        let slot = number(from)?;
        let policy = PolicyId(number(from)?);
        let measurement = text(from)?;
        let mut pairs = Vec::new();
        for _ in 0..from.varint()? {
            pairs.push((text(from)?, text(from)?));
        }
        let mut columns = Vec::new();
        for _ in 0..from.varint()? {
            let at = from.offset() as u64;
            let kind = Kind::from_u8(from.u8()?)
                .ok_or_else(|| Damage::new(at, "value kind is not known to this version"))?;
            columns.push(ColumnDef { name: text(from)?.into(), kind });
        }
        each(Definition { slot, policy, measurement, pairs, columns });
    }
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u64(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn text<'a>(from: &mut Cursor<'a>) -> Result<&'a str, Damage> {
    let count = number(from)?;
    let at = from.offset() as u64;
    let bytes = from.bytes(count)?;
    std::str::from_utf8(bytes).map_err(|_| Damage::new(at, "a name is not UTF-8"))
}

fn number<N: TryFrom<u64>>(from: &mut Cursor<'_>) -> Result<N, Damage> {
    let at = from.offset() as u64;
    let number = from.varint()?;
    N::try_from(number).map_err(|_| Damage::new(at, format!("number {number} is too large")))
}
