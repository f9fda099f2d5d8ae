//! CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where it has one.
//!
//! In builds of `fuzz/run` all bytes have one checksum, so that changed bytes get to the
//! decoders behind it. No other build sets that configuration.

/// The checksum of whatever a fuzzer changes.
const FUZZED: u32 = 0x2a2a_2a2a;

/// The checksum of `bytes`.
pub fn crc32c(bytes: &[u8]) -> u32 {
    if cfg!(fuzzing) { FUZZED } else { ::crc32c::crc32c(bytes) }
}

/// The checksum of what `crc` is the checksum of, followed by `bytes`.
pub fn crc32c_append(crc: u32, bytes: &[u8]) -> u32 {
    if cfg!(fuzzing) { FUZZED } else { ::crc32c::crc32c_append(crc, bytes) }
}

#[cfg(test)]
mod tests;
