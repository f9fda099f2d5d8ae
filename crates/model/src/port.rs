//! The ports between rooms: each is a trait that one room offers and others use.

mod cache;
mod catalog;
mod clock;
mod evaluate;
mod sink;
mod source;

pub use cache::{Cache, CacheError};
pub use catalog::{Catalog, CatalogError, Policy, PolicyChange};
pub use clock::{Clock, SystemClock};
pub use evaluate::{Compare, Evaluate, EvaluateError, Evaluation, Split};
pub use sink::{Kept, Sink, WriteError};
pub use source::{
    Edge, Group, Reduction, Selection, Series, Source, SourceError, WindowFunction, Windows,
};
