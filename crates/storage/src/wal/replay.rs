//! Reads a segment back: whole frames, damage between them, and where it is torn.

use super::frame::{self, Frame, MARKER};
use super::segment::{HEADER_BYTES, check_header};
use crate::error::{Damage, Error};
use memchr::memmem;
use std::path::Path;

/// What was found in a segment besides its frames.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Damage that is followed by whole frames.
    pub damages: Vec<Damage>,
    /// Where its last whole frame ends, when something follows that is none, and what is
    /// wrong there.
    pub torn: Option<Damage>,
    /// Whether what follows looks like a write that was under way: cut short, or zeros.
    pub is_cut_short: bool,
}

/// Hands every whole frame of a segment to `each`, with its offset. A frame whose length
/// alone was changed is whole, and damage: without a look at that, the last frame of a log
/// would seem torn, and be cut off though it was acknowledged.
///
/// # Errors
/// When the segment is of another version.
pub fn read<'a>(
    bytes: &'a [u8],
    number: u64,
    path: &Path,
    mut each: impl FnMut(u64, Frame<'a>),
) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut at = match check_header(bytes, number, path) {
        Ok(()) => HEADER_BYTES,
        Err(Error::Damaged { offset, what, .. }) => {
            let damage = Damage::new(offset, what);
            let Some(next) = next_frame(bytes, 0) else {
                findings.torn = Some(Damage { offset: 0, ..damage });
                findings.is_cut_short = bytes.len() <= HEADER_BYTES;
                return Ok(findings);
            };
            findings.damages.push(damage);
            next
        }
        Err(other) => return Err(other),
    };
    while at < bytes.len() {
        match frame::parse(&bytes[at..]) {
            Ok((frame, length)) => {
                each(at as u64, frame);
                at += length;
            }
            Err(what) => {
                let damage = Damage::new(at as u64, what);
                let next = next_frame(bytes, at + 1);
                let end = next.unwrap_or(bytes.len());
                if let Some(frame) = frame::parse_whole(&bytes[at..end]) {
                    let what = "frame has a wrong length; it was read up to where the next begins, or the file ends";
                    findings.damages.push(Damage::new(at as u64, what));
                    each(at as u64, frame);
                    at = end;
                    continue;
                }
                let Some(next) = next else {
                    let is_empty = bytes[at..].iter().all(|byte| *byte == 0);
                    findings.is_cut_short = frame::is_cut_short(what) || is_empty;
                    findings.torn = Some(damage);
                    break;
                };
                findings.damages.push(damage);
                at = next;
            }
        }
    }
    Ok(findings)
}

/// Where the next whole frame begins, from `from` on.
fn next_frame(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memmem::find_iter(rest, &MARKER)
        .map(|at| from + at)
        .find(|at| frame::parse(&bytes[*at..]).is_ok())
}
