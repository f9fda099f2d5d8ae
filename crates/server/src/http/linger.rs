//! The rest of a body that was answered before it was read.
//!
//! A refusal such as 413 comes while its client still sends. Closing the connection then
//! makes the client's system throw the answer away, so that it sees a broken pipe and no
//! reason. The rest is therefore read and thrown away, within bounds, while the answer
//! goes out. Who asked whether to send (`Expect: 100-continue`) waits for the answer, and
//! nothing is read from them that no handler asked for.

use axum::BoxError;
use axum::body::{Bytes, HttpBody};
use axum::http::{Request, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The most that is thrown away: ten bodies of the size that `body_bytes_max` allows.
const REST_BYTES_MAX: u64 = 256 << 20;
/// The longest time that is given to it.
const REST_TIME_MAX: Duration = Duration::from_secs(10);

/// The body of a request, as it comes from wherever.
pub trait Inflow:
    HttpBody<Data = Bytes, Error: Into<BoxError> + Display> + Unpin + Send + 'static
{
}

impl<B> Inflow for B where
    B: HttpBody<Data = Bytes, Error: Into<BoxError> + Display> + Unpin + Send + 'static
{
}

/// Lets the body of a request linger.
pub fn linger<B: Inflow>(request: Request<B>) -> Request<Lingering<B>> {
    let is_coming = !request.headers().contains_key(header::EXPECT);
    request.map(|body| Lingering { body: Some(body), is_coming, has_ended: false })
}

/// A body whose rest is read once nobody wants it.
pub struct Lingering<B: Inflow> {
    /// There until it is dropped.
    body: Option<B>,
    /// Whether the client sends it, or was told to.
    is_coming: bool,
    has_ended: bool,
}

impl<B: Inflow> HttpBody for Lingering<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.is_coming = true;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        self.has_ended |= matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl<B: Inflow> Drop for Lingering<B> {
    fn drop(&mut self) {
        if !self.is_coming || self.has_ended || self.is_end_stream() {
            return;
        }
        // Without a runtime there is no connection either.
        if let (Some(rest), Ok(runtime)) = (self.body.take(), tokio::runtime::Handle::try_current())
        {
            // What is beyond the time is as beyond the bytes: the connection closes.
            runtime.spawn(tokio::time::timeout(REST_TIME_MAX, discard(rest, REST_BYTES_MAX)));
        }
    }
}

/// Reads `rest` to its end, or until more than `bytes_max` came; answers how much came.
async fn discard(mut rest: impl Inflow, bytes_max: u64) -> Result<u64, BoxError> {
    let mut bytes = 0;
    while bytes <= bytes_max
        && let Some(frame) = rest.frame().await
    {
        bytes += frame.map_err(Into::into)?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
