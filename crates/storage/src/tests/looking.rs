//! Looking at a folder without a store: verify finds every damage, inspect and cardinality
//! count what a plain map counts.

use super::rig::*;
use crate::cardinality::Cardinality;
use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::{Finding, Inspect, Told, inspect, verify};
use model::limits::Budget;
use model::name::metric_name;
use model::port::{Catalog, Selection};
use model::{Attribute, Matcher, Predicate, Span, TimeRange, Timestamp, Value};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

const TEN: Inspect = Inspect { top: 10, modes: true };

/// What verify finds damaged, and what else it has to say.
fn look(disk: &Simulated) -> (Vec<Finding>, Vec<Finding>) {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let (mut damages, mut notes) = (Vec::new(), Vec::new());
    let verified = verify(Path::new(DATA), &disk, &mut |told| match told {
        Told::Damage(finding) => damages.push(finding.clone()),
        Told::Note(finding) => notes.push(finding.clone()),
        Told::Reading { .. } => {}
    });
    assert_eq!(verified.expect("a folder of data").damages, damages.len() as u64);
    (damages, notes)
}

/// Some blocks, with statistics, texts and several pages; and some log.
fn folder() -> Simulated {
    let rig = Rig::new();
    for round in 0..2 {
        let rows = (0..300i64).flat_map(|row| {
            let at = NOW + row * 1_000_000_000 + round;
            let value = Value::F64(row as f64 / 8.0 + round as f64);
            let host = format!("cpu,host={},dc=eu", row % 3);
            [
                point("long,host=a", at, &[("value", value.clone())]),
                point(&host, at, &[("user", value), ("text", Value::Str("idle".into()))]),
            ]
        });
        rig.put(&rows.collect::<Vec<_>>());
        rig.store.flush().expect("flush");
    }
    let nobody = Matcher::equal(Attribute::Tag("host".into()), "nobody");
    let gone = Predicate::Match(nobody);
    rig.store.delete(&Selection { predicate: gone, range: TimeRange::ALL }).expect("delete");
    rig.put(&[float("mem,host=a", NOW, 1.0), float("mem,host=b", NOW, 2.0)]);
    let Rig { store, disk, .. } = rig;
    drop(store);
    disk
}

#[test]
fn a_whole_folder_has_no_damage() {
    assert_eq!(look(&folder()), (vec![], vec![]));
}

#[test]
fn a_flipped_byte_anywhere_is_found_in_its_file() {
    let disk = folder();
    let mut files: Vec<_> =
        disk.files().into_iter().filter(|path| path.parent() == Some(Path::new(DATA))).collect();
    files.retain(|path| !path.ends_with("LOCK"));
    assert_eq!(files.len(), 6, "three files and their copies: {files:?}");
    for inside in ["wal", "blocks"] {
        let inside = Path::new(DATA).join(inside);
        let listed = disk.list(&inside).expect("list");
        files.extend(listed.iter().map(|entry| inside.join(&entry.name)));
    }
    assert!(files.len() > 4, "{files:?}");
    for file in files {
        let bytes = disk.open(&file).expect("open").size().expect("size") as usize;
        for at in 0..bytes {
            let damaged = disk.after_power_cut(0);
            damaged.flip(&file, at);
            let (damages, notes) = look(&damaged);
            // The last frame of a log may look as if it had been cut short by a kill.
            let found = damages.iter().chain(&notes).any(|finding| finding.path == file);
            assert!(found, "byte {at} of {}: {damages:?} {notes:?}", file.display());
            let is_log = file.extension().is_some_and(|it| it == "wal");
            assert!(is_log || !damages.is_empty(), "byte {at} of {}", file.display());
        }
    }
}

#[test]
fn one_look_finds_several_damages() {
    let disk = folder();
    let blocks = Path::new(DATA).join("blocks");
    let listed = disk.list(&blocks).expect("list");
    for entry in &listed {
        disk.flip(&blocks.join(&entry.name), entry.bytes as usize / 3);
        disk.flip(&blocks.join(&entry.name), entry.bytes as usize * 2 / 3);
    }
    let (damages, _) = look(&disk);
    let files: BTreeSet<_> = damages.iter().map(|finding| &finding.path).collect();
    assert_eq!(files.len(), listed.len());
    assert!(damages.len() > listed.len(), "{damages:?}");
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let rig = Rig::new();
    let disk: Arc<dyn Disk> = Arc::new(rig.disk.clone());
    let refused = verify(Path::new(DATA), &disk, &mut |_| {}).expect_err("in use");
    assert!(matches!(refused, crate::Error::InUse { .. }), "{refused}");
    assert!(inspect(Path::new(DATA), &disk, TEN).is_err());
    let nowhere = verify(Path::new("/nowhere"), &disk, &mut |_| {}).expect_err("nothing there");
    assert!(matches!(nowhere, crate::Error::NoData { .. }), "{nowhere}");
}

#[test]
fn an_inspection_accounts_for_every_byte_and_value() {
    let disk = folder();
    let sizes = disk.list(&Path::new(DATA).join("blocks")).expect("list");
    let bytes: u64 = sizes.iter().map(|entry| entry.bytes).sum();
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let found = inspect(Path::new(DATA), &disk, TEN).expect("inspect");
    let shares = found.shares;
    let all = shares.index + shares.times + shares.directories + shares.statistics + shares.values;
    assert_eq!(all, bytes);
    assert!(shares.times > 0 && shares.values > 0 && shares.statistics > 0, "{shares:?}");
    assert_eq!(found.slices.iter().map(|slice| slice.bytes).sum::<u64>(), bytes);
    // Two rounds of 300 rows of one value, and of two.
    assert_eq!(found.slices.iter().map(|slice| slice.values).sum::<u64>(), 2 * 300 * 3);
    let by_name = |name: &str| found.metrics.iter().find(|it| it.name.as_ref() == name);
    let of = |name| by_name(name).map(|it| (it.series, it.values));
    assert_eq!(of("long"), Some((1, 600)));
    assert_eq!(of("cpu_user"), Some((3, 600)));
    assert_eq!(of("cpu_text"), Some((3, 600)));
    assert_eq!((found.streams, found.series), (4, 7));
    assert!(found.wal.1 > 0);
    // Every value is written in some way.
    let written = |of: fn(&crate::Written) -> u64| found.written.iter().map(of).sum::<u64>();
    assert_eq!((written(|it| it.values), written(|it| it.bytes)), (2 * 300 * 3, shares.values));
    let forms: BTreeSet<_> = found.written.iter().map(|it| (it.form, it.mode)).collect();
    assert_eq!(forms, BTreeSet::from([("decimal", "linear"), ("text", "dictionary")]));
    let less = inspect(Path::new(DATA), &disk, Inspect { modes: false, ..TEN }).expect("inspect");
    assert_eq!(crate::Inspection { written: found.written.clone(), ..less }, found);
}

/// What [`Cardinality`] should say, counted one series at a time.
#[derive(Debug, Default, PartialEq)]
struct Plain {
    series: u64,
    metrics: BTreeMap<String, u64>,
    values: BTreeMap<String, u64>,
    pairs: BTreeMap<(String, String), u64>,
}

fn plain(points: &[Point]) -> Plain {
    let mut seen = BTreeSet::new();
    let mut plain = Plain::default();
    for point in points {
        let (measurement, tags) = identify(point.key.as_bytes()).expect("key");
        for (field, _) in &point.fields {
            if !seen.insert((point.key.clone(), field.clone())) {
                continue;
            }
            plain.series += 1;
            let name = metric_name(&measurement, field).into_owned();
            *plain.metrics.entry(name.clone()).or_default() += 1;
            let tags = tags.iter().map(|(name, value)| (name.to_string(), value.to_string()));
            for pair in tags.chain([("__name__".to_owned(), name)]) {
                *plain.pairs.entry(pair).or_default() += 1;
            }
        }
    }
    for (name, _) in plain.pairs.keys() {
        *plain.values.entry(name.clone()).or_default() += 1;
    }
    plain
}

fn found(counted: &Cardinality) -> Plain {
    let map = |list: &[crate::Counted]| {
        list.iter().map(|it| (it.name.to_string(), it.count)).collect::<BTreeMap<_, _>>()
    };
    let pair = |it: &crate::Pair| ((it.name.to_string(), it.value.to_string()), it.series);
    Plain {
        series: counted.series,
        metrics: map(&counted.metrics),
        values: map(&counted.values),
        pairs: counted.top.iter().map(pair).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Streams in head, in one block, in several, in both: each counts once, on each day that
    /// it has rows of, late ones too.
    #[test]
    fn cardinality_is_what_a_map_counts(
        rows in prop::collection::vec((0..3u8, 0..6u8, 0..40u8, any::<bool>()), 1..60),
        flushes in prop::collection::btree_set(0..60usize, 0..4),
        restarts in any::<bool>(),
        limit in 1..6usize,
    ) {
        let mut rig = Rig::new();
        let mut points = Vec::new();
        for (index, (measurement, host, pod, is_today)) in rows.into_iter().enumerate() {
            let key = format!("m{measurement},host=h{host},pod=p{pod}");
            // The columns of a stream do not change: the newest source knows them all.
            let fields: &[_] = match measurement {
                0 => &[("value", Value::F64(1.0))],
                _ => &[("a", Value::F64(1.0)), ("b", Value::F64(2.0))],
            };
            let day = if is_today { NOW } else { NOW - Span::DAY.0 };
            let one = point(&key, day + index as i64, fields);
            rig.put(std::slice::from_ref(&one));
            points.push(one);
            if flushes.contains(&index) {
                rig.store.flush().expect("flush");
            }
        }
        if restarts {
            rig.store.close().expect("close");
            rig = rig.kill(options());
        }
        let budget = Budget::unlimited();
        let all = rig.store.cardinality(TimeRange::ALL, 1_000, &budget).expect("count");
        let expected = plain(&points);
        prop_assert_eq!(found(&all), expected);
        // The top of a few is the beginning of the top of many.
        let few = rig.store.cardinality(TimeRange::ALL, limit, &budget).expect("count");
        for start in [NOW - Span::DAY.0, NOW] {
            let range = TimeRange::new(Timestamp(start), Timestamp(start + points.len() as i64));
            let day = rig.store.cardinality(range, 1_000, &budget).expect("count");
            let of_day: Vec<_> =
                points.iter().filter(|point| range.contains(Timestamp(point.at))).cloned().collect();
            prop_assert_eq!(found(&day), plain(&of_day));
        }
        let counts = |of: &Cardinality| of.top.iter().map(|it| it.series).collect::<Vec<_>>();
        prop_assert_eq!(counts(&few), counts(&all).into_iter().take(limit).collect::<Vec<_>>());
        prop_assert_eq!(few.series, all.series);
    }
}

/// Snapshots that are whole, and those that a kill left, while they were made or removed.
#[test]
fn what_a_kill_leaves_of_a_snapshot_is_removed_and_whole_ones_stay() {
    let rig = Rig::new();
    rig.put(&[float("cpu", NOW, 1.0)]);
    rig.store.snapshot("whole", |_| Ok(())).expect("snapshot");
    let all = Path::new(DATA).join("snapshots");
    let has = |disk: &Simulated, name: &str| !disk.list(&all.join(name)).expect("list").is_empty();
    // One that fails before its end is removed by the next.
    rig.store.snapshot("half", |_| Err(std::io::ErrorKind::Other.into())).expect_err("it failed");
    assert!(has(&rig.disk, "half") && !has(&rig.disk, "half/wal"));
    rig.store.snapshot("another", |_| Ok(())).expect("snapshot");
    assert_eq!(rig.disk.folders(&all).expect("folders"), ["another", "whole"]);
    // And by the next start.
    rig.store.snapshot("half", |_| Err(std::io::ErrorKind::Other.into())).expect_err("it failed");
    let manifest = all.join("another").join("MANIFEST");
    rig.disk.remove(&manifest).expect("remove");
    let Rig { store, disk, .. } = rig;
    drop(store);
    let (damages, notes) = look(&disk);
    let noted: Vec<_> = notes.iter().map(|note| note.path.clone()).collect();
    assert_eq!((damages, noted), (vec![], vec![all.join("another"), all.join("half")]));
    let rig = Rig::with(disk, options()).expect("start");
    assert_eq!(rig.disk.folders(&all).expect("folders"), ["whole"]);
    assert!(has(&rig.disk, "whole") && has(&rig.disk, "whole/blocks"));
    assert_eq!(rig.all().len(), 1);
}
