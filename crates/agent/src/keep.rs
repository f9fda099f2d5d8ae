//! Lines that wait to be sent: in memory while all is well, else on disk.

mod buffer;
mod check;
mod outbox;
mod segment;

pub(crate) use buffer::Buffer;
pub use check::{Checked, Lost, check_buffer, is_buffer};
pub(crate) use outbox::{Batch, Outbox, count_lines};

/// How much is sent at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
}
