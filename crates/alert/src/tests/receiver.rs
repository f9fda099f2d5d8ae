//! A stand-in for Slack, PagerDuty and webhooks: it takes requests over TCP, remembers
//! them, and answers as it was told to.

use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One request that came.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: Value,
}

/// What to answer once.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Status, extra header lines, body.
    Http(u16, &'static str, &'static str),
    /// The connection is closed without a word.
    HangUp,
    /// Nothing for this long, then as usual.
    Slow(Duration),
}

#[derive(Default)]
struct State {
    requests: Mutex<Vec<Request>>,
    planned: Mutex<HashMap<String, Vec<Answer>>>,
    stopping: AtomicBool,
}

/// The receiver. It ends with the test.
pub struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), shared.clone());
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers the next request to `path` with `answer`; plans are kept in order.
    pub fn plan(&self, path: &str, answer: Answer) {
        self.state.planned.lock().entry(path.to_owned()).or_default().push(answer);
    }

    /// Every request so far that was answered.
    pub fn requests(&self, path: &str) -> Vec<Request> {
        let requests = self.state.requests.lock();
        requests.iter().filter(|request| request.path == path).cloned().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.stopping.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: TcpStream, state: &State) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        let planned = state
            .planned
            .lock()
            .get_mut(&request.path)
            .and_then(|plans| if plans.is_empty() { None } else { Some(plans.remove(0)) });
        let usual = if request.path == "/pagerduty" { (202, "", "{}") } else { (200, "", "ok") };
        let (status, headers, body) = match planned {
            Some(Answer::HangUp) => return,
            Some(Answer::Http(status, headers, body)) => (status, headers, body),
            Some(Answer::Slow(wait)) => {
                std::thread::sleep(wait);
                usual
            }
            None => usual,
        };
        state.requests.lock().push(request);
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).ok()?;
    Some(Request { path, headers, body })
}
