//! Random histories, each from a seed: writes, deletes, flushes, merges, changes of databases, failing
//! disks, kills and power cuts, compared with a plain map.
//!
//! A history that fails prints its seed, a shorter history that fails too, and the command
//! that runs it alone. `HISTORIES=20000` runs so many of each kind, `HISTORY_SEED=n` begins
//! with seed n, `HISTORY_STEPS=0,4,5` keeps only these steps of it, and `HISTORY_TRACE=1` prints
//! what is done:
//!
//! ```text
//! HISTORIES=20000 HISTORY_SEED=1000 cargo test --release -p barograph-storage histories
//! ```
//!
//! A change of the steps changes what a seed means, so seeds are not kept: what was found is
//! kept as a test of its own. Histories of several writers differ from run to run.

mod catalog;
mod cells;
mod copies;
mod deletes;
mod found;
mod model;
mod points;
mod questions;
mod runner;
mod step;

use std::panic::{AssertUnwindSafe, catch_unwind};
use step::{History, Profile};

/// How many histories of each kind every run of the tests has.
const HISTORIES: u64 = 150;
/// How often a failing history is run again to find a shorter one.
const SHORTENINGS_MAX: u32 = 400;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}

/// Why a history fails; none where it does not.
fn failure(history: &History) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| runner::run(history))).err()?;
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    Some(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
}

/// Runs the histories of one kind.
fn check(profile: &'static Profile) {
    let first = number("HISTORY_SEED").unwrap_or(1);
    let only = std::env::var("HISTORY_STEPS").ok();
    let count = number("HISTORIES").unwrap_or(HISTORIES);
    for seed in first..first + count {
        let mut history = History::new(profile, seed);
        let all: Vec<usize> = match &only {
            Some(text) => {
                let named = text.split(',').map(|at| at.parse().expect("a step"));
                named.filter(|at| *at < history.steps.len()).collect()
            }
            None => (0..history.steps.len()).collect(),
        };
        let steps = history.steps.clone();
        let keep = |history: &mut History, kept: &[usize]| {
            history.steps = kept.iter().map(|at| steps[*at]).collect();
        };
        keep(&mut history, &all);
        if let Some(why) = failure(&history) {
            let kept = shorten(all, |kept| {
                keep(&mut history, kept);
                failure(&history).is_some()
            });
            keep(&mut history, &kept);
            let last = failure(&history);
            let text: Vec<String> = kept.iter().map(|at| at.to_string()).collect();
            let lines: Vec<String> =
                kept.iter().map(|at| format!("  {at:3} {:?}", steps[*at].action)).collect();
            panic!(
                "history {seed} ({}) fails: {why}\n\nshortened to\n{}\nit fails: {}\n\nto run it: \
                 HISTORIES=1 HISTORY_SEED={seed} HISTORY_STEPS={} cargo test -p barograph-storage \
                 histories::{}",
                profile.name,
                lines.join("\n"),
                last.as_deref().unwrap_or("not every time"),
                text.join(","),
                profile.name,
            );
        }
    }
}

/// Leaves steps out as long as it still fails: first many at a time, in the end each alone.
fn shorten(all: Vec<usize>, mut fails: impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (mut kept, mut tries) = (all, 0);
    let mut size = kept.len().div_ceil(2);
    while size > 0 && tries < SHORTENINGS_MAX {
        let mut at = 0;
        while at < kept.len() && tries < SHORTENINGS_MAX {
            let mut fewer = kept.clone();
            fewer.drain(at..(at + size).min(kept.len()));
            tries += 1;
            if fails(&fewer) { kept = fewer } else { at += size }
        }
        size /= 2;
    }
    std::panic::set_hook(hook);
    kept
}

#[test]
fn single() {
    check(&step::SINGLE);
}

#[test]
fn failing() {
    check(&step::FAILING);
}

#[test]
fn several() {
    check(&step::SEVERAL);
}

#[test]
fn a_failing_history_is_shortened_to_what_matters() {
    let kept = shorten((0..100).collect(), |kept| kept.contains(&17) && kept.contains(&80));
    assert_eq!(kept, [17, 80]);
}
