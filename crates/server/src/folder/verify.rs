//! `barograph verify`: a line for each damage, and a failure where there is any.

use super::progress::Progress;
use super::scratch::Scratch;
use super::{bytes, fault, print};
use crate::cli;
use crate::error::Error;
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use storage::{Disk, Finding, Looked, RealDisk, Told, Verified};

/// What the rules are called in a data folder.
const RULES_FILE: &str = "alerts.db";

/// What was found so far; a person is told at once, a program at the end.
struct Found {
    is_json: bool,
    progress: Progress,
    damages: Vec<Finding>,
    notes: Vec<Finding>,
}

impl Found {
    fn damage(&mut self, finding: Finding) {
        self.say("damaged", &finding);
        self.damages.push(finding);
    }

    fn note(&mut self, finding: Finding) {
        self.say("note", &finding);
        self.notes.push(finding);
    }

    fn say(&mut self, word: &str, finding: &Finding) {
        if !self.is_json {
            self.progress.clear();
            print(&line(word, finding));
        }
    }
}

/// Reads the folder and prints what it finds.
///
/// # Errors
/// When a server has the folder, it is none, or something is damaged.
pub fn run(flags: &cli::Verify) -> Result<(), Error> {
    let folder = &flags.folder;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    // For as long as the rules are read as well, which the store knows nothing of.
    let _held = Looked::open(&folder.data_dir, disk.as_ref()).map_err(fault)?;
    let (damages, notes) = (Vec::new(), Vec::new());
    let mut found = Found { is_json: folder.json, progress: Progress::new(), damages, notes };
    let verified = storage::verify(&folder.data_dir, &disk, &mut |told| match told {
        Told::Reading { done, of, .. } => found.progress.show(done, of),
        Told::Damage(finding) => found.damage(finding.clone()),
        Told::Note(finding) => found.note(finding.clone()),
    });
    found.progress.clear();
    let mut verified = verified.map_err(fault)?;
    rules(&folder.data_dir, &mut verified, &mut found)?;
    buffers(&folder.data_dir, &mut verified, &mut found)?;
    let Found { damages, notes, .. } = found;
    match folder.json {
        true => print(&format!("{:#}\n", as_json(&verified, &damages, &notes))),
        false if damages.is_empty() => print(&format!(
            "{}: {} files, {}: no damage\n",
            folder.data_dir.display(),
            verified.files,
            bytes(verified.bytes)
        )),
        false => {}
    }
    match damages.len() {
        0 => Ok(()),
        count => Err(Error::Failed(format!(
            "{}: {count} damaged places in {} files; docs/operations.md says what to do",
            folder.data_dir.display(),
            verified.files
        ))),
    }
}

/// Asks SQLite about the rules, where they are in the folder: about a copy, since it would
/// write what a kill left in its log into the file.
fn rules(data: &Path, verified: &mut Verified, found: &mut Found) -> Result<(), Error> {
    let path = data.join(RULES_FILE);
    let Ok(about) = path.metadata() else { return Ok(()) };
    verified.files += 1;
    verified.bytes += about.len();
    let copy = Scratch::new()?;
    for suffix in ["", "-wal", "-journal"] {
        let name = format!("{RULES_FILE}{suffix}");
        let (from, to) = (data.join(&name), copy.path().join(&name));
        match fs::copy(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let (from, to) = (from.display(), to.display());
                return Err(Error::Failed(format!("copy {from} to {to}: {error}")));
            }
            _ => {}
        }
    }
    let wrong = alert::check_database(&copy.path().join(RULES_FILE));
    for what in wrong.unwrap_or_else(|error| vec![error.to_string()]) {
        found.damage(Finding { path: path.clone(), offset: 0, what });
    }
    Ok(())
}

/// Reads what agents that keep their buffers in the folder have not sent yet.
fn buffers(data: &Path, verified: &mut Verified, found: &mut Found) -> Result<(), Error> {
    let failed = |path: &Path, error: std::io::Error| {
        Error::Failed(format!("read {}: {error}", path.display()))
    };
    let mut inside = RealDisk.folders(data).map_err(|error| failed(data, error))?;
    inside.retain(|name| agent::is_buffer(&data.join(name)));
    for dir in inside.iter().map(|name| data.join(name)) {
        let checked = agent::check_buffer(&dir).map_err(|error| failed(&dir, error))?;
        verified.files += checked.segments;
        verified.bytes += checked.bytes;
        if checked.is_in_use {
            let what = "is the buffer of an agent that runs; it was not read".to_owned();
            found.note(Finding { path: dir, offset: 0, what });
        }
        for agent::Lost { path, offset, what } in checked.lost {
            found.damage(Finding { path, offset, what });
        }
    }
    verified.damages = found.damages.len() as u64;
    Ok(())
}

fn line(word: &str, finding: &Finding) -> String {
    let Finding { path, offset, what } = finding;
    format!("{word}: {} at offset {offset}: {what}\n", path.display())
}

fn as_json(verified: &Verified, damages: &[Finding], notes: &[Finding]) -> serde_json::Value {
    let list = |findings: &[Finding]| -> Vec<serde_json::Value> {
        let one = |it: &Finding| json!({ "file": it.path.display().to_string(), "offset": it.offset, "what": it.what });
        findings.iter().map(one).collect()
    };
    json!({
        "files": verified.files,
        "bytes": verified.bytes,
        "damages": list(damages),
        "notes": list(notes),
    })
}
