//! The page a run ends with: on which machine, when, of what, and the table.

use crate::rig::Rig;
use crate::server;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::process::Command;

/// Where and of what a run is.
#[derive(Debug)]
pub struct About {
    date: String,
    commit: String,
    machine: String,
    versions: Vec<String>,
}

impl About {
    /// Looks around before anything is measured, so that a missing peer is told at once.
    ///
    /// # Errors
    /// When a program to measure is not there.
    pub fn this_run(rig: &Rig) -> Result<Self> {
        let version =
            |kind| Ok(format!("{}: {}", server::Kind::name(kind), server::version(rig, kind)?));
        Ok(Self {
            date: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string(),
            commit: commit().unwrap_or_else(|| "unknown commit".to_owned()),
            machine: machine(),
            versions: rig.kinds().into_iter().map(version).collect::<Result<_>>()?,
        })
    }
}

/// Prints the page, and writes it as markdown into the folder that was named.
///
/// # Errors
/// When the file cannot be written.
pub fn write(rig: Rig, about: &About) -> Result<()> {
    let kinds = rig.kinds();
    let (options, table, took) = rig.finish();
    let mut page = String::new();
    writeln!(page, "## {}, commit {}\n", about.date, about.commit)?;
    writeln!(page, "{}\n", about.machine)?;
    for version in &about.versions {
        writeln!(page, "- {version}")?;
    }
    writeln!(
        page,
        "\n{} hosts, {} connections, {} values; {} s of each traffic; took {} min. In \
         parentheses: how many times Barograph is ahead.\n",
        options.hosts,
        options.connections,
        options.shape.name(),
        options.seconds,
        took.as_secs().div_ceil(60),
    )?;
    page.push_str(&table.markdown(&kinds));
    std::fs::create_dir_all(&options.out)?;
    let stamp = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    let path = options.out.join(format!("{stamp}.md"));
    std::fs::write(&path, &page).with_context(|| format!("write {}", path.display()))?;
    println!("\n{page}\nwritten to {}", path.display());
    Ok(())
}

fn commit() -> Option<String> {
    let run = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = run(&["rev-parse", "--short", "HEAD"])?;
    let changed = !run(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if changed { format!("{commit} with changes") } else { commit })
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str, sign: char| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(sign))
            .map(|(_, rest)| rest.trim().trim_matches('"').to_owned())
    };
    let cpu =
        field(&read("/proc/cpuinfo"), "model name", ':').unwrap_or_else(|| "a CPU".to_owned());
    let system = field(&read("/etc/os-release"), "PRETTY_NAME", '=').unwrap_or_default();
    let memory = field(&read("/proc/meminfo"), "MemTotal", ':').unwrap_or_default();
    let kib: f64 = memory.trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
    format!(
        "{cores} cores ({cpu}), {:.0} GiB, {system}; load average {load} before the run",
        kib / 1048576.0
    )
}
