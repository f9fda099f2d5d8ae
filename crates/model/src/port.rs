//! The ports between rooms: each is a trait that one room offers and others use.

mod aggregate;
mod cache;
mod catalog;
mod clock;
mod evaluate;
mod sink;
mod source;

pub use aggregate::{Aggregation, Edge, Group, Groups, Reduction, WindowFunction, Windows};
pub use cache::{Cache, CacheError};
pub use catalog::{Catalog, CatalogError, Policy, PolicyChange};
pub use clock::{Clock, SystemClock};
pub use evaluate::{Compare, Evaluate, EvaluateError, Evaluation, Split};
pub use sink::{Kept, Sink, WriteError};
pub use source::{ColumnOf, Outline, Selection, Series, Source, SourceError, TagValues, newest_of};
