//! Texts of one kind behind each other, each with the number of what it is of, so that all of
//! them are looked through as fast as memory is read.
//!
//! ```text
//! number u32 | length u32 | bytes, up to a multiple of four
//! ```
//! Places count in fours of bytes. What was taken out keeps its length, and its place is given
//! to a text that takes as much.

use hashbrown::HashMap;
use memchr::memmem::Finder;

/// Fours of bytes of a slab, where no single text needs more.
const SLAB_UNITS: usize = 1 << 16;
const UNIT: usize = 4;
const HEADER_BYTES: usize = 8;
/// The number of a text that was taken out.
const NONE: u32 = u32::MAX;

/// Texts of one kind.
#[derive(Default)]
pub struct Texts {
    slabs: Vec<Vec<u8>>,
    /// Places of texts that were taken out, by their units.
    free: HashMap<u32, Vec<u32>>,
}

/// How many units a text takes.
fn units(bytes: usize) -> usize {
    (HEADER_BYTES + bytes).div_ceil(UNIT)
}

impl Texts {
    /// Adds a text; answers its place.
    pub fn put(&mut self, number: u32, text: &str) -> u32 {
        let units = units(text.len());
        let key = u32::try_from(units).expect("a text is far below 4 GiB");
        if let Some(place) = self.free.get_mut(&key).and_then(Vec::pop) {
            let (slab, at) = split(place);
            write(&mut self.slabs[slab][at..at + units * UNIT], number, text);
            return place;
        }
        let has_room = |slab: &Vec<u8>| {
            let end = slab.len() + units * UNIT;
            end <= slab.capacity() && end <= SLAB_UNITS * UNIT
        };
        if !self.slabs.last().is_some_and(has_room) {
            // The first ones are small: most names stay so.
            let grown = (16 << (2 * self.slabs.len()).min(16)).min(SLAB_UNITS).max(units);
            self.slabs.push(Vec::with_capacity(grown * UNIT));
        }
        let number_of_slab = self.slabs.len() - 1;
        let slab = &mut self.slabs[number_of_slab];
        let start = slab.len();
        slab.resize(start + units * UNIT, 0);
        write(&mut slab[start..], number, text);
        u32::try_from(number_of_slab * SLAB_UNITS + start / UNIT).expect("far below 16 GiB")
    }

    /// Takes a text out.
    pub fn remove(&mut self, place: u32) {
        let (slab, at) = split(place);
        let slab = &mut self.slabs[slab];
        let units = units(word(slab, at + 4) as usize);
        slab[at..at + 4].copy_from_slice(&NONE.to_le_bytes());
        self.free.entry(units as u32).or_default().push(place);
    }

    /// The bytes of the text at a place.
    pub fn bytes(&self, place: u32) -> &[u8] {
        let (slab, at) = split(place);
        record(&self.slabs[slab], at).1
    }

    /// The text at a place.
    pub fn get(&self, place: u32) -> &str {
        std::str::from_utf8(self.bytes(place)).expect("only texts are put")
    }

    /// Hands every text and its number to `each`, in no order.
    pub fn each(&self, mut each: impl FnMut(u32, &str)) {
        for slab in &self.slabs {
            let mut at = 0;
            while at < slab.len() {
                let (number, text) = record(slab, at);
                if number != NONE {
                    each(number, std::str::from_utf8(text).expect("only texts are put"));
                }
                at += units(text.len()) * UNIT;
            }
        }
    }

    /// The same of those that have what `finder` looks for.
    pub fn each_with(&self, finder: &Finder<'_>, mut each: impl FnMut(u32, &str)) {
        let length = finder.needle().len();
        for slab in &self.slabs {
            let (mut from, mut at) = (0, 0);
            // All texts are searched at once; numbers between them may look like it, too.
            while let Some(hit) = finder.find(&slab[from..]).map(|hit| from + hit) {
                let (number, text) = loop {
                    let (number, text) = record(slab, at);
                    let next = at + units(text.len()) * UNIT;
                    if next > hit {
                        break (number, text);
                    }
                    at = next;
                };
                let start = at + HEADER_BYTES;
                if hit < start || hit + length > start + text.len() {
                    from = hit + 1;
                    continue;
                }
                if number != NONE {
                    each(number, std::str::from_utf8(text).expect("only texts are put"));
                }
                from = start + text.len();
            }
        }
    }
}

fn split(place: u32) -> (usize, usize) {
    (place as usize / SLAB_UNITS, place as usize % SLAB_UNITS * UNIT)
}

fn word(slab: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([slab[at], slab[at + 1], slab[at + 2], slab[at + 3]])
}

#[inline]
fn record(slab: &[u8], at: usize) -> (u32, &[u8]) {
    let (header, rest) = slab[at..].split_first_chunk::<HEADER_BYTES>().expect("it has a header");
    let [n0, n1, n2, n3, l0, l1, l2, l3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    (u32::from_le_bytes([n0, n1, n2, n3]), &rest[..length])
}

fn write(into: &mut [u8], number: u32, text: &str) {
    into[..4].copy_from_slice(&number.to_le_bytes());
    into[4..8].copy_from_slice(&(text.len() as u32).to_le_bytes());
    into[HEADER_BYTES..HEADER_BYTES + text.len()].copy_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests;
