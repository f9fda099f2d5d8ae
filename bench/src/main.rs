//! The judge of speed and space: `make bench`.
//!
//! It starts the release binary as a user does, sends it what hosts would send, and asks what
//! dashboards would ask. It prints a table and asserts nothing about time: machines differ,
//! and one machine differs from minute to minute. CPU seconds are the server's alone, so that
//! the sender on the same cores does not count.

mod generate;
mod ingest;
mod query;
mod server;

use anyhow::Result;
use clap::Parser;

/// What is measured, and how much of it.
#[derive(Parser, Debug)]
#[command(name = "barograph-bench")]
pub struct Options {
    /// Measure only these: ingest, query.
    #[arg(value_parser = ["ingest", "query"])]
    only: Vec<String>,
    /// The binary to measure.
    #[arg(long, default_value = "target/release/barograph")]
    binary: std::path::PathBuf,
    /// Hosts that send; each has 10 tags and 10 fields.
    #[arg(long, default_value_t = 2_000)]
    hosts: usize,
    /// Bodies of 1,000 lines that are sent.
    #[arg(long, default_value_t = 2_000)]
    bodies: usize,
    /// Connections that are kept alive.
    #[arg(long, default_value_t = 2)]
    connections: usize,
    /// Hosts of the query set, each with 6 h of samples at 10 s.
    #[arg(long, default_value_t = 10_000)]
    query_hosts: usize,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == part)
    }
}

/// One line of the table.
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The figure, rounded for people.
    pub figure: String,
    /// Its unit.
    pub unit: &'static str,
}

impl Figure {
    /// A figure with `decimals` digits behind the point.
    pub fn new(what: impl Into<String>, value: f64, decimals: usize, unit: &'static str) -> Self {
        Self { what: what.into(), figure: format!("{value:.decimals$}"), unit }
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let mut figures = Vec::new();
    if options.wants("ingest") {
        figures.extend(ingest::measure(&options)?);
    }
    if options.wants("query") {
        figures.extend(query::measure(&options)?);
    }
    let widest = figures.iter().map(|f| f.what.len()).max().unwrap_or(0);
    println!();
    for figure in &figures {
        println!("| {:widest$} | {:>12} | {:<28} |", figure.what, figure.figure, figure.unit);
    }
    Ok(())
}
