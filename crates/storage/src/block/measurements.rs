//! What each measurement of a block has: its streams, its columns with their groups, and
//! the shapes of its streams.

use super::array;
use super::group;
use super::output::Output;
use crate::error::Damage;
use crate::shape::{ColumnDef, Shape, Shapes};
use codec::cursor::Cursor;
use codec::varint::put_u64;
use model::Kind;
use std::io;
use std::sync::Arc;

/// A page of measurements ends when it is this long.
const PAGE_BYTES: usize = 16 << 10;
/// Groups in a page of them.
pub const GROUPS: usize = 512;
/// How long a group's entry in such a page is.
const GROUP_BYTES: usize = 4 + 8 + 4 + 4;

/// A measurement while a block is written.
pub struct Written {
    /// Its name.
    pub name: Arc<str>,
    /// Its first stream.
    pub first: u32,
    /// How many streams it has.
    pub streams: u32,
    /// Its columns: what they are, the policies that have them, and their groups.
    pub columns: Vec<(ColumnDef, Vec<u32>, Vec<group::Place>)>,
    /// The shapes of its streams, by columns.
    pub shapes: Vec<Vec<u32>>,
}

/// Writes pages of measurements.
#[derive(Default)]
pub struct Writer {
    open: Vec<u8>,
    entries: u64,
    next: u32,
    /// The first name, the first measurement, the first stream and the number of each page.
    pages: Vec<Fence>,
    pending: Option<(Arc<str>, u32, u32)>,
}

/// What is known of a page of measurements without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The name of its first measurement.
    pub name: Arc<str>,
    /// The number of its first measurement.
    pub first: u32,
    /// The page.
    pub page: u32,
}

impl Writer {
    /// Adds a measurement; they come in the order of their names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, one: &Written, output: &mut Output) -> io::Result<()> {
        if self.pending.is_none() {
            self.pending = Some((one.name.clone(), self.next, one.first));
        }
        self.next += 1;
        self.entries += 1;
        let out = &mut self.open;
        array::put_bytes(out, one.name.as_bytes());
        put_u64(out, u64::from(one.streams));
        put_u64(out, one.columns.len() as u64);
        for (column, policies, groups) in &one.columns {
            array::put_bytes(out, column.name.as_bytes());
            out.push(column.kind as u8);
            put_u64(out, policies.len() as u64);
            policies.iter().for_each(|policy| put_u64(out, u64::from(*policy)));
            put_groups(out, groups, output)?;
        }
        put_u64(out, one.shapes.len() as u64);
        for shape in &one.shapes {
            put_u64(out, shape.len() as u64);
            shape.iter().for_each(|column| put_u64(out, u64::from(*column)));
        }
        if self.open.len() >= PAGE_BYTES { self.close(output) } else { Ok(()) }
    }

    fn close(&mut self, output: &mut Output) -> io::Result<()> {
        let Some((name, first, stream)) = self.pending.take() else { return Ok(()) };
        let mut body = Vec::with_capacity(self.open.len() + 16);
        put_u64(&mut body, self.entries);
        put_u64(&mut body, u64::from(stream));
        body.append(&mut self.open);
        self.entries = 0;
        self.pages.push(Fence { name, first, page: output.page(&body)? });
        Ok(())
    }

    /// Writes the last page and the fence of all pages; answers the number of the fence.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self, output: &mut Output) -> io::Result<u32> {
        self.close(output)?;
        let mut body = Vec::new();
        put_u64(&mut body, self.pages.len() as u64);
        for fence in &self.pages {
            array::put_bytes(&mut body, fence.name.as_bytes());
            put_u64(&mut body, u64::from(fence.first));
            put_u64(&mut body, u64::from(fence.page));
        }
        output.page(&body)
    }
}

fn put_groups(out: &mut Vec<u8>, groups: &[group::Place], output: &mut Output) -> io::Result<()> {
    put_u64(out, groups.len() as u64);
    if let [group] = groups {
        for number in [group.first, group.directory, group.bytes] {
            put_u64(out, u64::from(number));
        }
        put_u64(out, group.offset);
        return Ok(());
    }
    let mut first_page = None;
    for page in groups.chunks(GROUPS) {
        let mut body = Vec::with_capacity(page.len() * GROUP_BYTES);
        for group in page {
            body.extend_from_slice(&group.first.to_le_bytes());
            body.extend_from_slice(&group.offset.to_le_bytes());
            body.extend_from_slice(&group.directory.to_le_bytes());
            body.extend_from_slice(&group.bytes.to_le_bytes());
        }
        let number = output.page(&body)?;
        first_page.get_or_insert(number);
    }
    put_u64(out, u64::from(first_page.unwrap_or_default()));
    Ok(())
}

/// Reads the fence.
///
/// # Errors
/// Where it is damaged.
pub fn parse_fence(bytes: &[u8]) -> Result<Vec<Fence>, Damage> {
    let from = &mut Cursor::new(bytes);
    let mut fences = Vec::new();
    for _ in 0..from.varint()? {
        let name = array::get_text(from)?.into();
        fences.push(Fence { name, first: array::number(from)?, page: array::number(from)? });
    }
    from.finish()?;
    Ok(fences)
}

/// Reads group `at` of a page of groups.
///
/// # Errors
/// Where it is not there.
pub fn parse_group(page: &[u8], at: usize) -> Result<group::Place, Damage> {
    let start = at * GROUP_BYTES;
    let from = &mut Cursor::new(page.get(start..).unwrap_or_default());
    let (first, offset) = (from.u32()?, from.u64()?);
    Ok(group::Place { first, offset, directory: from.u32()?, bytes: from.u32()? })
}

/// Reads the first `count` groups of a page of groups.
///
/// # Errors
/// Where they are not there.
pub fn parse_groups(page: &[u8], count: usize) -> Result<Vec<group::Place>, Damage> {
    (0..count).map(|at| parse_group(page, at)).collect()
}

/// Where the groups of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// The only one.
    One(group::Place),
    /// How many there are, and the page of the first; the others follow it.
    Paged(u32, u32),
}

/// A column of a measurement.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its field and kind.
    pub def: ColumnDef,
    /// The policies whose streams have it, by their places in the block.
    pub policies: Vec<u32>,
    /// Its groups.
    pub groups: Groups,
}

/// A measurement of a block.
#[derive(Debug)]
pub struct Measurement {
    /// Its name.
    pub name: Arc<str>,
    /// Its first stream.
    pub first: u32,
    /// How many streams it has.
    pub streams: u32,
    /// Its columns, sorted by field and kind.
    pub columns: Vec<Column>,
    /// The shapes of its streams, and which columns they are made of.
    pub shapes: Vec<(Arc<Shape>, Vec<u32>)>,
}

impl Measurement {
    /// The column that is column `ordinal` of shape `shape`.
    pub fn column(&self, shape: u32, ordinal: usize) -> Option<(u32, &Column)> {
        let number = *self.shapes.get(shape as usize)?.1.get(ordinal)?;
        Some((number, self.columns.get(number as usize)?))
    }

    /// About how much memory it takes; shapes are shared.
    pub fn memory(&self) -> usize {
        let column = |column: &Column| {
            size_of::<Column>() + column.def.name.len() + column.policies.len() * size_of::<u32>()
        };
        let shape = |(_, columns): &(Arc<Shape>, Vec<u32>)| {
            size_of::<(Arc<Shape>, Vec<u32>)>() + columns.len() * size_of::<u32>()
        };
        let columns = self.columns.iter().map(column).sum::<usize>();
        let shapes = self.shapes.iter().map(shape).sum::<usize>();
        size_of::<Self>() + self.name.len() + columns + shapes
    }

    /// The streams it has.
    pub fn ordinals(&self) -> std::ops::Range<u32> {
        self.first..self.first.saturating_add(self.streams)
    }
}

/// Reads a page of measurements.
///
/// # Errors
/// Where it is damaged.
pub fn parse(bytes: &[u8], shapes: &Shapes) -> Result<Vec<Measurement>, Damage> {
    let from = &mut Cursor::new(bytes);
    let (count, mut first): (u64, u32) = (from.varint()?, array::number(from)?);
    let mut all = Vec::new();
    for _ in 0..count {
        let name = array::get_text(from)?.into();
        let streams = array::number(from)?;
        let mut columns = Vec::new();
        for _ in 0..from.varint()? {
            columns.push(parse_column(from)?);
        }
        let mut found = Vec::new();
        for _ in 0..from.varint()? {
            found.push(parse_shape(from, &columns, shapes)?);
        }
        all.push(Measurement { name, first, streams, columns, shapes: found });
        first = first.saturating_add(streams);
    }
    from.finish()?;
    Ok(all)
}

fn parse_column(from: &mut Cursor<'_>) -> Result<Column, Damage> {
    let name = array::get_text(from)?.into();
    let at = from.offset() as u64;
    let kind = Kind::from_u8(from.u8()?)
        .ok_or_else(|| Damage::new(at, "value kind is not known to this version"))?;
    let mut policies = Vec::new();
    for _ in 0..from.varint()? {
        policies.push(array::number(from)?);
    }
    let count: u32 = array::number(from)?;
    let groups = if count == 1 {
        let first = array::number(from)?;
        let (directory, bytes) = (array::number(from)?, array::number(from)?);
        Groups::One(group::Place { first, offset: from.varint()?, directory, bytes })
    } else {
        Groups::Paged(count, array::number(from)?)
    };
    Ok(Column { def: ColumnDef { name, kind }, policies, groups })
}

fn parse_shape(
    from: &mut Cursor<'_>,
    columns: &[Column],
    shapes: &Shapes,
) -> Result<(Arc<Shape>, Vec<u32>), Damage> {
    let at = from.offset() as u64;
    let mut numbers: Vec<u32> = Vec::new();
    let mut defs = Vec::new();
    for _ in 0..from.varint()? {
        let number: u32 = array::number(from)?;
        let column = columns.get(number as usize);
        let column = column.ok_or_else(|| Damage::new(at, "a shape names a column not there"))?;
        defs.push(column.def.clone());
        numbers.push(number);
    }
    Ok((shapes.intern(&defs), numbers))
}
