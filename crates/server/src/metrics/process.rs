//! What the operating system says about this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Ticks of a second in `/proc/self/stat`. The kernel's interface fixes it at 100 on every
/// architecture Barograph is built for, whatever rate the kernel itself runs at.
const TICKS_PER_SECOND: f64 = 100.0;

/// This process at one moment; what could not be read is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    pub cpu_seconds: Option<f64>,
    pub resident_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    pub started_at: Option<f64>,
    pub open_files: Option<u64>,
    pub open_files_max: Option<u64>,
}

impl Process {
    /// Reads `/proc/self`.
    pub fn read() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let boot = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let mut process = Self::parse(&stat, &boot);
        // The folder that is being listed is one of the descriptors; it is not counted.
        let open = std::fs::read_dir("/proc/self/fd").ok().map(|list| list.count() as u64);
        process.open_files = open.map(|count| count.saturating_sub(1));
        process.open_files_max = getrlimit(Resource::Nofile).current;
        process
    }

    /// From the text of `/proc/self/stat` and of `/proc/stat`.
    fn parse(stat: &str, boot: &str) -> Self {
        // The second field is the program's name in brackets, which may hold anything.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // The field after the name is the third of proc(5).
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let booted = boot.lines().find_map(|line| line.strip_prefix("btime "));
        let booted: Option<f64> = booted.and_then(|text| text.trim().parse().ok());
        let ticks = |number| field(number).map(|ticks| ticks as f64 / TICKS_PER_SECOND);
        Self {
            cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| user + system),
            virtual_bytes: field(23),
            resident_bytes: field(24).map(|pages| pages * rustix::param::page_size() as u64),
            started_at: booted.zip(ticks(22)).map(|(booted, after)| booted + after),
            ..Self::default()
        }
    }
}

/// Lifts the number of files this process may open to the most it is allowed: each block
/// and each connection is one.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // The old limit serves too, so that a refusal is no reason to stop.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

#[cfg(test)]
mod tests;
