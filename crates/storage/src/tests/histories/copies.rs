//! Copies of a store in the middle of its history: a snapshot, which holds what the store does,
//! and one with a byte that is another, which says what it misses.

use super::super::rig::DATA;
use super::cells::is_alike;
use super::found::{Found, select};
use super::runner::{Runner, start};
use crate::disk::read_all;
use crate::disk::simulated::{Random, Simulated};
use crate::{Disk, Store, Told, verify};
use model::limits::Budget;
use model::{Predicate, TimeRange};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Answers are whole or say that they are not, and no value is wrong in one that is whole: it has
/// what is `kept`, and of `all` nothing else. `warnings` says which words count.
pub fn check_told(
    store: &Store,
    (all, kept): (&Found, &Found),
    warnings: impl Fn(&Budget) -> Vec<String>,
) {
    let budget = Budget::unlimited();
    let Ok(found) = select(store, &Predicate::ALL, TimeRange::ALL, &budget) else { return };
    let is_told = !warnings(&budget).is_empty();
    for (place, read) in &found {
        let samples = all.get(place).map(|read| &read.samples);
        for (at, value) in &read.samples {
            let true_one = samples.and_then(|samples| samples.get(at));
            let is_true = true_one.is_some_and(|one| is_alike(one, value));
            assert!(is_true || is_told, "{place:?} at {at}: {value:?}, and nothing is said");
        }
    }
    for (place, read) in kept {
        let left = found.get(place).map_or(0, |read| read.samples.len());
        assert!(left >= read.samples.len() || is_told, "{place:?}: {left} left, nothing is said");
    }
}

/// Whether `file` is one of two copies of the tombstones that differ: a delete that failed is then
/// in one and not in the other, and either may be read.
fn is_in_doubt(disk: &Simulated, file: &Path) -> bool {
    let main = Path::new(DATA).join("tombstones");
    let copy = Path::new(DATA).join("tombstones.copy");
    let bytes = |path: &Path| read_all(disk, path).ok();
    (file == main || file == copy) && bytes(&main) != bytes(&copy)
}

impl Runner {
    /// Makes a snapshot, and opens it elsewhere.
    pub fn snapshot(&mut self) {
        self.snapshots += 1;
        let made = self.store.snapshot(&format!("s{}", self.snapshots), |_| Ok(()));
        self.trace(|| format!("  {made:?}"));
        self.done("snapshot", made.is_ok());
        let Ok(at) = made else { return };
        let copy = self.disk.copy_of(&at, Path::new(DATA));
        let disk: Arc<dyn Disk> = Arc::new(copy.clone());
        let verified = verify(Path::new(DATA), &disk, &mut |told| {
            assert!(!matches!(told, Told::Damage(_)), "{told:?}");
        });
        verified.expect("a snapshot is a folder of data");
        let store = start(&copy, &self.clock, &self.options).expect("a snapshot opens");
        let budget = Budget::unlimited();
        let found = select(&store, &Predicate::ALL, TimeRange::ALL, &budget).expect("select");
        let all = self.all();
        for (place, read) in all.iter().chain(&found) {
            let (mine, other) = (all.get(place), found.get(place));
            let mine = mine.map(|read| &read.samples).unwrap_or_else(|| panic!("{place:?} came"));
            let other = other.map(|read| &read.samples).unwrap_or_else(|| panic!("{place:?} left"));
            let is_alike =
                |at| other.get(at).zip(mine.get(at)).is_some_and(|(a, b)| is_alike(a, b));
            assert!(
                read.samples.keys().all(is_alike),
                "a snapshot of {place:?} holds {other:?} in place of {mine:?}"
            );
        }
    }

    /// Changes a byte of a copy of what is there now; it opens, and says what it misses, at once,
    /// after background work and after another start.
    pub fn flip(&self, random: &mut Random) {
        let (all, kept) = self.as_found();
        let disk = self.disk.after_kill();
        let inside = |path: &PathBuf| !path.starts_with(Path::new(DATA).join("snapshots"));
        let files: Vec<PathBuf> = disk.files().into_iter().filter(inside).collect();
        let file = random.pick(&files);
        let bytes = disk.open(file).and_then(|file| file.size()).expect("size");
        if bytes == 0 || is_in_doubt(&disk, file) {
            return;
        }
        let (at, mask) = (random.below(bytes) as usize, 1 << random.below(8));
        self.trace(|| format!("  byte {at} of {} is another", file.display()));
        disk.damage(file, |bytes| {
            // Of what was not synced, the medium may have less.
            bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= mask);
        });
        for _ in 0..2 {
            let store = start(&disk, &self.clock, &self.options);
            let store = store.unwrap_or_else(|e| panic!("{} {at}: {e}", file.display()));
            check_told(&store, (&all, &kept), Budget::warnings);
            for _ in 0..3 {
                // What cannot be merged is told once.
                let _ = store.maintain();
                check_told(&store, (&all, &kept), Budget::warnings);
            }
        }
    }

    /// What a start finds, which may be more or less than there was of writes that failed; and what
    /// is left of it once background work has dropped what nobody keeps.
    fn as_found(&self) -> (Found, Found) {
        let store = start(&self.disk.after_kill(), &self.clock, &self.options).expect("a start");
        let found = || {
            let found = select(&store, &Predicate::ALL, TimeRange::ALL, &Budget::unlimited());
            found.expect("select")
        };
        let all = found();
        for _ in 0..3 {
            store.maintain().expect("maintain");
        }
        (all, found())
    }
}
