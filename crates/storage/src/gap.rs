//! What answers miss: files that were found damaged and put aside.
//!
//! A file `*.corrupt` says by its name from when rows may be missing: a block's its slice, a
//! segment's of the log all until it was put aside. Whatever asks for such a time is told so,
//! over restarts too, until a person has taken the file away. Nothing else is written down
//! about it.

use crate::block::Name;
use crate::disk::{DAMAGED, Disk};
use crate::wal::segment;
use model::limits::Budget;
use model::{Span, TimeRange, Timestamp};
use parking_lot::RwLock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that a file put aside may have held, and nothing else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The file.
    pub path: PathBuf,
    /// When they are.
    pub range: TimeRange,
    /// The block it was; none where it was of the log.
    pub block: Option<Name>,
}

impl Gap {
    /// What is said of it, without what it means.
    pub fn what(&self) -> String {
        format!("samples {} may be missing", when(self.range))
    }
}

/// What lies in a data folder put aside.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many files, those that nothing is missing for included.
    pub files: u64,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// What answers miss, as it was last looked at.
#[derive(Default)]
pub struct Gaps(RwLock<Arc<Found>>);

impl Gaps {
    /// What there is.
    pub fn found(&self) -> Arc<Found> {
        self.0.read().clone()
    }

    /// Puts what was found last in the place of what was known.
    pub fn set(&self, found: Found) {
        *self.0.write() = Arc::new(found);
    }

    /// Says with an answer over `range` what it may miss.
    pub fn tell(&self, range: TimeRange, budget: &Budget) {
        for gap in self.found().gaps.iter().filter(|gap| gap.range.overlaps(&range)) {
            let path = gap.path.display();
            budget
                .warn(format!("{path} is damaged and put aside: {} from this answer", gap.what()));
        }
    }
}

/// Looks at what lies put aside in a data folder, its log and its blocks.
///
/// # Errors
/// When a folder cannot be listed.
pub fn look(folder: &Path, disk: &dyn Disk) -> io::Result<Found> {
    let mut found = Found::default();
    for inside in [folder.to_owned(), folder.join("wal"), folder.join("blocks")] {
        for entry in disk.list(&inside)? {
            let Some(name) = entry.name.strip_suffix(DAMAGED) else { continue };
            found.files += 1;
            // Of the files of the folder itself there is a second copy.
            if inside != folder {
                found.gaps.push(gap(inside.join(&entry.name), name));
            }
        }
    }
    Ok(found)
}

/// What the file at `path` stands for, which was called `name`.
pub fn gap(path: PathBuf, name: &str) -> Gap {
    let block = Name::parse(name);
    let range = match block {
        Some(block) => range_of(&block),
        None => TimeRange::new(Timestamp::MIN, until(name).unwrap_or(Timestamp::MAX)),
    };
    Gap { path, range, block }
}

/// When the rows of a block may be: what is before 1970 lies in the first slice.
pub fn range_of(name: &Name) -> TimeRange {
    let range = name.slice.range();
    let start = if name.slice.day == 0 { Timestamp::MIN } else { range.start };
    TimeRange::new(start, range.end)
}

/// What a damaged segment is called when it is put aside and no row of it is later than
/// `until`.
pub fn segment_aside(folder: &Path, number: u64, until: Timestamp) -> PathBuf {
    let seconds = until.0.div_euclid(Span::SECOND.0).saturating_add(1);
    let path = segment::path(folder, number);
    crate::disk::with_suffix(&path, &format!(".{seconds}{DAMAGED}"))
}

/// Whether `name` is what segment `number` is called when it is put aside.
pub fn is_segment_aside(name: &str, number: u64) -> bool {
    let of = name.strip_suffix(DAMAGED).and_then(|name| name.rsplit_once('.'));
    of.is_some_and(|(segment, _)| segment::number(segment) == Some(number))
}

fn until(name: &str) -> Option<Timestamp> {
    let (segment, seconds) = name.rsplit_once('.')?;
    segment::number(segment)?;
    Some(Timestamp::from_secs(seconds.parse().ok()?))
}

/// `from 2026-11-22 to 2026-11-23`, for people, in whole UTC days.
fn when(range: TimeRange) -> String {
    match (range.start, range.end) {
        (Timestamp::MIN, Timestamp::MAX) => "of any time".to_owned(),
        (Timestamp::MIN, end) => format!("up to {}", date(end)),
        (start, end) if date(start) == date(end) => format!("of {}", date(start)),
        (start, end) => format!("from {} to {}", date(start), date(end)),
    }
}

/// The UTC date of a point in time, by the count of days of the Gregorian calendar: four
/// hundred years are 146,097 days, and years are counted from March, so that the day that is
/// leapt stands last.
fn date(at: Timestamp) -> String {
    const ERA_DAYS: i64 = 146_097;
    // From 0000-03-01 on.
    let days = at.0.div_euclid(Span::DAY.0) + 719_468;
    let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
