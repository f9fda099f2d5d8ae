//! Just enough of an HTTP client to send bodies and read answers, and light enough not to
//! be what is measured.

use anyhow::{Context, Result, bail};
use std::io::{IoSlice, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take; the slowest query of the slowest peer is far below.
const PATIENCE: Duration = Duration::from_secs(300);
/// Holds the whole answer to a write, and the heads of all others.
const BUFFER_BYTES: usize = 4 << 10;

/// What a server said.
#[derive(Debug)]
pub struct Answer {
    /// Such as 204.
    pub status: u16,
    /// Without its framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// Its body, where the server was content.
    ///
    /// # Errors
    /// When it was not; the text says what it answered.
    pub fn good(self) -> Result<Vec<u8>> {
        if self.status / 100 == 2 {
            return Ok(self.body);
        }
        bail!("the server answered {}: {}", self.status, self.text())
    }

    /// The start of the body, for people.
    pub fn text(&self) -> String {
        let end = self.body.len().min(300);
        String::from_utf8_lossy(&self.body[..end]).trim().to_owned()
    }
}

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Connection {
    /// The socket, for whoever waits for many.
    pub stream: TcpStream,
    address: String,
    /// What was read and not used yet: from `at` to `filled`.
    read: Box<[u8]>,
    at: usize,
    filled: usize,
}

impl Connection {
    /// Connects to `127.0.0.1:PORT`.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let read = vec![0; BUFFER_BYTES].into();
        Ok(Self { stream, address: address.to_owned(), read, at: 0, filled: 0 })
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// When the connection fails; any status is an answer.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.write_all(head.as_bytes())?;
        self.receive()
    }

    /// Sends a body with further header lines, each ended by `\r\n`.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn send(&mut self, path: &str, headers: &str, body: &[u8]) -> Result<()> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let head = head.as_bytes();
        let sent = self.stream.write_vectored(&[IoSlice::new(head), IoSlice::new(body)])?;
        if sent < head.len() {
            self.stream.write_all(&head[sent..])?;
        }
        self.stream.write_all(&body[sent.saturating_sub(head.len())..])?;
        Ok(())
    }

    /// Sends a body and waits for the answer.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        self.send(path, headers, body)?;
        self.receive()
    }

    /// Reads the next answer.
    ///
    /// # Errors
    /// When the connection fails, or what comes is no answer.
    pub fn receive(&mut self) -> Result<Answer> {
        let head = self.read_until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.context("read a status line")?;
        let header = |wanted: &str| {
            let named = |line: &&str| {
                line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(wanted))
            };
            head.lines().find(named).and_then(|line| Some(line.split_once(':')?.1.trim()))
        };
        let body = if matches!(status, 100..=199 | 204 | 304) {
            Vec::new()
        } else if header("transfer-encoding").is_some_and(|how| how.contains("chunked")) {
            self.read_chunks()?
        } else {
            let length = header("content-length").context("read the length of an answer")?;
            let mut body = Vec::new();
            self.read_into(&mut body, length.parse()?)?;
            body
        };
        Ok(Answer { status, body })
    }

    fn read_chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.read_until(b"\r\n")?;
            let digits = String::from_utf8_lossy(&line);
            let digits = digits.trim().split(';').next().unwrap_or_default();
            let length = usize::from_str_radix(digits, 16).context("read a chunk's length")?;
            self.read_into(&mut body, length)?;
            self.read_until(b"\r\n")?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// Everything up to `end`, which is included.
    fn read_until(&mut self, end: &[u8]) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        while !line.ends_with(end) {
            if self.at == self.filled {
                self.fill()?;
            }
            line.push(self.read[self.at]);
            self.at += 1;
        }
        Ok(line)
    }

    /// Appends the next `count` bytes to `body`.
    fn read_into(&mut self, body: &mut Vec<u8>, count: usize) -> Result<()> {
        let here = count.min(self.filled - self.at);
        body.extend_from_slice(&self.read[self.at..self.at + here]);
        self.at += here;
        let rest = (count - here) as u64;
        if std::io::copy(&mut (&self.stream).take(rest), body)? < rest {
            bail!("the server closed the connection");
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        self.at = 0;
        self.filled = self.stream.read(&mut self.read)?;
        if self.filled == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// One question on a connection of its own.
///
/// # Errors
/// When the server cannot be reached, or was not content.
pub fn get(address: &str, path: &str) -> Result<Vec<u8>> {
    Connection::open(address)?.get(path)?.good()
}

/// Writes `text` as a part of a URL.
pub fn escape(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|b| if keep(b) { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}
