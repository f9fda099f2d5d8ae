//! What one series has, piece by piece: open rows, sealed chunks and chunks of blocks.
//!
//! Pieces that overlap in time form a cluster and are merged: of equal times the newest
//! value stays. A piece that stands alone is read straight, and its statistics hold.

use crate::block::{Block, Place};
use crate::chunk::{ColumnEntry, Directory, Sealed, Section, decode_timestamps};
use crate::error::Damage;
use crate::head::{HeadPart, Rows};
use crate::identity::Identity;
use crate::rowset::cast;
use crate::shape::Shape;
use crate::stats::Counters;
use model::limits::{Budget, Exceeded};
use model::{Accumulator, Column, Kind, Samples, TimeRange, Timestamp, ValueRef};
use std::ops::Range;
use std::sync::Arc;

/// A place that has rows of a stream.
#[derive(Debug)]
pub enum Part {
    /// Rows in the head.
    Head(HeadPart),
    /// A stream of a block, by its ordinal.
    Block(Arc<Block>, u32),
}

impl Part {
    /// The columns it has.
    pub fn shape(&self) -> &Arc<Shape> {
        match self {
            Self::Head(part) => part.shape(),
            Self::Block(block, ordinal) => &block.streams[*ordinal as usize].shape,
        }
    }
}

/// All rows of a stream, as they were when a query began.
#[derive(Debug)]
pub struct StreamParts {
    /// Whose they are.
    pub identity: Arc<Identity>,
    /// Where they are, from the oldest to the newest.
    pub parts: Vec<Part>,
    /// The time that its policy keeps: what lies before is as good as gone.
    pub visible: TimeRange,
}

/// Some samples of one series, in one place.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The first and the last row there; not every row need have this column.
    pub range: TimeRange,
    /// The greater, the newer.
    age: u32,
    ordinal: u32,
    at: At<'a>,
}

#[derive(Debug)]
enum At<'a> {
    Rows(&'a Rows),
    Sealed(&'a Sealed),
    Chunk(&'a Block, Place),
}

impl StreamParts {
    /// What the column `field` may have inside `range`, in the order of time.
    pub fn pieces(&self, field: &str, range: TimeRange) -> Vec<Piece<'_>> {
        let range = range.intersect(&self.visible);
        let mut pieces = Vec::new();
        for (age, part) in (0..).zip(&self.parts) {
            let Some(ordinal) = part.shape().find(field, 0) else { continue };
            let ordinal = ordinal as u32;
            match part {
                Part::Head(HeadPart::Rows(rows)) => {
                    pieces.push(Piece { range: rows.range(), age, ordinal, at: At::Rows(rows) });
                }
                Part::Head(HeadPart::Sealed(sealed)) => {
                    let range = sealed.summary.range;
                    pieces.push(Piece { range, age, ordinal, at: At::Sealed(sealed) });
                }
                Part::Block(block, stream) => {
                    let chunks = inside(block.chunks(*stream), range).iter();
                    pieces.extend(chunks.map(|place| Piece {
                        range: place.summary.range,
                        age,
                        ordinal,
                        at: At::Chunk(block, *place),
                    }));
                }
            }
        }
        pieces.retain(|piece| piece.range.overlaps(&range));
        pieces.sort_by_key(|piece| (piece.range.start, piece.age));
        pieces
    }
}

/// The chunks that may be inside `range`; they follow each other in time.
fn inside(chunks: &[Place], range: TimeRange) -> &[Place] {
    let start = chunks.partition_point(|place| place.summary.range.end < range.start);
    let end = chunks.partition_point(|place| place.summary.range.start <= range.end);
    &chunks[start..end.max(start)]
}

/// Groups pieces, which are in the order of time, with those they overlap.
pub fn clusters<'a, 'b>(pieces: &'b [Piece<'a>]) -> impl Iterator<Item = &'b [Piece<'a>]> {
    let mut rest = pieces;
    std::iter::from_fn(move || {
        let mut end = rest.first()?.range.end;
        let mut count = 1;
        while let Some(next) = rest.get(count).filter(|next| next.range.start <= end) {
            end = end.max(next.range.end);
            count += 1;
        }
        let (cluster, later) = rest.split_at(count);
        rest = later;
        Some(cluster)
    })
}

/// Reads pieces, with memory that is kept from one to the next.
pub struct Reader<'a> {
    budget: &'a Budget,
    counters: &'a Counters,
    bytes: Vec<u8>,
    timestamps: Vec<i64>,
    present: Vec<bool>,
    column: Column,
    unmerged: Samples,
}

impl<'a> Reader<'a> {
    /// A reader that charges `budget`.
    pub fn new(budget: &'a Budget, counters: &'a Counters) -> Self {
        Self {
            budget,
            counters,
            bytes: Vec::new(),
            timestamps: Vec::new(),
            present: Vec::new(),
            column: Column::new(Kind::F64),
            unmerged: Samples::new(Kind::F64),
        }
    }

    /// Appends what a cluster has inside `range` to `out`, each time once.
    ///
    /// # Errors
    /// When the budget is used up. Damage is no error: it is told with the answer, and the
    /// rest is served.
    pub fn read(
        &mut self,
        cluster: &[Piece<'_>],
        range: TimeRange,
        out: &mut Samples,
    ) -> Result<(), Exceeded> {
        if let [piece] = cluster
            && piece.is_rising()
        {
            return self.append(piece, range, out);
        }
        let mut by_age: Vec<&Piece<'_>> = cluster.iter().collect();
        by_age.sort_by_key(|piece| piece.age);
        let mut unmerged = std::mem::replace(&mut self.unmerged, Samples::new(Kind::F64));
        unmerged.reset(out.values.kind());
        for piece in by_age {
            self.append(piece, range, &mut unmerged)?;
        }
        append_newest(&unmerged, out);
        self.unmerged = unmerged;
        Ok(())
    }

    /// What is known of all samples of a piece without decoding them; none where that does
    /// not suffice.
    pub fn statistics(&mut self, piece: &Piece<'_>) -> Option<Accumulator> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let found = match piece.at {
            At::Rows(_) => Ok(None),
            At::Sealed(sealed) => piece.find_in(head_of(sealed)),
            At::Chunk(block, place) => {
                read_directory(block, &place, &mut bytes).and_then(|()| piece.find_in(&bytes))
            }
        };
        self.bytes = bytes;
        // Damage is told when the samples are read in its place.
        found.ok().flatten().and_then(|(_, _, entry)| entry.statistics)
    }

    /// Appends what a piece has inside `range`, in the order it stands there.
    fn append(
        &mut self,
        piece: &Piece<'_>,
        range: TimeRange,
        out: &mut Samples,
    ) -> Result<(), Exceeded> {
        if let At::Rows(rows) = piece.at {
            self.budget.charge(rows.count() as u64)?;
            append_rows(rows, piece.ordinal, range, out);
            return Ok(());
        }
        match self.decode(piece) {
            Ok(None) => self.budget.check(),
            Ok(Some(is_partial)) => {
                let rows = rows_inside(&self.timestamps, range);
                self.budget.charge(rows.len() as u64)?;
                if is_partial {
                    append_present(&self.timestamps, &self.present, &self.column, rows, out);
                } else {
                    append_all(&self.timestamps, &self.column, rows, out);
                }
                Ok(())
            }
            Err(damage) => {
                self.tell(piece, &damage);
                self.budget.check()
            }
        }
    }

    /// Decodes a chunk's timestamps and the piece's column; none where the chunk lacks it,
    /// else whether some rows lack it.
    fn decode(&mut self, piece: &Piece<'_>) -> Result<Option<bool>, Damage> {
        match piece.at {
            At::Rows(_) => Ok(None),
            At::Sealed(sealed) => {
                let Some((rows, times, entry)) = piece.find_in(head_of(sealed))? else {
                    return Ok(None);
                };
                decode_timestamps(times.of(&sealed.bytes)?, rows, &mut self.timestamps)?;
                self.fit_column(entry.kind);
                let (present, column) = (&mut self.present, &mut self.column);
                entry.decode(&sealed.bytes, rows, present, column).map(Some)
            }
            At::Chunk(block, place) => {
                let bytes = &mut self.bytes;
                read_directory(block, &place, bytes)?;
                let Some((rows, times, entry)) = piece.find_in(bytes)? else { return Ok(None) };
                read_section(block, &place, &times, bytes)?;
                decode_timestamps(bytes, rows, &mut self.timestamps)?;
                read_section(block, &place, &entry.section, bytes)?;
                if self.column.kind() != entry.kind {
                    self.column = Column::new(entry.kind);
                }
                let (present, column) = (&mut self.present, &mut self.column);
                entry.decode_section(bytes, rows, present, column).map(Some)
            }
        }
    }

    fn fit_column(&mut self, kind: Kind) {
        if self.column.kind() != kind {
            self.column = Column::new(kind);
        }
    }

    /// Says that some samples are missing from the answer, and why.
    fn tell(&self, piece: &Piece<'_>, damage: &Damage) {
        self.counters.corruption();
        let At::Chunk(block, place) = piece.at else { return };
        let (path, offset) = (block.path().display(), place.offset + damage.offset);
        let what = &damage.what;
        tracing::error!(%path, offset, what, "a chunk is damaged; its samples are left out");
        self.budget.warn(format!(
            "{path} is damaged at offset {offset} ({what}): samples from there are missing from this answer"
        ));
    }
}

impl Piece<'_> {
    /// Whether its times rise strictly, each of them once.
    fn is_rising(&self) -> bool {
        match self.at {
            At::Rows(rows) => rows.is_rising(),
            At::Sealed(_) | At::Chunk(..) => true,
        }
    }

    /// How many rows, where the timestamps are, and the entry of this piece's column.
    fn find_in(&self, directory: &[u8]) -> Result<Option<(u32, Section, ColumnEntry)>, Damage> {
        let mut directory = Directory::parse(directory)?;
        let (rows, timestamps) = (directory.rows, directory.timestamps);
        Ok(directory.column(self.ordinal)?.map(|entry| (rows, timestamps, entry)))
    }
}

fn head_of(sealed: &Sealed) -> &[u8] {
    &sealed.bytes[..sealed.summary.directory_bytes as usize]
}

fn read_directory(block: &Block, place: &Place, into: &mut Vec<u8>) -> Result<(), Damage> {
    let bytes = place.summary.directory_bytes as usize;
    block.read(place.offset, bytes, into).map_err(|error| Damage::new(0, error.to_string()))
}

fn read_section(
    block: &Block,
    place: &Place,
    section: &Section,
    into: &mut Vec<u8>,
) -> Result<(), Damage> {
    let at = u64::from(section.offset);
    let end = at + u64::from(section.bytes);
    if end > u64::from(place.summary.bytes) {
        return Err(Damage::new(at, "chunk section lies outside its chunk"));
    }
    let read = block.read(place.offset + at, section.bytes as usize, into);
    read.map_err(|error| Damage::new(at, error.to_string()))?;
    section.check(into)
}

/// The rows of rising timestamps inside `range`.
fn rows_inside(timestamps: &[i64], range: TimeRange) -> Range<usize> {
    let start = timestamps.partition_point(|at| *at < range.start.0);
    let end = timestamps.partition_point(|at| *at <= range.end.0);
    start..end.max(start)
}

fn append_all(timestamps: &[i64], column: &Column, rows: Range<usize>, out: &mut Samples) {
    match (column, &mut out.values) {
        (Column::F64(from), Column::F64(to)) => to.extend_from_slice(&from[rows.clone()]),
        (Column::I64(from), Column::I64(to)) => to.extend_from_slice(&from[rows.clone()]),
        (Column::U64(from), Column::U64(to)) => to.extend_from_slice(&from[rows.clone()]),
        (Column::Bool(from), Column::Bool(to)) => to.extend_from_slice(&from[rows.clone()]),
        _ => return rows.for_each(|row| push(out, timestamps[row], column.get(row))),
    }
    out.timestamps.extend_from_slice(&timestamps[rows]);
}

fn append_present(
    timestamps: &[i64],
    present: &[bool],
    column: &Column,
    rows: Range<usize>,
    out: &mut Samples,
) {
    let before = present[..rows.start].iter().filter(|has| **has).count();
    for (rank, row) in (before..).zip(rows.filter(|row| present[*row])) {
        push(out, timestamps[row], column.get(rank));
    }
}

fn append_rows(rows: &Rows, column: u32, range: TimeRange, out: &mut Samples) {
    rows.each(column, |at, value| {
        if range.contains(Timestamp(at)) {
            push(out, at, value);
        }
    });
}

/// Appends a sample as `out` holds it; one of a kind that has nothing in common is left
/// out, as it is from before its field changed its type.
fn push(out: &mut Samples, at: i64, value: ValueRef<'_>) {
    if let Some(value) = cast(value, out.values.kind()) {
        let fits = out.push(Timestamp(at), value);
        assert!(fits, "a value was cast to the kind of its column");
    }
}

/// Appends samples that stand in the order they were written: in the order of time, and of
/// equal times the last.
fn append_newest(unmerged: &Samples, out: &mut Samples) {
    let times = &unmerged.timestamps;
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    // Stable, so that of equal times the later written stays behind.
    order.sort_by_key(|row| times[*row as usize]);
    for (index, row) in order.iter().enumerate() {
        let next = order.get(index + 1);
        if next.is_none_or(|next| times[*next as usize] != times[*row as usize]) {
            push(out, times[*row as usize], unmerged.values.get(*row as usize));
        }
    }
}
