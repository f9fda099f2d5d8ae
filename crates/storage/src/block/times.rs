//! Timestamps of chunks, each list once for all columns and streams of a block that have it.
//!
//! A list is a *grid* (first, step, count), or what the codec makes of it, or some of the
//! rows of another list, said with one bit a row, where a column lacks values. Lists stand
//! in pages in the order of their numbers.

use super::array;
use super::output::Output;
use crate::error::Damage;
use codec::cursor::Cursor;
use codec::varint::put_u64;
use hashbrown::HashMap;
use model::{TimeRange, Timestamp};
use std::io;
use xxhash_rust::xxh3::xxh3_128;

/// The most lists in a page, and the bytes of those that are no grids after which it ends.
const LISTS_MAX: usize = 256;
const PAGE_BYTES: usize = 32 << 10;

const GRID: i64 = 0;
const LISTED: i64 = 1;
const SUBSET: i64 = 2;

/// Gathers lists while a block is written.
#[derive(Default)]
pub struct Builder {
    known: HashMap<u128, u32>,
    next: u32,
    open: Lists,
    /// The first list of each page, and the page's number.
    pages: Vec<(u32, u32)>,
    scratch: Vec<u8>,
}

/// The lists of a page, column by column.
#[derive(Default)]
struct Lists {
    forms: Vec<i64>,
    counts: Vec<i64>,
    firsts: Vec<i64>,
    spans: Vec<i64>,
    lengths: Vec<i64>,
    bytes: Vec<u8>,
}

impl Builder {
    /// The number of a list of strictly rising timestamps, of which there is one at least.
    pub fn list(&mut self, timestamps: &[i64]) -> u32 {
        if is_grid(timestamps) {
            return self.add(GRID, timestamps, |_| {});
        }
        self.add(LISTED, timestamps, |out| codec::timestamps::encode(timestamps, out))
    }

    /// The number of the list of those rows of list `parent` that are `present`, which are
    /// at `timestamps`.
    pub fn subset(&mut self, parent: u32, present: &[bool], timestamps: &[i64]) -> u32 {
        if is_grid(timestamps) {
            return self.list(timestamps);
        }
        let mut listed = Vec::new();
        codec::timestamps::encode(timestamps, &mut listed);
        let mut subset = Vec::new();
        put_u64(&mut subset, u64::from(parent));
        put_u64(&mut subset, present.len() as u64);
        codec::bools::encode(present, &mut subset);
        if listed.len() <= subset.len() {
            self.add(LISTED, timestamps, |out| out.extend_from_slice(&listed))
        } else {
            self.add(SUBSET, timestamps, |out| out.extend_from_slice(&subset))
        }
    }

    fn add(&mut self, form: i64, timestamps: &[i64], encode: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let (first, last) = (timestamps[0], timestamps[timestamps.len() - 1]);
        let (count, span) = (timestamps.len() as i64, last.wrapping_sub(first));
        self.scratch.clear();
        for number in [form, count, first, span] {
            self.scratch.extend_from_slice(&number.to_le_bytes());
        }
        let front = self.scratch.len();
        encode(&mut self.scratch);
        let hash = xxh3_128(&self.scratch);
        if let Some(known) = self.known.get(&hash) {
            return *known;
        }
        let number = self.next;
        self.next = number.checked_add(1).expect("a block has fewer than 4 G chunks");
        self.known.insert(hash, number);
        let encoded = &self.scratch[front..];
        self.open.forms.push(form);
        self.open.counts.push(count);
        self.open.firsts.push(first);
        self.open.spans.push(span);
        self.open.lengths.push(encoded.len() as i64);
        self.open.bytes.extend_from_slice(encoded);
        number
    }

    /// Writes the open page where it is full.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn spill(&mut self, output: &mut Output) -> io::Result<()> {
        let is_full = self.open.forms.len() >= LISTS_MAX || self.open.bytes.len() >= PAGE_BYTES;
        if is_full { self.close_page(output) } else { Ok(()) }
    }

    fn close_page(&mut self, output: &mut Output) -> io::Result<()> {
        let lists = std::mem::take(&mut self.open);
        let mut body = Vec::with_capacity(lists.bytes.len() + 1024);
        put_u64(&mut body, lists.forms.len() as u64);
        for numbers in [&lists.forms, &lists.counts, &lists.firsts, &lists.spans, &lists.lengths] {
            array::put(&mut body, numbers);
        }
        body.extend_from_slice(&lists.bytes);
        let first = self.next - lists.forms.len() as u32;
        self.pages.push((first, output.page(&body)?));
        Ok(())
    }

    /// Writes the last page; answers the first list and the number of each page.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self, output: &mut Output) -> io::Result<Vec<(u32, u32)>> {
        if !self.open.forms.is_empty() {
            self.close_page(output)?;
        }
        Ok(self.pages)
    }
}

/// Whether neighbours are equally far from each other.
fn is_grid(timestamps: &[i64]) -> bool {
    let [first, second, ..] = timestamps else { return true };
    let step = second.wrapping_sub(*first);
    timestamps.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step)
}

/// What is known of a list without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// How many timestamps.
    pub count: u32,
    /// The first and the last.
    pub range: TimeRange,
    /// How far neighbours are from each other, where that is always as far.
    pub step: Option<i64>,
}

/// A page of lists.
#[derive(Debug)]
pub struct Page {
    forms: Vec<i64>,
    counts: Vec<u32>,
    firsts: Vec<i64>,
    spans: Vec<i64>,
    /// Where each list ends in `bytes`.
    ends: Vec<usize>,
    page: super::cache::Page,
    bytes_at: usize,
}

/// How a list is told.
pub enum Told<'a> {
    /// First, step and count.
    Grid,
    /// As the codec wrote it.
    Listed(&'a [u8]),
    /// Some rows of another list: which list, how many rows it has, and one boolean a row.
    Subset(u32, usize, &'a [u8]),
}

impl Page {
    /// About how much memory it takes.
    pub fn memory(&self) -> usize {
        let list = 3 * size_of::<i64>() + size_of::<u32>() + size_of::<usize>();
        size_of::<Self>() + self.counts.len() * list + self.page.len()
    }

    /// Reads a page.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn parse(page: super::cache::Page) -> Result<Self, Damage> {
        let from = &mut Cursor::new(&page);
        let count = array::number(from)?;
        let forms = array::get(from, count)?;
        let counts: Vec<u32> = array::get_as(from, count)?;
        let (firsts, spans) = (array::get(from, count)?, array::get(from, count)?);
        let lengths: Vec<u32> = array::get_as(from, count)?;
        let bytes_at = from.offset();
        let mut end = bytes_at;
        let ends: Vec<usize> = lengths
            .iter()
            .map(|length| {
                end += *length as usize;
                end
            })
            .collect();
        if end != page.len() || counts.contains(&0) {
            return Err(Damage::new(bytes_at as u64, "a page of timestamps does not fit"));
        }
        Ok(Self { forms, counts, firsts, spans, ends, page, bytes_at })
    }

    /// What is known of list `at` of this page.
    pub fn list(&self, at: usize) -> Option<List> {
        let (count, first) = (*self.counts.get(at)?, self.firsts[at]);
        let last = first.wrapping_add(self.spans[at]);
        let steps = i64::from(count) - 1;
        let step = (self.forms[at] == GRID).then(|| self.spans[at].checked_div(steps).unwrap_or(1));
        Some(List { count, range: TimeRange::new(Timestamp(first), Timestamp(last)), step })
    }

    /// How list `at` of this page is told.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn told(&self, at: usize) -> Result<Told<'_>, Damage> {
        let start = if at == 0 { self.bytes_at } else { self.ends[at - 1] };
        let bytes = &self.page[start..self.ends[at]];
        let damaged = |what| Damage::new(start as u64, what);
        match self.forms[at] {
            GRID => Ok(Told::Grid),
            LISTED => Ok(Told::Listed(bytes)),
            SUBSET => {
                let from = &mut Cursor::new(bytes);
                let (parent, rows) = (array::number(from)?, array::number(from)?);
                Ok(Told::Subset(parent, rows, from.bytes(from.remaining())?))
            }
            _ => Err(damaged("timestamps have a form not known to this version")),
        }
    }
}
