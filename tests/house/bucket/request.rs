//! One HTTP request to the stand-in for S3.

use std::collections::BTreeMap;
use std::io::BufRead;

/// A request.
pub struct Request {
    pub method: String,
    /// As it came.
    pub path: String,
    pub bucket: String,
    /// Decoded.
    pub key: String,
    /// Decoded.
    pub parameters: BTreeMap<String, String>,
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// The next one; none where the connection ends.
    pub fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            line.clear();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        assert!(!headers.contains_key("transfer-encoding"), "S3 wants to know the length");
        let length = headers.get("content-length").map_or(0, |it| it.parse().expect("a length"));
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let decoded = decode(path);
        let (bucket, key) = decoded[1..].split_once('/').unwrap_or((&decoded[1..], ""));
        let parameters = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Some(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            parameters: parameters.collect(),
            path: path.to_owned(),
            method,
            headers,
            body,
        })
    }
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'%' {
            let digits = std::str::from_utf8(&after[..2]).expect("two digits");
            out.push(u8::from_str_radix(digits, 16).expect("two digits"));
            rest = &after[2..];
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(out).expect("names are UTF-8")
}
