//! When to collect, and when to send.

use model::{Span, Timestamp};

/// The next point in time after `now` that is a multiple of `interval`, plus `jitter`.
///
/// `interval` must be positive. At the end of representable time it stays there.
pub fn next_tick(now: Timestamp, interval: Span, jitter: Span) -> Timestamp {
    let offset = Span(jitter.0.rem_euclid(interval.0));
    (now - offset).floor(interval) + interval + offset
}

/// How long after a tick this host sends: always the same for one host, and spread over the
/// first half of the interval among many, so that a fleet does not send all at once.
pub fn jitter(host: &str, interval: Span) -> Span {
    let spread = (interval.0 / 2).max(1);
    // FNV-1a (Fowler, Noll, Vo): the same on every machine and in every release.
    let hash = host.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // Names that differ in their last digit have hashes with nearly the same high bits,
    // which decide below; a finishing step (of MurmurHash3, Appleby) mixes them.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let hash = hash ^ (hash >> 33);
    Span(((u128::from(hash) * spread as u128) >> 64) as i64)
}

#[cfg(test)]
mod tests;
