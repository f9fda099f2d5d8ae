//! What one series has, piece by piece: open rows, sealed chunks and chunks of blocks.
//!
//! Pieces that overlap in time form a cluster and are merged: of equal times the newest
//! value stays. A piece that stands alone is read straight, and its statistics hold.

mod open;
mod samples;

pub use open::Open;

use crate::block::{Block, Chunk, Column, Group, Measurement, at_times};
use crate::chunk::{ColumnEntry, Directory, Sealed, Section, decode_timestamps, decode_values};
use crate::error::{Damage, Error};
use crate::head::{HeadPart, Rows};
use crate::shape::Shape;
use crate::stats::Counters;
use crate::tombstone::{Cuts, Hidden};
use model::limits::{Budget, Exceeded};
use model::{Accumulator, Kind, Samples, StreamKey, TimeRange, Timestamp};
use samples::{append_all, append_newest, append_present, append_rows, rows_inside};
use std::sync::Arc;

/// A place that has rows of a stream.
#[derive(Debug)]
pub enum Part {
    /// Rows in the head.
    Head(HeadPart),
    /// A stream of a block.
    Block(BlockPart),
}

/// A stream of a block.
#[derive(Debug)]
pub struct BlockPart {
    /// Which block.
    pub block: Arc<Block>,
    /// Which stream.
    pub ordinal: u32,
    /// Its measurement there.
    pub measurement: Arc<Measurement>,
    /// Its shape, by its place in the measurement.
    pub shape: u32,
    /// When it has rows, rounded outwards.
    pub range: TimeRange,
    /// What tombstones hide of the block.
    pub hidden: Arc<[Hidden]>,
}

impl BlockPart {
    fn cuts<'a>(&'a self, field: &'a str) -> Cuts<'a> {
        Cuts::new(&self.hidden, self.ordinal, field)
    }

    fn column(&self, field: &str) -> Option<&Column> {
        let (shape, _) = self.measurement.shapes.get(self.shape as usize)?;
        let ordinal = shape.find(field, 0)?;
        self.measurement.column(self.shape, ordinal).map(|(_, column)| column)
    }
}

impl Part {
    /// Whether the column `field` of it was deleted whole.
    pub fn is_deleted(&self, field: &str) -> bool {
        match self {
            Self::Head(_) => false,
            Self::Block(part) => part.cuts(field).hide(part.range),
        }
    }

    /// Whether something of it was deleted.
    pub fn is_cut(&self) -> bool {
        matches!(self, Self::Block(part) if !part.hidden.is_empty())
    }

    /// The columns it has.
    pub fn shape(&self) -> Option<&Arc<Shape>> {
        match self {
            Self::Head(part) => Some(part.shape()),
            Self::Block(part) => {
                part.measurement.shapes.get(part.shape as usize).map(|(shape, _)| shape)
            }
        }
    }
}

/// All rows of a stream, as they were when a query began.
#[derive(Debug)]
pub struct StreamParts {
    /// Whose they are.
    pub key: Arc<StreamKey>,
    /// Where they are, from the oldest to the newest.
    pub parts: Vec<Part>,
    /// The time that its policy keeps: what lies before is as good as gone.
    pub visible: TimeRange,
}

/// Some samples of one series, in one place.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The first and the last sample there; of the head, the first and the last row, which
    /// need not have this column.
    pub range: TimeRange,
    /// The greater, the newer.
    age: u32,
    at: At<'a>,
    /// What is hidden of it.
    cuts: Cuts<'a>,
}

#[derive(Clone, Copy, Debug)]
enum At<'a> {
    /// Rows, and the column.
    Rows(&'a Rows, u32),
    /// A sealed chunk, and the column.
    Sealed(&'a Sealed, u32),
    /// A chunk of a block.
    Chunk(&'a Block, InBlock),
}

/// A chunk of a block.
#[derive(Clone, Copy, Debug)]
struct InBlock {
    group: Group,
    /// Which chunk of the group it is.
    at: usize,
    chunk: Chunk,
    kind: Kind,
}

impl<'a> Piece<'a> {
    /// Rows of the head, of which column `ordinal` is meant.
    pub fn of_head(part: &'a HeadPart, ordinal: u32, age: u32) -> Self {
        let at = match part {
            HeadPart::Rows(rows) => At::Rows(rows, ordinal),
            HeadPart::Sealed(sealed) => At::Sealed(sealed, ordinal),
        };
        Self { range: part.range(), age, at, cuts: Cuts::NONE }
    }

    /// Chunk `at` of a group of a column of this kind.
    pub fn of_block(
        (block, kind): (&'a Block, Kind),
        (group, at, chunk): (Group, usize, Chunk),
        range: TimeRange,
        age: u32,
        cuts: Cuts<'a>,
    ) -> Self {
        Self { range, age, at: At::Chunk(block, InBlock { group, at, chunk, kind }), cuts }
    }

    /// Whether tombstones hide some of it.
    pub fn is_cut(&self) -> bool {
        self.cuts.touch(self.range)
    }

    /// Whether tombstones hide all of it.
    pub fn is_hidden(&self) -> bool {
        self.cuts.hide(self.range)
    }

    /// Which came first, and of what came together, which is older.
    pub fn order(&self) -> (Timestamp, u32) {
        (self.range.start, self.age)
    }
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
    open: Open,
    timestamps: Vec<i64>,
    present: Vec<bool>,
    column: model::Column,
    unmerged: Samples,
}

impl<'a> Reader<'a> {
    /// A reader that charges `budget`.
    pub fn new(budget: &'a Budget, counters: &'a Counters) -> Self {
        Self::with_open(Open::default(), budget, counters)
    }

    /// The same, with tables that another reader has read.
    pub fn with_open(open: Open, budget: &'a Budget, counters: &'a Counters) -> Self {
        Self {
            budget,
            counters,
            open,
            timestamps: Vec::new(),
            present: Vec::new(),
            column: model::Column::new(Kind::F64),
            unmerged: Samples::new(Kind::F64),
        }
    }

    /// What the column `field` of a stream may have inside `range`, in the order of time.
    pub fn pieces<'b>(
        &mut self,
        stream: &'b StreamParts,
        field: &str,
        range: TimeRange,
    ) -> Vec<Piece<'b>> {
        let range = range.intersect(&stream.visible);
        let mut pieces = Vec::new();
        for (age, part) in (0..).zip(&stream.parts) {
            match part {
                Part::Head(part) => {
                    let Some(ordinal) = part.shape().find(field, 0) else { continue };
                    pieces.push(Piece::of_head(part, ordinal as u32, age));
                }
                Part::Block(part) => {
                    let Some(column) = part.column(field) else { continue };
                    if let Err(error) = self.pieces_of(part, column, age, &mut pieces) {
                        self.tell(&error);
                    }
                }
            }
        }
        pieces.retain(|piece| piece.range.overlaps(&range) && !piece.is_hidden());
        pieces.sort_by_key(Piece::order);
        pieces
    }

    fn pieces_of<'b>(
        &mut self,
        part: &'b BlockPart,
        column: &'b Column,
        age: u32,
        out: &mut Vec<Piece<'b>>,
    ) -> Result<(), Error> {
        let block = part.block.as_ref();
        let kind = column.def.kind;
        for group in self.open.groups_of(block, &column.groups, part.ordinal)? {
            let directory = self.open.directory(block, group)?;
            for at in directory.of(part.ordinal) {
                let chunk = directory.chunk(at);
                let range = self.open.list(block, chunk.times)?.range;
                let cuts = part.cuts(&column.def.name);
                out.push(Piece::of_block((block, kind), (group, at, chunk), range, age, cuts));
            }
        }
        Ok(())
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
        if piece.is_cut() {
            return None;
        }
        match &piece.at {
            At::Rows(..) => None,
            At::Sealed(sealed, ordinal) => {
                let found = find_in(head_of(sealed), *ordinal).ok().flatten();
                found.and_then(|(_, _, entry)| entry.statistics)
            }
            // Damage is told when the samples are read in its place.
            At::Chunk(block, of) => self.stored_statistics(block, of).ok().flatten(),
        }
    }

    /// The least and the greatest value of a piece, markers left out, as [`Reader::statistics`]
    /// knows them; where there is none, the least is above the greatest.
    pub fn bounds(&mut self, piece: &Piece<'_>) -> Option<(f64, f64)> {
        let known = match &piece.at {
            // Times do not matter, so that none are read.
            At::Chunk(block, of) if !piece.is_cut() => {
                self.open.statistics(block, of.group, of.at).ok().flatten()?
            }
            _ => self.statistics(piece)?,
        };
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        Some(if known.count > 0 { (known.min, known.max) } else { none })
    }

    fn stored_statistics(
        &mut self,
        block: &Block,
        of: &InBlock,
    ) -> Result<Option<Accumulator>, Error> {
        let Some(window) = self.open.statistics(block, of.group, of.at)? else { return Ok(None) };
        let list = self.open.list(block, of.chunk.times)?;
        let Some(step) = list.step else {
            let times = self.open.timestamps(block, of.chunk.times)?;
            return Ok(at_times(window, |row| times.get(row).copied()));
        };
        let first = list.range.start.0;
        Ok(at_times(window, |row| Some(first.wrapping_add(step.wrapping_mul(row as i64)))))
    }

    /// Appends what a piece has inside `range`, in the order it stands there.
    fn append(
        &mut self,
        piece: &Piece<'_>,
        range: TimeRange,
        out: &mut Samples,
    ) -> Result<(), Exceeded> {
        match &piece.at {
            At::Rows(rows, ordinal) => {
                self.budget.charge(rows.count() as u64)?;
                append_rows(rows, *ordinal, range, out);
                Ok(())
            }
            At::Sealed(sealed, ordinal) => self.append_sealed(sealed, *ordinal, range, out),
            At::Chunk(block, of) => match self.decode(block, of) {
                Ok(()) => {
                    let times = self.open.decoded();
                    for range in piece.cuts.left(range) {
                        let rows = rows_inside(times, range);
                        self.budget.charge(rows.len() as u64)?;
                        append_all(times, &self.column, rows, out);
                    }
                    Ok(())
                }
                Err(error) => {
                    self.tell(&error);
                    self.budget.check()
                }
            },
        }
    }

    fn append_sealed(
        &mut self,
        sealed: &Sealed,
        ordinal: u32,
        range: TimeRange,
        out: &mut Samples,
    ) -> Result<(), Exceeded> {
        let decoded = self.decode_sealed(sealed, ordinal);
        let decoded = decoded.expect("a chunk that never left memory is whole");
        let Some(is_partial) = decoded else { return self.budget.check() };
        let rows = rows_inside(&self.timestamps, range);
        self.budget.charge(rows.len() as u64)?;
        if is_partial {
            append_present(&self.timestamps, &self.present, &self.column, rows, out);
        } else {
            append_all(&self.timestamps, &self.column, rows, out);
        }
        Ok(())
    }

    /// Decodes timestamps and a column of a sealed chunk; none where it lacks the column,
    /// else whether some rows lack it.
    fn decode_sealed(&mut self, sealed: &Sealed, ordinal: u32) -> Result<Option<bool>, Damage> {
        let Some((rows, times, entry)) = find_in(head_of(sealed), ordinal)? else {
            return Ok(None);
        };
        decode_timestamps(times.of(&sealed.bytes)?, rows, &mut self.timestamps)?;
        self.fit_column(entry.kind);
        entry.decode(&sealed.bytes, rows, &mut self.present, &mut self.column).map(Some)
    }

    /// Decodes timestamps and values of a chunk of a block.
    fn decode(&mut self, block: &Block, of: &InBlock) -> Result<(), Error> {
        let count = self.open.timestamps(block, of.chunk.times)?.len();
        if self.column.kind() != of.kind {
            self.column = model::Column::new(of.kind);
        }
        let values = self.open.values(block, of.group, &of.chunk)?;
        let decoded = decode_values(values, count, &mut self.column);
        decoded.map_err(|damage| block.damaged(damage, of.chunk.span.offset))
    }

    fn fit_column(&mut self, kind: Kind) {
        if self.column.kind() != kind {
            self.column = model::Column::new(kind);
        }
    }

    /// The tables that were read, for another reader.
    pub fn into_open(self) -> Open {
        self.open
    }

    /// Tables of blocks that this reader keeps.
    pub fn open(&mut self) -> &mut Open {
        &mut self.open
    }

    /// Says that some samples are missing from the answer, and why.
    fn tell(&self, error: &Error) {
        tell(error, self.budget, self.counters);
    }
}

/// Says that some samples are missing from an answer, and why.
pub fn tell(error: &Error, budget: &Budget, counters: &Counters) {
    counters.corruption();
    tracing::error!(%error, "stored samples cannot be read and are left out of an answer");
    budget.warn(format!("{error}: samples from there are missing from this answer"));
}

impl Piece<'_> {
    /// Whether its times rise strictly, each of them once.
    fn is_rising(&self) -> bool {
        match self.at {
            At::Rows(rows, _) => rows.is_rising(),
            At::Sealed(..) | At::Chunk(..) => true,
        }
    }
}

/// How many rows, where the timestamps are, and the entry of a column.
fn find_in(directory: &[u8], ordinal: u32) -> Result<Option<(u32, Section, ColumnEntry)>, Damage> {
    let mut directory = Directory::parse(directory)?;
    let (rows, timestamps) = (directory.rows, directory.timestamps);
    Ok(directory.column(ordinal)?.map(|entry| (rows, timestamps, entry)))
}

fn head_of(sealed: &Sealed) -> &[u8] {
    &sealed.bytes[..sealed.summary.directory_bytes as usize]
}
