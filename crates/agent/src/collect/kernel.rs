//! `kernel`: what the kernel counts since the host started.

use super::files::{Files, count, words};
use super::swap::counter;
use super::{Problem, Round};

/// Names of `/proc/stat`, and ours.
const COUNTERS: [(&str, &str); 4] = [
    ("btime", "boot_time"),
    ("ctxt", "context_switches"),
    ("intr", "interrupts"),
    ("processes", "processes_forked"),
];

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let proc = &round.roots.proc;
    let stat = files.read(proc, "stat")?;
    let counters = COUNTERS.map(|(name, ours)| (ours, counter(&stat, name)));
    if counters.iter().all(|(_, value)| value.is_none()) {
        return Err(stat.odd("it has none of btime, ctxt, intr and processes"));
    }
    let pages = files
        .read(proc, "vmstat")
        .map(|vmstat| (counter(&vmstat, "pgpgin"), counter(&vmstat, "pgpgout")));
    let entropy = files
        .read(proc, "sys/kernel/random/entropy_avail")
        .map(|content| words(content.bytes).next().and_then(count));
    let entropy = entropy.map_err(|problem| round.note(problem)).ok().flatten();
    // A missing `vmstat` was noted by `swap`.
    let (pages_in, pages_out) = pages.unwrap_or_default();
    round.write("kernel", &[], |fields| {
        let others = [
            ("entropy_avail", entropy),
            ("disk_pages_in", pages_in),
            ("disk_pages_out", pages_out),
        ];
        for (name, value) in counters.into_iter().chain(others) {
            if let Some(value) = value {
                fields.count(name, value);
            }
        }
    });
    Ok(())
}
