//! Wire bytes to rows and back.
