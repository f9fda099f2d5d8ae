//! Texts and numbers as JSON has them, straight into bytes: answers hold millions of them.

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Fewer bytes than this are written before another thread has begun.
pub const BYTES_PER_THREAD_MIN: usize = 256 << 10;
/// Two digits of each number below 100.
const PAIRS: [[u8; 2]; 100] = pairs();
/// What a decimal is scaled by to be whole, with one to six digits of fraction.
const SCALES: [f64; 6] = [1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/// Below this a decimal of a double is the only one of so few digits, and thus the shortest.
const DIGITS_15: f64 = 1e15;

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut at = 0;
    while at < 100 {
        pairs[at] = [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8];
        at += 1;
    }
    pairs
}

/// A text with its quotation marks.
pub fn string(out: &mut Vec<u8>, text: &str) {
    let is_plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if is_plain {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // A string always has a JSON form, and a Vec takes all of it.
        let _ = serde_json::to_writer(out, text);
    }
}

/// A whole number.
pub fn whole(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    natural(out, number.unsigned_abs());
}

/// A whole number that is not negative.
pub fn natural(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = number;
    while rest >= 100 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if rest >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&PAIRS[rest as usize]);
    } else {
        start -= 1;
        digits[start] = b'0' + rest as u8;
    }
    out.extend_from_slice(&digits[start..]);
}

/// A finite number: the fewest digits that read back as the same, never an exponent.
pub fn number(out: &mut Vec<u8>, value: f64) {
    let size = value.abs();
    if size < DIGITS_15 {
        if value.is_sign_negative() {
            out.push(b'-');
        }
        if size == size.trunc() {
            return natural(out, size as u64);
        }
        for (places, scale) in (1..).zip(SCALES) {
            let scaled = (size * scale).round();
            // A quotient is rounded once, so that this is how the decimal reads.
            if scaled < DIGITS_15 && scaled / scale == size {
                return decimal(out, scaled as u64, places);
            }
        }
        return shortest(out, size);
    }
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{value}");
}

/// `digits`, the last `places` of which are behind the point.
fn decimal(out: &mut Vec<u8>, digits: u64, places: u32) {
    let unit = 10u64.pow(places);
    natural(out, digits / unit);
    let start = out.len();
    // The point takes the place of a leading one, which keeps the zeros behind it.
    natural(out, unit + digits % unit);
    out[start] = b'.';
}

fn shortest(out: &mut Vec<u8>, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    if text.contains('e') {
        let _ = write!(out, "{value}");
    } else {
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

/// How many threads are worth writing so many bytes.
pub fn threads(bytes: usize) -> usize {
    // To ask for the cores costs more than a short answer: the system reads files for it.
    match bytes / BYTES_PER_THREAD_MIN {
        0 | 1 => 1,
        most => std::thread::available_parallelism().map_or(1, |cores| cores.get()).min(most),
    }
}

/// What `write` makes of each share, on a thread for each.
pub fn over_threads<T: Send>(shares: Vec<T>, write: impl Fn(T) -> Vec<u8> + Sync) -> Vec<Vec<u8>> {
    std::thread::scope(|scope| {
        let write = &write;
        let mut shares = shares.into_iter();
        let own = shares.next();
        let others: Vec<_> = shares.map(|share| scope.spawn(move || write(share))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<u8>>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        own.map(write).into_iter().chain(others.into_iter().map(join)).collect()
    })
}

/// An answer in parts, which are written one after the other and never copied together.
#[derive(Debug, Default)]
pub struct Parts(Vec<Vec<u8>>);

impl Parts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(vec![Vec::with_capacity(1_024)])
    }

    /// The end, to be written on.
    pub fn end(&mut self) -> &mut Vec<u8> {
        if self.0.is_empty() {
            self.0.push(Vec::new());
        }
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// Puts parts behind the end.
    pub fn extend(&mut self, parts: impl IntoIterator<Item = Vec<u8>>) {
        self.0.extend(parts);
    }

    /// All of it in one piece.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.0.len() > 1 { self.0.concat() } else { self.0.pop().unwrap_or_default() }
    }

    /// All of it as the body of a response, which says how long it is.
    pub fn into_body(self) -> axum::body::Body {
        let mut parts: VecDeque<Bytes> = self.0.into_iter().map(Bytes::from).collect();
        if parts.len() == 1 {
            return parts.pop_front().unwrap_or_default().into();
        }
        parts.retain(|part| !part.is_empty());
        axum::body::Body::new(Body(parts))
    }
}

impl From<Vec<u8>> for Parts {
    fn from(bytes: Vec<u8>) -> Self {
        Self(vec![bytes])
    }
}

/// A body in parts.
struct Body(VecDeque<Bytes>);

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|part| part.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests;
