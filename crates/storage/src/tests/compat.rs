//! Folders that earlier versions wrote, which every later one must open or refuse in words.
//!
//! `tests/compat/v1` was written by version 1 of every format and killed with rows in its
//! log. It is never edited: a change of a format adds a folder. `UPDATE=1` writes the newest
//! one where it is missing.

use super::rig::*;
use crate::disk::RealDisk;
use crate::{Options, Store};
use model::limits::Budget;
use model::{Predicate, TimeRange, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/v1")
}

fn open(folder: &Path) -> Store {
    let clock = Arc::new(TestClock(NOW.into()));
    let options = Options { partitions: 2, retention: None, ..Options::default() };
    Store::open(folder, Arc::new(RealDisk), clock, options).expect("open")
}

/// Rows of every kind: dense ones that make whole chunks, and a few that are sparse and old.
fn flushed() -> Vec<Point> {
    let dense = (0..300).map(|n| {
        let fields = [
            ("float", Value::F64(n as f64 / 10.0)),
            ("full", Value::F64((n as f64).sqrt())),
            ("signed", Value::I64(-n)),
            ("unsigned", Value::U64(u64::MAX - n as u64)),
            ("truth", Value::Bool(n % 3 == 0)),
            ("text", Value::Str(format!("line {}", n % 5))),
            ("histogram", Value::Histogram(vec![n as u8; 3])),
        ];
        point("all,host=a", NOW + n * 10_000_000_000, &fields)
    });
    let old = [float("old,host=b", 1, f64::NAN), float("old,host=b", NOW / 2, -0.0)];
    dense.chain(old).collect()
}

/// Rows that stay in the log: one is new, one rewrites a row that is in a block.
fn logged() -> Vec<Point> {
    vec![float("late,host=c", NOW, 1.5), point("all,host=a", NOW, &[("float", Value::F64(7.5))])]
}

fn write_fixture(folder: &Path) {
    let store = open(folder);
    write(&store, "metrics", None, &flushed()).expect("write");
    store.flush().expect("flush");
    write(&store, "metrics", None, &logged()).expect("write");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("make a folder");
    for entry in std::fs::read_dir(from).expect("the fixture is there") {
        let entry = entry.expect("read a folder").path();
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            std::fs::copy(&entry, &target).expect("copy a file");
        }
    }
}

/// Bits, since NaN is not equal to itself.
fn bits(map: Map) -> Vec<(String, i64, String)> {
    let sample = |name: &str, at: i64, value: &Value| match value {
        Value::F64(v) => (name.to_owned(), at, format!("{:016x}", v.to_bits())),
        other => (name.to_owned(), at, format!("{other:?}")),
    };
    map.iter().flat_map(|(name, by)| by.iter().map(|(at, v)| sample(name, *at, v))).collect()
}

#[test]
fn a_folder_of_version_1_opens_with_all_its_samples() {
    if std::env::var_os("UPDATE").is_some() && !fixture().exists() {
        write_fixture(&fixture());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    copy(&fixture(), &data);
    let mut expected = Expected::default();
    expected.add(&flushed());
    expected.add(&logged());
    let expected = bits(expected.0);
    let found =
        |store: &Store| bits(read(store, &Predicate::ALL, TimeRange::ALL, &Budget::unlimited()));
    let store = open(&data);
    assert_eq!(found(&store), expected);
    // And once all of it is in blocks that this version wrote.
    store.close().expect("close");
    drop(store);
    assert_eq!(found(&open(&data)), expected);
}
