//! How a run is written, by the name that `FORMAT.md` gives it.

use super::{CODED, CONSTANT, DELTA, FRAME, LINEAR, RAW, RUNS};

/// The name of the mode that an encoded run of integers begins with.
pub fn mode(encoded: &[u8]) -> &'static str {
    match encoded.first() {
        Some(&CONSTANT) => "constant",
        Some(&LINEAR) => "linear",
        Some(&RUNS) => "runs",
        Some(&FRAME) => "frame",
        Some(&DELTA) => "delta",
        Some(&RAW) => "raw",
        Some(&CODED) => "coded",
        _ => "unknown",
    }
}
