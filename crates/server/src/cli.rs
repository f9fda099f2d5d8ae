//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::Span;
use std::path::PathBuf;

/// Records metrics, answers over them, and tells people when something breaks.
#[derive(Debug, Parser)]
#[command(name = "barograph", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server
    Serve(Serve),
    /// Collects this host's metrics and sends them to a server
    Agent(Agent),
    /// Asks a server in PromQL or InfluxQL and prints the answer
    Query(Query),
    /// Alert rules
    #[command(subcommand)]
    Rules(Rules),
    /// Measures how fast a server takes samples in and answers, on one of its own or a given one
    Bench(Bench),
    /// Copies all data of a running server, or of a stopped folder, to a folder or an S3 bucket
    Backup(Backup),
    /// Makes a data folder out of a backup
    Restore(Restore),
    /// Reads every checksum of a stopped data folder or a snapshot, and changes nothing
    Verify(Verify),
    /// Tells what a stopped data folder or a snapshot holds and what its bytes are for
    Inspect(Inspect),
    /// Checks a configuration file of the server
    CheckConfig {
        /// The file
        file: PathBuf,
    },
}

#[derive(Debug, Default, Args)]
pub struct Serve {
    /// Configuration file; flags win over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder that holds all data [default: ./barograph-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:7373]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Where rules are kept: sqlite:PATH [default: alerts.db in the data folder]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where answers are cached: memory: [default: memory:]
    #[arg(long, value_name = "URL")]
    pub cache_url: Option<String>,
    /// How long points are kept, such as 15d, or inf [default: 15d]
    #[arg(long, value_name = "DURATION|inf")]
    pub retention: Option<String>,
    /// Do not collect this host's own metrics
    #[arg(long)]
    pub no_collect: bool,
    /// Listen beyond loopback although no token is set: everybody who reaches the port may read, write and delete
    #[arg(long)]
    pub insecure: bool,
}

#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    pub server: Server,
    /// The data folder; the server is asked only where one has it
    #[arg(long, value_name = "DIR", default_value = "./barograph-data")]
    pub data_dir: PathBuf,
    #[command(flatten)]
    pub silence: Silence,
    /// The folder, or s3://BUCKET/PREFIX, to copy to; what an earlier backup left there is not
    /// copied again
    #[arg(value_name = "DIR|s3://BUCKET/PREFIX")]
    pub target: PathBuf,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// The server to measure; its database barograph_bench is dropped before and after. Where
    /// it is left out, a server is started on a temporary folder, and both go at the end
    #[arg(long)]
    pub url: Option<String>,
    /// Token, where the server wants one [default: $BAROGRAPH_TOKEN]
    #[arg(long)]
    pub token: Option<String>,
    /// Where the temporary folder is made: on the disk to measure [default: the system's]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub dir: Option<PathBuf>,
    /// How long to write at most; Ctrl-C ends it earlier
    #[arg(long, value_name = "DURATION", default_value = "20s")]
    pub duration: Span,
    /// How many hosts report, ten series each
    #[arg(long, value_name = "N", default_value_t = 4_000)]
    pub hosts: u32,
    /// How many connections write at one time
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub connections: u32,
    /// How many lines, of ten values each, one body has
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub lines: u32,
    /// Leave the database barograph_bench on the server
    #[arg(long, requires = "url")]
    pub keep: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// The folder of the backup, or its s3://BUCKET/PREFIX
    #[arg(value_name = "DIR|s3://BUCKET/PREFIX")]
    pub source: PathBuf,
    /// The data folder to make, which is empty or not there
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    #[command(flatten)]
    pub silence: Silence,
}

/// How a bucket is waited for.
#[derive(Debug, Args)]
pub struct Silence {
    /// How long a bucket may be silent before a request is tried again
    #[arg(long = "timeout", value_name = "DURATION", default_value = "1m")]
    pub silence: Span,
}

/// Which folder is looked at.
#[derive(Debug, Args)]
pub struct Folder {
    /// The data folder, or a snapshot of one
    #[arg(long, value_name = "DIR", default_value = "./barograph-data")]
    pub data_dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub folder: Folder,
}

#[derive(Debug, Args)]
pub struct Inspect {
    #[command(flatten)]
    pub folder: Folder,
    /// How long each list is
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// Read all values as well, and tell how they are written
    #[arg(long)]
    pub modes: bool,
}

#[derive(Debug, Args)]
pub struct Agent {
    /// Configuration file; flags win over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server to send to [default: http://127.0.0.1:7373]
    #[arg(long)]
    pub url: Option<String>,
}

/// Which server is asked, and as whom.
#[derive(Debug, Args)]
pub struct Server {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:7373")]
    pub url: String,
    /// Token, where the server wants one [default: $BAROGRAPH_TOKEN]
    #[arg(long)]
    pub token: Option<String>,
}

#[derive(Debug, Args)]
pub struct Query {
    #[command(flatten)]
    pub server: Server,
    /// Language; guessed from the first word where it is left out
    #[arg(long, value_enum)]
    pub lang: Option<Language>,
    /// Database of InfluxQL measurements
    #[arg(long, default_value = model::DEFAULT_DATABASE)]
    pub db: String,
    /// PromQL over a range, from here: seconds, RFC 3339, or such as -1h [default: -1h]
    #[arg(long, allow_hyphen_values = true)]
    pub start: Option<String>,
    /// Up to here; without --start and --step, the one time to answer at [default: now]
    #[arg(long, allow_hyphen_values = true)]
    pub end: Option<String>,
    /// Distance of the answers, such as 30s [default: a 250th of the range]
    #[arg(long)]
    pub step: Option<String>,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// PromQL or InfluxQL
    #[arg(allow_hyphen_values = true)]
    pub expr: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Promql,
    Influxql,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Csv,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Makes or replaces each rule of a JSON file
    Apply {
        /// The file: one rule, an array of rules, or {"rules": […]}
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
    /// Lists the rules of a server with their states
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Checks the rules of a JSON file, without a server
    Check {
        /// The file
        file: PathBuf,
    },
}
