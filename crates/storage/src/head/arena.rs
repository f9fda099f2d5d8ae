//! Packed rows of many streams behind each other: each stream's pieces are a chain, from
//! the newest to the oldest. Nothing is taken out; the whole arena goes with its flush.
//!
//! A piece is `the one before u32 | length u16 | bytes`, and where it has 65,535 bytes or
//! more, its length stands behind as u32. Places count in eights of bytes, 0 is none.

/// Bytes of a slab, where no single piece needs more.
const SLAB_BYTES: usize = 1 << 20;
const SLAB_PLACES: u32 = (SLAB_BYTES / 8) as u32;
const HEADER_BYTES: usize = 6;

/// Packed rows of many streams.
#[derive(Default)]
pub struct Arena {
    slabs: Vec<Vec<u8>>,
}

/// Some packed rows of one stream.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    /// The piece before; 0 where this is the first.
    pub before: u32,
    /// The rows.
    pub bytes: &'a [u8],
}

impl Arena {
    /// Adds a piece behind `before`; answers its place, and how many bytes it takes.
    pub fn put(&mut self, before: u32, bytes: &[u8]) -> (u32, usize) {
        let is_long = bytes.len() >= usize::from(u16::MAX);
        let size = HEADER_BYTES + bytes.len() + if is_long { 4 } else { 0 };
        let size = size.next_multiple_of(8);
        let has_room =
            |slab: &Vec<u8>| slab.capacity() - slab.len() >= size && slab.len() < SLAB_BYTES;
        if !self.slabs.last().is_some_and(has_room) {
            // The first ones are small: most partitions stay so.
            let grown = (4096 << (2 * self.slabs.len()).min(8)).min(SLAB_BYTES);
            let mut slab = Vec::with_capacity(grown.max(size + 8));
            if self.slabs.is_empty() {
                // Place 0 means none.
                slab.resize(8, 0);
            }
            self.slabs.push(slab);
        }
        let number = self.slabs.len() as u32 - 1;
        let slab = &mut self.slabs[number as usize];
        let place = number * SLAB_PLACES + (slab.len() / 8) as u32;
        let end = slab.len() + size;
        let short = if is_long { u16::MAX } else { bytes.len() as u16 };
        slab.extend_from_slice(&before.to_le_bytes());
        slab.extend_from_slice(&short.to_le_bytes());
        if is_long {
            let length = u32::try_from(bytes.len()).expect("a row is far below 4 GiB");
            slab.extend_from_slice(&length.to_le_bytes());
        }
        slab.extend_from_slice(bytes);
        slab.resize(end, 0);
        (place, size)
    }

    /// The piece at this place.
    pub fn get(&self, place: u32) -> Piece<'_> {
        let slab = &self.slabs[(place / SLAB_PLACES) as usize];
        let rest = &slab[(place % SLAB_PLACES) as usize * 8..];
        let before = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]);
        let mut length = usize::from(u16::from_le_bytes([rest[4], rest[5]]));
        let mut start = HEADER_BYTES;
        if length == usize::from(u16::MAX) {
            length = u32::from_le_bytes([rest[6], rest[7], rest[8], rest[9]]) as usize;
            start += 4;
        }
        Piece { before, bytes: &rest[start..start + length] }
    }

    /// The pieces of a chain, from the oldest to the newest.
    pub fn chain(&self, last: u32) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut place = last;
        while place != 0 {
            let piece = self.get(place);
            place = piece.before;
            pieces.push(piece);
        }
        pieces.reverse();
        pieces
    }
}
