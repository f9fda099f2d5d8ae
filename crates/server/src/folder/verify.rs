//! `barograph verify`: a line for each damage, and a failure where there is any.

use super::progress::Progress;
use super::{bytes, fault, print};
use crate::cli;
use crate::error::Error;
use serde_json::json;
use std::sync::Arc;
use storage::{Disk, Finding, RealDisk, Told, Verified};

/// Reads the folder and prints what it finds.
///
/// # Errors
/// When a server has the folder, it is none, or something is damaged.
pub fn run(flags: &cli::Verify) -> Result<(), Error> {
    let folder = &flags.folder;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let mut progress = Progress::new();
    let (mut damages, mut notes) = (Vec::new(), Vec::new());
    let verified = storage::verify(&folder.data_dir, &disk, &mut |told| match told {
        Told::Reading { done, of, .. } => progress.show(done, of),
        Told::Damage(finding) => {
            if !folder.json {
                progress.clear();
                print(&line("damaged", finding));
            }
            damages.push(finding.clone());
        }
        Told::Note(finding) => {
            if !folder.json {
                progress.clear();
                print(&line("note", finding));
            }
            notes.push(finding.clone());
        }
    });
    progress.clear();
    let verified = verified.map_err(fault)?;
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
