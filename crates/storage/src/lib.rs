//! Keeps samples durably and finds them again.
//!
//! A written row goes to the write-ahead log (`wal`), which one group commit makes durable,
//! and to the head (`head`), where queries see it. A flush turns the head into immutable
//! blocks (`block`), one for each partition, retention class and slice of time; merges keep
//! their number small (`compact`), retention drops them whole (`retention`), and what was
//! deleted is hidden until a merge leaves it out (`tombstone`). Databases and
//! policies stand in the catalog (`catalog`). Every file operation goes through [`Disk`],
//! and time comes from the `Clock` it is given, so that a test can stop either.
//!
//! Not here: languages, protocols, threads of its own. Whoever opens a [`Store`] calls
//! [`Store::maintain`] every few seconds. `FORMAT.md` beside this crate draws every byte.

mod aggregate;
mod block;
mod cardinality;
mod catalog;
mod chunk;
mod compact;
pub mod disk;
mod envelope;
mod error;
mod folder;
mod gap;
mod head;
mod identity;
mod index;
mod inspect;
mod jobs;
mod notation;
mod options;
mod piece;
mod retention;
mod room;
mod rowset;
mod series;
mod shape;
mod slice;
mod stats;
mod store;
mod threads;
mod tombstone;
mod trouble;
mod twin;
mod verify;
mod wal;

pub use block::Shares;
pub use cardinality::{Cardinality, Counted, Pair};
pub use disk::{DAMAGED, Disk, RealDisk};
pub use error::Error;
pub use folder::{FILES, Looked, MANIFEST, SNAPSHOTS};
pub use inspect::{Inspect, Inspection, Metric, Sliced, Written, inspect};
pub use jobs::{JobKind, JobStats};
pub use options::{Fsync, FsyncError, Options};
pub use stats::{Maintained, Stats};
pub use store::{CountError, Store};
pub use verify::{Finding, Told, Verified, verify, verify_block};

#[cfg(test)]
mod tests;
