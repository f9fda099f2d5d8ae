//! InfluxQL, as InfluxDB 1.8 speaks it.
//!
//! A text goes through `parser` (tokens to trees), `plan` (what the text means, then
//! what it means for the data there is) and `run` (rows). `show` answers what there is,
//! `catalog` changes it. Nothing here knows HTTP or JSON: an answer is cells, and the
//! server prints them.
//!
//! What InfluxDB has and this does not (`SELECT INTO`, continuous queries,
//! users, some technical-analysis functions) parses and is refused with a message.

mod answer;
mod ast;
mod catalog;
mod condition;
mod context;
mod delete;
mod engine;
mod error;
mod eval;
mod moment;
mod parser;
mod plan;
mod points;
mod reduce;
mod run;
mod scanner;
mod show;
mod token;

pub use answer::{Cell, Message, ResultSeries, Rows, StatementResult};
pub use engine::{Engine, Options, Request};
pub use error::ParseError;
pub use moment::{Zone, format_time};
pub use points::Points;
