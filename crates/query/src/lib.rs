//! Text to plan to result: PromQL and InfluxQL.
//!
//! This room sees samples through [`model::port::Source`] and databases through
//! [`model::port::Catalog`]; it never imports the store.

pub mod influxql;
pub mod promql;
