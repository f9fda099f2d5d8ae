use super::*;
use crate::house::{House, Plan};
use crate::http::Door;
use crate::ingest;
use model::port::SystemClock;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ASK: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
const PATIENT: Duration = Duration::from_secs(600);

/// A server whose store replays for ever.
struct Served {
    address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<()>,
}

async fn served(limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let house = House::new(Plan {
        url: format!("http://{address}"),
        door: Door { is_loopback: true, ..Door::default() },
        limits: ingest::Limits { body_bytes_max: 1_000, decompressed_bytes_max: 1_000 },
        inflight_bytes_max: 1_000,
        clock: Arc::new(SystemClock),
    });
    let (stop, stopping) = watch::channel(false);
    let metrics = house.metrics.clone();
    let front = Front::new(house);
    let ended = tokio::spawn(serve(listener, front, metrics.clone(), limits, stopping));
    Served { address, metrics, stop, ended }
}

/// Reads one answer, which is expected to be 200.
async fn answer(stream: &mut TcpStream) {
    let mut bytes = [0; 4_096];
    let length = stream.read(&mut bytes).await.unwrap();
    let text = String::from_utf8_lossy(&bytes[..length]);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_closes_its_connection() {
    let header_timeout = Duration::from_millis(50);
    let served = served(Limits { connections_max: 10, header_timeout }).await;
    for sent in [&b""[..], b"GET /health HT", ASK] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        if sent == ASK {
            answer(&mut stream).await;
        }
        // Ends once the server has closed it.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
    }
}

#[tokio::test]
async fn clients_beyond_the_limit_wait_for_a_place() {
    let served = served(Limits { connections_max: 1, header_timeout: PATIENT }).await;
    let mut first = TcpStream::connect(served.address).await.unwrap();
    first.write_all(ASK).await.unwrap();
    answer(&mut first).await;
    let mut second = TcpStream::connect(served.address).await.unwrap();
    second.write_all(ASK).await.unwrap();
    // The first is served on, alone.
    first.write_all(ASK).await.unwrap();
    answer(&mut first).await;
    assert_eq!(served.metrics.connections.get(), 1);
    drop(first);
    answer(&mut second).await;
}

#[tokio::test]
async fn a_stop_ends_connections_that_wait() {
    let served = served(Limits { connections_max: 10, header_timeout: PATIENT }).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(ASK).await.unwrap();
    answer(&mut stream).await;
    served.stop.send(true).unwrap();
    served.ended.await.unwrap();
    assert_eq!(served.metrics.connections.get(), 0);
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}
