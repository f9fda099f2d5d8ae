//! `cpu`: shares of time of each processor and of all, since the round before.

use super::files::{Files, counts, text, words};
use super::{Problem, Round};
use std::collections::HashMap;

/// Times in ticks, in the order of `/proc/stat`: user, nice, system, idle, iowait, irq,
/// softirq, steal, guest, guest_nice. User includes guest, and nice includes guest_nice.
type Times = [u64; 10];

const USER: usize = 0;
const NICE: usize = 1;
const GUEST: usize = 8;
const GUEST_NICE: usize = 9;

/// Names of the times, in their order.
const NAMES: [&str; 10] = [
    "usage_user",
    "usage_nice",
    "usage_system",
    "usage_idle",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
];

/// The readings of the round before.
#[derive(Debug, Default)]
pub(super) struct Cpu {
    before: HashMap<String, Times>,
}

impl Cpu {
    pub(super) fn collect(
        &mut self,
        files: &mut Files,
        round: &mut Round<'_>,
    ) -> Result<(), Problem> {
        let stat = files.read(&round.roots.proc, "stat")?;
        let mut found = false;
        for line in stat.lines().take_while(|line| line.starts_with(b"cpu")) {
            let mut words = words(line);
            let Some(name) = words.next().and_then(text) else { continue };
            let (now, known) = counts(words);
            if known < 4 {
                return Err(stat.odd(format!("the line of {name} has fewer than four times")));
            }
            found = true;
            let name = if name == "cpu" { "cpu-total" } else { name };
            match self.before.get_mut(name) {
                Some(before) => {
                    if let Some(shares) = shares(before, &now) {
                        round.write("cpu", &[("cpu", name)], |fields| {
                            for (name, share) in NAMES.iter().zip(shares) {
                                fields.float(name, share);
                            }
                        });
                    }
                    *before = now;
                }
                None => drop(self.before.insert(name.to_owned(), now)),
            }
        }
        if found { Ok(()) } else { Err(stat.odd("it has no line of a processor")) }
    }
}

/// Per cent of the time between two readings; none where no time has passed, or where it
/// went backwards, as it does for a processor that was off.
fn shares(before: &Times, now: &Times) -> Option<[f64; 10]> {
    let total = |times: &Times| times[..GUEST].iter().sum::<u64>();
    let passed = total(now).checked_sub(total(before)).filter(|passed| *passed > 0)?;
    // Single times may go back a little (idle and iowait do), which counts as nothing.
    let mut spent: Times = std::array::from_fn(|at| now[at].saturating_sub(before[at]));
    spent[USER] = spent[USER].saturating_sub(spent[GUEST]);
    spent[NICE] = spent[NICE].saturating_sub(spent[GUEST_NICE]);
    Some(spent.map(|ticks| 100.0 * ticks as f64 / passed as f64))
}
