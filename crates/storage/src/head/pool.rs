//! Many small pieces of memory in few large ones, each named by four bytes.
//!
//! Pieces taken one after the other lie one after the other: streams that are written to
//! in the order they first came are found in that order in memory.

use hashbrown::HashMap;

/// Elements of a slab, where no single piece needs more.
const SLAB_UNITS: u32 = 1 << 15;

/// Pieces of memory, counted in units of `UNIT` elements.
pub struct Pool<T, const UNIT: usize> {
    slabs: Vec<Box<[T]>>,
    /// Units taken of the last slab.
    taken: u32,
    /// Pieces that were given back, by their units.
    free: HashMap<u32, Vec<u32>>,
}

impl<T, const UNIT: usize> Default for Pool<T, UNIT> {
    fn default() -> Self {
        Self { slabs: Vec::new(), taken: 0, free: HashMap::new() }
    }
}

impl<T: Copy + Default, const UNIT: usize> Pool<T, UNIT> {
    /// How many elements a piece for `count` has.
    pub fn size(count: usize) -> usize {
        count.next_multiple_of(UNIT)
    }

    /// Takes a piece of at least `count` elements; answers its name. What is in it is left
    /// over from before.
    pub fn take(&mut self, count: usize) -> u32 {
        let units = Self::units(count);
        if let Some(at) = self.free.get_mut(&units).and_then(Vec::pop) {
            return at;
        }
        let whole = self.slabs.last().map_or(0, |last| (last.len() / UNIT) as u32);
        if self.taken >= SLAB_UNITS || self.taken + units > whole {
            // The first slabs are small: most partitions stay so.
            let grown = (64 << self.slabs.len().min(16)).min(SLAB_UNITS).max(units);
            self.slabs.push(vec![T::default(); grown as usize * UNIT].into());
            self.taken = 0;
        }
        let at = (self.slabs.len() as u32 - 1) * SLAB_UNITS + self.taken;
        self.taken += units;
        at
    }

    /// Gives a piece back that was taken for `count` elements.
    pub fn give(&mut self, at: u32, count: usize) {
        self.free.entry(Self::units(count)).or_default().push(at);
    }

    /// The first `count` elements of a piece.
    #[inline]
    pub fn get(&self, at: u32, count: usize) -> &[T] {
        let offset = (at % SLAB_UNITS) as usize * UNIT;
        &self.slabs[(at / SLAB_UNITS) as usize][offset..offset + count]
    }

    /// The first `count` elements of a piece.
    #[inline]
    pub fn get_mut(&mut self, at: u32, count: usize) -> &mut [T] {
        let offset = (at % SLAB_UNITS) as usize * UNIT;
        &mut self.slabs[(at / SLAB_UNITS) as usize][offset..offset + count]
    }

    fn units(count: usize) -> u32 {
        u32::try_from(count.div_ceil(UNIT)).expect("a piece is far below 4 GiB")
    }
}
