//! The file of a block while it is written: column groups as they come, and pages, which
//! are found by their numbers.

use super::footer::Extent;
use crate::disk::File;
use codec::checksum::crc32c;
use std::io;

/// How much is gathered before it goes to the file.
const BUFFER_BYTES: usize = 256 << 10;

/// The file of a block while it is written.
pub struct Output {
    file: Box<dyn File>,
    buffer: Vec<u8>,
    written: u64,
    /// Where each page is, by its number.
    pages: Vec<Place>,
}

/// Where a page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its first byte.
    pub offset: u64,
    /// How long it is, its checksum included.
    pub bytes: u32,
}

impl Output {
    /// A file that begins with these bytes.
    pub fn new(file: Box<dyn File>, header: Vec<u8>) -> Self {
        Self { file, buffer: header, written: 0, pages: Vec::new() }
    }

    /// Where the next byte goes.
    pub fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.spill() } else { Ok(()) }
    }

    /// Appends a page and its checksum; answers its number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn page(&mut self, body: &[u8]) -> io::Result<u32> {
        let number = self.reserve();
        self.fill(number, body)?;
        Ok(number)
    }

    /// The number of a page that is to come.
    pub fn reserve(&mut self) -> u32 {
        self.pages.push(Place::default());
        u32::try_from(self.pages.len() - 1).expect("a block has fewer than 4 G pages")
    }

    /// Appends a page whose number was reserved.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn fill(&mut self, number: u32, body: &[u8]) -> io::Result<()> {
        let bytes = u32::try_from(body.len() + 4).expect("pages are far below 4 GiB");
        self.pages[number as usize] = Place { offset: self.offset(), bytes };
        self.buffer.extend_from_slice(body);
        self.append(&crc32c(body).to_le_bytes())
    }

    /// Where the pages are.
    pub fn pages(&self) -> &[Place] {
        &self.pages
    }

    /// Appends a section with a checksum of its own.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn section(&mut self, body: &[u8]) -> io::Result<Extent> {
        let extent = Extent::new(self.offset(), body);
        self.append(body)?;
        Ok(extent)
    }

    /// Writes what is gathered, and makes all of it durable.
    ///
    /// # Errors
    /// When that failed.
    pub fn sync(&mut self) -> io::Result<()> {
        self.spill()?;
        self.file.sync()
    }

    fn spill(&mut self) -> io::Result<()> {
        self.file.append(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
