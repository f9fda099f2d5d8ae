//! Lines on their way to the server.

mod backoff;
mod client;
mod sender;

pub(crate) use backoff::Backoff;
pub(crate) use client::{Answer, Client};
pub(crate) use sender::{Sender, Sent, Turn};
