//! PromQL against scripts: our own, which say exactly what must come out, and, when they are
//! at hand, Prometheus's.

mod conformance;
mod consistency;
mod engine;
mod memory;
mod notation;
mod script;

use std::path::{Path, PathBuf};

/// Every script in this folder. `UPDATE=1` writes what came out in place of what should.
#[test]
fn scripts_come_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promql");
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for path in files(&folder) {
        let text = std::fs::read_to_string(&path).expect("a script can be read");
        let outcome = script::run(&text);
        if update {
            std::fs::write(&path, outcome.rewritten).expect("a script can be written");
        } else if !outcome.failures.is_empty() {
            wrong.push_str(&format!("{}:\n{}\n", path.display(), outcome.failures));
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE=1 accepts what came out");
}

/// Prometheus's own scripts, which are not part of this repository.
#[test]
#[ignore = "set PROMQL_CASES to a folder of Prometheus's *.test scripts and run it with --ignored"]
fn prometheus_scripts_pass() {
    let Some(folder) = std::env::var_os("PROMQL_CASES") else {
        println!("PROMQL_CASES is not set: Prometheus's own scripts were NOT run");
        return;
    };
    let report = conformance::run(&files(Path::new(&folder)));
    println!("{report}");
    assert!(report.share() >= 0.95, "less than 95 % of the cases pass");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of scripts can be read");
    let paths = entries.map(|entry| entry.expect("a folder entry can be read").path());
    let mut scripts: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "test")).collect();
    scripts.sort();
    scripts
}
