//! `diskio`: what block devices did since the host started.

use super::files::{Files, counts, text, words};
use super::{Problem, Round};

/// The unit of sectors in `/proc/diskstats`, whatever the device's own is.
const SECTOR_BYTES: u64 = 512;

/// Devices that are memory or files of another device.
const LEFT_OUT: [&str; 2] = ["ram", "loop"];

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let stats = files.read(&round.roots.proc, "diskstats")?;
    for line in stats.lines() {
        let mut words = words(line).skip(2);
        let Some(name) = words.next().and_then(text) else { continue };
        if LEFT_OUT.iter().any(|prefix| is_numbered(name, prefix)) {
            continue;
        }
        let (values, found) = counts(words);
        if found < values.len() {
            round.note(stats.odd(format!("the line of {name} has fewer than 11 counts")));
            continue;
        }
        let [
            reads,
            merged_reads,
            sectors_read,
            read_time,
            writes,
            merged_writes,
            sectors_written,
            write_time,
            in_progress,
            io_time,
            weighted_io_time,
        ] = values;
        round.write("diskio", &[("name", name)], |fields| {
            fields.count("reads", reads).count("writes", writes);
            fields.count("read_bytes", sectors_read.saturating_mul(SECTOR_BYTES));
            fields.count("write_bytes", sectors_written.saturating_mul(SECTOR_BYTES));
            fields.count("read_time", read_time).count("write_time", write_time);
            fields.count("io_time", io_time).count("weighted_io_time", weighted_io_time);
            fields.count("iops_in_progress", in_progress);
            fields.count("merged_reads", merged_reads).count("merged_writes", merged_writes);
        });
    }
    Ok(())
}

/// Whether `name` is `prefix` with a number behind it.
fn is_numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
