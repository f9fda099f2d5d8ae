//! The store: opened once for a folder, shared by everyone who writes and reads.
//!
//! It owns no thread. `maintain` is one round of background work: flush what is full or
//! old, merge, drop what retention no longer keeps. `keep_flushed` is its first part alone, for
//! a thread that lets the others be of low priority. Writers that find the head full ask for a
//! flush and wait a moment for one.

mod cardinality;
mod databases;
mod delete;
mod flush;
mod heal;
mod merge;
mod outline;
mod recover;
mod select;
mod snapshot;
mod values;
mod write;

pub use cardinality::CountError;
pub(crate) use snapshot::unfinished;

use crate::block::{Block, Blocks, Cache, Context, Handles, Name};
use crate::catalog::Catalog;
use crate::compact::{self, Candidate};
use crate::disk::Disk;
use crate::error::Error;
use crate::folder::Folder;
use crate::gap::Gaps;
use crate::head::{Head, Schema, SeriesLimits};
use crate::identity::{PolicyId, PolicyName};
use crate::jobs::{JobKind, JobStats};
use crate::options::Options;
use crate::retention;
use crate::room::Room;
use crate::shape::Shapes;
use crate::stats::{Counters, Maintained, Stats};
use crate::tombstone::Tombstones;
use crate::trouble::{self, Troubles};
use crate::wal::{Setting, Wal};
use flush::Cores;
use merge::Ended;
use model::Predicate;
use model::port::Clock;
use parking_lot::{Condvar, Mutex};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The most merges in one round, so that a flush never waits for a long row of them.
const MERGES_PER_ROUND_MAX: usize = 4;

/// Samples of one data folder.
pub struct Store {
    folder: Folder,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    options: Options,
    counters: Arc<Counters>,
    shapes: Arc<Shapes>,
    catalog: Catalog,
    head: Head,
    wal: Wal,
    blocks: Blocks,
    cache: Arc<Cache>,
    tombstones: Tombstones,
    /// What answers miss because it was put aside.
    gaps: Gaps,
    /// Blocks with which something does not work now.
    troubles: Troubles,
    /// Held by whoever merges or drops. Locked before `flushing`.
    working: Mutex<()>,
    /// Held by whoever flushes or deletes, which a merge does not keep waiting; it knows the
    /// last flush.
    flushing: Mutex<u64>,
    /// Whether flushes are left to whoever calls `keep_flushed`.
    is_kept_flushed: AtomicBool,
    /// Whether a flush was asked for.
    asked: Mutex<bool>,
    asking: Condvar,
    /// Whether the disk has room for more.
    disk_room: Room,
    /// Told when a flush has made room in the head.
    has_room: Condvar,
    room: Mutex<()>,
    is_closing: AtomicBool,
    is_closed: AtomicBool,
}

impl Store {
    /// Opens a folder, or makes it: locks it, reads blocks and catalog, replays the log.
    ///
    /// # Errors
    /// When the folder is in use, of another version, or cannot be read or written.
    pub fn open(
        dir: &Path,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, Error> {
        let folder = Folder::open(dir, disk.as_ref(), options.partitions)?;
        let counters = Arc::new(Counters::default());
        let shapes = Arc::new(Shapes::default());
        let (catalog, catalog_damages) = Catalog::open(folder.catalog(), disk.clone())?;
        let context = Context {
            disk: disk.clone(),
            shapes: shapes.clone(),
            handles: Arc::new(Handles::default()),
            cache: Arc::new(Cache::new(options.index_cache_bytes)),
        };
        let cache = context.cache.clone();
        snapshot::remove_unfinished(dir, disk.as_ref());
        let opened = Blocks::open(folder.blocks(), context)?;
        let (tombstones, damages) = Tombstones::open(folder.tombstones(), disk.clone())?;
        tell_damages(&counters, &opened.damages, folder.damages + catalog_damages + damages);
        let applied = opened.blocks.list().iter().map(|block| block.applied).max();
        tombstones.reserve(applied.unwrap_or(0));
        let deleted = tombstones.state();
        let schema = Schema::new(shapes.clone(), SeriesLimits::of(&options));
        let head = Head::new(folder.partitions, schema, shapes.clone());
        let setting = Setting {
            disk: disk.clone(),
            folder: folder.wal(),
            fsync: options.fsync,
            clock: clock.clone(),
            counters: counters.clone(),
        };
        let segments = recover::segments(&setting, deleted.log_from)?;
        let (watched, clock_too) = (disk.clone(), clock.clone());
        let store = Self {
            disk_room: Room::new(watched, clock_too, dir.to_owned(), options.disk_free_min),
            wal: Wal::new(setting, segments.clone(), deleted.log_from),
            folder,
            disk,
            clock,
            options,
            counters,
            shapes,
            catalog,
            head,
            blocks: opened.blocks,
            cache,
            tombstones,
            gaps: Gaps::default(),
            troubles: Troubles::default(),
            working: Mutex::new(()),
            flushing: Mutex::new(opened.last_sequence.max(deleted.through)),
            is_kept_flushed: AtomicBool::new(false),
            asked: Mutex::new(false),
            asking: Condvar::new(),
            has_room: Condvar::new(),
            room: Mutex::new(()),
            is_closing: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        store.begin_healing(&opened.refused);
        store.replay(&segments)?;
        store.finish_dropping()?;
        store.look_aside()?;
        store.tell_aside();
        Ok(store)
    }

    /// Where its data is.
    pub fn path(&self) -> &Path {
        &self.folder.path
    }

    /// One round of background work: flush what is full or old, merge, drop what has
    /// outlived its policy.
    ///
    /// # Errors
    /// When the disk refuses; nothing is lost, and the next round tries again.
    pub fn maintain(&self) -> Result<Maintained, Error> {
        let _working = self.working.lock();
        let mut done = Maintained::default();
        let work = self.work(&mut done);
        self.counters.maintained(&done);
        work.map(|()| done)
    }

    fn work(&self, done: &mut Maintained) -> Result<(), Error> {
        self.sync_log()?;
        self.heal()?;
        // First, as a full disk may leave no room for anything else.
        done.dropped = self.drop_expired()?;
        self.flush_unless_kept(done)?;
        // A delete that was written and not acknowledged must not hit a part of a merged block.
        self.tombstones.settle()?;
        done.dropped += self.drop_deleted()?;
        // A block that cannot be read must not keep the others from being merged.
        let mut merged = Ok(());
        let plan = compact::plan(&self.candidates(), self.clock.now(), self.options.cold_after);
        for merge in plan.iter().take(MERGES_PER_ROUND_MAX) {
            let inputs = self.named(&merge.names);
            let bytes = inputs.iter().map(|block| block.bytes).sum();
            let merge = || self.merge(&inputs, merge.effort, done);
            match self.job(JobKind::Merge, bytes, merge) {
                Ok(Ended::Done) => done.merged += 1,
                Ok(Ended::PutOff) => {}
                Ok(Ended::Closing) => break,
                Err(error) => merged = merged.and(Err(error)),
            }
        }
        if done.flushed + done.merged + done.dropped + done.evicted > 0 {
            self.shapes.sweep();
        }
        self.blocks.close_files();
        self.forget_tombstones()?;
        merged
    }

    /// Syncs what was acknowledged before it was synced; whoever wants
    /// [`Fsync::Every`](crate::Fsync) kept calls this as often.
    ///
    /// # Errors
    /// When the disk refuses; what is not synced is then written elsewhere.
    pub fn sync_log(&self) -> Result<(), Error> {
        Ok(self.wal.sync()?)
    }

    /// Waits until a flush is asked for, at most for `timeout`, and flushes where that is due.
    /// From the first call on [`Self::maintain`] leaves flushes to whoever calls this.
    ///
    /// # Errors
    /// When the disk refuses; nothing is lost, and the next call tries again.
    pub fn keep_flushed(&self, timeout: Duration) -> Result<Maintained, Error> {
        self.is_kept_flushed.store(true, Ordering::Relaxed);
        self.wait_for_work(timeout);
        let mut done = Maintained::default();
        let flushed = self.flush_where_due(&mut done);
        self.counters.maintained(&done);
        if done.flushed + done.evicted > 0 {
            self.shapes.sweep();
        }
        flushed.map(|()| done)
    }

    /// Flushes where that is due, unless another thread sees to that.
    fn flush_unless_kept(&self, done: &mut Maintained) -> Result<(), Error> {
        match self.is_kept_flushed.load(Ordering::Relaxed) {
            true => Ok(()),
            false => self.flush_where_due(done),
        }
    }

    fn flush_where_due(&self, done: &mut Maintained) -> Result<(), Error> {
        let is_asked = std::mem::take(&mut *self.asked.lock());
        if is_asked || self.is_flush_due() {
            done.flushed += self.flush_all(&mut self.flushing.lock(), Cores::One)?;
            done.evicted += self.head.evict();
        }
        Ok(())
    }

    /// Brings everything in the head into blocks, and shortens the log by it.
    ///
    /// # Errors
    /// When the disk refuses; the rows stay in head and log.
    pub fn flush(&self) -> Result<(), Error> {
        let flushed = self.flush_all(&mut self.flushing.lock(), Cores::One)?;
        self.counters.maintained(&Maintained { flushed, ..Maintained::default() });
        Ok(())
    }

    /// Lets a merge that runs give up, of which nothing is left, and begins no other: whoever
    /// is about to close the store need not wait for it.
    pub fn stop_merging(&self) {
        self.is_closing.store(true, Ordering::Release);
    }

    /// Flushes everything and removes the log. Later writes are refused; queries go on.
    ///
    /// # Errors
    /// When the disk refuses; the log then holds what is not in blocks.
    pub fn close(&self) -> Result<(), Error> {
        self.stop_merging();
        let _working = self.working.lock();
        let mut last = self.flushing.lock();
        self.is_closed.store(true, Ordering::Release);
        // Whoever was let in before is behind this point once it can be passed alone.
        self.head.wait_alone();
        let flushed = self.flush_all(&mut last, Cores::All)?;
        self.counters.maintained(&Maintained { flushed, ..Maintained::default() });
        self.wal.close()?;
        Ok(())
    }

    /// Waits until background work is asked for, at most for `timeout`. The thread that
    /// calls `maintain` may sleep here instead of blindly; answers whether it was asked.
    pub fn wait_for_work(&self, timeout: Duration) -> bool {
        let mut asked = self.asked.lock();
        if !*asked {
            self.asking.wait_for(&mut asked, timeout);
        }
        *asked
    }

    /// Ends the sleep of whoever waits for work, such as to stop it.
    pub fn wake(&self) {
        // Under the lock, so that nobody is between a look at `asked` and the sleep.
        let _asked = self.asked.lock();
        self.asking.notify_all();
    }

    /// Plain numbers about the store.
    pub fn stats(&self) -> Stats {
        let (wal_bytes, wal_segments) = self.wal.size();
        let blocks = self.blocks.list();
        let cache = self.cache.usage();
        let mut stats = Stats {
            series: self.head.schema.series(),
            streams: self.head.streams(),
            rows_late: self.head.partitions().iter().map(|partition| partition.late()).sum(),
            head_bytes: self.head.bytes(),
            head_bytes_max: self.options.head_bytes_max,
            shape_bytes: self.shapes.bytes(),
            wal_bytes,
            wal_segments,
            disk_free_bytes: self.disk_room.free(),
            block_count: blocks.len() as u64,
            tombstones: self.tombstones.state().list.len() as u64,
            block_bytes: blocks.iter().map(|block| block.bytes).sum(),
            block_values: blocks.iter().map(|block| block.values).sum(),
            block_memory_bytes: blocks.iter().map(|block| block.memory() as u64).sum(),
            cache_bytes: cache.bytes,
            cache_hits: cache.hits,
            cache_misses: cache.misses,
            files_aside: self.gaps.found().files,
            blocks_unread: self.troubles.unread(),
            blocks_unmerged: self.troubles.of(trouble::Kind::Merge).len() as u64,
            ..Stats::default()
        };
        self.counters.fill(&mut stats);
        stats
    }

    /// The limits that refuse writes, by their keys in a configuration, as they hold now.
    pub fn limits(&self) -> [(&'static str, u64); 8] {
        let Options { series_max, series_per_measurement_max, head_bytes_max, .. } = self.options;
        [
            ("series_max", series_max),
            ("series_per_measurement_max", series_per_measurement_max),
            ("columns_max", SeriesLimits::of(&self.options).columns_max as u64),
            ("labels_max", self.options.labels_max as u64),
            ("label_name_bytes_max", self.options.label_name_bytes_max as u64),
            ("label_value_bytes_max", self.options.label_value_bytes_max as u64),
            ("head_bytes_max", head_bytes_max),
            ("disk_free_min", self.disk_room.floor()),
        ]
    }

    /// How the background jobs of a kind are.
    pub fn job_stats(&self, kind: JobKind) -> JobStats {
        self.counters.jobs.stats(kind)
    }

    /// Does a job of so many bytes, and keeps in mind how it ends.
    fn job<T>(
        &self,
        kind: JobKind,
        bytes: u64,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.counters.jobs.begin(kind, bytes, self.clock.now());
        let done = work();
        self.counters.jobs.end(kind, done.as_ref().err(), self.clock.now());
        done
    }

    /// Asks whoever maintains the store to flush soon.
    fn ask_for_flush(&self) {
        *self.asked.lock() = true;
        self.asking.notify_all();
    }

    fn is_flush_due(&self) -> bool {
        let now = self.clock.now();
        let is_old = |since| now - since >= self.options.head_age_max;
        self.head.bytes() >= self.options.head_bytes_max / 2
            || self.wal.size().0 >= self.options.wal_bytes_max
            || self.head.partitions().iter().filter_map(|p| p.since()).any(is_old)
    }

    /// Drops what has expired before it is shown: of blocks that were to be dropped together
    /// some may be left, and say what others had overwritten.
    fn finish_dropping(&self) -> Result<(), Error> {
        let dropped = self.drop_expired()?;
        self.counters.maintained(&Maintained { dropped, ..Maintained::default() });
        Ok(())
    }

    fn drop_expired(&self) -> Result<u64, Error> {
        let doomed = self.expired();
        for block in &doomed {
            tracing::info!(block = %block.name, bytes = block.bytes, "retention drops a block");
        }
        if !doomed.is_empty() {
            let bytes = doomed.iter().map(|block| block.bytes).sum();
            self.job(JobKind::Retention, bytes, || self.blocks.replace(&[], &doomed))?;
            // A field that has expired may come again with another kind.
            self.forget_fields(&Predicate::ALL);
        }
        Ok(doomed.len() as u64)
    }

    /// Blocks that nothing keeps any more.
    fn expired(&self) -> Vec<Arc<Block>> {
        let names: Vec<Name> = self.blocks.list().iter().map(|block| block.name).collect();
        let classes = self.catalog.state().classes(self.options.retention);
        let mut found = self.named(&retention::plan(&names, &classes, self.clock.now()));
        // Those beside one that is kept stay with it: they may say what overwrote its rows.
        let is_kept = |block: &&Arc<Block>| self.is_kept(block);
        let kept: Vec<Name> = found.iter().filter(is_kept).map(|block| block.name).collect();
        found.retain(|block| !kept.iter().any(|name| name.is_beside(&block.name)));
        found
    }

    /// Whether some policy with rows in this block keeps them. A policy that was altered after
    /// its rows were written has them in a class that keeps shorter than it does.
    fn is_kept(&self, block: &Block) -> bool {
        let (state, now) = (self.catalog.state(), self.clock.now());
        let end = block.name.slice.range().end;
        block.policies().filter_map(|id| state.policy(id)).any(|known| {
            let kept = known.retention(self.options.retention);
            kept.is_none_or(|kept| end >= now - kept)
        })
    }

    fn candidates(&self) -> Vec<Candidate> {
        let live = self.catalog.state().live();
        let (tombstones, state) = (self.tombstones.state(), self.catalog.state());
        let is_cut = |block: &Block| {
            let hidden = self.tombstones.hidden(&tombstones, block, &state);
            hidden.is_ok_and(|hidden| !hidden.is_empty())
        };
        let list = self.blocks.list();
        let unmerged = self.troubles.unmerged(self.clock.now());
        let candidate = |block: &Arc<Block>| Candidate {
            name: block.name,
            range: block.range,
            bytes: block.bytes,
            has_dropped: is_cut(block) || block.policies().any(|policy| !live.contains(&policy)),
            is_cold: block.is_cold,
            is_fixed: unmerged.contains(&block.name),
        };
        list.iter().map(candidate).chain(self.unread(&list)).collect()
    }

    fn named(&self, names: &[Name]) -> Vec<Arc<Block>> {
        let list = self.blocks.list();
        let find = |name: &Name| list.iter().find(|block| block.name == *name).cloned();
        names.iter().filter_map(find).collect()
    }

    /// How a policy is called; none where it was dropped.
    fn policy_name(&self, id: PolicyId) -> Option<PolicyName> {
        self.catalog.state().policy(id).map(|known| known.name.clone())
    }
}

/// Says which blocks are damaged, and counts them with `more` damages that were told already.
fn tell_damages(counters: &Counters, blocks: &[Error], more: u64) {
    for error in blocks {
        tracing::error!(%error, "a block is damaged and was put aside; the others are served");
    }
    (0..blocks.len() as u64 + more).for_each(|_| counters.corruption());
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").field("folder", &self.folder.path).finish_non_exhaustive()
    }
}
