//! Bytes that changed on disk: in the log at every offset, in blocks at every offset.

use super::rig::*;
use crate::disk::simulated::Simulated;
use crate::disk::{Disk, read_all};
use crate::wal::frame;
use model::limits::Budget;
use model::{Predicate, TimeRange, Value};
use std::path::{Path, PathBuf};

/// A small log: what each body added, and where its frames end in the file.
struct Log {
    disk: Simulated,
    path: PathBuf,
    bytes: usize,
    /// What had been acknowledged when the log had this many bytes.
    acknowledged: Vec<(usize, Map)>,
}

fn log() -> Log {
    let rig =
        Rig::with(Simulated::new(), crate::Options { partitions: 1, ..options() }).expect("open");
    let mut expected = Expected::default();
    let mut acknowledged = vec![];
    let mut path = PathBuf::new();
    for body in 0..6i64 {
        // One stream is there from the start, each body brings another.
        let points = [
            float("cpu,host=a", NOW + body, body as f64),
            point(&format!("mem,host={body}"), NOW, &[("text", Value::Str("some text".into()))]),
        ];
        rig.put(&points);
        expected.add(&points);
        path = Path::new(DATA).join("wal").join(rig.files("wal").first().expect("a segment"));
        let bytes = rig.disk.open(&path).expect("open").size().expect("size") as usize;
        acknowledged.push((bytes, expected.0.clone()));
    }
    let bytes = acknowledged.last().expect("bodies").0;
    Log { disk: rig.disk.clone(), path, bytes, acknowledged }
}

fn one() -> crate::Options {
    crate::Options { partitions: 1, ..options() }
}

#[test]
fn a_log_that_is_cut_anywhere_keeps_its_whole_frames() {
    let log = log();
    for cut in 0..=log.bytes {
        let disk = log.disk.after_power_cut(0);
        disk.truncate(&log.path, cut as u64).expect("cut");
        let rig = Rig::with(disk, one()).unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        let whole = log.acknowledged.iter().rev().find(|(end, _)| *end <= cut);
        let expected = whole.map(|(_, map)| map.clone()).unwrap_or_default();
        let found = rig.all();
        // Definitions are a frame before their rows: a cut between both leaves no rows.
        assert_eq!(found, expected, "cut at {cut}");
        // The store goes on from there, and the next start has nothing to say.
        rig.put(&[float("cpu,host=a", NOW + 99, 9.0)]);
        let rig = rig.kill(one());
        assert_eq!(rig.store.stats().corruption_found, 0, "cut at {cut}");
        assert_eq!(rig.all()["cpu,host=a value"][&(NOW + 99)], Value::F64(9.0));
    }
}

#[test]
fn a_flipped_byte_anywhere_in_the_log_costs_only_what_it_hit() {
    let log = log();
    let all = &log.acknowledged.last().expect("bodies").1;
    let (mut survivors, mut unnoticed) = (0, 0);
    for at in 0..log.bytes {
        let disk = log.disk.after_power_cut(0);
        disk.flip(&log.path, at);
        let rig = Rig::with(disk, one()).unwrap_or_else(|e| panic!("flip at {at}: {e}"));
        let found = told(&rig, at);
        for (series, samples) in &found {
            for (time, value) in samples {
                assert_eq!(Some(value), all[series].get(time), "flip at {at} made up a value");
            }
        }
        // Bodies before the damage are whole.
        let before = log.acknowledged.iter().rev().find(|(end, _)| *end <= at);
        for (series, samples) in before.map(|(_, map)| map.clone()).unwrap_or_default() {
            for (time, value) in samples {
                assert_eq!(found.get(&series).and_then(|s| s.get(&time)), Some(&value), "{at}");
            }
        }
        // Later bodies that bring their own definitions are, too.
        let hit = log.acknowledged.iter().position(|(end, _)| at < *end).expect("inside");
        for body in hit + 1..log.acknowledged.len() {
            let series = format!("mem,host={body} text");
            assert!(found.contains_key(&series), "flip at {at} lost {series}");
        }
        // And so are those of a stream that was defined in what was hit: there are two copies.
        let others = (0..log.acknowledged.len() as i64).filter(|body| *body != hit as i64);
        for body in others {
            let value = found.get("cpu,host=a value").and_then(|s| s.get(&(NOW + body)));
            assert_eq!(value, Some(&Value::F64(body as f64)), "flip at {at} lost body {body}");
        }
        let is_tail = hit + 1 == log.acknowledged.len();
        let stats = rig.store.stats();
        // A frame whose length grew looks like one that was not written to its end.
        unnoticed += usize::from(stats.corruption_found == 0);
        assert!(is_tail || stats.corruption_found > 0, "flip at {at} went unnoticed");
        if stats.corruption_found > 0 {
            let names = rig.files("wal");
            assert!(names.iter().any(|name| name.ends_with(".corrupt")), "{at}: {names:?}");
        }
        survivors += found.len();
        // It can be written to, flushed and started again.
        rig.put(&[float("cpu,host=a", NOW + 99, 9.0)]);
        rig.store.close().expect("close");
        let again = rig.kill(one());
        assert_eq!(told(&again, at)["cpu,host=a value"][&(NOW + 99)], Value::F64(9.0));
    }
    assert!(unnoticed <= 4, "{unnoticed} flips went unnoticed");
    assert!(survivors > log.bytes * 5, "most series survive most flips");
    assert!(log.bytes > 6 * frame::HEADER_BYTES);
}

/// What is found; where something was put aside, that is said with it.
fn told(rig: &Rig, at: usize) -> Map {
    let budget = Budget::unlimited();
    let found = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &budget);
    let is_aside = rig.store.stats().files_aside > 0;
    assert_eq!(!budget.warnings().is_empty(), is_aside, "flip at {at}");
    found
}

/// A store with one block whose rows are known.
fn with_block() -> (Simulated, PathBuf, Map) {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for host in 0..3 {
        let points: Vec<_> = (0..20)
            .map(|n| {
                point(
                    &format!("cpu,host=h{host}"),
                    NOW + n,
                    &[("user", Value::F64(n as f64 + 0.5)), ("text", Value::Str(format!("t{n}")))],
                )
            })
            .collect();
        rig.put(&points);
        expected.add(&points);
    }
    rig.store.close().expect("close");
    let name = rig.files("blocks").first().expect("a block").clone();
    (rig.disk.clone(), Path::new(DATA).join("blocks").join(name), expected.0)
}

#[test]
fn a_flipped_byte_anywhere_in_a_block_is_told_and_never_served() {
    let (disk, path, expected) = with_block();
    let bytes = read_all(&disk, &path).expect("read").len();
    let (mut aside, mut warned, mut unseen) = (0, 0, 0);
    for at in 0..bytes {
        let disk = disk.after_power_cut(0);
        disk.flip(&path, at);
        let rig = Rig::with(disk, one()).unwrap_or_else(|e| panic!("flip at {at}: {e}"));
        let budget = Budget::unlimited();
        let found = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &budget);
        for (series, samples) in &found {
            for (time, value) in samples {
                assert_eq!(Some(value), expected[series].get(time), "flip at {at}");
            }
        }
        let is_aside = rig.files("blocks").iter().any(|name| name.ends_with(".corrupt"));
        if found == expected {
            // It lies in what this query had no need of, such as the set of a tag's streams.
            unseen += 1;
            continue;
        }
        assert!(is_aside || !budget.warnings().is_empty(), "flip at {at} went unnoticed");
        assert!(rig.store.stats().corruption_found > 0, "flip at {at}");
        if is_aside {
            assert!(found.is_empty());
            aside += 1;
        } else {
            let warning = budget.warnings().join("\n");
            assert!(warning.contains("offset") && warning.contains(".block"), "{warning}");
            warned += 1;
        }
    }
    assert!(aside > 100 && warned > 100, "{aside} put aside, {warned} warned");
    assert!(unseen * 10 < bytes, "{unseen} of {bytes} bytes are not looked at");
}

#[test]
fn merging_keeps_a_copy_of_what_it_could_not_read() {
    let (disk, path, expected) = with_block();
    disk.flip(&path, crate::block::HEADER_BYTES + 3);
    let rig = Rig::with(disk, one()).expect("open");
    let mut more = Expected::default();
    for n in 0..5 {
        let points = [float("cpu,host=h1", NOW + 1000 + n, 1.0)];
        rig.put(&points);
        more.add(&points);
        rig.store.flush().expect("flush");
    }
    rig.store.maintain().expect("maintain");
    assert!(rig.store.stats().merges > 0);
    let names = rig.files("blocks");
    assert!(names.iter().any(|name| name.ends_with(".corrupt")), "{names:?}");
    let budget = Budget::unlimited();
    let found = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &budget);
    let warnings = budget.warnings();
    assert!(warnings.iter().any(|w| w.contains("put aside")), "it is still told: {warnings:?}");
    // Chunks as short as these share one checksum: the column is lost to all three streams.
    assert_eq!(found.len(), expected.len() - 3 + more.0.len(), "{:?}", found.keys());
    assert_eq!(found["cpu,host=h1 value"], more.0["cpu,host=h1 value"]);
}

#[test]
fn a_flip_that_a_merge_finds_costs_what_it_hit_and_leaves_a_copy() {
    let (disk, path, expected) = with_block();
    let bytes = read_all(&disk, &path).expect("read").len();
    let mut partial = 0;
    for at in (0..bytes).step_by(5) {
        let disk = disk.after_power_cut(0);
        disk.flip(&path, at);
        let rig = Rig::with(disk, one()).unwrap_or_else(|e| panic!("flip at {at}: {e}"));
        let mut all = Expected(expected.clone());
        for n in 0..4 {
            let points = [float("cpu,host=h1", NOW + 1000 + n, 1.0)];
            rig.put(&points);
            all.add(&points);
            rig.store.flush().expect("flush");
        }
        rig.store.maintain().expect("maintain");
        let budget = Budget::unlimited();
        let found = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &budget);
        for (series, samples) in &found {
            for (time, value) in samples {
                assert_eq!(Some(value), all.0[series].get(time), "flip at {at}");
            }
        }
        assert_eq!(found["cpu,host=h1 value"].len(), 4, "flip at {at}");
        if found == all.0 {
            continue;
        }
        assert!(!budget.warnings().is_empty(), "flip at {at} is not told any more");
        let names = rig.files("blocks");
        assert!(names.iter().any(|name| name.ends_with(".corrupt")), "{at}: {names:?}");
        assert!(rig.store.stats().corruption_found > 0, "flip at {at}");
        partial += usize::from(found.len() > 1);
    }
    assert!(partial > 10, "{partial} flips cost a part and not all");
}
