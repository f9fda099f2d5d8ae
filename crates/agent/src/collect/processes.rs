//! `processes`: how many there are in each state.

use super::files::{Files, count, words};
use super::{Problem, Round};
use rustix::fs::{Mode, OFlags, RawDir, open};
use std::mem::MaybeUninit;

/// Room for the names that one call of the kernel gives.
const DIRECTORY_BYTES: usize = 32 << 10;

/// States by their letters in `/proc/PID/stat` (proc(5)); two letters mean stopped.
const STATES: [(&[u8], &str); 9] = [
    (b"R", "running"),
    (b"S", "sleeping"),
    (b"D", "blocked"),
    (b"Z", "zombies"),
    (b"Tt", "stopped"),
    (b"I", "idle"),
    (b"Xx", "dead"),
    (b"W", "paging"),
    (b"P", "parked"),
];

/// Reads the list of processes.
#[derive(Default)]
pub(super) struct Processes {
    names: Vec<MaybeUninit<u8>>,
}

impl std::fmt::Debug for Processes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Processes").finish_non_exhaustive()
    }
}

impl Processes {
    pub(super) fn collect(
        &mut self,
        files: &mut Files,
        round: &mut Round<'_>,
    ) -> Result<(), Problem> {
        let proc = &round.roots.proc;
        let failed =
            |error: rustix::io::Errno| Problem { path: proc.clone(), what: error.to_string() };
        let folder =
            open(proc, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .map_err(failed)?;
        self.names.resize(DIRECTORY_BYTES, MaybeUninit::uninit());
        let mut list = RawDir::new(folder, &mut self.names);
        let mut states = [0; STATES.len()];
        let (mut total, mut threads, mut unknown) = (0, 0, 0);
        while let Some(entry) = list.next() {
            let entry = entry.map_err(failed)?;
            let Some(pid) = entry.file_name().to_str().ok().filter(|name| is_pid(name)) else {
                continue;
            };
            // Processes end while they are listed.
            let Ok(Some(stat)) = files.read_if_there(proc, &format!("{pid}/stat")) else {
                continue;
            };
            let Some((state, its_threads)) = parse(stat.bytes) else { continue };
            total += 1;
            threads += its_threads;
            match STATES.iter().position(|(letters, _)| letters.contains(&state)) {
                Some(at) => states[at] += 1,
                None => unknown += 1,
            }
        }
        round.write("processes", &[], |fields| {
            for ((_, name), value) in STATES.iter().zip(states) {
                fields.count(name, value);
            }
            fields.count("unknown", unknown).count("total", total);
            fields.count("total_threads", threads);
        });
        Ok(())
    }
}

fn is_pid(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

/// State and threads of a process. Its name, in parentheses, may hold anything, more
/// parentheses too; the state is the first word behind the last, the threads are the 18th.
fn parse(stat: &[u8]) -> Option<(u8, u64)> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut words = words(&stat[end + 1..]);
    let state = *words.next()?.first()?;
    Some((state, words.nth(16).and_then(count).unwrap_or(0)))
}
