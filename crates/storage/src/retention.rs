//! Which blocks have outlived their policies: a pure decision over names.
//!
//! A slice is dropped whole, once its last point is older than its class keeps.

use crate::block::Name;
use crate::catalog::Class;
use hashbrown::HashMap;
use model::{Span, Timestamp};

/// The blocks to drop. `classes` say how long each class keeps (none is for ever); a class
/// that is missing belonged to a dropped policy, and nothing of it can be reached.
pub fn plan(blocks: &[Name], classes: &HashMap<Class, Option<Span>>, now: Timestamp) -> Vec<Name> {
    let is_over = |name: &&Name| match classes.get(&name.class) {
        None => true,
        Some(None) => false,
        Some(Some(kept)) => name.slice.range().end < now - *kept,
    };
    blocks.iter().filter(is_over).copied().collect()
}

#[cfg(test)]
mod tests;
