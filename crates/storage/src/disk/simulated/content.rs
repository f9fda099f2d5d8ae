//! The bytes of one file: as a running process reads them, and as a power cut leaves them.
//! For tests only.

use super::Survival;
use super::random::Random;

/// What a disk writes at once; larger writes may be torn between sectors.
const SECTOR: usize = 512;

/// The bytes of one file.
#[derive(Clone, Default)]
pub struct Content {
    /// As a running process reads them.
    pub bytes: Vec<u8>,
    /// What is on the medium for certain.
    durable: Vec<u8>,
    /// What was done since, in its order, and may or may not be on the medium.
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    /// The file was emptied by making it again.
    Empty,
    Write {
        offset: usize,
        bytes: Vec<u8>,
    },
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Empty => to.clear(),
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                to.resize(to.len().max(end), 0);
                to[*offset..end].copy_from_slice(bytes);
            }
        }
    }

    /// Only some sectors of it, chosen each by itself.
    fn apply_torn(&self, random: &mut Random, to: &mut Vec<u8>) {
        let Self::Write { offset, bytes } = self else { return self.apply(to) };
        let mut at = 0;
        while at < bytes.len() {
            // Sectors are counted from the beginning of the file.
            let end = (at + SECTOR - (offset + at) % SECTOR).min(bytes.len());
            if random.chance(500) {
                Self::Write { offset: offset + at, bytes: bytes[at..end].to_vec() }.apply(to);
            }
            at = end;
        }
    }
}

impl Content {
    /// A file whose bytes are all durable.
    pub fn durable(bytes: Vec<u8>) -> Self {
        Self { durable: bytes.clone(), bytes, pending: Vec::new() }
    }

    pub fn empty(&mut self) {
        self.bytes.clear();
        self.pending.push(Change::Empty);
    }

    pub fn append(&mut self, bytes: &[u8]) {
        let change = Change::Write { offset: self.bytes.len(), bytes: bytes.to_vec() };
        change.apply(&mut self.bytes);
        self.pending.push(change);
    }

    /// Cuts the file, durably, as the trait has it.
    pub fn truncate(&mut self, bytes: usize) {
        self.bytes.truncate(bytes);
        *self = Self::durable(std::mem::take(&mut self.bytes));
    }

    pub fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// A sync that fails, as on Linux: each change may or may not have reached the medium,
    /// and none is tried again, so that the next sync succeeds without it. What was lost is
    /// still read from the cache, unless that `forgets`.
    pub fn fail_sync(&mut self, random: &mut Random, forgets: bool) {
        let pending = std::mem::take(&mut self.pending);
        for change in &pending {
            match random.below(3) {
                0 => change.apply(&mut self.durable),
                1 => change.apply_torn(random, &mut self.durable),
                _ => {}
            }
        }
        if forgets {
            // The size was known to the file system before the bytes were.
            let size = self.bytes.len();
            self.bytes.clone_from(&self.durable);
            self.bytes.resize(size, 0);
        }
    }

    /// The file as it is found after a power cut.
    pub fn after_cut(&self, survival: Survival, random: &mut Random) -> Self {
        let mut found = self.durable.clone();
        let way = match survival {
            Survival::Nothing => 0,
            Survival::Everything => 1,
            Survival::Random => random.below(5),
        };
        match way {
            0 => {}
            1 => self.pending.iter().for_each(|change| change.apply(&mut found)),
            // Everything up to some change, which is torn.
            2 => {
                let kept = random.below(self.pending.len() as u64 + 1) as usize;
                self.pending[..kept].iter().for_each(|change| change.apply(&mut found));
                if let Some(torn) = self.pending.get(kept) {
                    torn.apply_torn(random, &mut found);
                }
            }
            // Each change by itself, in whatever order the disk liked.
            _ => {
                for change in &self.pending {
                    match random.below(3) {
                        0 => change.apply(&mut found),
                        1 => change.apply_torn(random, &mut found),
                        _ => {}
                    }
                }
            }
        }
        if way > 1 && found.len() < self.bytes.len() && random.chance(300) {
            // The size is there, the bytes are not.
            found.resize(self.bytes.len(), 0);
        }
        Self::durable(found)
    }

    /// Changes bytes at rest, on the medium and in the cache.
    pub fn damage(&mut self, how: impl Fn(&mut Vec<u8>)) {
        how(&mut self.bytes);
        how(&mut self.durable);
    }
}
