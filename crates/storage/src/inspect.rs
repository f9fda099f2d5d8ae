//! What a data folder or a snapshot holds, and what its bytes are for. Changes nothing.
//!
//! It reads blocks: their indexes and the directories of their groups, and values only where
//! it is asked how they are written. What is in the log alone is told by its bytes.

use crate::block::{Block, Name, Shares};
use crate::cardinality::{BlockSource, Counted, Counting, Pair};
use crate::catalog::{self, State};
use crate::chunk;
use crate::disk::Disk;
use crate::error::Error;
use crate::folder::Looked;
use crate::identity::PolicyId;
use crate::slice::Slice;
use crate::verify::context;
use hashbrown::HashMap;
use model::TimeRange;
use model::name::metric_name;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Pages that several looks ask for.
const CACHE_BYTES: u64 = 64 << 20;

/// What one slice of time holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sliced {
    /// Its first day, counted from 1970-01-01.
    pub day: u32,
    /// How many days it is long.
    pub days: u32,
    /// Blocks.
    pub blocks: u64,
    /// Streams, once for each block that has them.
    pub streams: u64,
    /// Values.
    pub values: u64,
    /// Bytes of files.
    pub bytes: u64,
}

/// What one metric takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// As PromQL calls it.
    pub name: Arc<str>,
    /// Series in all blocks.
    pub series: u64,
    /// Values.
    pub values: u64,
    /// Bytes of values, statistics and directories; timestamps are shared and not in it.
    pub bytes: u64,
}

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspect {
    /// How long each list may be.
    pub top: usize,
    /// Whether values are read, to tell how they are written.
    pub modes: bool,
}

/// Chunks whose values are written in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What their values are, such as `decimal` or `text`.
    pub form: &'static str,
    /// How these are packed: the mode of the codec.
    pub mode: &'static str,
    /// Chunks.
    pub chunks: u64,
    /// Values.
    pub values: u64,
    /// Bytes of the values.
    pub bytes: u64,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Partitions.
    pub partitions: u16,
    /// Segments of the log, and their bytes.
    pub wal: (u64, u64),
    /// Slices, the oldest first.
    pub slices: Vec<Sliced>,
    /// Streams in all blocks, each once.
    pub streams: u64,
    /// Series in all blocks, each once.
    pub series: u64,
    /// What the bytes of all blocks are for.
    pub shares: Shares,
    /// Metrics by bytes.
    pub metrics: Vec<Metric>,
    /// Series by measurement.
    pub measurements: Vec<Counted>,
    /// Values by label.
    pub labels: Vec<Counted>,
    /// Series by label and value.
    pub pairs: Vec<Pair>,
    /// How values are written, by bytes; empty where that was not asked for.
    pub written: Vec<Written>,
}

/// Looks at the data folder or snapshot `dir`.
///
/// # Errors
/// When a server has the folder, there is no data, or something is damaged: `verify` then
/// tells of all damage.
pub fn inspect(dir: &Path, disk: &Arc<dyn Disk>, how: Inspect) -> Result<Inspection, Error> {
    let top = how.top;
    let looked = Looked::open(dir, disk.as_ref())?;
    let wal = disk.list(&looked.wal())?;
    let mut inspection = Inspection {
        partitions: looked.partitions(disk.as_ref())?.value,
        wal: (wal.len() as u64, wal.iter().map(|entry| entry.bytes).sum()),
        ..Inspection::default()
    };
    let state = catalog::read(&looked.catalog(), disk.as_ref())?;
    let state = state.map_or_else(State::default, |twin| twin.value);
    let blocks = open(&looked, disk)?;
    let mut counting = Counting::new(top);
    let mut sizes = HashMap::new();
    let mut slices: BTreeMap<Slice, Sliced> = BTreeMap::new();
    let mut modes = Modes::new();
    for partition in blocks.chunk_by(|a, b| a.name.partition == b.name.partition) {
        counting.next_partition();
        // The newest knows most of a stream's columns.
        for block in partition.iter().rev() {
            count(block, &state, &mut counting)?;
            measure(block, &mut sizes, &mut inspection.shares)?;
            if how.modes {
                tell_modes(block, &mut modes)?;
            }
            note(block, slices.entry(block.name.slice).or_default());
        }
    }
    let series = counting.metrics();
    let mut metrics: Vec<Metric> = sizes
        .into_iter()
        .map(|(name, (values, bytes))| {
            let series = series.get(&name).copied().unwrap_or(0);
            Metric { name, series, values, bytes }
        })
        .collect();
    metrics.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    metrics.truncate(top);
    let counted = counting.finish();
    inspection.written = modes
        .into_iter()
        .map(|((form, mode), [chunks, values, bytes])| Written {
            form,
            mode,
            chunks,
            values,
            bytes,
        })
        .collect();
    inspection.written.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    inspection.slices = slices.into_values().collect();
    inspection.metrics = metrics;
    (inspection.streams, inspection.series) = (counted.streams, counted.series);
    inspection.measurements = counted.measurements;
    (inspection.labels, inspection.pairs) = (counted.values, counted.top);
    Ok(inspection)
}

/// Every block that a start would serve, by partition, the oldest first.
fn open(looked: &Looked, disk: &Arc<dyn Disk>) -> Result<Vec<Block>, Error> {
    let listed = disk.list(&looked.blocks())?;
    let names: Vec<Name> = listed.iter().filter_map(|entry| Name::parse(&entry.name)).collect();
    let is_left_over = |name: &&Name| names.iter().any(|other| other.replaces(name));
    let context = context(disk, CACHE_BYTES);
    let mut served: Vec<Name> = names.iter().filter(|name| !is_left_over(name)).copied().collect();
    served.sort_by_key(|name| (name.partition, name.sequences.last));
    let block = |name: Name| Block::open(looked.blocks().join(name.to_string()), name, &context);
    served.into_iter().map(block).collect()
}

fn count(block: &Block, state: &State, counting: &mut Counting) -> Result<(), Error> {
    let is_live = |policy: PolicyId| state.policy(policy).is_some();
    counting.add(&BlockSource { block, range: TimeRange::ALL, is_live: &is_live })
}

fn note(block: &Block, slice: &mut Sliced) {
    (slice.day, slice.days) = (block.name.slice.day, block.name.slice.days);
    slice.blocks += 1;
    slice.streams += u64::from(block.streams());
    slice.values += block.values;
    slice.bytes += block.bytes;
}

/// Chunks, values and bytes by form and mode.
type Modes = BTreeMap<(&'static str, &'static str), [u64; 3]>;

fn tell_modes(block: &Block, modes: &mut Modes) -> Result<(), Error> {
    let lengths = block.list_lengths()?;
    let mut measurements = Vec::new();
    crate::block::Lookup::new(block)?.each_measurement(|_, one| measurements.push(one.clone()))?;
    for column in measurements.iter().flat_map(|one| &one.columns) {
        block.each_chunk(column, |times, encoded| {
            let count = lengths.get(times as usize).copied().unwrap_or(0);
            let mode = chunk::mode(column.def.kind, encoded, count as usize)?;
            let [chunks, values, bytes] = modes.entry(mode).or_default();
            *chunks += 1;
            *values += u64::from(count);
            *bytes += encoded.len() as u64;
            Ok(())
        })?;
    }
    Ok(())
}

/// Values and bytes by metric.
type Sizes = HashMap<Arc<str>, (u64, u64)>;

fn measure(block: &Block, sizes: &mut Sizes, shares: &mut Shares) -> Result<(), Error> {
    let lengths = block.list_lengths()?;
    let mut of = block.shares();
    let mut measurements = Vec::new();
    crate::block::Lookup::new(block)?.each_measurement(|_, one| measurements.push(one.clone()))?;
    for one in measurements {
        for column in &one.columns {
            let name: Arc<str> = metric_name(&one.name, &column.def.name).as_ref().into();
            let (values, bytes) = sizes.entry(name).or_default();
            block.each_group(column, |group, directory| {
                let statistics = directory.statistics().map_or(0, |(_, bytes)| bytes as u64);
                of.directories += u64::from(group.directory);
                of.statistics += statistics;
                of.values += u64::from(group.bytes - group.directory) - statistics;
                *bytes += u64::from(group.bytes);
                let length = |list: &u32| lengths.get(*list as usize).copied().unwrap_or(0);
                *values += directory.times.iter().map(|list| u64::from(length(list))).sum::<u64>();
            })?;
        }
    }
    // Header, root and footer.
    let known = of.index + of.times + of.directories + of.statistics + of.values;
    of.index += block.bytes.saturating_sub(known);
    shares.add(&of);
    Ok(())
}
