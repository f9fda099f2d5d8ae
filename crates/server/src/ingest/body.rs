//! A body from the socket into memory, and out of its compression, both bounded.

use super::memory::{Memory, Share};
use crate::config::Bytes;
use axum::body::{Bytes as Piece, HttpBody};
use flate2::bufread::MultiGzDecoder;
use http_body::Frame;
use http_body_util::BodyExt;
use protocol::remote_write;
use std::fmt::Display;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long a client may take from one piece of its body to the next.
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);
/// How much is decompressed between two looks at the limits.
const STEP_BYTES: usize = 256 << 10;

/// A body in memory.
#[derive(Debug)]
pub struct Held {
    bytes: Vec<u8>,
    share: Share,
}

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than it may be.
    #[error(
        "request entity too large: the body is over {}; send smaller batches, or raise {key}",
        Bytes(*limit)
    )]
    TooLarge {
        /// The most it may be.
        limit: u64,
        /// The key of the configuration that says so.
        key: &'static str,
    },
    /// All bodies together are larger than they may be.
    #[error(
        "overloaded: bodies that are being written fill inflight_bytes_max; send the same body again after a second"
    )]
    NoRoom,
    /// The client stopped in the middle of it.
    #[error("read body: {0}")]
    Broken(String),
    /// The client was too slow.
    #[error("read body: no piece of it came for 30 s")]
    Slow,
    /// It does not decompress.
    #[error("decompress body: {0}")]
    Damaged(String),
}

impl BodyError {
    /// The key of the limit that stood in the way.
    pub fn limit(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge { key, .. } => Some(key),
            Self::NoRoom => Some("inflight_bytes_max"),
            _ => None,
        }
    }
}

/// Reads a whole body of at most `bytes_max`, which the key `body_bytes_max` says.
///
/// # Errors
/// When it is too large, too slow, broken off, or there is no room for it.
pub async fn read<B>(mut body: B, bytes_max: u64, memory: &Arc<Memory>) -> Result<Held, BodyError>
where
    B: HttpBody<Data = Piece, Error: Display> + Unpin,
{
    let too_large = || BodyError::TooLarge { limit: bytes_max, key: "body_bytes_max" };
    let share = memory.share();
    let mut held = Held { bytes: share.buffer(), share };
    held.bytes.clear();
    // The announced length is refused at once, so that a large body is not sent in vain.
    let announced = body.size_hint().lower();
    if announced > bytes_max {
        return Err(too_large());
    }
    if !held.share.grow(announced) {
        return Err(BodyError::NoRoom);
    }
    let mut promised = announced;
    held.bytes.reserve_exact(announced as usize);
    // Where all of it is known to be there, nothing is asked for once more.
    while !body.is_end_stream() {
        let piece = match next_piece(&mut body).await? {
            None => break,
            Some(Err(error)) => return Err(BodyError::Broken(error.to_string())),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        let length = (held.bytes.len() + piece.len()) as u64;
        if length > bytes_max {
            return Err(too_large());
        }
        if length > promised {
            if !held.share.grow(length - promised) {
                return Err(BodyError::NoRoom);
            }
            promised = length;
        }
        held.bytes.extend_from_slice(&piece);
    }
    Ok(held)
}

/// The next piece of a body. Mostly it is there already, and no timer is set.
async fn next_piece<B: HttpBody + Unpin>(
    body: &mut B,
) -> Result<Option<Result<Frame<B::Data>, B::Error>>, BodyError> {
    let look = |context: &mut Context<'_>| match Pin::new(&mut *body).poll_frame(context) {
        Poll::Ready(piece) => Poll::Ready(Some(piece)),
        Poll::Pending => Poll::Ready(None),
    };
    match std::future::poll_fn(look).await {
        Some(piece) => Ok(piece),
        None => {
            let piece = tokio::time::timeout(PIECE_TIMEOUT, body.frame()).await;
            piece.map_err(|_| BodyError::Slow)
        }
    }
}

impl Held {
    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same body out of its gzip.
    ///
    /// # Errors
    /// When it is not gzip, would be larger than `bytes_max`, or finds no room.
    pub fn gunzip(&self, bytes_max: u64) -> Result<Self, BodyError> {
        let mut decoder = MultiGzDecoder::new(&*self.bytes);
        let share = self.share.sibling();
        let mut plain = Self { bytes: share.buffer(), share };
        plain.bytes.clear();
        loop {
            if !plain.share.grow(STEP_BYTES as u64) {
                return Err(BodyError::NoRoom);
            }
            let before = plain.bytes.len();
            let read = (&mut decoder)
                .take(STEP_BYTES as u64)
                .read_to_end(&mut plain.bytes)
                .map_err(|error| BodyError::Damaged(format!("gzip: {error}")))?;
            if plain.bytes.len() as u64 > bytes_max {
                return Err(decompressed_too_large(bytes_max));
            }
            debug_assert_eq!(plain.bytes.len(), before + read);
            if read < STEP_BYTES {
                return Ok(plain);
            }
        }
    }

    /// The same body out of its snappy block, as remote write has it.
    ///
    /// # Errors
    /// When it is not snappy, would be larger than `bytes_max`, or finds no room.
    pub fn unsnap(&self, bytes_max: u64) -> Result<Self, BodyError> {
        let mut share = self.share.sibling();
        // The block says its length first; a length that lies fails in the decoder.
        let length = self.snappy_length();
        if length > bytes_max {
            return Err(decompressed_too_large(bytes_max));
        }
        if !share.grow(length) {
            return Err(BodyError::NoRoom);
        }
        let limit = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let mut bytes = share.buffer();
        remote_write::decompress(&self.bytes, limit, &mut bytes)
            .map_err(|error| BodyError::Damaged(error.to_string()))?;
        Ok(Self { bytes, share })
    }
}

impl Held {
    /// The length a snappy block announces: a little-endian base-128 number of at most 32
    /// bits. What is no such number is 0; decompressing it says why.
    pub fn snappy_length(&self) -> u64 {
        let mut length = 0u64;
        for (index, byte) in self.bytes.iter().take(5).enumerate() {
            length |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return length;
            }
        }
        0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.share.give_back(std::mem::take(&mut self.bytes));
    }
}

fn decompressed_too_large(limit: u64) -> BodyError {
    BodyError::TooLarge { limit, key: "body_decompressed_bytes_max" }
}
