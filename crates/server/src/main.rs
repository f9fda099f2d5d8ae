//! The binary `barograph`: HTTP, configuration, command line, and the wiring of the rooms.
//!
//! Everything that decides something about metrics lives in another room; this one speaks
//! to people, sockets and signals. It is the only room that is async.

mod answers;
mod cli;
mod client;
mod config;
mod error;
mod folder;
mod gate;
mod house;
mod http;
mod ingest;
mod metrics;
mod serve;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match run(cli::Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("barograph: {error:#}");
            let known = error.downcast_ref::<error::Error>();
            ExitCode::from(known.map_or(error::EXIT_FAILURE, error::Error::exit_code))
        }
    }
}

fn run(command: cli::Command) -> anyhow::Result<()> {
    match command {
        cli::Command::Serve(flags) => serve::serve(&flags)?,
        cli::Command::Agent(flags) => client::agent::run(&flags)?,
        cli::Command::Query(flags) => client::query::run(&flags)?,
        cli::Command::Rules(command) => client::rules::run(&command)?,
        cli::Command::Bench(flags) => client::bench::run(&flags)?,
        cli::Command::Backup(flags) => folder::backup::run(&flags)?,
        cli::Command::Restore(flags) => folder::backup::restore(&flags)?,
        cli::Command::Verify(flags) => folder::verify::run(&flags)?,
        cli::Command::Inspect(flags) => folder::inspect::run(&flags)?,
        cli::Command::CheckConfig { file } => {
            serve::check(&file)?;
            println!("{}: ok", file.display());
        }
    }
    Ok(())
}
