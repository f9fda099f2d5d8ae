//! Wire bytes to rows and back.
//!
//! Every decoder here is a [`model::row::Rows`]: it borrows the body, lends one row at a
//! time, and keeps nothing of it. None opens a socket, reads a clock or knows a store; what
//! cannot be decoded becomes a refusal of that row, and never hides the rows after it.

mod error;
pub mod line;
pub mod remote_write;

pub use error::Error;
