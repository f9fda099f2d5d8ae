//! What each measurement of a block has: its streams, its columns with their groups, and
//! the shapes of its streams.
//!
//! A page tells names by what they do not share with the one before, fields once, and where
//! groups are by how far they are from the one before, as they mostly follow each other.

use super::array;
use super::group;
use super::output::Output;
use crate::error::Damage;
use crate::shape::{ColumnDef, Shape, Shapes};
use codec::cursor::Cursor;
use codec::varint::{put_i64, put_u64};
use hashbrown::HashMap;
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
pub struct Writer {
    /// How many policies the block has.
    policies: u32,
    open: Open,
    next: u32,
    pages: Vec<Fence>,
}

/// A page that is being written.
#[derive(Default)]
struct Open {
    body: Vec<u8>,
    entries: u64,
    /// The name, the number and the first stream of its first measurement.
    first: Option<(Arc<str>, u32, u32)>,
    /// The last name.
    name: Arc<str>,
    fields: Vec<ColumnDef>,
    by_field: HashMap<ColumnDef, u32>,
    /// Where the last group ends.
    end: u64,
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
    /// For a block of so many policies.
    pub fn new(policies: usize) -> Self {
        Self { policies: policies as u32, open: Open::default(), next: 0, pages: Vec::new() }
    }

    /// Adds a measurement; they come in the order of their names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, one: &Written, output: &mut Output) -> io::Result<()> {
        let open = &mut self.open;
        if open.first.is_none() {
            open.first = Some((one.name.clone(), self.next, one.first));
        }
        self.next += 1;
        open.put_name(&one.name);
        put_u64(&mut open.body, u64::from(one.streams));
        put_u64(&mut open.body, one.columns.len() as u64);
        for (column, policies, groups) in &one.columns {
            let field = open.field(column);
            put_u64(&mut open.body, u64::from(field));
            let is_all = policies.len() == self.policies as usize;
            let named = if is_all { &[] } else { policies.as_slice() };
            put_u64(&mut open.body, named.len() as u64);
            named.iter().for_each(|policy| put_u64(&mut open.body, u64::from(*policy)));
            open.put_groups(groups, one.first, output)?;
        }
        put_u64(&mut open.body, one.shapes.len() as u64);
        for shape in &one.shapes {
            let is_all = shape.iter().copied().eq(0..one.columns.len() as u32);
            let named = if is_all { &[] } else { shape.as_slice() };
            put_u64(&mut open.body, named.len() as u64);
            named.iter().for_each(|column| put_u64(&mut open.body, u64::from(*column)));
        }
        if open.body.len() >= PAGE_BYTES { self.close(output) } else { Ok(()) }
    }

    fn close(&mut self, output: &mut Output) -> io::Result<()> {
        let open = std::mem::take(&mut self.open);
        let Some((name, first, stream)) = open.first else { return Ok(()) };
        let mut body = Vec::with_capacity(open.body.len() + 64);
        for number in [open.entries, u64::from(stream), u64::from(self.policies)] {
            put_u64(&mut body, number);
        }
        put_u64(&mut body, open.fields.len() as u64);
        for field in &open.fields {
            body.push(field.kind as u8);
            array::put_bytes(&mut body, field.name.as_bytes());
        }
        body.extend_from_slice(&open.body);
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

impl Open {
    fn put_name(&mut self, name: &Arc<str>) {
        self.entries += 1;
        array::put_text_after(&mut self.body, &self.name, name);
        self.name = name.clone();
    }

    /// The place of a field among those of the page.
    fn field(&mut self, column: &ColumnDef) -> u32 {
        if let Some(known) = self.by_field.get(column) {
            return *known;
        }
        let place = self.fields.len() as u32;
        self.by_field.insert(column.clone(), place);
        self.fields.push(column.clone());
        place
    }

    /// Appends where groups are, of a measurement whose first stream is `first`.
    fn put_groups(
        &mut self,
        groups: &[group::Place],
        first: u32,
        output: &mut Output,
    ) -> io::Result<()> {
        let out = &mut self.body;
        put_u64(out, groups.len() as u64);
        if let [group] = groups {
            for number in [group.first - first, group.directory, group.bytes] {
                put_u64(out, u64::from(number));
            }
            put_i64(out, group.offset.wrapping_sub(self.end).cast_signed());
            self.end = group.offset + u64::from(group.bytes);
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
    let mut parser = Parser { policies: array::number(from)?, fields: Vec::new(), end: 0 };
    for _ in 0..from.varint()? {
        parser.fields.push(parse_field(from)?);
    }
    let (mut all, mut name) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let name = array::get_text_after(from, &mut name)?.into();
        let streams = array::number(from)?;
        let mut columns = Vec::new();
        for _ in 0..from.varint()? {
            columns.push(parser.column(from, first)?);
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

fn parse_field(from: &mut Cursor<'_>) -> Result<ColumnDef, Damage> {
    let at = from.offset() as u64;
    let kind = Kind::from_u8(from.u8()?)
        .ok_or_else(|| Damage::new(at, "value kind is not known to this version"))?;
    Ok(ColumnDef { name: array::get_text(from)?.into(), kind })
}

/// What the columns of a page are told by.
struct Parser {
    /// How many policies the block has.
    policies: u16,
    fields: Vec<ColumnDef>,
    /// Where the last group ends.
    end: u64,
}

impl Parser {
    /// A column of a measurement whose first stream is `first`.
    fn column(&mut self, from: &mut Cursor<'_>, first: u32) -> Result<Column, Damage> {
        let at = from.offset() as u64;
        let field: usize = array::number(from)?;
        let def = self.fields.get(field).cloned();
        let def = def.ok_or_else(|| Damage::new(at, "a column names a field not there"))?;
        let mut policies = Vec::new();
        for _ in 0..from.varint()? {
            policies.push(array::number(from)?);
        }
        if policies.is_empty() {
            policies.extend(0..u32::from(self.policies));
        }
        let count: u32 = array::number(from)?;
        let groups = if count == 1 {
            let first = first.saturating_add(array::number(from)?);
            let (directory, bytes) = (array::number(from)?, array::number(from)?);
            let offset = self.end.wrapping_add(from.zigzag()?.cast_unsigned());
            self.end = offset.wrapping_add(u64::from(bytes));
            Groups::One(group::Place { first, offset, directory, bytes })
        } else {
            Groups::Paged(count, array::number(from)?)
        };
        Ok(Column { def, policies, groups })
    }
}

fn parse_shape(
    from: &mut Cursor<'_>,
    columns: &[Column],
    shapes: &Shapes,
) -> Result<(Arc<Shape>, Vec<u32>), Damage> {
    let at = from.offset() as u64;
    let mut numbers: Vec<u32> = Vec::new();
    for _ in 0..from.varint()? {
        numbers.push(array::number(from)?);
    }
    if numbers.is_empty() {
        numbers.extend(0..columns.len() as u32);
    }
    let def = |number: &u32| columns.get(*number as usize).map(|column| column.def.clone());
    let defs: Option<Vec<ColumnDef>> = numbers.iter().map(def).collect();
    let defs = defs.ok_or_else(|| Damage::new(at, "a shape names a column not there"))?;
    Ok((shapes.intern(&defs), numbers))
}
