//! A stand-in for S3 in the test's own process: one bucket, path-style, in memory.
//!
//! It checks the signature and the hash of each request as the real one does, hands lists
//! out in short pages, and fails where a test says so.

mod request;
mod signature;

use request::Request;
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The bucket there is.
pub const BUCKET: &str = "keep";
/// Whose requests it takes.
pub const KEY_ID: &str = "AKIDTEST";
/// What they are signed with.
pub const SECRET: &str = "a/secret+key";
/// Where it stands.
pub const REGION: &str = "eu-test-1";

/// How many keys one page of a list has.
const PAGE: usize = 3;

/// How a request fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// With this status.
    Status(u16),
    /// The connection ends before there is an answer, though what was asked is done.
    CutAfter,
    /// The connection ends in the middle of the answer.
    CutAnswer,
    /// There is no answer, and the connection stays open.
    Hang,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, (String, BTreeMap<u32, Vec<u8>>)>,
    begun: u64,
    /// Method and key of each request with a good signature.
    asked: Vec<(String, String)>,
    /// Which requests fail, by method and a part of the key, and how many times.
    faults: Vec<(&'static str, String, Fault, u32)>,
    refused: u64,
    loses_end: bool,
}

/// The stand-in.
pub struct Bucket {
    /// Where it listens, `http://127.0.0.1:PORT`.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Bucket {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        let bucket = Self { url, state: Arc::default() };
        let state = bucket.state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = state.clone();
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        bucket
    }

    /// What the environment of a process says that keeps things here.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_SESSION_TOKEN", String::new()),
            ("AWS_ENDPOINT_URL_S3", String::new()),
            ("AWS_MAX_ATTEMPTS", String::new()),
        ]
    }

    /// Lets the next `times` requests of this kind fail.
    pub fn fail(&self, method: &'static str, key: &str, fault: Fault, times: u32) {
        self.state.lock().unwrap().faults.push((method, key.to_owned(), fault, times));
    }

    /// Lets the answer to the next end of an upload in parts be lost.
    pub fn lose_next_end(&self) {
        self.state.lock().unwrap().loses_end = true;
    }

    /// Lets no more requests fail.
    pub fn heal(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// What it keeps.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().objects.clone()
    }

    /// Changes what it keeps.
    pub fn change(&self, how: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) {
        how(&mut self.state.lock().unwrap().objects);
    }

    /// Begins an upload in parts, as one who was killed then.
    pub fn leave_upload(&self, key: &str) {
        let mut state = self.state.lock().unwrap();
        state.begun += 1;
        let id = format!("upload&{}", state.begun);
        state.uploads.insert(id, (key.to_owned(), BTreeMap::new()));
    }

    /// Uploads in parts that were begun and neither ended nor given up.
    pub fn open_uploads(&self) -> usize {
        self.state.lock().unwrap().uploads.len()
    }

    /// Requests with a wrong signature.
    pub fn refused(&self) -> u64 {
        self.state.lock().unwrap().refused
    }

    /// Methods and keys of the requests since the last call.
    pub fn take_asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

/// Status, headers beside the length, and body.
struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: String::new(), body: body.into() }
    }

    fn error(status: u16, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>as the test says</Message></Error>");
        Self::new(status, body)
    }
}

/// Answers the requests of one connection.
fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().expect("clone a socket"));
    let mut stream = stream;
    while let Some(request) = Request::read(&mut reader) {
        let fault = state.lock().unwrap().fault(&request);
        let answer = match fault {
            Some(Fault::Status(status)) => Answer::error(status, "Failed"),
            Some(Fault::Hang) => {
                // The client gives up, or its process ends.
                let _ = reader.read(&mut [0]);
                return;
            }
            _ => state.lock().unwrap().answer(&request),
        };
        if fault == Some(Fault::CutAfter) {
            return;
        }
        let length = match request.method.as_str() {
            "HEAD" => state.lock().unwrap().objects.get(&request.key).map_or(0, Vec::len),
            _ => answer.body.len(),
        };
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Length: {length}\r\n{}\r\n",
            answer.status, answer.headers
        );
        let mut all = head.into_bytes();
        all.extend(&answer.body);
        if fault == Some(Fault::CutAnswer) {
            let _ = stream.write_all(&all[..all.len() - answer.body.len().div_ceil(2)]);
            return;
        }
        if stream.write_all(&all).is_err() {
            return;
        }
    }
}

impl State {
    fn fault(&mut self, request: &Request) -> Option<Fault> {
        let is_end = request.method == "POST" && request.parameters.contains_key("uploadId");
        if is_end && std::mem::take(&mut self.loses_end) {
            return Some(Fault::CutAfter);
        }
        let is_it = |(method, key, _, left): &&mut (&str, String, Fault, u32)| {
            *left > 0 && *method == request.method && request.key.contains(key.as_str())
        };
        let found = self.faults.iter_mut().find(is_it)?;
        found.3 -= 1;
        Some(found.2)
    }

    fn answer(&mut self, request: &Request) -> Answer {
        if let Err(why) = signature::check(request) {
            self.refused += 1;
            return Answer::error(403, why);
        }
        self.asked.push((request.method.clone(), request.key.clone()));
        if request.bucket != BUCKET {
            return Answer::error(404, "NoSuchBucket");
        }
        let key = request.key.clone();
        let parameter = |name: &str| request.parameters.get(name).map(String::as_str);
        match (request.method.as_str(), parameter("uploadId")) {
            ("GET", _) if key.is_empty() && parameter("uploads").is_some() => {
                self.list_uploads(request)
            }
            ("GET", _) if key.is_empty() => self.list(request),
            ("GET" | "HEAD", _) => match self.objects.get(&key) {
                Some(bytes) => give(bytes, request),
                None => Answer::error(404, "NoSuchKey"),
            },
            ("PUT", None) => {
                self.objects.insert(key, request.body.clone());
                Answer::new(200, "")
            }
            ("DELETE", None) => {
                self.objects.remove(&key);
                Answer::new(204, "")
            }
            ("POST", None) => {
                self.begun += 1;
                let id = format!("upload&{}", self.begun);
                self.uploads.insert(id.clone(), (key, BTreeMap::new()));
                let id = id.replace('&', "&amp;");
                Answer::new(200, format!("<R><UploadId>{id}</UploadId></R>"))
            }
            (method, Some(id)) => self.upload(method, id, request),
            _ => Answer::error(405, "MethodNotAllowed"),
        }
    }

    fn upload(&mut self, method: &str, id: &str, request: &Request) -> Answer {
        let Some((key, parts)) = self.uploads.get_mut(id) else {
            return Answer::error(404, "NoSuchUpload");
        };
        assert_eq!(*key, request.key, "an upload is of one object");
        match method {
            "PUT" => {
                let number = request.parameters["partNumber"].parse().expect("a number of a part");
                parts.insert(number, request.body.clone());
                Answer { headers: format!("ETag: \"e{number}\"\r\n"), ..Answer::new(200, "") }
            }
            "DELETE" => {
                self.uploads.remove(id);
                Answer::new(204, "")
            }
            _ => {
                let numbers = 1..=u32::try_from(parts.len()).expect("few parts");
                let wanted = numbers.map(|n| {
                    format!("<Part><PartNumber>{n}</PartNumber><ETag>\"e{n}\"</ETag></Part>")
                });
                let wanted: String = wanted.collect();
                let body = String::from_utf8_lossy(&request.body);
                if !body.contains(&format!(">{wanted}<")) {
                    return Answer::error(400, "InvalidPart");
                }
                let whole = parts.values().flatten().copied().collect();
                self.objects.insert(key.clone(), whole);
                self.uploads.remove(id);
                Answer::new(200, "<CompleteMultipartUploadResult/>")
            }
        }
    }

    /// One upload a page.
    fn list_uploads(&self, request: &Request) -> Answer {
        let parameter = |name: &str| request.parameters.get(name).cloned().unwrap_or_default();
        let (prefix, after) =
            (parameter("prefix"), (parameter("key-marker"), parameter("upload-id-marker")));
        let mut uploads: Vec<(&String, &String)> =
            self.uploads.iter().map(|(id, of)| (&of.0, id)).collect();
        uploads.sort();
        let is_asked = |(key, id): &(&String, &String)| {
            key.starts_with(&prefix) && ((*key).clone(), (*id).clone()) > after
        };
        let mut uploads = uploads.into_iter().filter(is_asked);
        let first = uploads.next();
        let is_cut = uploads.next().is_some();
        let mut xml = format!("<ListMultipartUploadsResult><IsTruncated>{is_cut}</IsTruncated>");
        if let Some((key, id)) = first {
            let id = id.replace('&', "&amp;");
            xml.push_str(&format!(
                "<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{id}</NextUploadIdMarker>\
                 <Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>"
            ));
        }
        xml.push_str("</ListMultipartUploadsResult>");
        Answer::new(200, xml)
    }

    fn list(&self, request: &Request) -> Answer {
        let parameter = |name: &str| request.parameters.get(name).cloned().unwrap_or_default();
        let (prefix, after) = (parameter("prefix"), parameter("continuation-token"));
        let mut keys = self.objects.keys().filter(|it| it.starts_with(&prefix) && **it > after);
        let page: Vec<&String> = keys.by_ref().take(PAGE).collect();
        let is_cut = keys.next().is_some();
        let mut xml = format!("<ListBucketResult><IsTruncated>{is_cut}</IsTruncated>");
        for key in &page {
            let size = self.objects[*key].len();
            xml.push_str(&format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"));
        }
        if let (true, Some(last)) = (is_cut, page.last()) {
            xml.push_str(&format!("<NextContinuationToken>{last}</NextContinuationToken>"));
        }
        xml.push_str("</ListBucketResult>");
        Answer::new(200, xml)
    }
}

fn give(bytes: &[u8], request: &Request) -> Answer {
    if request.method == "HEAD" {
        return Answer::new(200, "");
    }
    let Some(range) = request.headers.get("range") else { return Answer::new(200, bytes) };
    let (first, last) = range.trim_start_matches("bytes=").split_once('-').expect("a range");
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    match bytes.get(first..(last + 1).min(bytes.len())) {
        Some(part) if !part.is_empty() => Answer::new(206, part),
        _ => Answer::error(416, "InvalidRange"),
    }
}
