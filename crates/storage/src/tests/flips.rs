//! Any byte of any file changed, whatever the formats are: it is told, what can be served is
//! served, and nothing is ever wrong.
//!
//! Nothing here knows what is in a file. A folder with every kind of file is damaged in one
//! place, opened, asked, written to and opened again.

use super::rig::*;
use crate::disk::read_all;
use crate::disk::simulated::{Random, Simulated};
use crate::{Error, Options};
use model::limits::Budget;
use model::port::{Aggregation, Catalog, Edge, Policy, Reduction, Selection, Source, Windows};
use model::{Attribute, Matcher, Needs, Predicate, Span, TimeRange, Timestamp, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files up to this size are damaged at every byte, larger ones at so many.
const PLACES_MAX: usize = 1500;

/// A folder, and every value that was ever acknowledged for a point, the last one last.
struct Sample {
    disk: Simulated,
    written: BTreeMap<(String, i64), Vec<Value>>,
    whole: [(String, usize); 2],
}

fn two() -> Options {
    Options { partitions: 2, ..options() }
}

/// Blocks of several slices, merged and fresh, and a log where streams gain columns and rows
/// are written again.
fn sample() -> Sample {
    let rig = Rig::with(Simulated::new(), two()).expect("open");
    let mut written: BTreeMap<(String, i64), Vec<Value>> = BTreeMap::new();
    let put = |rig: &Rig, points: &[Point], written: &mut BTreeMap<_, Vec<Value>>| {
        rig.put(points);
        let mut body = Expected::default();
        body.add(points);
        for (series, samples) in body.0 {
            for (at, value) in samples {
                written.entry((series.clone(), at)).or_default().push(value);
            }
        }
    };
    let (duration, shard) = (Some(Span(900 * Span::DAY.0)), Span::DAY);
    let name = "week".into();
    let policy = Policy { name, duration, shard, replication: 1, is_default: false };
    rig.store.create_database("metrics", None).expect("create");
    rig.store.create_policy("metrics", policy).expect("create");
    for round in 0..7i64 {
        let mut points = Vec::new();
        for host in 0..4i64 {
            let key = format!("cpu,host=h{host},zone=z{}", host % 2);
            for n in 0..5 {
                let at = NOW + (round * 50 + n * 10) * Span::SECOND.0;
                let mut fields = vec![("user", Value::F64((round * 7 + n * host) as f64 / 10.0))];
                if n % 2 == 0 {
                    fields.push(("count", Value::I64(n * host - round)));
                }
                if round > 2 {
                    fields.push(("note", Value::Str(format!("r{round}n{n}"))));
                }
                points.push(point(&key, at, &fields));
            }
            // Written again in every round, and far away.
            points.push(float(&key, NOW - 40 * Span::DAY.0, round as f64));
        }
        put(&rig, &points, &mut written);
        if round < 5 {
            rig.store.flush().expect("flush");
        }
        if round == 3 {
            rig.store.maintain().expect("maintain");
        }
        if round == 4 {
            // What was deleted is never served, whatever is damaged: it counts as never
            // written.
            rig.put(&[float("gone,host=h0", NOW, 1.0), float("gone,host=h1", NOW, 2.0)]);
            let gone = Matcher::equal(Attribute::Measurement, "gone");
            let (predicate, range) = (Predicate::Match(gone), TimeRange::ALL);
            rig.store.delete(&Selection { predicate, range }).expect("delete");
        }
    }
    assert!(rig.store.stats().merges > 0);
    // The log holds the last two rounds, in two segments where a flush is on its way.
    let whole = looks(&rig);
    Sample { disk: rig.disk.after_power_cut(0), written, whole }
}

/// What is found without reading each series: how many values there are, and which columns.
/// With each the number of warnings.
fn looks(rig: &Rig) -> [(String, usize); 2] {
    let budget = Budget::unlimited();
    let width = Span(60 * Span::DAY.0);
    let start = Timestamp(NOW) - Span(50 * Span::DAY.0);
    let windows = Windows { start, step: width, width, count: 1, edge: Edge::RightOpen };
    let asked = Aggregation {
        predicate: &Predicate::ALL,
        windows,
        reduction: Reduction::Pooled,
        needs: Needs::COUNT,
        group_by: &[],
    };
    let groups = rig.store.aggregate(&asked, &budget).expect("aggregate");
    let counts =
        groups.iter().flat_map(|group| group.windows().map(|w| w.count).collect::<Vec<_>>());
    let counted = (counts.sum::<u64>().to_string(), budget.warnings().len());
    let budget = Budget::unlimited();
    let everything = Selection { predicate: Predicate::ALL, range: TimeRange::ALL };
    let outline = rig.store.outline(&everything, &budget).expect("outline");
    [counted, (format!("{outline:?}"), budget.warnings().len())]
}

/// What became of the damages of one folder.
#[derive(Debug, Default)]
struct Tally {
    harmless: u32,
    mended: u32,
    told: u32,
    values_served: u64,
}

/// Opens a damaged folder and looks at it from all sides.
fn check(sample: &Sample, path: &Path, disk: Simulated, what: &str, tally: &mut Tally) {
    let rig = Rig::with(disk, two()).unwrap_or_else(|e| panic!("{what}: {e}"));
    let (is_whole, warnings) = compare(sample, &rig, what, tally);
    let stats = rig.store.stats();
    match (is_whole, stats.corruption_found) {
        (true, 0) => tally.harmless += 1,
        (true, _) => tally.mended += 1,
        (false, 0) => panic!("{what} went unnoticed: {warnings:?}"),
        (false, _) => tally.told += 1,
    }
    // A copy makes up for whatever is not of the log or a block.
    assert!(is_whole || is_log(path) || is_block(path), "{what}");
    // What is missing is said with every answer, whatever happens meanwhile.
    let must_tell = !is_whole && stats.corruption_found > 0;
    let check_told = |(is_whole, warnings): (bool, Vec<String>), when: &str| {
        assert!(is_whole || !must_tell || !warnings.is_empty(), "{what}: untold {when}");
    };
    check_told((is_whole, warnings), "at first");
    for ((found, warnings), (whole, _)) in looks(&rig).iter().zip(&sample.whole) {
        let is_told = *warnings > 0 || !must_tell;
        assert!(found == whole || is_told, "{what}: {found}, not {whole}, untold");
    }
    // It goes on: background work, writes, a clean stop, a start.
    keep_up(&rig, path, what);
    check_told(compare(sample, &rig, what, tally), "after a merge");
    let more = [float("more", NOW, 1.0)];
    rig.put(&more);
    check_told(compare(sample, &rig, what, tally), "after a write");
    rig.store.close().unwrap_or_else(|e| panic!("{what}: {e}"));
    let again = rig.kill(two());
    check_told(compare(sample, &again, what, tally), "after a start");
    let budget = Budget::unlimited();
    let found = read(&again.store, &Predicate::ALL, TimeRange::ALL, &budget);
    assert_eq!(found["more value"][&NOW], Value::F64(1.0), "{what}");
}

/// Background work goes on. Where it cannot be told what was deleted of a block, it cannot be
/// merged, which is an error the first time.
fn keep_up(rig: &Rig, path: &Path, what: &str) {
    if let Err(error) = rig.store.maintain() {
        let is_of = |error: &Error| matches!(error, Error::Damaged { path: at, .. } if at == path);
        assert!(is_of(&error) && is_block(path), "{what}: {error}");
        assert_eq!(rig.store.stats().blocks_unmerged, 1, "{what}");
        rig.store.maintain().unwrap_or_else(|e| panic!("{what}, once more: {e}"));
    }
}

/// Every value that is served was written for its point, and the last one where nothing is
/// told to be damaged. Answers whether all was there, and the warnings.
fn compare(sample: &Sample, rig: &Rig, what: &str, tally: &mut Tally) -> (bool, Vec<String>) {
    let budget = Budget::unlimited();
    let found = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &budget);
    let mut served = 0;
    let mut is_whole = true;
    for (series, samples) in &found {
        for (at, value) in samples {
            let Some(values) = sample.written.get(&(series.clone(), *at)) else {
                assert_eq!(series, "more value", "{what}: {series} at {at} was made up");
                continue;
            };
            assert!(values.contains(value), "{what}: {series} at {at} was never {value:?}");
            is_whole &= values.last() == Some(value);
            served += 1;
        }
    }
    is_whole &= served == sample.written.len();
    tally.values_served += served as u64;
    (is_whole, budget.warnings())
}

fn is_block(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "block")
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wal")
}

/// The files of a folder.
fn files(disk: &Simulated) -> Vec<PathBuf> {
    disk.files().into_iter().filter(|path| !path.ends_with("LOCK")).collect()
}

fn places(bytes: usize, random: &mut Random) -> Vec<usize> {
    match bytes {
        0..=PLACES_MAX => (0..bytes).collect(),
        _ => (0..PLACES_MAX).map(|_| random.below(bytes as u64) as usize).collect(),
    }
}

#[test]
fn a_changed_byte_anywhere_is_told_and_never_served() {
    let sample = sample();
    let mut random = Random::new(1);
    for path in files(&sample.disk) {
        let bytes = read_all(&sample.disk, &path).expect("read").len();
        let mut tally = Tally::default();
        for at in places(bytes, &mut random) {
            let mask = *random.pick(&[0x01, 0x80, 0x41, 0xff]);
            let disk = sample.disk.after_power_cut(0);
            disk.damage(&path, |bytes| bytes[at] ^= mask);
            let what = format!("{} byte {at} ^ {mask:#x}", path.display());
            check(&sample, &path, disk, &what, &mut tally);
        }
        println!("{}, {bytes} bytes: {tally:?}", path.display());
    }
}

#[test]
fn files_that_are_cut_or_overwritten_are_told_and_never_served() {
    let sample = sample();
    let mut random = Random::new(2);
    for path in files(&sample.disk) {
        let size = read_all(&sample.disk, &path).expect("read").len();
        let mut tally = Tally::default();
        for _ in 0..60 {
            let from = random.below(size as u64) as usize;
            let length = random.between(1, 600) as usize;
            let (kind, seed) = (random.below(4), random.number());
            // What is cut off the end of the log is what a power cut tears.
            let is_cut = kind == 0 || kind == 3 || from + length >= size;
            let disk = sample.disk.after_power_cut(0);
            disk.damage(&path, |bytes| {
                let end = (from + length).min(bytes.len());
                let mut noise = Random::new(seed);
                match kind {
                    0 => bytes.truncate(from),
                    1 => bytes[from..end].fill(0),
                    2 => bytes[from..end].fill_with(|| noise.number() as u8),
                    _ => drop(bytes.drain(from..end)),
                }
            });
            let what = format!("{} from {from}, {length} bytes, way {kind}", path.display());
            if is_log(&path) && is_cut {
                let rig = Rig::with(disk, two()).unwrap_or_else(|e| panic!("{what}: {e}"));
                compare(&sample, &rig, &what, &mut tally);
            } else {
                check(&sample, &path, disk, &what, &mut tally);
            }
        }
        println!("{}, {size} bytes: {tally:?}", path.display());
    }
}

/// Bytes that change while the store is open: what was read before is not read again wrongly.
#[test]
fn a_byte_that_changes_under_an_open_store_is_never_served() {
    let sample = sample();
    let mut random = Random::new(3);
    for path in files(&sample.disk) {
        let size = read_all(&sample.disk, &path).expect("read").len();
        for at in places(size, &mut random).into_iter().step_by(7) {
            let disk = sample.disk.after_power_cut(0);
            let rig = Rig::with(disk.clone(), two()).expect("open");
            disk.damage(&path, |bytes| bytes[at] ^= 0x10);
            let what = format!("{} byte {at}", path.display());
            let mut tally = Tally::default();
            let (is_whole, warnings) = compare(&sample, &rig, &what, &mut tally);
            let is_told = !warnings.is_empty() && rig.store.stats().corruption_found > 0;
            assert!(is_whole || is_told, "{what} went unnoticed");
            for warning in &warnings {
                let says_where = warning.contains("offset") || warning.contains("put aside");
                let names_it = warning.contains(".block") && says_where;
                assert!(names_it, "{what}: {warning}");
            }
            for _ in 0..3 {
                keep_up(&rig, &path, &what);
            }
            compare(&sample, &rig, &what, &mut tally);
        }
    }
}

/// Every kind of file with the version after this one's, its checksum made right: it is
/// refused with what to do, and nothing is touched.
#[test]
fn files_of_a_newer_version_are_refused_untouched() {
    let sample = sample();
    let mut refused = Vec::new();
    for path in files(&sample.disk) {
        let whole = read_all(&sample.disk, &path).expect("read");
        let Some(newer) = with_next_version(&whole) else { continue };
        let disk = sample.disk.after_power_cut(0);
        disk.damage(&path, |bytes| *bytes = newer.clone());
        let list = |disk: &Simulated| -> Vec<(PathBuf, Vec<u8>)> {
            let files = disk.files().into_iter().filter(|path| !path.ends_with("LOCK"));
            files.map(|p| (p.clone(), read_all(disk, &p).expect("read"))).collect()
        };
        let before = list(&disk);
        let error = Rig::with(disk.clone(), two()).err();
        let error = error.unwrap_or_else(|| panic!("{} was opened", path.display()));
        assert!(matches!(&error, Error::Version { path: told, .. } if *told == path), "{error}");
        let text = error.to_string();
        assert!(text.contains("start the version") && text.contains("--data-dir"), "{text}");
        assert_eq!(list(&disk), before, "{}: nothing was changed", path.display());
        refused.push(path);
    }
    let has = |part: &str| refused.iter().any(|path| path.to_string_lossy().contains(part));
    for part in ["MANIFEST", "catalog", "tombstones", ".copy", "wal/", "blocks/"] {
        assert!(has(part), "{part}: {refused:?}");
    }
}

/// The same with the next version at the one envelope that tells it: the first of the file,
/// or the last of a block. None where there is no envelope.
fn with_next_version(whole: &[u8]) -> Option<Vec<u8>> {
    // Magic, version, body, CRC32C of all before; the header of a segment is 21 bytes long.
    let seal = |bytes: &mut [u8]| {
        let (sealed, sum) = bytes.split_at_mut(bytes.len() - 4);
        sealed[8] += 1;
        sum.copy_from_slice(&codec::checksum::crc32c(sealed).to_le_bytes());
    };
    let mut newer = whole.to_vec();
    match whole.get(..8)? {
        b"BAROMETA" | b"BAROCTLG" | b"BAROTOMB" => seal(&mut newer),
        b"BAROWAL\0" => seal(newer.get_mut(..21)?),
        _ => {
            let at = whole.windows(8).rposition(|eight| eight == b"BAROFOOT")?;
            seal(&mut newer[at..]);
        }
    }
    Some(newer)
}
