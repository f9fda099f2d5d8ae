//! The rest of a body that was answered before it was read.
//!
//! A refusal such as 413 comes while its client still sends. Closing the connection then
//! makes the client's system throw the answer away, so that it sees a broken pipe and no
//! reason. The rest is therefore read and thrown away, within bounds, while the answer
//! goes out. Who asked whether to send (`Expect: 100-continue`) waits for the answer, and
//! nothing is read from them that no handler asked for.

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The most that is thrown away: ten bodies of the size that `body_bytes_max` allows.
const REST_BYTES_MAX: u64 = 256 << 20;
/// The longest time that is given to it.
const REST_TIME_MAX: Duration = Duration::from_secs(10);

/// Lets the body of a request linger.
pub fn linger(request: Request) -> Request {
    let is_coming = !request.headers().contains_key(header::EXPECT);
    request.map(|body| Body::new(Lingering { body, is_coming, has_ended: false }))
}

struct Lingering {
    body: Body,
    /// Whether the client sends it, or was told to.
    is_coming: bool,
    has_ended: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_coming = true;
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.has_ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if !self.is_coming || self.has_ended || self.body.is_end_stream() {
            return;
        }
        // Without a runtime there is no connection either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let rest = std::mem::take(&mut self.body);
            // What is beyond the time is as beyond the bytes: the connection closes.
            runtime.spawn(tokio::time::timeout(REST_TIME_MAX, discard(rest, REST_BYTES_MAX)));
        }
    }
}

/// Reads `rest` to its end, or until more than `bytes_max` came; answers how much came.
async fn discard(mut rest: Body, bytes_max: u64) -> Result<u64, BoxError> {
    let mut bytes = 0;
    while bytes <= bytes_max
        && let Some(frame) = rest.frame().await
    {
        bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
