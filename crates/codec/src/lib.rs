//! Plain slices to bytes and back.
