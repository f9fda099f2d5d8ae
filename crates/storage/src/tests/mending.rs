//! Damage that the store lives with: told with every answer as long as something is missing,
//! tried again, mended by a copy, and over once a person has put it right.

use super::rig::*;
use crate::disk::simulated::Simulated;
use crate::disk::{Disk, read_all};
use crate::{Error, Options};
use model::limits::Budget;
use model::port::{Catalog, PolicyChange, Selection, WriteError};
use model::{Attribute, Matcher, Predicate, Span, TimeRange, Timestamp, Value};
use std::path::{Path, PathBuf};

fn one() -> Options {
    Options { partitions: 1, ..options() }
}

/// What is found over a range, and what is said with it.
fn ask(rig: &Rig, range: TimeRange) -> (Map, Vec<String>) {
    let budget = Budget::unlimited();
    let found = read(&rig.store, &Predicate::ALL, range, &budget);
    (found, budget.warnings())
}

fn day(n: i64) -> TimeRange {
    let start = Timestamp(NOW).floor(Span::DAY) + Span(n * Span::DAY.0);
    TimeRange::new(start, start + Span(Span::DAY.0 - 1))
}

/// Two days with a block each, and what is in them.
fn two_days() -> (Rig, Vec<PathBuf>, Map) {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for n in [-1, 0] {
        let points = [float("cpu,host=a", NOW + n * Span::DAY.0, n as f64)];
        rig.put(&points);
        expected.add(&points);
        rig.store.flush().expect("flush");
    }
    let names = rig.files("blocks");
    assert_eq!(names.len(), 2);
    let blocks = names.iter().map(|name| Path::new(DATA).join("blocks").join(name)).collect();
    (rig, blocks, expected.0)
}

fn size(disk: &Simulated, path: &Path) -> u64 {
    disk.open(path).expect("open").size().expect("size")
}

#[test]
fn a_block_that_cannot_be_opened_is_told_and_tried_again() {
    let (rig, blocks, expected) = two_days();
    rig.disk.set_bad(Some((&blocks[0], 0..u64::MAX)));
    let rig = rig.kill(one());
    assert_eq!((rig.store.stats().blocks_unread, rig.store.stats().block_count), (1, 1));
    let (found, warnings) = ask(&rig, TimeRange::ALL);
    assert_eq!(found["cpu,host=a value"].len(), 1);
    assert!(warnings.len() == 1 && warnings[0].contains(".block"), "{warnings:?}");
    assert_eq!(ask(&rig, day(-1)).1.len(), 1);
    assert_eq!(ask(&rig, day(0)).1, Vec::<String>::new(), "another day is whole");
    // Nothing is merged or dropped over it, and it is not tried at once.
    rig.disk.set_bad(None);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.store.stats().blocks_unread, 1);
    rig.clock.set(NOW + Span::MINUTE.0);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.store.stats().blocks_unread, 0);
    assert_eq!(rig.all(), expected);
}

#[test]
fn an_expired_block_that_cannot_be_opened_is_dropped() {
    let (rig, blocks, _) = two_days();
    rig.disk.set_bad(Some((&blocks[0], 0..u64::MAX)));
    let kept = Options { retention: Some(Span(3 * Span::DAY.0)), ..one() };
    let rig = rig.kill(kept);
    rig.clock.set(NOW + 4 * Span::DAY.0);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.files("blocks"), Vec::<String>::new());
    assert_eq!(rig.store.stats().blocks_unread, 0);
}

#[test]
fn a_merge_over_a_block_that_cannot_be_opened_waits_for_it() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for n in 0..5 {
        let points = [float("cpu,host=a", NOW + n, n as f64)];
        rig.put(&points);
        expected.add(&points);
        rig.store.flush().expect("flush");
    }
    let third = Path::new(DATA).join("blocks").join(&rig.files("blocks")[2]);
    rig.disk.set_bad(Some((&third, 0..u64::MAX)));
    let rig = rig.kill(one());
    // Five would be merged into one that counts as what the third went into.
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.store.stats().merges, 0);
    let again = rig.kill(one());
    assert_eq!(again.files("blocks").len(), 5, "none is taken for a left-over");
    again.disk.set_bad(None);
    again.clock.set(NOW + Span::MINUTE.0);
    assert_eq!(again.store.maintain().expect("maintain").merged, 1);
    assert_eq!(again.all(), expected.0);
}

/// The index lies between the groups and the root; which bytes a start reads of it is found
/// by letting each of them fail.
#[test]
fn an_index_that_cannot_be_read_at_the_start_is_told_and_tried_again() {
    let (rig, blocks, expected) = two_days();
    let mut seen = 0;
    for at in (0..size(&rig.disk, &blocks[0])).step_by(3) {
        let disk = rig.disk.after_kill();
        disk.set_bad(Some((&blocks[0], at..at + 1)));
        let rig = Rig::with(disk, one()).expect("open");
        let stats = rig.store.stats();
        if (stats.blocks_unread, stats.block_count) != (1, 2) {
            continue;
        }
        seen += 1;
        assert!(stats.corruption_found > 0);
        let warnings = ask(&rig, day(-1)).1;
        assert!(warnings.iter().any(|w| w.contains(".block")), "byte {at}: {warnings:?}");
        assert_eq!(ask(&rig, day(0)).1, Vec::<String>::new());
        rig.disk.set_bad(None);
        rig.clock.set(NOW + Span::MINUTE.0);
        rig.store.maintain().expect("maintain");
        assert_eq!(rig.store.stats().blocks_unread, 0, "byte {at}");
        assert_eq!(rig.all(), expected);
        // The kind of the field is known again.
        let other = [point("cpu,host=b", NOW, &[("value", Value::Str("text".into()))])];
        let refused = match rig.write(&other) {
            Ok(report) => !report.refused.is_empty(),
            Err(error) => matches!(error, WriteError::Failed { .. }),
        };
        assert!(refused, "byte {at}");
    }
    assert!(seen > 3, "{seen} bytes of the index are read at a start");
}

#[test]
fn what_was_put_aside_is_told_over_restarts_until_it_is_taken_away() {
    let (rig, blocks, expected) = two_days();
    let bytes = size(&rig.disk, &blocks[0]);
    rig.disk.flip(&blocks[0], bytes as usize - 3);
    let mut rig = rig.kill(one());
    for _ in 0..3 {
        let (found, warnings) = ask(&rig, TimeRange::ALL);
        assert_eq!(found["cpu,host=a value"].len(), 1);
        assert!(warnings.len() == 1 && warnings[0].contains("put aside"), "{warnings:?}");
        assert_eq!(ask(&rig, day(-1)).1, warnings);
        assert_eq!(ask(&rig, day(0)).1, Vec::<String>::new());
        assert_eq!(rig.store.stats().files_aside, 1);
        rig.store.maintain().expect("maintain");
        rig = rig.kill(one());
    }
    // A person puts back a sound file, and takes the damaged one away.
    let aside = crate::disk::aside(&blocks[0]);
    rig.disk.flip(&aside, bytes as usize - 3);
    rig.disk.rename(&aside, &blocks[0]).expect("rename");
    let rig = rig.kill(one());
    assert_eq!((rig.all(), rig.store.stats().files_aside), (expected, 0));
}

#[test]
fn what_is_taken_away_under_an_open_store_is_not_told_any_more() {
    let (rig, blocks, _) = two_days();
    rig.disk.flip(&blocks[0], 20);
    let rig = rig.kill(one());
    assert_eq!(ask(&rig, TimeRange::ALL).1.len(), 1);
    rig.disk.remove(&crate::disk::aside(&blocks[0])).expect("remove");
    rig.store.maintain().expect("maintain");
    assert_eq!(ask(&rig, TimeRange::ALL).1, Vec::<String>::new());
    assert_eq!(rig.store.stats().files_aside, 0);
}

#[test]
fn a_damaged_log_is_told_with_what_is_older_than_its_discovery() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    for n in 0..4 {
        rig.put(&[float(&format!("cpu,host=h{n}"), NOW - n, 1.0)]);
    }
    let segment = Path::new(DATA).join("wal").join(&rig.files("wal")[0]);
    rig.disk.flip(&segment, 100);
    let mut rig = rig.kill(one());
    let later = TimeRange::new(Timestamp(NOW + 2 * Span::SECOND.0), Timestamp::MAX);
    for round in 0..3 {
        let warnings = ask(&rig, TimeRange::ALL).1;
        assert!(warnings.len() == 1 && warnings[0].contains("put aside"), "{warnings:?}");
        assert_eq!(ask(&rig, later).1, Vec::<String>::new());
        let names = rig.files("wal");
        let aside = names.iter().filter(|name| name.ends_with(".corrupt")).count();
        assert_eq!(aside, 1, "one copy of one damage: {names:?}");
        if round == 1 {
            rig.store.flush().expect("flush");
        }
        rig = rig.kill(one());
    }
}

#[test]
fn one_block_that_cannot_be_read_keeps_no_other_from_being_merged() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for n in 0..9 {
        let points: Vec<_> =
            (0..30).map(|host| float(&format!("cpu,host=h{host}"), NOW + n, 0.5)).collect();
        rig.put(&points);
        expected.add(&points);
        rig.store.flush().expect("flush");
    }
    let fifth = Path::new(DATA).join("blocks").join(&rig.files("blocks")[4]);
    // The values are behind the header; nothing of it was read yet.
    let header = crate::block::HEADER_BYTES as u64;
    rig.disk.set_bad(Some((&fifth, header..header + 1)));
    rig.store.maintain().expect_err("the first time it is an error");
    assert_eq!(rig.store.stats().blocks_unmerged, 1);
    for round in 1..200 {
        rig.clock.set(NOW + round * Span::MINUTE.0);
        rig.store.maintain().expect("it is no news any more");
    }
    let stats = rig.store.stats();
    assert_eq!((stats.block_count, stats.blocks_unmerged), (3, 1), "four, it, and four");
    assert!(rig.store.job_stats(crate::JobKind::Merge).failed == 1, "told once");
    rig.disk.set_bad(None);
    // The slice goes cold, for which all of it is merged.
    rig.clock.set(NOW + 3 * Span::DAY.0);
    rig.store.maintain().expect("maintain");
    assert_eq!(rig.all(), expected.0);
    assert_eq!(rig.store.stats().blocks_unmerged, 0);
}

/// A folder with a catalog and tombstones, and what is left in it.
fn with_deletes() -> (Simulated, Map) {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    rig.store.create_database("other", None).expect("create");
    rig.put(&[float("cpu,host=a", NOW, 1.0), float("gone,host=a", NOW, 2.0)]);
    let gone = Predicate::Match(Matcher::equal(Attribute::Measurement, "gone"));
    rig.store.delete(&Selection { predicate: gone, range: TimeRange::ALL }).expect("delete");
    let left = rig.all();
    assert_eq!(left.len(), 1);
    (rig.disk.clone(), left)
}

const TWICE: [&str; 3] = ["MANIFEST", "catalog", "tombstones"];

#[test]
fn a_damaged_file_of_two_is_mended_and_costs_nothing() {
    let (disk, left) = with_deletes();
    for name in TWICE.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.copy")]) {
        let path = Path::new(DATA).join(&name);
        for at in 0..size(&disk, &path) as usize {
            let disk = disk.after_power_cut(0);
            disk.flip(&path, at);
            let rig = Rig::with(disk, one()).unwrap_or_else(|e| panic!("{name} byte {at}: {e}"));
            assert_eq!(rig.all(), left, "{name} byte {at}");
            let stats = rig.store.stats();
            assert_eq!((stats.corruption_found, stats.files_aside), (1, 1), "{name} byte {at}");
            assert_eq!(rig.store.databases(), ["metrics".into(), "other".into()]);
            let rig = rig.kill(one());
            assert_eq!(rig.store.stats().corruption_found, 0, "{name} byte {at} was mended");
            assert_eq!(rig.all(), left);
        }
        let missing = disk.after_power_cut(0);
        missing.remove(&path).expect("remove");
        let rig = Rig::with(missing, one()).unwrap_or_else(|e| panic!("no {name}: {e}"));
        assert_eq!(rig.all(), left, "no {name}");
        read_all(&rig.disk, &path).expect("it was written again");
    }
}

#[test]
fn two_damaged_files_of_two_are_refused_with_their_name() {
    let (disk, _) = with_deletes();
    for name in TWICE {
        let disk = disk.after_power_cut(0);
        let path = Path::new(DATA).join(name);
        disk.flip(&path, 10);
        disk.flip(&Path::new(DATA).join(format!("{name}.copy")), 12);
        let files = disk.files();
        let error = Rig::with(disk.clone(), one()).err().expect("refused");
        assert!(matches!(&error, Error::Damaged { path: told, .. } if *told == path), "{error}");
        assert!(error.to_string().contains("backup"), "it says what to do: {error}");
        assert_eq!(disk.files(), files, "nothing was put aside");
    }
}

/// What a restored copy would bring back is not forgotten, and no other block takes its name.
#[test]
fn a_block_that_comes_back_from_a_backup_has_its_name_and_its_deletes() {
    let (rig, blocks, _) = two_days();
    let newest = blocks.last().expect("two").clone();
    let sound = read_all(&rig.disk, &newest).expect("read");
    rig.disk.flip(&newest, sound.len() - 4);
    let rig = rig.kill(one());
    assert_eq!(rig.store.stats().files_aside, 1);
    // From a start that no longer sees it as a block.
    let rig = rig.kill(one());
    let points = [float("mem", NOW, 3.0)];
    rig.put(&points);
    rig.store.flush().expect("flush");
    assert!(!rig.files("blocks").iter().any(|name| newest.ends_with(name)), "its name is kept");
    let predicate = Predicate::Match(Matcher::equal(Attribute::Measurement, "cpu"));
    rig.store.delete(&Selection { predicate, range: TimeRange::ALL }).expect("delete");
    for _ in 0..3 {
        rig.store.maintain().expect("maintain");
    }
    let rig = rig.kill(one());
    // As operations.md says: the file from the backup, under its name.
    let mut aside = newest.clone().into_os_string();
    aside.push(".corrupt");
    rig.disk.remove(Path::new(&aside)).expect("remove");
    crate::disk::replace(&rig.disk, &newest, &sound).expect("copy");
    let rig = rig.kill(one());
    let mut expected = Expected::default();
    expected.add(&points);
    assert_eq!(rig.all(), expected.0);
    assert_eq!(rig.store.stats().block_count, 2, "the restored one is there, and hidden");
    rig.store.maintain().expect("maintain");
    rig.store.maintain().expect("maintain");
    assert_eq!((rig.all(), rig.store.stats().tombstones), (expected.0, 0));
}

/// A log of many bodies in one segment, where it is, and where each body ends.
fn long_log() -> (Rig, PathBuf, Vec<(u64, Map)>) {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    let (mut path, mut ends) = (PathBuf::new(), Vec::new());
    for body in 0..40i64 {
        let text = "x".repeat(900);
        let points = [
            float("cpu,host=a", NOW + body, body as f64),
            point("text,host=a", NOW + body, &[("text", Value::Str(text.as_str().into()))]),
        ];
        rig.put(&points);
        expected.add(&points);
        path = Path::new(DATA).join("wal").join(rig.files("wal").first().expect("a segment"));
        ends.push((size(&rig.disk, &path), expected.0.clone()));
    }
    (rig, path, ends)
}

#[test]
fn a_sector_of_the_log_that_cannot_be_read_costs_only_what_is_in_it() {
    let (rig, path, ends) = long_log();
    let (bytes, all) = ends.last().cloned().expect("bodies");
    assert!(bytes > 5 * 4096, "several pages: {bytes}");
    let found_before = rig.disk.after_power_cut(0);
    for at in [0, 1, 4096, 9000, bytes - 1] {
        let disk = found_before.after_power_cut(0);
        disk.set_bad(Some((&path, at..at + 1)));
        let rig = Rig::with(disk, one()).unwrap_or_else(|e| panic!("byte {at}: {e}"));
        assert!(rig.store.stats().corruption_found > 0, "byte {at}");
        let (found, warnings) = ask(&rig, TimeRange::ALL);
        assert!(warnings.iter().any(|w| w.contains("may be missing")), "{at}: {warnings:?}");
        let times = |map: &Map| map.get("cpu,host=a value").map_or(0, |samples| samples.len());
        // Small bodies have both definitions of a stream in one page.
        let has_definitions = at >= 4096;
        let lost = times(&all) - times(&found);
        assert!(lost <= 8 || !has_definitions, "byte {at} cost {lost} of 40");
        for (series, samples) in &found {
            for (time, value) in samples {
                assert_eq!(Some(value), all[series].get(time), "byte {at} made up a value");
            }
        }
        let page = at / 4096 * 4096;
        let before = ends.iter().rev().find(|(end, _)| *end <= page);
        for (series, samples) in before.map(|(_, map)| map.clone()).unwrap_or_default() {
            let kept = |time| found.get(&series).and_then(|all| all.get(time));
            assert!(samples.iter().all(|(t, value)| kept(t) == Some(value)), "byte {at}: {series}");
        }
        // What could be read is in blocks then; the file stays, and can be read in the end.
        rig.store.flush().expect("flush");
        let kept = rig.files("wal").into_iter().find(|name| name.ends_with(".corrupt"));
        let kept = Path::new(DATA).join("wal").join(kept.expect("it is kept"));
        rig.disk.set_bad(None);
        let whole = read_all(&found_before, &path).expect("read");
        assert_eq!(read_all(&rig.disk, &kept).expect("read"), whole, "byte {at}");
        assert!(!ask(&rig, TimeRange::ALL).1.is_empty(), "told as long as the file is there");
    }
}

#[test]
fn a_log_that_is_read_the_next_time_is_whole() {
    let (rig, path, ends) = long_log();
    let all = &ends.last().expect("bodies").1;
    for bad in [0..u64::MAX, ends.last().expect("bodies").0 - 5000..u64::MAX] {
        let disk = rig.disk.after_power_cut(0);
        disk.set_bad(Some((&path, bad)));
        let once = Rig::with(disk, one()).expect("open");
        assert!(ask(&once, TimeRange::ALL).0.len() <= all.len());
        // Nothing was cut off, and a second start keeps no second file.
        let again = once.kill(one());
        again.disk.set_bad(None);
        let again = again.kill(one());
        assert_eq!(ask(&again, TimeRange::ALL).0, *all);
        let aside = again.files("wal").into_iter().filter(|name| name.ends_with(".corrupt"));
        assert_eq!(aside.count(), 1);
    }
}

#[test]
fn a_snapshot_has_what_cannot_be_opened_and_what_lies_aside() {
    let (rig, blocks, expected) = two_days();
    rig.disk.flip(&blocks[1], size(&rig.disk, &blocks[1]) as usize - 1);
    rig.disk.set_bad(Some((&blocks[0], 0..u64::MAX)));
    let rig = rig.kill(one());
    assert_eq!((rig.store.stats().blocks_unread, rig.store.stats().files_aside), (1, 1));
    let at = rig.store.snapshot("s", |_| Ok(())).expect("snapshot");
    rig.disk.set_bad(None);
    // A store on the snapshot knows as much as the store does.
    let other = Rig::with(rig.disk.copy_of(&at, Path::new(DATA)), one()).expect("open");
    let (found, warnings) = ask(&other, TimeRange::ALL);
    assert_eq!(found["cpu,host=a value"].len(), 1, "the one that could not be read is whole");
    assert_eq!(ask(&other, day(-1)).0, ask_of(&expected, -1.0));
    assert!(warnings.len() == 1 && warnings[0].contains("put aside"), "{warnings:?}");
}

/// What is left of `all` where only `value` is.
fn ask_of(all: &Map, value: f64) -> Map {
    let mut left = all.clone();
    left.values_mut().for_each(|samples| samples.retain(|_, one| *one == Value::F64(value)));
    left
}

#[test]
fn a_count_of_series_says_what_it_misses() {
    let (rig, blocks, _) = two_days();
    let count = |rig: &Rig, range| {
        let budget = Budget::unlimited();
        let counted = rig.store.cardinality(range, 10, &budget).expect("count");
        (counted.series, budget.warnings().len())
    };
    assert_eq!(count(&rig, day(-1)), (1, 0));
    let bytes = size(&rig.disk, &blocks[0]);
    let (mut misses, mut unopened) = (0, 0);
    for at in (0..bytes).step_by(7) {
        let disk = rig.disk.after_kill();
        disk.set_bad(Some((&blocks[0], at..at + 1)));
        let rig = Rig::with(disk, one()).expect("open");
        let (series, warnings) = count(&rig, day(-1));
        assert!(series == 1 || warnings > 0, "byte {at}: {series} series, and nothing is said");
        assert_eq!(count(&rig, day(0)), (1, 0), "byte {at}: another day is whole");
        misses += u64::from(warnings > 0);
        unopened += rig.store.stats().blocks_unread;
    }
    assert!(misses > unopened && unopened > 0, "{misses} misses, {unopened} unopened");
}

/// Were its tombstone forgotten, a sound copy of the block would bring the rows back.
#[test]
fn what_was_deleted_stays_so_when_a_block_put_aside_comes_back() {
    let (rig, blocks, mut expected) = two_days();
    let whole = read_all(&rig.disk, &blocks[0]).expect("read");
    rig.disk.flip(&blocks[0], whole.len() - 1);
    let rig = rig.kill(one());
    assert_eq!(rig.store.stats().files_aside, 1);
    let host = Predicate::Match(Matcher::equal(Attribute::Tag("host".into()), "a"));
    rig.store.delete(&Selection { predicate: host, range: day(-1) }).expect("delete");
    for _ in 0..4 {
        rig.store.maintain().expect("maintain");
    }
    rig.disk.create(&blocks[0]).expect("create").append(&whole).expect("write");
    rig.disk.remove(&crate::disk::aside(&blocks[0])).expect("remove");
    let rig = rig.kill(one());
    expected.values_mut().for_each(|samples| samples.retain(|at, _| *at >= day(0).start.0));
    assert_eq!(rig.all(), expected);
    for _ in 0..4 {
        rig.store.maintain().expect("maintain");
    }
    assert_eq!(rig.store.stats().tombstones, 0, "it is forgotten once nothing is left of it");
    assert_eq!(rig.kill(one()).all(), expected);
}

#[test]
fn late_rows_are_counted() {
    let rig = Rig::new();
    let at = |n: i64| float("cpu,host=a", NOW + n, 1.0);
    rig.put(&[at(5), at(5), at(6), at(3), at(7), at(6)]);
    assert_eq!(rig.store.stats().rows_late, 2);
    rig.store.flush().expect("flush");
    assert_eq!(rig.store.stats().rows_late, 2);
}

/// Rows that a policy wrote before it got a duration of its own lie among those of others.
#[test]
fn what_an_altered_policy_still_keeps_is_missed_and_not_dropped() {
    for is_damaged in [true, false] {
        let (rig, blocks, expected) = two_days();
        let longer = PolicyChange { duration: Some(None), ..PolicyChange::default() };
        rig.store.alter_policy("metrics", "autogen", longer).expect("alter");
        let longer = Some(Some(Span(400 * Span::DAY.0)));
        let longer = PolicyChange { duration: longer, ..PolicyChange::default() };
        rig.store.alter_policy("metrics", "autogen", longer).expect("alter");
        match is_damaged {
            true => rig.disk.flip(&blocks[0], size(&rig.disk, &blocks[0]) as usize - 1),
            false => rig.disk.set_bad(Some((&blocks[0], 0..u64::MAX))),
        }
        let short = Options { retention: Some(Span::DAY), ..one() };
        let rig = rig.kill(short.clone());
        rig.clock.set(NOW + 10 * Span::DAY.0);
        rig.store.maintain().expect("maintain");
        assert_eq!(ask(&rig, day(-1)).1.len(), 1, "damaged: {is_damaged}");
        if !is_damaged {
            rig.disk.set_bad(None);
            let rig = rig.kill(short);
            rig.clock.set(NOW + 10 * Span::DAY.0);
            rig.store.maintain().expect("maintain");
            assert_eq!(rig.all(), expected);
        }
    }
}
