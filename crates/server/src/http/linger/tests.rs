use super::*;
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::post;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// More than the buffers of a socket take.
const BODY_BYTES: usize = 32 << 20;

/// A server that refuses every body unread.
async fn refusing() -> SocketAddr {
    let router = Router::new()
        .route("/", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "too large") }))
        .layer(middleware::map_request(|request: Request<Body>| async {
            linger(request).map(Body::new)
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn ask(address: SocketAddr, header: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = BODY_BYTES;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_all_before_it_reads_gets_the_answer() {
    let address = refusing().await;
    let asked = tokio::task::spawn_blocking(move || ask(address, "", &vec![b'x'; BODY_BYTES]));
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.ends_with("too large"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_first_is_not_told_to_send() {
    let address = refusing().await;
    let asked = tokio::task::spawn_blocking(move || ask(address, "Expect: 100-continue\r\n", b""));
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn the_rest_is_read_within_bounds() {
    assert_eq!(discard(Body::from("12345"), 100).await.unwrap(), 5);
    let endless = Body::new(Endless);
    assert_eq!(discard(endless, 10).await.unwrap(), 12);
}

/// Pieces of four bytes without end.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"1234")))))
    }
}
