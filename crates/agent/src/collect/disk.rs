//! `disk`: how full the file systems are.
//!
//! Which mounts count is decided from the list of mounts alone, before any is asked: one
//! that waits for its server would hold up everything. Left out are Telegraf's default
//! (memory, images, layers), what is no storage at all, network file systems, and further
//! mounts of a device that is listed already. Where nothing is left, the root is taken
//! whatever it is, so that a container shows something.

use super::files::{Content, Files, text, words};
use super::{Problem, Round};
use rustix::fs::{StatVfs, statvfs};
use std::path::{Path, PathBuf};

/// What Telegraf's sample configuration leaves out.
const TELEGRAF: [&str; 7] =
    ["tmpfs", "devtmpfs", "devfs", "iso9660", "overlay", "aufs", "squashfs"];

/// What stores nothing.
const PSEUDO: [&str; 24] = [
    "autofs",
    "binder",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "nullfs",
    "proc",
    "pstore",
    "ramfs",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "sysfs",
    "tracefs",
];

/// What may wait for another host for ever. File systems of programs (`fuse.*`) are left
/// out for the same reason.
const NETWORK: [&str; 12] = [
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// The root, wherever it stands.
const ROOT: &str = "/";

/// A mount that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Mount {
    point: String,
    /// What the kernel calls the device: two mounts of one have the same.
    number: String,
    /// Whether the whole file system is seen, and not a folder of it.
    is_whole: bool,
    device: String,
    fstype: String,
    mode: &'static str,
}

pub(super) fn collect(files: &mut Files, round: &mut Round<'_>) -> Result<(), Problem> {
    let mounts = plan(&files.read(&round.roots.proc, "self/mountinfo")?);
    for mount in mounts {
        let path = below(&round.roots.mounts, &mount.point);
        // A single file that is mounted, as containers do, is a folder of another disk.
        if !path.is_dir() {
            continue;
        }
        match statvfs(&path) {
            Ok(usage) => write(&mount, &usage, round),
            Err(error) => round.note(Problem { path, what: error.to_string() }),
        }
    }
    Ok(())
}

fn below(root: &Path, point: &str) -> PathBuf {
    root.join(point.trim_start_matches('/'))
}

fn write(mount: &Mount, usage: &StatVfs, round: &mut Round<'_>) {
    let block = usage.f_frsize;
    let bytes = |blocks: u64| blocks.saturating_mul(block);
    let (total, free) = (bytes(usage.f_blocks), bytes(usage.f_bavail));
    let used = bytes(usage.f_blocks.saturating_sub(usage.f_bfree));
    if total == 0 {
        return;
    }
    // Of what can be used: blocks kept for root count neither as used nor as free.
    let percent = |part: u64, rest: u64| {
        let whole = part.saturating_add(rest);
        if whole > 0 { 100.0 * part as f64 / whole as f64 } else { 0.0 }
    };
    let inodes_used = usage.f_files.saturating_sub(usage.f_ffree);
    let tags = [
        ("path", mount.point.as_str()),
        ("device", mount.device.strip_prefix("/dev/").unwrap_or(&mount.device)),
        ("fstype", &mount.fstype),
        ("mode", mount.mode),
    ];
    round.write("disk", &tags, |fields| {
        fields.count("total", total).count("free", free).count("used", used);
        fields.float("used_percent", percent(used, free));
        fields.count("inodes_total", usage.f_files).count("inodes_free", usage.f_ffree);
        fields.count("inodes_used", inodes_used);
        fields.float("inodes_used_percent", percent(inodes_used, usage.f_ffree));
    });
}

/// The mounts that count, in the order of their paths.
fn plan(info: &Content<'_>) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for mount in info.lines().filter_map(parse) {
        // What is mounted over another hides it.
        mounts.retain(|hidden| hidden.point != mount.point);
        mounts.push(mount);
    }
    let root = mounts.iter().find(|mount| mount.point == ROOT).cloned();
    mounts.retain(counts);
    // Of one device the whole goes before a part, and the shorter path before the longer.
    mounts.sort_by(|a, b| {
        let order = |mount: &Mount| (!mount.is_whole, mount.point.len());
        a.number.cmp(&b.number).then_with(|| order(a).cmp(&order(b)))
    });
    mounts.dedup_by(|later, kept| later.number == kept.number);
    mounts.sort_by(|a, b| a.point.cmp(&b.point));
    if mounts.is_empty() {
        mounts.extend(root);
    }
    mounts
}

fn counts(mount: &Mount) -> bool {
    let left_out = TELEGRAF.iter().chain(&PSEUDO).chain(&NETWORK);
    let is_program = mount.fstype.starts_with("fuse.");
    !is_program && left_out.into_iter().all(|fstype| *fstype != mount.fstype)
}

/// A line of `mountinfo` (proc(5)): id, parent, device number, root, mount point, options,
/// optional fields, `-`, type, source, options of the file system.
fn parse(line: &[u8]) -> Option<Mount> {
    let mut words = words(line).map(text);
    let number = words.nth(2)??.to_owned();
    let is_whole = words.next()?? == ROOT;
    let point = unescape(words.next()??);
    let mut options = words.next()??.split(',');
    let mode = if options.any(|option| option == "ro") { "ro" } else { "rw" };
    let fstype = words.find(|word| *word == Some("-")).and_then(|_| words.next())??.to_owned();
    let device = unescape(words.next()??);
    Some(Mount { point, number, is_whole, device, fstype, mode })
}

/// Undoes the octal escapes of blanks and backslashes.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|code| u8::from_str_radix(code, 8).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                out.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests;
