//! `system`: load, processors, sessions, and how long the host is up.

use super::files::{Files, decimal, words};
use super::{Problem, Round};

/// The size of an entry of the file of sessions (utmp(5)); the C libraries of 32-bit
/// heritage have 384 bytes, AArch64 has 400.
const UTMP_ENTRY_BYTES: usize = if cfg!(target_arch = "aarch64") { 400 } else { 384 };

/// The type of an entry that is a person's session.
const USER_PROCESS: i16 = 7;

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let load = noted(load(files, round), round);
    let uptime = noted(uptime(files, round), round);
    let cpus = noted(cpus(files, round), round);
    let users = noted(users(files, round), round);
    round.write("system", &[], |fields| {
        if let Some([load1, load5, load15]) = load {
            fields.float("load1", load1).float("load5", load5).float("load15", load15);
        }
        for (name, value) in [("n_cpus", cpus), ("n_users", users), ("uptime", uptime)] {
            if let Some(value) = value {
                fields.count(name, value);
            }
        }
    });
    Ok(())
}

/// The value; a problem is noted, and leaves the other fields alone.
fn noted<T>(result: Result<T, Problem>, round: &mut Round<'_>) -> Option<T> {
    result.map_err(|problem| round.note(problem)).ok()
}

fn load(files: &mut Files, round: &Round<'_>) -> Result<[f64; 3], Problem> {
    let content = files.read(&round.roots.proc, "loadavg")?;
    let mut loads = words(content.bytes).map_while(decimal);
    match (loads.next(), loads.next(), loads.next()) {
        (Some(load1), Some(load5), Some(load15)) => Ok([load1, load5, load15]),
        _ => Err(content.odd("it does not start with three numbers")),
    }
}

fn uptime(files: &mut Files, round: &Round<'_>) -> Result<u64, Problem> {
    let content = files.read(&round.roots.proc, "uptime")?;
    let seconds = words(content.bytes).next().and_then(decimal);
    seconds.map(|seconds| seconds as u64).ok_or_else(|| content.odd("it is not a number"))
}

fn cpus(files: &mut Files, round: &Round<'_>) -> Result<u64, Problem> {
    let content = files.read(&round.roots.proc, "stat")?;
    let is_one = |line: &&[u8]| {
        line.strip_prefix(b"cpu").and_then(<[u8]>::first).is_some_and(u8::is_ascii_digit)
    };
    Ok(content.lines().filter(is_one).count() as u64)
}

fn users(files: &mut Files, round: &Round<'_>) -> Result<u64, Problem> {
    let content = files.read(&round.roots.utmp, "")?;
    let entries = content.bytes.chunks_exact(UTMP_ENTRY_BYTES);
    let is_session = |entry: &&[u8]| i16::from_ne_bytes([entry[0], entry[1]]) == USER_PROCESS;
    Ok(entries.filter(is_session).count() as u64)
}
