//! `net`: what network interfaces did since the host started; those that are up and not the
//! loopback.

use super::files::{Files, counts, text};
use super::{Problem, Round, files};

/// Flags of an interface (`linux/if.h`).
const UP: u64 = 1;
const LOOPBACK: u64 = 1 << 3;

/// What `/proc/net/dev` says of an interface.
struct Interface {
    name: String,
    counts: [u64; 16],
}

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let dev = files.read(&round.roots.proc, "net/dev")?;
    let mut interfaces = Vec::new();
    // Two lines of headings come first; they have no colon behind a name.
    for line in dev.lines().skip(2) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().and_then(text).map(str::trim);
        let (Some(name), Some(rest)) = (name, parts.next()) else { continue };
        let (counts, found) = counts(files::words(rest));
        if found < counts.len() {
            round.note(dev.odd(format!("the line of {name} has fewer than 16 counts")));
            continue;
        }
        interfaces.push(Interface { name: name.to_owned(), counts });
    }
    for interface in interfaces {
        if !is_wanted(&interface.name, files, round) {
            continue;
        }
        // Received: bytes, packets, errs, drop, fifo, frame, compressed, multicast; then
        // sent: bytes, packets, errs, drop, …
        let counts = interface.counts;
        round.write("net", &[("interface", &interface.name)], |fields| {
            fields.count("bytes_sent", counts[8]).count("bytes_recv", counts[0]);
            fields.count("packets_sent", counts[9]).count("packets_recv", counts[1]);
            fields.count("err_in", counts[2]).count("err_out", counts[10]);
            fields.count("drop_in", counts[3]).count("drop_out", counts[11]);
        });
    }
    Ok(())
}

/// Whether the interface is up and not the loopback. Where that cannot be read, as in some
/// sandboxes, its name decides.
fn is_wanted(name: &str, files: &mut Files, round: &mut Round<'_>) -> bool {
    match files.read_if_there(&round.roots.sys, &format!("class/net/{name}/flags")) {
        Ok(Some(content)) => match text(content.bytes).and_then(flags) {
            Some(flags) => flags & UP != 0 && flags & LOOPBACK == 0,
            None => {
                round.note(content.odd("it is not a hexadecimal number"));
                name != "lo"
            }
        },
        Ok(None) => name != "lo",
        Err(problem) => {
            round.note(problem);
            name != "lo"
        }
    }
}

fn flags(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}
