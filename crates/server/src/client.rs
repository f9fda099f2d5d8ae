//! The commands that are not the server: they speak to one over HTTP.

pub mod agent;
pub mod asked;
pub mod bench;
pub mod query;
pub mod rules;
pub mod s3;
pub mod table;
