//! Sets of streams: few stand where they are needed, many in pages as Roaring bitmaps.

use super::array;
use super::output::Output;
use crate::error::Damage;
use codec::cursor::Cursor;
use codec::varint::put_u64;
use roaring::RoaringBitmap;
use std::io;

/// Up to this many streams stand where they are needed.
const INLINE_MAX: usize = 48;
/// A page of sets ends when it is this long.
const PAGE_BYTES: usize = 16 << 10;

const ALL: u64 = 0;
const PAGED: u64 = 1;
const INLINE: u64 = 2;

/// A set of streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// Every stream of the block.
    All,
    /// A bitmap: page, where in it, and how long.
    Paged(u32, usize, usize),
    /// These, rising.
    Few(Vec<u32>),
}

impl Set {
    /// Reads one.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn get(from: &mut Cursor<'_>) -> Result<Self, Damage> {
        let form = from.varint()?;
        match form {
            ALL => Ok(Self::All),
            PAGED => {
                let page = array::number(from)?;
                Ok(Self::Paged(page, array::number(from)?, array::number(from)?))
            }
            _ => {
                let at = from.offset() as u64;
                let mut last = 0u32;
                let mut streams = Vec::new();
                for _ in 0..form - INLINE {
                    let more = array::number(from)?;
                    last = last
                        .checked_add(more)
                        .ok_or_else(|| Damage::new(at, "a set of streams does not rise"))?;
                    streams.push(last);
                }
                Ok(Self::Few(streams))
            }
        }
    }
}

/// The bitmap in some bytes of a page.
///
/// # Errors
/// Where it is damaged.
pub fn bitmap(page: &[u8], at: usize, bytes: usize) -> Result<RoaringBitmap, Damage> {
    let found = page.get(at..).and_then(|rest| rest.get(..bytes));
    let damaged = |what: String| Damage::new(at as u64, what);
    let found = found.ok_or_else(|| damaged("a set of streams lies outside its page".into()))?;
    RoaringBitmap::deserialize_from(found).map_err(|error| damaged(format!("streams: {error}")))
}

/// Writes sets, and the pages of those that are long.
pub struct Writer {
    /// How many streams the block has.
    streams: u32,
    open: Vec<u8>,
    number: Option<u32>,
}

impl Writer {
    /// For a block with this many streams.
    pub fn new(streams: u32) -> Self {
        Self { streams, open: Vec::new(), number: None }
    }

    /// Appends the set of `ordinals`, which rise, to `out`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(
        &mut self,
        out: &mut Vec<u8>,
        ordinals: &[u32],
        output: &mut Output,
    ) -> io::Result<()> {
        if ordinals.len() as u64 == u64::from(self.streams) && ordinals.len() > 1 {
            put_u64(out, ALL);
            return Ok(());
        }
        if ordinals.len() <= INLINE_MAX {
            put_u64(out, ordinals.len() as u64 + INLINE);
            let mut last = 0;
            for ordinal in ordinals {
                put_u64(out, u64::from(ordinal - last));
                last = *ordinal;
            }
            return Ok(());
        }
        let mut set = RoaringBitmap::from_sorted_iter(ordinals.iter().copied())
            .expect("ordinals of a set rise");
        set.optimize();
        let number = *self.number.get_or_insert_with(|| output.reserve());
        let at = self.open.len();
        set.serialize_into(&mut self.open)?;
        put_u64(out, PAGED);
        put_u64(out, u64::from(number));
        put_u64(out, at as u64);
        put_u64(out, (self.open.len() - at) as u64);
        if self.open.len() >= PAGE_BYTES { self.close(output) } else { Ok(()) }
    }

    /// Writes the last page.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close(&mut self, output: &mut Output) -> io::Result<()> {
        if let Some(number) = self.number.take() {
            output.fill(number, &self.open)?;
            self.open.clear();
        }
        Ok(())
    }
}
