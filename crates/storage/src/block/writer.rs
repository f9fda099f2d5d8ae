//! Writes a block: streams come in their order, columns go to the file in theirs.
//!
//! Each column of the current measurement gathers groups; when all of them together take
//! [`RUN_BYTES_MAX`], they are written column after column. A column thus lies in runs of
//! many groups, and a block of any size is written within bounded memory. The index follows
//! in the end, and the footer says where it begins.

use super::footer::{Footer, header};
use super::group;
use super::indexer::Indexer;
use super::measurements;
use super::name::Name;
use super::output::Output;
use super::statistics;
use super::times;
use crate::chunk::{COLD_ROWS, ROWS_MAX, ValueEncoder, cuts};
use crate::disk::{Disk, TEMPORARY, with_suffix};
use crate::identity::PolicyId;
use crate::rowset::{ABSENT, Cells, RowSet};
use crate::shape::{ColumnDef, Shape};
use codec::Effort;
use hashbrown::HashMap;
use model::{Accumulator, StreamKey, TimeRange, Timestamp};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the columns of a measurement may gather before they are written.
const RUN_BYTES_MAX: usize = 32 << 20;

/// Writes a block. Dropped before it is finished, it takes its file with it.
pub struct Writer {
    disk: Arc<dyn Disk>,
    name: Name,
    folder: PathBuf,
    output: Output,
    times: times::Builder,
    index: Indexer,
    values: ValueEncoder,
    effort: Effort,
    /// The measurement whose streams come.
    measurement: Option<Measurement>,
    /// The columns that the stream which comes has had so far, and its times.
    stream: Vec<u32>,
    stream_range: TimeRange,
    gathered: usize,
    /// The last tombstone that was applied to its rows.
    applied: u64,
    total: Total,
    is_finished: bool,
}

/// What is counted while a block is written.
struct Total {
    rows: u64,
    values: u64,
    range: TimeRange,
}

/// A measurement whose streams come.
struct Measurement {
    name: Arc<str>,
    first: u32,
    columns: Vec<Column>,
    by_def: HashMap<ColumnDef, u32>,
    shapes: Vec<Vec<u32>>,
    by_shape: HashMap<Vec<u32>, u32>,
}

/// A column whose groups are gathered.
struct Column {
    def: ColumnDef,
    policies: Vec<u32>,
    /// The last stream that has it.
    last: Option<u32>,
    group: group::Builder,
    /// Whole groups that are not in the file yet, and where they are in `ready`.
    ready: Vec<u8>,
    waiting: Vec<group::Place>,
    /// Groups in the file.
    groups: Vec<group::Place>,
}

const NO_TIME: TimeRange = TimeRange::new(Timestamp::MAX, Timestamp::MIN);

impl Writer {
    /// Begins a block in `folder`.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub fn create(
        disk: &Arc<dyn Disk>,
        folder: &Path,
        name: Name,
        effort: Effort,
    ) -> io::Result<Self> {
        let file = disk.create(&temporary(folder, &name))?;
        Ok(Self {
            disk: disk.clone(),
            name,
            folder: folder.to_owned(),
            output: Output::new(file, header(&name)),
            times: times::Builder::default(),
            index: Indexer::default(),
            values: ValueEncoder::with_effort(effort),
            effort,
            measurement: None,
            stream: Vec::new(),
            stream_range: NO_TIME,
            gathered: 0,
            total: Total { rows: 0, values: 0, range: NO_TIME },
            applied: 0,
            is_finished: false,
        })
    }

    /// Notes that tombstones up to this number were applied to all its rows.
    pub fn set_applied(&mut self, id: u64) {
        self.applied = id;
    }

    /// Begins a stream of this measurement; streams come in their order.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin_stream(&mut self, measurement: &Arc<str>) -> io::Result<()> {
        if self.measurement.as_ref().is_some_and(|open| open.name != *measurement) {
            self.end_measurement()?;
        }
        let first = self.index.len();
        self.measurement.get_or_insert_with(|| Measurement {
            name: measurement.clone(),
            first,
            columns: Vec::new(),
            by_def: HashMap::new(),
            shapes: Vec::new(),
            by_shape: HashMap::new(),
        });
        Ok(())
    }

    /// Adds rows of the stream, later than those it has had so far.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, rows: &RowSet, range: Range<usize>, shape: &Shape) -> io::Result<()> {
        for cut in cuts(rows, range, self.rows_aim()) {
            let timestamps = &rows.timestamps[cut.clone()];
            let list = self.begin_rows(timestamps);
            for (cells, def) in rows.columns.iter().zip(shape.columns()) {
                self.add_column(cells, def, cut.clone(), timestamps, list);
            }
            self.end_rows()?;
        }
        Ok(())
    }

    /// How many rows its chunks have, about.
    pub fn rows_aim(&self) -> usize {
        match self.effort {
            Effort::Hot => ROWS_MAX,
            Effort::Cold => COLD_ROWS,
        }
    }

    /// Begins rows of the stream at these times, later than those it has had so far;
    /// answers the number of their list.
    fn begin_rows(&mut self, timestamps: &[i64]) -> u32 {
        let (first, last) = (timestamps[0], timestamps[timestamps.len() - 1]);
        let range = TimeRange::new(Timestamp(first), Timestamp(last));
        assert!(self.stream_range.end < range.start, "chunks of a stream do not overlap");
        self.stream_range = self.stream_range.union(&range);
        self.total.rows += timestamps.len() as u64;
        self.times.list(timestamps)
    }

    fn end_rows(&mut self) -> io::Result<()> {
        self.times.spill(&mut self.output)?;
        if self.gathered >= RUN_BYTES_MAX { self.write_run() } else { Ok(()) }
    }

    /// Adds rows of the stream whose chunks are encoded already and have a value in each row,
    /// later than those it has had so far.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn copy<'a>(
        &mut self,
        timestamps: &[i64],
        chunks: impl Iterator<Item = (&'a ColumnDef, Option<Accumulator>, &'a [u8])>,
    ) -> io::Result<()> {
        let list = self.begin_rows(timestamps);
        for (def, statistics, values) in chunks {
            self.total.values += timestamps.len() as u64;
            self.put_chunk(def, list, statistics, |_, out| out.extend_from_slice(values));
        }
        self.end_rows()
    }

    /// Adds a chunk of the column `def`, whose values `encode` appends.
    fn put_chunk(
        &mut self,
        def: &ColumnDef,
        list: u32,
        statistics: Option<Accumulator>,
        encode: impl FnOnce(&mut ValueEncoder, &mut Vec<u8>),
    ) {
        let ordinal = self.index.len();
        let measurement = self.measurement.as_mut().expect("a stream was begun");
        let number = measurement.column(def);
        let column = &mut measurement.columns[number as usize];
        if column.last.replace(ordinal) != Some(ordinal) {
            self.stream.push(number);
        }
        let before = column.gathered();
        let values = &mut self.values;
        column.group.add(ordinal, list, statistics, |out| encode(values, out));
        if column.group.is_full() {
            column.close_group();
        }
        self.gathered += column.gathered() - before;
    }

    fn add_column(
        &mut self,
        cells: &Cells,
        def: &ColumnDef,
        rows: Range<usize>,
        timestamps: &[i64],
        list: u32,
    ) {
        let (at, ranks) = cells.cut(rows);
        if at.is_empty() {
            return;
        }
        let list = if at.len() < timestamps.len() {
            let present: Vec<bool> = ranks.iter().map(|rank| *rank != ABSENT).collect();
            let has = |(_, has): &(&i64, &bool)| **has;
            let some: Vec<i64> =
                timestamps.iter().zip(&present).filter(has).map(|(at, _)| *at).collect();
            self.times.subset(list, &present, &some)
        } else {
            list
        };
        self.total.values += at.len() as u64;
        let statistics = statistics::of(&cells.values, at.clone());
        self.put_chunk(def, list, statistics, |values, out| values.encode(&cells.values, at, out));
    }

    /// Ends the stream, if rows were added. `hash` is what joins it with itself elsewhere.
    pub fn end_stream(&mut self, key: &StreamKey, hash: u128, policy: PolicyId) {
        if self.stream.is_empty() {
            return;
        }
        let policy = self.index.policy(policy);
        let measurement = self.measurement.as_mut().expect("a stream was begun");
        let shape = measurement.shape(&self.stream);
        for number in self.stream.drain(..) {
            let policies = &mut measurement.columns[number as usize].policies;
            if !policies.contains(&policy) {
                policies.push(policy);
            }
        }
        self.index.add(key, hash, policy, shape, self.stream_range);
        self.total.range = self.total.range.union(&self.stream_range);
        self.stream_range = NO_TIME;
    }

    /// Whether no stream was added.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Writes what was gathered, column after column.
    fn write_run(&mut self) -> io::Result<()> {
        let Some(measurement) = &mut self.measurement else { return Ok(()) };
        for column in &mut measurement.columns {
            column.write(&mut self.output)?;
        }
        self.gathered = 0;
        Ok(())
    }

    fn end_measurement(&mut self) -> io::Result<()> {
        self.write_run()?;
        let Some(measurement) = self.measurement.take() else { return Ok(()) };
        let streams = self.index.len() - measurement.first;
        if streams > 0 {
            self.index.add_measurement(measurement.finish(streams));
        }
        Ok(())
    }

    /// Writes what belongs behind the columns, makes the block durable and answers its
    /// name; none where no stream was added, and then no file is left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> io::Result<Option<Name>> {
        assert!(self.stream.is_empty(), "the last stream was ended");
        if self.is_empty() {
            return Ok(None);
        }
        self.end_measurement()?;
        let streams = u64::from(self.index.len());
        let times = std::mem::take(&mut self.times).finish(&mut self.output)?;
        let root = std::mem::take(&mut self.index).finish(times, &mut self.output)?;
        let root = self.output.section(&root)?;
        let Total { rows, values, range } = self.total;
        let is_cold = self.effort == Effort::Cold;
        let applied = self.applied;
        let footer = Footer { root, streams, rows, values, range, is_cold, applied };
        self.output.append(&footer.encode())?;
        self.output.sync()?;
        let path = self.folder.join(self.name.to_string());
        self.disk.rename(&temporary(&self.folder, &self.name), &path)?;
        self.is_finished = true;
        self.disk.sync_dir(&self.folder)?;
        Ok(Some(self.name))
    }
}

impl Measurement {
    fn column(&mut self, def: &ColumnDef) -> u32 {
        if let Some(known) = self.by_def.get(def) {
            return *known;
        }
        let number = self.columns.len() as u32;
        self.by_def.insert(def.clone(), number);
        self.columns.push(Column {
            def: def.clone(),
            policies: Vec::new(),
            last: None,
            group: group::Builder::default(),
            ready: Vec::new(),
            waiting: Vec::new(),
            groups: Vec::new(),
        });
        number
    }

    fn shape(&mut self, columns: &[u32]) -> u32 {
        if let Some(known) = self.by_shape.get(columns) {
            return *known;
        }
        let number = self.shapes.len() as u32;
        self.by_shape.insert(columns.to_vec(), number);
        self.shapes.push(columns.to_vec());
        number
    }

    /// All of it, columns sorted by field and kind.
    fn finish(self, streams: u32) -> measurements::Written {
        let mut order: Vec<u32> = (0..self.columns.len() as u32).collect();
        let key = |number: &u32| {
            let def = &self.columns[*number as usize].def;
            (def.name.clone(), def.kind as u8)
        };
        order.sort_by_cached_key(key);
        let mut places = vec![0; order.len()];
        (0..).zip(&order).for_each(|(place, number)| places[*number as usize] = place);
        let mut shapes = self.shapes;
        for shape in &mut shapes {
            shape.iter_mut().for_each(|column| *column = places[*column as usize]);
        }
        let mut columns: Vec<Option<Column>> = self.columns.into_iter().map(Some).collect();
        let sorted = order.iter().filter_map(|number| columns[*number as usize].take());
        let columns = sorted.map(|column| (column.def, column.policies, column.groups)).collect();
        measurements::Written { name: self.name, first: self.first, streams, columns, shapes }
    }
}

impl Column {
    fn gathered(&self) -> usize {
        self.group.bytes() + self.ready.len()
    }

    fn close_group(&mut self) {
        self.waiting.push(self.group.finish(&mut self.ready));
    }

    fn write(&mut self, output: &mut Output) -> io::Result<()> {
        if !self.group.is_empty() {
            self.close_group();
        }
        let base = output.offset();
        let placed = |place: group::Place| group::Place { offset: base + place.offset, ..place };
        self.groups.extend(self.waiting.drain(..).map(placed));
        output.append(&self.ready)?;
        self.ready = Vec::new();
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
