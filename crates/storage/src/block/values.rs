//! The values of a tag in pages: sorted, each with the streams that have it.
//!
//! A value is called by its *rank*, its place among all values of its tag in the block, and
//! a page has a fixed number of ranks. Texts are told by what they do not share with the
//! one before, anew every [`RESTART`] values, so that one is found without reading all.

use super::array;
use super::cache::Page;
use super::output::Output;
use super::postings::{Set, Writer};
use crate::error::Damage;
use codec::cursor::Cursor;
use codec::varint::put_u64;
use std::io;
use std::sync::Arc;

/// Values in a page.
pub const VALUES: u32 = 256;
/// From this value to the next that is told whole.
const RESTART: usize = 16;

/// Writes the pages of one tag; `values` rise, and `streams` tells which have a value.
/// Answers the number of the first page; the others follow it.
///
/// # Errors
/// When the file cannot be written.
pub fn write<'a>(
    values: &[Arc<str>],
    streams: impl Fn(usize) -> &'a [u32],
    sets: &mut Writer,
    output: &mut Output,
) -> io::Result<u32> {
    let count = values.len().div_ceil(VALUES as usize);
    let numbers: Vec<u32> = (0..count).map(|_| output.reserve()).collect();
    for (index, page) in values.chunks(VALUES as usize).enumerate() {
        let body = encode(page, index * VALUES as usize, &streams, sets, output)?;
        output.fill(numbers[index], &body)?;
    }
    Ok(numbers.first().copied().unwrap_or_default())
}

fn encode<'a>(
    values: &[Arc<str>],
    first: usize,
    streams: &impl Fn(usize) -> &'a [u32],
    sets: &mut Writer,
    output: &mut Output,
) -> io::Result<Vec<u8>> {
    let (mut texts, mut postings) = (Vec::new(), Vec::new());
    let (mut text_starts, mut set_starts) = (Vec::new(), Vec::new());
    let mut last = "";
    for (index, value) in values.iter().enumerate() {
        if index % RESTART == 0 {
            text_starts.push(texts.len() as u32);
            set_starts.push(postings.len() as u32);
            last = "";
        }
        array::put_text_after(&mut texts, last, value);
        last = value;
        sets.put(&mut postings, streams(first + index), output)?;
    }
    let mut body = Vec::with_capacity(texts.len() + postings.len() + 64);
    put_u64(&mut body, values.len() as u64);
    put_u64(&mut body, texts.len() as u64);
    for start in text_starts.iter().chain(&set_starts) {
        body.extend_from_slice(&start.to_le_bytes());
    }
    body.extend_from_slice(&texts);
    body.extend_from_slice(&postings);
    Ok(body)
}

/// A page of values.
#[derive(Clone, Debug)]
pub struct Values {
    page: Page,
    /// How many there are.
    pub count: usize,
    /// Where the tables of restarts, the texts and the sets begin.
    tables: usize,
    texts: usize,
    sets: usize,
}

impl Values {
    /// Reads the front of a page.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(page: Page) -> Result<Self, Damage> {
        let from = &mut Cursor::new(&page);
        let (count, text_bytes): (usize, usize) = (array::number(from)?, array::number(from)?);
        let tables = from.offset();
        let restarts = count.div_ceil(RESTART);
        from.bytes(restarts.saturating_mul(8))?;
        let texts = from.offset();
        from.bytes(text_bytes)?;
        let sets = from.offset();
        if count == 0 || count > VALUES as usize {
            return Err(Damage::new(0, "a page of values has none or too many"));
        }
        Ok(Self { count, tables, texts, sets, page })
    }

    /// Hands every value and its place here to `each`, in their order.
    ///
    /// # Errors
    /// Where the page is damaged.
    pub fn each(&self, mut each: impl FnMut(usize, &str)) -> Result<(), Damage> {
        let mut from = Cursor::new(&self.page[self.texts..self.sets]);
        let mut text = Vec::new();
        for at in 0..self.count {
            if at % RESTART == 0 {
                text.clear();
            }
            each(at, array::get_text_after(&mut from, &mut text)?);
        }
        Ok(())
    }

    /// The value at a place here.
    ///
    /// # Errors
    /// Where it is not there or the page is damaged.
    pub fn text(&self, at: usize) -> Result<String, Damage> {
        let mut from = self.cursor_at(at / RESTART, self.texts, 0)?;
        let mut text = Vec::new();
        for _ in 0..=at % RESTART {
            array::get_text_after(&mut from, &mut text)?;
        }
        String::from_utf8(text).map_err(|_| Damage::new(self.texts as u64, "a text is not UTF-8"))
    }

    /// Where `value` stands here, or where it would.
    ///
    /// # Errors
    /// Where the page is damaged.
    pub fn find(&self, value: &str) -> Result<Result<usize, usize>, Damage> {
        let (mut low, mut high) = (0, self.count.div_ceil(RESTART));
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let first = self.text(middle * RESTART)?;
            if first.as_str() <= value { low = middle } else { high = middle }
        }
        let mut from = self.cursor_at(low, self.texts, 0)?;
        let mut text = Vec::new();
        let end = self.count.min((low + 1) * RESTART);
        for at in low * RESTART..end {
            match array::get_text_after(&mut from, &mut text)?.cmp(value) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Ok(Ok(at)),
                std::cmp::Ordering::Greater => return Ok(Err(at)),
            }
        }
        Ok(Err(end))
    }

    /// The streams that have the value at a place here.
    ///
    /// # Errors
    /// Where it is not there or the page is damaged.
    pub fn streams(&self, at: usize) -> Result<Set, Damage> {
        let restarts = self.count.div_ceil(RESTART);
        let mut from = self.cursor_at(at / RESTART, self.sets, restarts)?;
        for _ in 0..at % RESTART {
            Set::get(&mut from)?;
        }
        Set::get(&mut from)
    }

    /// Hands the streams of the values from `first` on to `each`, which says whether it
    /// wants more.
    ///
    /// # Errors
    /// Where the page is damaged.
    pub fn each_set(
        &self,
        wanted: &[usize],
        mut each: impl FnMut(Set) -> Result<(), crate::error::Error>,
    ) -> Result<Result<(), crate::error::Error>, Damage> {
        let mut from = Cursor::new(&self.page[self.sets..]);
        let mut wanted = wanted.iter().peekable();
        for at in 0..self.count {
            if wanted.peek().is_none() {
                break;
            }
            let set = Set::get(&mut from)?;
            if wanted.next_if_eq(&&at).is_some()
                && let Err(error) = each(set)
            {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// A cursor at a restart; tables of texts stand before those of sets.
    fn cursor_at(&self, restart: usize, base: usize, table: usize) -> Result<Cursor<'_>, Damage> {
        let at = self.tables + (table + restart) * 4;
        let start = Cursor::new(&self.page[at.min(self.texts)..self.texts]).u32()?;
        let missing = || Damage::new(at as u64, "a value lies outside its page");
        let rest = base.checked_add(start as usize).and_then(|start| self.page.get(start..));
        Ok(Cursor::new(rest.ok_or_else(missing)?))
    }
}
