//! Objects of one bucket, as S3 and those who speak like it keep them.
//!
//! Invariant: an object is there as a whole or not at all, with the bytes that its SHA-256
//! was signed for.

pub mod address;
mod answer;
mod request;
mod sign;

use crate::error::Error;
use address::Address;
use codec::checksum::{crc32c, crc32c_append};
use request::{Ask, Failure, Payload, Sender};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;
use ureq::http::Method;

/// A longer file goes in parts: what breaks off then costs one of them.
const WHOLE_BYTES_MAX: u64 = 64 << 20;
/// How long a part is; S3 takes none below 5 MiB but the last.
const PART_BYTES: u64 = 16 << 20;
/// How many parts an object may have.
const PARTS_MAX: u64 = 10_000;
/// How much is read at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Bytes that are known before they are sent or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub bytes: u64,
    /// CRC32C.
    pub crc: u32,
}

/// The objects below one prefix of a bucket; every key is told without the prefix.
pub struct Bucket {
    sender: Sender,
}

impl Bucket {
    /// The bucket at `s3://BUCKET/PREFIX`, with what the environment says of it.
    ///
    /// # Errors
    /// When the address or the environment is wrong.
    pub fn new(place: &Path, silence: Duration) -> Result<Self, Error> {
        let address = Address::new(place, |name| std::env::var(name).ok())?;
        Ok(Self { sender: Sender::new(address, silence) })
    }

    /// As people write it.
    pub fn shown(&self) -> String {
        self.sender.address.shown()
    }

    fn error(&self, doing: &str, key: &str, failure: Failure) -> Error {
        failure.into_error(doing, &format!("{}/{key}", self.shown()))
    }

    /// Keys and sizes of all objects.
    ///
    /// # Errors
    /// When the bucket does not tell.
    pub fn list(&self) -> Result<BTreeMap<String, u64>, Error> {
        let prefix = &self.sender.address.prefix;
        let mut found = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let mut parameters = vec![("list-type", "2"), ("prefix", prefix)];
            parameters.extend(next.as_deref().map(|token| ("continuation-token", token)));
            let ask = Ask {
                method: Method::GET,
                key: "",
                parameters,
                range: None,
                payload: Payload::Empty,
            };
            let text = self.sender.ask_text(&ask).map_err(|it| self.error("list", "", it))?;
            let objects = answer::objects(&text).into_iter();
            found.extend(objects.filter_map(|(key, bytes)| {
                key.strip_prefix(prefix.as_str()).map(|key| (key.to_owned(), bytes))
            }));
            let is_cut = answer::text(&text, "IsTruncated").as_deref() == Some("true");
            let token = answer::text(&text, "NextContinuationToken");
            match token.filter(|token| is_cut && next.as_ref() != Some(token)) {
                Some(token) => next = Some(token),
                None if is_cut => {
                    let failure = Failure::broken("the list is cut off and does not go on");
                    return Err(self.error("list", "", failure));
                }
                None => return Ok(found),
            }
        }
    }

    /// Keys and numbers of uploads in parts that were begun and neither ended nor given up.
    ///
    /// # Errors
    /// When the bucket does not tell.
    pub fn uploads(&self) -> Result<Vec<(String, String)>, Error> {
        let prefix = &self.sender.address.prefix;
        let mut found = Vec::new();
        let mut next: Option<(String, String)> = None;
        loop {
            let mut parameters = vec![("uploads", ""), ("prefix", prefix.as_str())];
            if let Some((key, id)) = &next {
                parameters.extend([("key-marker", key.as_str()), ("upload-id-marker", id)]);
            }
            let ask = Ask { parameters, ..plain(Method::GET, "") };
            let text = self.sender.ask_text(&ask).map_err(|it| self.error("list", "", it))?;
            let uploads = answer::uploads(&text).into_iter();
            found.extend(uploads.filter_map(|(key, id)| {
                key.strip_prefix(prefix.as_str()).map(|key| (key.to_owned(), id))
            }));
            let mark = |name: &str| answer::text(&text, name).unwrap_or_default();
            let after = (mark("NextKeyMarker"), mark("NextUploadIdMarker"));
            if mark("IsTruncated") != "true" || next.as_ref() == Some(&after) {
                return Ok(found);
            }
            next = Some(after);
        }
    }

    /// Gives an upload in parts up; one that is not there is no error.
    ///
    /// # Errors
    /// When the bucket does not let it go.
    pub fn abort(&self, key: &str, id: &str) -> Result<(), Error> {
        let ask = Ask { parameters: vec![("uploadId", id)], ..plain(Method::DELETE, key) };
        match self.sender.ask_text(&ask) {
            Err(failure) if !failure.is_missing() && failure.code != "NoSuchUpload" => {
                Err(self.error("give up the upload of", key, failure))
            }
            _ => Ok(()),
        }
    }

    /// Keeps a few bytes under a key, in place of what was there.
    ///
    /// # Errors
    /// When the bucket does not take them.
    pub fn put(&self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        let ask = Ask {
            method: Method::PUT,
            key,
            parameters: Vec::new(),
            range: None,
            payload: Payload::Bytes(bytes),
        };
        self.sender.ask_text(&ask).map(drop).map_err(|it| self.error("write", key, it))
    }

    /// All bytes of a small object; none where it is not there.
    ///
    /// # Errors
    /// When the bucket does not give them.
    pub fn get(&self, key: &str) -> Result<Option<String>, Error> {
        match self.sender.ask_text(&plain(Method::GET, key)) {
            Ok(text) => Ok(Some(text)),
            Err(failure) if failure.code == "NoSuchKey" => Ok(None),
            Err(failure) => Err(self.error("read", key, failure)),
        }
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// When the bucket does not let it go.
    pub fn remove(&self, key: &str) -> Result<(), Error> {
        match self.sender.ask_text(&plain(Method::DELETE, key)) {
            Err(failure) if !failure.is_missing() => Err(self.error("remove", key, failure)),
            _ => Ok(()),
        }
    }

    /// Keeps a file under a key.
    ///
    /// # Errors
    /// When its bytes are not those known, or the bucket does not take them; then there is
    /// no object.
    pub fn put_file(&self, from: &Path, key: &str, known: Known) -> Result<(), Error> {
        let sent = match known.bytes <= WHOLE_BYTES_MAX {
            true => self.put_whole(from, key, known),
            false => self.put_parts(from, key, known),
        };
        sent.map_err(|failure| self.error("write", key, failure))
    }

    fn put_whole(&self, from: &Path, key: &str, known: Known) -> Result<(), Failure> {
        let mut crc = crc32c(&[]);
        let sha256 = digest(from, 0, known.bytes, &mut crc)?;
        check(from, crc, known)?;
        let payload = Payload::Part { path: from, offset: 0, bytes: known.bytes, sha256: &sha256 };
        let ask = Ask { payload, ..plain(Method::PUT, key) };
        self.sender.ask_text(&ask).map(drop)
    }

    fn put_parts(&self, from: &Path, key: &str, known: Known) -> Result<(), Failure> {
        let begin = Ask { parameters: vec![("uploads", "")], ..plain(Method::POST, key) };
        let id = answer::text(&self.sender.ask_text(&begin)?, "UploadId");
        let id = id.ok_or_else(|| Failure::broken("the answer names no upload"))?;
        let sent = self.put_each(from, key, known, &id);
        if sent.is_err() {
            // Parts that stay are paid for; what failed first is told.
            let _ = self.abort(key, &id);
        }
        sent
    }

    fn put_each(&self, from: &Path, key: &str, known: Known, id: &str) -> Result<(), Failure> {
        let step = PART_BYTES.max(known.bytes.div_ceil(PARTS_MAX));
        let mut crc = crc32c(&[]);
        let mut list = String::from("<CompleteMultipartUpload>");
        for (index, offset) in (0..known.bytes).step_by(step as usize).enumerate() {
            let bytes = step.min(known.bytes - offset);
            let sha256 = digest(from, offset, bytes, &mut crc)?;
            let number = (index + 1).to_string();
            let ask = Ask {
                parameters: vec![("partNumber", &number), ("uploadId", id)],
                payload: Payload::Part { path: from, offset, bytes, sha256: &sha256 },
                ..plain(Method::PUT, key)
            };
            let tag = self.sender.ask(&ask, |answer| {
                let tag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok());
                tag.map(str::to_owned).ok_or_else(|| Failure::broken("a part has no ETag"))
            })?;
            let tag = tag.replace('&', "&amp;").replace('<', "&lt;");
            list.push_str(&format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            ));
        }
        check(from, crc, known)?;
        list.push_str("</CompleteMultipartUpload>");
        let end = Ask {
            parameters: vec![("uploadId", id)],
            payload: Payload::Bytes(list.as_bytes()),
            ..plain(Method::POST, key)
        };
        let ended = self.sender.ask(&end, |mut answer| {
            // It begins to answer before it knows how it ends.
            let text = answer.body_mut().read_to_string().map_err(Failure::broken)?;
            match answer::text(&text, "Code") {
                Some(_) => Err(Failure::refused(200, &text)),
                None => Ok(()),
            }
        });
        match ended {
            // An attempt whose answer was lost may have ended it.
            Err(failure) if failure.code == "NoSuchUpload" && self.has(key, known)? => Ok(()),
            other => other,
        }
    }

    fn has(&self, key: &str, known: Known) -> Result<bool, Failure> {
        let asked = self.sender.ask(&plain(Method::HEAD, key), |answer| {
            let length = answer.headers().get("content-length").and_then(|it| it.to_str().ok());
            Ok(length.and_then(|text| text.parse().ok()) == Some(known.bytes))
        });
        match asked {
            Err(failure) if failure.is_missing() => Ok(false),
            other => other,
        }
    }

    /// Writes an object to a new file, and makes it durable.
    ///
    /// # Errors
    /// When its bytes are not those known, or cannot be read or written.
    pub fn get_file(&self, key: &str, to: &Path, known: Known) -> Result<(), Error> {
        let failed = |error: io::Error| Error::Failed(format!("write {}: {error}", to.display()));
        let mut file = fs::File::create(to).map_err(failed)?;
        let mut crc = crc32c(&[]);
        for offset in (0..known.bytes).step_by(WHOLE_BYTES_MAX as usize) {
            let last = known.bytes.min(offset + WHOLE_BYTES_MAX) - 1;
            let ask = Ask { range: Some((offset, last)), ..plain(Method::GET, key) };
            let mut full = None;
            let got = self.sender.ask(&ask, |answer| {
                file.seek(SeekFrom::Start(offset)).map_err(Failure::broken)?;
                let mut from = answer.into_body().into_reader().take(last - offset + 1);
                let mut crc = crc;
                let copied = copy(&mut from, |bytes| {
                    crc = crc32c_append(crc, bytes);
                    match file.write_all(bytes) {
                        Ok(()) => Ok(()),
                        // No attempt makes room on this disk.
                        Err(error) => Err(full.insert(error).kind().into()),
                    }
                });
                match copied {
                    Ok(bytes) if bytes == last - offset + 1 => Ok(Ok(crc)),
                    Ok(_) => Err(Failure::broken("it ends too early")),
                    Err(_) if full.is_some() => Ok(Err(())),
                    Err(error) => Err(Failure::broken(error)),
                }
            });
            match got.map_err(|failure| self.error("read", key, failure))? {
                Ok(so_far) => crc = so_far,
                Err(()) => return Err(failed(full.unwrap_or(io::ErrorKind::Other.into()))),
            }
        }
        if crc != known.crc {
            let shown = self.shown();
            return Err(Error::Failed(format!(
                "{shown}/{key} is damaged: its checksum is not the one noted for it"
            )));
        }
        file.sync_all().map_err(failed)
    }
}

fn plain(method: Method, key: &str) -> Ask<'_> {
    Ask { method, key, parameters: Vec::new(), range: None, payload: Payload::Empty }
}

/// The SHA-256 of a part of a file; adds the part to `crc`.
fn digest(path: &Path, offset: u64, bytes: u64, crc: &mut u32) -> Result<String, Failure> {
    let mut sha256 = Sha256::new();
    let mut read = || -> io::Result<u64> {
        copy(&mut request::part(path, offset, bytes)?, |bytes| {
            sha256.update(bytes);
            *crc = crc32c_append(*crc, bytes);
            Ok(())
        })
    };
    let read =
        read().map_err(|error| Failure::local(format!("read {}: {error}", path.display())))?;
    if read != bytes {
        return Err(Failure::local(format!("{} is shorter than it was", path.display())));
    }
    Ok(sign::hex(&sha256.finalize()))
}

fn check(path: &Path, crc: u32, known: Known) -> Result<(), Failure> {
    match crc == known.crc {
        true => Ok(()),
        false => Err(Failure::local(format!("{} was changed while it was read", path.display()))),
    }
}

/// Hands all that is left to `to`, piece by piece; answers how much it was.
fn copy(from: &mut impl Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut total = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => {
                to(&buffer[..count])?;
                total += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
