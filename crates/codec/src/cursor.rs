//! A checked reader of bytes: every read says where the bytes end too soon.
//!
//! Invariant: `offset <= bytes.len()`. A failed read leaves the cursor where it was.

use crate::Error;

/// The longest variable-length number: 64 bits in groups of seven.
const VARINT_BYTES_MAX: usize = 10;

/// Reads numbers and slices from the front of a byte slice.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor before the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Error::Ended`] where fewer are left.
    #[inline]
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let left = self.remaining();
        if count > left {
            return Err(Error::Ended { offset: self.offset, needed: count, left });
        }
        let taken = &self.bytes[self.offset..self.offset + count];
        self.offset += count;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`Error::Ended`] where none is left.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, Error> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// Two bytes, little endian.
    ///
    /// # Errors
    /// [`Error::Ended`] where fewer are left.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// Four bytes, little endian.
    ///
    /// # Errors
    /// [`Error::Ended`] where fewer are left.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes, little endian.
    ///
    /// # Errors
    /// [`Error::Ended`] where fewer are left.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A variable-length number, as [`crate::varint::put_u64`] writes it.
    ///
    /// # Errors
    /// [`Error::Ended`] where it is cut, [`Error::Overlong`] where it passes 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Error> {
        let rest = &self.bytes[self.offset..];
        let mut value = 0;
        for (index, &byte) in rest.iter().take(VARINT_BYTES_MAX).enumerate() {
            // The tenth byte has room for the one bit that is left of 64.
            if index == VARINT_BYTES_MAX - 1 && byte > 1 {
                return Err(Error::Overlong { offset: self.offset });
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.offset += index + 1;
                return Ok(value);
            }
        }
        Err(Error::Ended { offset: self.offset, needed: rest.len() + 1, left: rest.len() })
    }

    /// A signed variable-length number, as [`crate::varint::put_i64`] writes it.
    ///
    /// # Errors
    /// As [`Cursor::varint`].
    #[inline]
    pub fn zigzag(&mut self) -> Result<i64, Error> {
        Ok(crate::varint::unfold(self.varint()?))
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// [`Error::Trailing`] where something is.
    pub fn finish(&self) -> Result<(), Error> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(Error::Trailing { offset: self.offset, left }),
        }
    }
}

#[cfg(test)]
mod tests;
