//! `mem`: how the memory is used.

use super::files::{Content, Files, count, words};
use super::{Problem, Round};

/// What is passed on as it is: names of `/proc/meminfo`, and ours.
const PLAIN: [(&str, &str); 27] = [
    ("Active", "active"),
    ("Buffers", "buffered"),
    ("CommitLimit", "commit_limit"),
    ("Committed_AS", "committed_as"),
    ("Dirty", "dirty"),
    ("HighFree", "high_free"),
    ("HighTotal", "high_total"),
    ("HugePages_Free", "huge_pages_free"),
    ("Hugepagesize", "huge_page_size"),
    ("HugePages_Total", "huge_pages_total"),
    ("Inactive", "inactive"),
    ("LowFree", "low_free"),
    ("LowTotal", "low_total"),
    ("Mapped", "mapped"),
    ("PageTables", "page_tables"),
    ("Shmem", "shared"),
    ("Slab", "slab"),
    ("SReclaimable", "sreclaimable"),
    ("SUnreclaim", "sunreclaim"),
    ("SwapCached", "swap_cached"),
    ("SwapFree", "swap_free"),
    ("SwapTotal", "swap_total"),
    ("VmallocChunk", "vmalloc_chunk"),
    ("VmallocTotal", "vmalloc_total"),
    ("VmallocUsed", "vmalloc_used"),
    ("WritebackTmp", "write_back_tmp"),
    ("Writeback", "write_back"),
];

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let info = files.read(&round.roots.proc, "meminfo")?;
    let entry = |name| entry(&info, name);
    let total = entry("MemTotal").filter(|total| *total > 0);
    let (Some(total), Some(free)) = (total, entry("MemFree")) else {
        return Err(info.odd("it has no MemTotal or no MemFree"));
    };
    // Telegraf counts what the kernel can take back of its own as cached.
    let cached = entry("Cached").unwrap_or(0) + entry("SReclaimable").unwrap_or(0);
    let available = entry("MemAvailable").unwrap_or(free + cached);
    let buffered = entry("Buffers").unwrap_or(0);
    let used = total.saturating_sub(free).saturating_sub(buffered).saturating_sub(cached);
    let percent = |part: u64| 100.0 * part as f64 / total as f64;
    round.write("mem", &[], |fields| {
        fields.count("total", total).count("available", available).count("used", used);
        fields.float("available_percent", percent(available)).float("used_percent", percent(used));
        fields.count("free", free).count("cached", cached);
        for (name, ours) in PLAIN {
            if let Some(value) = entry(name) {
                fields.count(ours, value);
            }
        }
    });
    Ok(())
}

/// The entry called `name`, in bytes where it is a size and not a count.
pub(super) fn entry(info: &Content<'_>, name: &str) -> Option<u64> {
    info.lines().find_map(|line| {
        let mut words = words(line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?);
        let value = count(words.next()?)?;
        Some(if words.next() == Some(b"kB") { value.saturating_mul(1024) } else { value })
    })
}
