//! `swap`: how the swap space is used, and bytes in and out since the host started.

use super::files::{Content, Files, count, words};
use super::mem::entry;
use super::{Problem, Round};

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let info = files.read(&round.roots.proc, "meminfo")?;
    let (Some(total), Some(free)) = (entry(&info, "SwapTotal"), entry(&info, "SwapFree")) else {
        return Err(info.odd("it has no SwapTotal or no SwapFree"));
    };
    let used = total.saturating_sub(free);
    let used_percent = if total > 0 { 100.0 * used as f64 / total as f64 } else { 0.0 };
    let pages = match files.read(&round.roots.proc, "vmstat") {
        Ok(vmstat) => (counter(&vmstat, "pswpin"), counter(&vmstat, "pswpout")),
        Err(problem) => {
            round.note(problem);
            (None, None)
        }
    };
    let page_bytes = rustix::param::page_size() as u64;
    round.write("swap", &[], |fields| {
        fields.count("total", total).count("used", used).count("free", free);
        fields.float("used_percent", used_percent);
        if let (Some(into), Some(out)) = pages {
            fields.count("in", into.saturating_mul(page_bytes));
            fields.count("out", out.saturating_mul(page_bytes));
        }
    });
    Ok(())
}

/// The counter called `name`, which stands on a line with its value.
pub(super) fn counter(content: &Content<'_>, name: &str) -> Option<u64> {
    content.lines().find_map(|line| {
        let mut words = words(line);
        (words.next()? == name.as_bytes()).then(|| words.next().and_then(count))?
    })
}
