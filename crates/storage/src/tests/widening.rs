//! Damage of the definition of a stream that gained a column, in the log.

use super::rig::*;
use crate::Options;
use crate::disk::read_all;
use crate::disk::simulated::Simulated;
use crate::wal::{FrameKind, frame, replay, segment};
use model::limits::Budget;
use model::{Predicate, TimeRange, Value};
use std::path::{Path, PathBuf};

fn one() -> Options {
    Options { partitions: 1, ..options() }
}

/// A row of stream `n` of ten.
fn narrow(n: usize, at: i64, value: f64) -> Point {
    float(&format!("cpu,n={n}"), at, value)
}

/// One with a column more.
fn wide(n: usize, at: i64, value: f64) -> Point {
    let fields = [("value", Value::F64(value)), ("more", Value::I64(value as i64))];
    point(&format!("cpu,n={n}"), at, &fields)
}

/// Three bodies: ten streams; one of them gains a column; it has that, and writes again with
/// fewer.
fn bodies() -> [Vec<Point>; 3] {
    let others = |at: i64| (1..10).map(move |n| narrow(n, at, at as f64));
    let first = (0..10).map(|n| narrow(n, NOW, n as f64)).collect();
    let second = [wide(0, NOW + 1, 1.0)].into_iter().chain(others(NOW + 1)).collect();
    let again = [wide(0, NOW + 2, 2.0), narrow(0, NOW + 1, 5.0), narrow(0, NOW + 3, 3.0)];
    let third = again.into_iter().chain(others(NOW + 2)).collect();
    [first, second, third]
}

/// The segment, and where its frames of definitions are.
fn definitions(disk: &Simulated) -> (PathBuf, Vec<usize>) {
    let is_segment = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        path.starts_with(Path::new(DATA).join("wal")) && name.and_then(segment::number).is_some()
    };
    let files = disk.files();
    let path = files.iter().find(is_segment).expect("a segment");
    let number = path.file_name().and_then(|name| name.to_str()).and_then(segment::number);
    let bytes = read_all(disk, path).expect("read");
    let mut found = Vec::new();
    replay::read(&bytes, number.expect("a number"), path, |offset, frame| {
        if frame.kind == FrameKind::Definitions {
            found.push(offset as usize);
        }
    })
    .expect("a segment");
    (path.clone(), found)
}

/// What is found after these frames of definitions were damaged.
fn found_without(rig: &Rig, lost: &[usize]) -> Map {
    let disk = rig.disk.after_kill();
    let (path, frames) = definitions(&disk);
    assert_eq!(frames.len(), 3, "each body brings definitions");
    for lost in lost {
        disk.flip(&path, frames[*lost] + frame::HEADER_BYTES + 3);
    }
    let rig = Rig::with(disk, one()).expect("open");
    let read_back = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &Budget::unlimited());
    rig.store.flush().expect("flush");
    let in_blocks = read(&rig.store, &Predicate::ALL, TimeRange::ALL, &Budget::unlimited());
    assert_eq!(read_back, in_blocks);
    read_back
}

#[test]
fn the_other_copy_of_a_definition_serves_all_rows() {
    let rig = Rig::with(Simulated::new(), one()).expect("open");
    let mut expected = Expected::default();
    for body in bodies() {
        rig.put(&body);
        expected.add(&body);
    }
    assert_eq!(expected.0["cpu,n=0 value"][&(NOW + 1)], Value::F64(5.0));
    for lost in [0, 1, 2] {
        assert_eq!(found_without(&rig, &[lost]), expected.0, "without frame {lost}");
    }
    // Without both, the rows that have the column are lost, and no other.
    let mut left = expected.0.clone();
    left.remove("cpu,n=0 more");
    left.get_mut("cpu,n=0 value").expect("others").remove(&(NOW + 2));
    assert_eq!(found_without(&rig, &[1, 2]), left);
}
