//! Whole-room tests: samples in, messages at a stand-in receiver out, on a clock that
//! stands still until a test moves it.

mod api;
mod cooldown;
mod crash;
mod expressions;
mod lifecycle;
mod property;
mod receiver;
mod restart;
mod sending;
mod threads;
pub(crate) mod world;
