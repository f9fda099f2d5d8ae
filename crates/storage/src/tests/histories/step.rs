//! What happens in a history: steps, each with a seed of its own, so that the others stay
//! as they are when one is left out.

use crate::disk::simulated::Random;
use crate::{Fsync, Options};
use model::Span;

/// What may happen to a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A body of a few rows: in order, late, rewritten, of new streams, of other kinds.
    Write,
    /// A long run of one stream.
    Burst,
    /// More streams than a page of an index has, with a row each.
    Crowd,
    /// Several writers at once, and background work beside them.
    Together,
    Flush,
    Maintain,
    /// The clock goes on, by seconds or by days.
    Wait,
    /// A database or policy is made, changed or dropped.
    Administer,
    /// Some series, or a time of them, are deleted.
    Delete,
    /// A snapshot, which must hold what the store does.
    Snapshot,
    /// Everything is compared, and some questions are asked.
    Ask,
    /// A clean stop and a start.
    Close,
    /// The process is gone at once; what the operating system has stays.
    Kill,
    /// Power is lost.
    Cut,
    /// The process or the power is gone in the middle of one of the next operations.
    DieSoon,
    /// Operations fail now and then, for some steps.
    Trouble,
    /// The disk is nearly full, for some steps.
    Tight,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub action: Action,
    pub seed: u64,
}

/// A kind of history: how likely each action is.
pub struct Profile {
    pub name: &'static str,
    pub weights: &'static [(Action, u64)],
}

use Action::{
    Administer, Ask, Burst, Close, Crowd, Cut, Delete, DieSoon, Flush, Kill, Maintain, Snapshot,
    Tight, Together, Trouble, Wait, Write,
};

/// One writer, every way to stop.
pub const SINGLE: Profile = Profile {
    name: "single",
    weights: &[
        (Write, 60),
        (Burst, 1),
        (Crowd, 1),
        (Flush, 8),
        (Maintain, 12),
        (Wait, 8),
        (Administer, 4),
        (Delete, 5),
        (Snapshot, 2),
        (Ask, 8),
        (Close, 2),
        (Kill, 3),
        (Cut, 4),
        (DieSoon, 4),
    ],
};

/// The same on a disk that fails.
pub const FAILING: Profile = Profile {
    name: "failing",
    weights: &[
        (Write, 60),
        (Flush, 8),
        (Maintain, 12),
        (Wait, 6),
        (Administer, 6),
        (Delete, 5),
        (Snapshot, 3),
        (Ask, 8),
        (Close, 2),
        (Kill, 2),
        (Cut, 5),
        (DieSoon, 3),
        (Trouble, 10),
        (Tight, 4),
    ],
};

/// Several writers at once, on a disk that seldom fails.
pub const SEVERAL: Profile = Profile {
    name: "several",
    weights: &[
        (Write, 10),
        (Together, 30),
        (Flush, 4),
        (Maintain, 8),
        (Wait, 6),
        (Administer, 2),
        (Delete, 3),
        (Ask, 6),
        (Close, 2),
        (Kill, 4),
        (Cut, 5),
        (DieSoon, 6),
        (Trouble, 3),
    ],
};

/// As many series as no history has.
pub const SERIES_MAX: u64 = 10_000_000;

/// A history: a store with its options, and what happens to it.
pub struct History {
    pub seed: u64,
    pub steps: Vec<Step>,
}

impl History {
    /// The history of this seed.
    pub fn new(profile: &Profile, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let count = random.between(20, 200);
        let total: u64 = profile.weights.iter().map(|(_, weight)| weight).sum();
        let steps = (0..count).map(|_| {
            let mut at = random.below(total);
            let chosen = profile.weights.iter().find(|(_, weight)| {
                let is_it = at < *weight;
                at = at.saturating_sub(*weight);
                is_it
            });
            let action = chosen.map_or(Ask, |(action, _)| *action);
            Step { action, seed: random.number() }
        });
        Self { seed, steps: steps.collect() }
    }

    /// The options that its store begins with.
    pub fn options(&self) -> Options {
        let random = &mut Random::new(!self.seed);
        Options { partitions: random.between(1, 3) as u16, ..options(random) }
    }
}

/// Options of a store: small limits, so that every path is taken.
pub fn options(random: &mut Random) -> Options {
    let fsync = match random.below(10) {
        0 => Fsync::Off,
        1 => Fsync::Every(Span::SECOND),
        _ => Fsync::Always,
    };
    let retention = *random.pick(&[None, Some(2), Some(15), Some(15), Some(400)]);
    Options {
        retention: retention.map(|days| Span(days * Span::DAY.0)),
        future_max: *random.pick(&[None, Some(Span::DAY)]),
        fsync,
        head_bytes_max: *random.pick(&[64 << 10, 256 << 10, 8 << 20]),
        head_age_max: *random.pick(&[Span::MINUTE, Span::HOUR]),
        wal_bytes_max: *random.pick(&[4 << 10, 64 << 10, 8 << 20]),
        streams_per_thread: *random.pick(&[1, 1 << 20, 1 << 20]),
        cold_after: *random.pick(&[Span::HOUR, Span::DAY, Span(7 * Span::DAY.0)]),
        index_cache_bytes: *random.pick(&[0, 16 << 10, 128 << 20]),
        series_max: *random.pick(&[SERIES_MAX, SERIES_MAX, SERIES_MAX, 40]),
        ..Options::default()
    }
}
