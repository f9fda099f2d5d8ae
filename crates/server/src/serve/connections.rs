//! Connections: taken in, bounded in number and in patience, and ended at a stop.
//!
//! A client that opens connections and says nothing, or says its headers a byte at a time,
//! holds a place for `header_timeout` at most. With every place taken, further clients wait
//! in the system's queue, and the log says so.

use crate::http::Front;
use crate::metrics::{Entered, Metrics};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How long the server waits after it could not take a connection, such as for want of file
/// descriptors: others end meanwhile.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);
/// How often the log says that every place is taken.
const CROWDED_EVERY: Duration = Duration::from_secs(60);

/// What connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many there may be at one time; `connections_max`.
    pub connections_max: usize,
    /// How long one may take until the head of its next request is there;
    /// `header_timeout`.
    pub header_timeout: Duration,
}

/// Serves until `stopping` says true, and then until every request is answered.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    metrics: Arc<Metrics>,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let (open, mut all_closed) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        let next = async {
            let place = place(&places, limits).await;
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            next = next => next,
            _ = stopping.wait_for(|it| *it) => break,
        };
        let held = (place, metrics.connections.enter(), open.clone());
        tokio::spawn(connection(stream, front.clone(), limits, stopping.clone(), held));
    }
    drop((listener, open));
    // Ends once the last connection has dropped its sender.
    all_closed.recv().await;
}

/// What a connection holds for as long as it lasts.
type Held = (OwnedSemaphorePermit, Entered, tokio::sync::mpsc::Sender<()>);

/// Waits for a place for one more connection.
async fn place(places: &Arc<Semaphore>, limits: Limits) -> OwnedSemaphorePermit {
    loop {
        let place = tokio::time::timeout(CROWDED_EVERY, places.clone().acquire_owned());
        if places.available_permits() == 0 {
            tracing::warn!(
                connections_max = limits.connections_max,
                "every connection is taken; further clients wait until one ends"
            );
        }
        if let Ok(place) = place.await {
            return place.expect("the semaphore is never closed");
        }
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client went away again.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(%error, "take a connection");
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    front: Front,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
    _held: Held,
) {
    // Answers are written whole, so that waiting for more of them only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "set TCP_NODELAY");
    }
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let front = front.clone();
        async move { Ok::<Response, Infallible>(front.answer(request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        // Head and body of an answer go out as one buffer: most are so short that a system
        // call for several costs more than to copy them.
        .writev(false)
        .header_read_timeout(limits.header_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    tokio::select! {
        biased;
        result = served.as_mut() => return note(result),
        _ = stopping.wait_for(|it| *it) => served.as_mut().graceful_shutdown(),
    }
    note(served.await);
}

/// A client may break off at any time; that is told to whoever looks closely.
fn note(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests;
