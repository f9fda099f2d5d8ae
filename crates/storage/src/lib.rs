//! Keeps samples durably and finds them again.
