//! Arithmetic that both languages share.
