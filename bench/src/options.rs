//! What a run measures, and how much of it.

use crate::server::Kind;
use crate::shape::Shape;
use crate::traffic::Variant;
use std::path::PathBuf;

/// The judge of speed and space.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "barograph-bench", args_override_self = true)]
pub struct Options {
    /// Measure only these parts
    #[arg(value_enum)]
    pub only: Vec<Part>,
    /// Peers to measure beside Barograph
    #[arg(long, value_enum, value_delimiter = ',')]
    pub peers: Vec<Kind>,
    /// Also fill 500,000 hosts × 6 h, 1.08 G samples, and ask over them
    #[arg(long)]
    pub huge: bool,
    /// Hosts of that store
    #[arg(long, default_value_t = 500_000)]
    pub huge_hosts: usize,
    /// The binary to measure
    #[arg(long, default_value = "target/release/barograph")]
    pub binary: PathBuf,
    /// Folder of recorded host metrics [default: ../shared/data, where it is]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Where the servers' folders are while it runs
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    pub temp: PathBuf,
    /// Where the table is written
    #[arg(long, default_value = "bench/out")]
    pub out: PathBuf,
    /// First of 100 ports to use; 0 takes any that are free
    #[arg(long, default_value_t = 0)]
    pub port_first: u16,
    /// After so many minutes nothing more is begun
    #[arg(long, default_value_t = 22)]
    pub minutes: u64,
    /// Hosts that send, each with 10 tags and 10 fields
    #[arg(long, default_value_t = 10_000)]
    pub hosts: usize,
    /// Connections of the ordered sender
    #[arg(long, default_value_t = 2)]
    pub connections: usize,
    /// Values that are sent
    #[arg(long, value_enum, default_value_t = Shape::Mixed)]
    pub shape: Shape,
    /// Kinds of traffic to send [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    pub traffic: Vec<Variant>,
    /// How long each variant of ingest is sent
    #[arg(long, default_value_t = 8)]
    pub seconds: u64,
    /// Bodies of 1,000 lines of one lap, which are kept in memory: 350 KB each
    #[arg(long, default_value_t = 500)]
    pub bodies: usize,
    /// Hosts whose 10 series are held for the memory of a million series
    #[arg(long, default_value_t = 100_000)]
    pub memory_hosts: usize,
    /// Hours that are stored for the bytes a sample
    #[arg(long, default_value_t = 24)]
    pub space_hours: usize,
    /// Hosts of the larger query set, each with one field; the smaller has a tenth, with ten
    #[arg(long, default_value_t = 10_000)]
    pub query_hosts: usize,
    /// Days of the longer history
    #[arg(long, default_value_t = 15)]
    pub history_days: usize,
}

/// A part of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Part {
    /// Samples a second, CPU and latency by kind of traffic
    Ingest,
    /// Memory of a million series, regex over their labels, restart
    Memory,
    /// Bytes a sample on disk
    Space,
    /// The query set
    Query,
    /// What five million series and fifteen days change
    Growth,
    /// The store of 1.08 G samples
    Huge,
}

impl Options {
    /// Whether a kind of traffic is to be sent.
    pub fn sends(&self, variant: Variant) -> bool {
        self.traffic.is_empty() || self.traffic.contains(&variant)
    }

    /// Whether a part was asked for.
    pub fn wants(&self, part: Part) -> bool {
        match part {
            Part::Huge => self.huge || self.only.contains(&part),
            _ => self.only.is_empty() && !self.huge || self.only.contains(&part),
        }
    }
}
