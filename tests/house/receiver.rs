//! A receiver of notifications in the test's own process.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How it answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// As the real one does when all is well.
    Accept,
    /// With this status and no body.
    Refuse(u16),
    /// Never: the connection stays open.
    Hang,
}

/// One request it got.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Path of the request.
    pub path: String,
    /// The body.
    pub body: Value,
    /// How it was answered.
    pub manner: Manner,
}

/// A stand-in for Slack (`/slack`), PagerDuty (`/pagerduty`) and a webhook (`/webhook`).
pub struct Receiver {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub url: String,
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Receiver {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let receiver =
            Self { url, deliveries: Arc::default(), manner: Arc::new(Mutex::new(manner)) };
        let (deliveries, manner) = (receiver.deliveries.clone(), receiver.manner.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (deliveries, manner) = (deliveries.clone(), manner.clone());
                std::thread::spawn(move || serve(stream, &deliveries, &manner));
            }
        });
        receiver
    }

    /// Changes how it answers from now on.
    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Bodies that were sent to `path`, in order, however they were answered.
    pub fn sent_to(&self, path: &str) -> Vec<Delivery> {
        let all = self.deliveries.lock().unwrap();
        all.iter().filter(|delivery| delivery.path == path).cloned().collect()
    }

    /// Bodies that `path` accepted, in order.
    pub fn accepted_at(&self, path: &str) -> Vec<Value> {
        let accepted = |delivery: &Delivery| delivery.manner == Manner::Accept;
        self.sent_to(path).into_iter().filter(accepted).map(|delivery| delivery.body).collect()
    }

    /// The part of a configuration that names its three channels.
    pub fn channels(&self) -> String {
        let url = &self.url;
        format!(
            "[channels.slack]\ntype = \"slack\"\nurl = \"{url}/slack\"\n\n\
             [channels.pagerduty]\ntype = \"pagerduty\"\nurl = \"{url}/pagerduty\"\n\
             routing_key = \"0123456789abcdef0123456789abcdef\"\n\n\
             [channels.webhook]\ntype = \"webhook\"\nurl = \"{url}/webhook\"\n"
        )
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, deliveries: &Mutex<Vec<Delivery>>, manner: &Mutex<Manner>) {
    let mut reader = BufReader::new(stream.try_clone().expect("clone a socket"));
    let mut stream = stream;
    while let Some((path, body)) = read_request(&mut reader) {
        let manner = *manner.lock().unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        deliveries.lock().unwrap().push(Delivery { path: path.clone(), body, manner });
        let (status, text) = match manner {
            Manner::Hang => {
                // The sender gives up, or its process ends.
                let _ = reader.read(&mut [0]);
                return;
            }
            Manner::Refuse(status) => (status, String::new()),
            Manner::Accept if path == "/pagerduty" => (202, "{\"status\":\"success\"}".to_owned()),
            Manner::Accept => (200, "ok".to_owned()),
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", text.len());
        if stream.write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}
