//! A stream that is written to: who it is, where it is, and which columns it has.

use crate::identity::Identity;
use crate::shape::Shape;
use parking_lot::RwLock;
use std::sync::Arc;

/// A stream in the head.
#[derive(Debug)]
pub struct Stream {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// The partition that holds its rows.
    pub partition: u16,
    /// Its place in that partition, while it is in the head.
    pub slot: u32,
    /// Its columns; they only become more.
    pub shape: RwLock<Arc<Shape>>,
}
