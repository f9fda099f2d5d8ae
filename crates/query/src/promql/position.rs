//! Where in the text something stands.
//!
//! Two positions always compare as equal, so that trees compare by what they mean and not by
//! where they were written.

/// A stretch of the text, in bytes from its start; `end` is past the last byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position {
    /// First byte.
    pub start: usize,
    /// Past the last byte.
    pub end: usize,
}

impl Position {
    /// From `start` up to but without `end`.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this one to the end of `later`.
    pub(crate) fn to(self, later: Self) -> Self {
        Self { start: self.start, end: later.end }
    }

    /// Line and column of the start in `text`, both from 1, the column in characters.
    pub(crate) fn line_column(self, text: &str) -> (u32, u32) {
        let mut start = self.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[line_start..].chars().count() + 1;
        (count(line), count(column))
    }
}

impl PartialEq for Position {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
