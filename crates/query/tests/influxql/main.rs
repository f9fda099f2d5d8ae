//! InfluxQL over a store in memory: golden scripts, recorded answers, and properties.

mod agreement;
mod cases;
mod golden;
mod line;
mod memory;
mod refusals;
mod render;
mod threads;
