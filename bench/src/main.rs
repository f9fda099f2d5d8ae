//! The judge of speed and space: `make bench`, `make bench-peers`.
//!
//! It starts servers as users do, sends each the same bytes, and asks each what dashboards
//! would ask. It prints a table and asserts nothing about time: machines differ, and one
//! machine differs from minute to minute. CPU seconds are the server's alone, so that the
//! sender on the same cores does not count.
//!
//! `traffic` makes bodies ahead, `send` sends them; `fill` is history through the socket,
//! `store_fill` history without; `question` is the query set, `answer` what two servers must
//! agree on. `ingest`, `memory`, `space`, `query`, `growth` and `huge` are the parts.

mod answer;
mod ask;
mod body;
mod fill;
mod fleet;
mod growth;
mod http;
mod huge;
mod ingest;
mod memory;
mod options;
mod process;
mod query;
mod question;
mod random;
mod recording;
mod remote_write;
mod report;
mod restart;
mod rig;
mod send;
mod server;
mod shape;
mod space;
mod stage;
mod store_fill;
mod table;
mod traffic;

use anyhow::Result;
use clap::Parser as _;
use options::{Options, Part};
use rig::Rig;
use stage::Stage;

/// Measures a part and puts its figures into the table.
type Measure = fn(&Rig);

fn main() -> Result<()> {
    let options = Options::parse();
    let stage = Stage::open(&options.temp)?;
    let rig = Rig::new(options, stage);
    let about = report::About::this_run(&rig)?;
    let parts: [(Part, Measure); 6] = [
        (Part::Ingest, ingest::measure),
        (Part::Memory, memory::measure),
        (Part::Space, space::measure),
        (Part::Query, query::measure),
        (Part::Growth, growth::measure),
        (Part::Huge, huge::measure),
    ];
    for (part, measure) in parts {
        if rig.options.wants(part) {
            measure(&rig);
        }
    }
    report::write(rig, &about)
}
