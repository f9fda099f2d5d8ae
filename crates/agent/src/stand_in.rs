//! A server for tests, in a thread of the test's own: it answers as it is told, then well.

use flate2::read::GzDecoder;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What happens to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// This status, with one more header where it is not empty. Lines are taken with 204.
    Status(u16, &'static str),
    /// The connection is closed without an answer.
    HangUp,
    /// The lines are taken, and the answer is lost.
    TakeAndHangUp,
    /// 413 where the lines are more bytes than this, else they are taken.
    TooLargeOver(usize),
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) lines: String,
}

#[derive(Debug, Default)]
struct State {
    replies: VecDeque<Reply>,
    requests: Vec<Request>,
    taken: String,
}

#[derive(Debug)]
pub(crate) struct StandIn {
    port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Starts a server that gives `replies` first, and 204 from then on.
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let replies = replies.into_iter().collect();
        let state = Arc::new(Mutex::new(State { replies, ..State::default() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (its_state, its_stop) = (Arc::clone(&state), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if its_stop.load(Ordering::Relaxed) {
                    return;
                }
                serve(stream.expect("a connection"), &its_state);
            }
        });
        Self { port, state, stop, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().expect("the state").requests.clone()
    }

    /// The lines that were taken, in the order they came.
    pub(crate) fn taken(&self) -> String {
        self.state.lock().expect("the state").taken.clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread up, which then looks.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            let result = thread.join();
            assert!(result.is_ok() || std::thread::panicking(), "the stand-in failed");
        }
    }
}

/// Answers one request and closes the connection.
fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let length = head
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .expect("a content-length");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    let mut lines = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut lines).expect("a gzip body");
    let mut state = state.lock().expect("the state");
    let reply = state.replies.pop_front().unwrap_or(Reply::Status(204, ""));
    let line = head.remove(0);
    state.requests.push(Request { line, headers: head, lines: lines.clone() });
    let (status, header) = match reply {
        Reply::Status(status, header) => (status, header),
        Reply::TooLargeOver(bytes) if lines.len() > bytes => (413, ""),
        Reply::TooLargeOver(_) => (204, ""),
        Reply::HangUp | Reply::TakeAndHangUp => {
            if matches!(reply, Reply::TakeAndHangUp) {
                state.taken.push_str(&lines);
            }
            drop(stream.shutdown(Shutdown::Both));
            return;
        }
    };
    if status == 204 {
        state.taken.push_str(&lines);
    }
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    let body = if status == 204 { "" } else { "{\"error\":\"as told\"}" };
    let length =
        if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let answer = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{header}{length}\r\n{body}");
    stream.write_all(answer.as_bytes()).expect("the answer");
}
