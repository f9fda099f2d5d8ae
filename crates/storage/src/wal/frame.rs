//! Frames of the log: a header with a checksum, and what one body adds to one partition.
//!
//! The marker lets a reader find the next frame behind damage. `FORMAT.md` draws the bytes.

use codec::checksum::{crc32c, crc32c_append};

/// What every frame begins with; 0xf5 cannot stand in UTF-8.
pub const MARKER: [u8; 4] = [0xf5, b'B', b'G', 0xf5];
/// The version of frames.
const VERSION: u8 = 2;
/// How long a frame's header is: marker, version, kind, partition, length, run, checksum.
pub const HEADER_BYTES: usize = 4 + 1 + 1 + 2 + 4 + 4 + 4;
/// Where the checksum begins.
const CRC_AT: usize = HEADER_BYTES - 4;
/// A body's rows for one partition are cut into frames of about this many bytes.
pub const PAYLOAD_BYTES_AIM: usize = 1 << 20;

/// What a frame holds. The numbers stand on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FrameKind {
    /// Who streams are, and their columns.
    Definitions = 1,
    /// Rows of streams that were defined before.
    Rows = 2,
}

/// A frame that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it holds.
    pub kind: FrameKind,
    /// Whose rows these are.
    pub partition: u16,
    /// The low half of the number of the run's first segment: slots mean the same streams
    /// only inside a run.
    pub run: u32,
    /// What is in it.
    pub payload: &'a [u8],
}

/// Leaves room for a header; the payload follows.
pub fn begin(out: &mut Vec<u8>) {
    debug_assert!(out.is_empty(), "a frame is built in a buffer of its own");
    out.resize(HEADER_BYTES, 0);
}

/// Fills in the header of a frame that [`begin`] began.
pub fn finish(frame: &mut [u8], kind: FrameKind, partition: u16, run: u64) {
    let length = u32::try_from(frame.len() - HEADER_BYTES).expect("bodies are far below 4 GiB");
    frame[..4].copy_from_slice(&MARKER);
    frame[4] = VERSION;
    frame[5] = kind as u8;
    frame[6..8].copy_from_slice(&partition.to_le_bytes());
    frame[8..12].copy_from_slice(&length.to_le_bytes());
    frame[12..16].copy_from_slice(&(run as u32).to_le_bytes());
    let crc = crc32c_append(crc32c(&frame[..CRC_AT]), &frame[HEADER_BYTES..]);
    frame[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
}

/// What [`parse`] says of bytes that end too early.
const CUT_SHORT: [&str; 2] = ["frame header is cut short", "frame is cut short"];

/// Whether [`parse`] found too few bytes, and nothing else wrong.
pub fn is_cut_short(what: &str) -> bool {
    CUT_SHORT.contains(&what)
}

/// The frame that `bytes` begin with, and how many bytes it takes; else what is wrong.
///
/// # Errors
/// When there is no whole frame.
pub fn parse(bytes: &[u8]) -> Result<(Frame<'_>, usize), &'static str> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(CUT_SHORT[0])?;
    if header[..4] != MARKER {
        return Err("no frame begins here");
    }
    let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
    let payload = rest.get(..length).ok_or(CUT_SHORT[1])?;
    Ok((check(header, payload)?, HEADER_BYTES + length))
}

/// The frame that `bytes` were before its length was changed; none where more is wrong. Its
/// checksum is that of the true length.
pub fn parse_whole(bytes: &[u8]) -> Option<Frame<'_>> {
    let (header, payload) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let mut header = *header;
    header[8..12].copy_from_slice(&u32::try_from(payload.len()).ok()?.to_le_bytes());
    check(&header, payload).ok().filter(|_| header[..4] == MARKER)
}

fn check<'a>(header: &[u8; HEADER_BYTES], payload: &'a [u8]) -> Result<Frame<'a>, &'static str> {
    let run = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
    let crc = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
    if crc32c_append(crc32c(&header[..CRC_AT]), payload) != crc {
        return Err("frame checksum does not match");
    }
    if header[4] != VERSION {
        return Err("frame is of a version that this program does not know");
    }
    let kind = match header[5] {
        1 => FrameKind::Definitions,
        2 => FrameKind::Rows,
        _ => return Err("frame is of a kind that this program does not know"),
    };
    let partition = u16::from_le_bytes([header[6], header[7]]);
    Ok(Frame { kind, partition, run, payload })
}
