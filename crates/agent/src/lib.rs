//! Samples of this host, a buffer on disk, and sending.
