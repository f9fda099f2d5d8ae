//! Text to plan to result: PromQL and InfluxQL over shared kernels.
//!
//! This room sees samples through [`model::port::Source`] and databases through
//! [`model::port::Catalog`]; it never imports the store.

#[cfg(feature = "influxql")]
pub mod influxql;
pub mod kernel;
#[cfg(feature = "promql")]
pub mod promql;
