//! Every target over its corpus, and over seeded changes of it. `FUZZ_RUNS=1000000` makes
//! more of them, `FUZZ_SEED=n` others.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// How many changed inputs each target gets.
const RUNS: u64 = 3000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("read")).collect()
}

fn check(name: &str) {
    let found = TARGETS.iter().find(|(other, _)| *other == name);
    let target = found.unwrap_or_else(|| panic!("no target {name}")).1;
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has a corpus");
    let (runs, seed) = (number("FUZZ_RUNS", RUNS), number("FUZZ_SEED", 1));
    let mut mutation = Mutation { corpus: &corpus, random: Random(seed) };
    let mut inputs = corpus.clone();
    for run in 0..runs + corpus.len() as u64 {
        let input = inputs.pop().unwrap_or_else(|| mutation.next_input());
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            let kept = std::env::temp_dir().join(format!("barograph-fuzz-{name}-{run}"));
            std::fs::write(&kept, &input).expect("keep the input");
            panic!("{name} panicked over {}: {:?}", kept.display(), input.escape_ascii());
        }
    }
}

#[test]
fn every_target_has_a_test_and_a_corpus() {
    let tested = [
        "bools",
        "floats",
        "folder",
        "influxql",
        "integers",
        "line",
        "promql",
        "remote_write",
        "strings",
        "timestamps",
    ];
    assert_eq!(TARGETS.map(|(name, _)| name), tested);
}

#[test]
fn bools() {
    check("bools");
}

#[test]
fn floats() {
    check("floats");
}

#[test]
fn folder() {
    check("folder");
}

#[test]
fn influxql() {
    check("influxql");
}

#[test]
fn integers() {
    check("integers");
}

#[test]
fn line() {
    check("line");
}

#[test]
fn promql() {
    check("promql");
}

#[test]
fn remote_write() {
    check("remote_write");
}

#[test]
fn strings() {
    check("strings");
}

#[test]
fn timestamps() {
    check("timestamps");
}
