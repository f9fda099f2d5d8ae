//! Whether a request is signed as AWS Signature Version 4 wants it, worked out anew.

use super::request::Request;
use super::{KEY_ID, REGION, SECRET};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// Checks date, hash of the body and signature.
///
/// # Errors
/// S3's word for what is wrong.
pub fn check(request: &Request) -> Result<(), &'static str> {
    let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
    let (date, hash) = (header("x-amz-date"), header("x-amz-content-sha256"));
    if hash != hex(&Sha256::digest(&request.body)) {
        return Err("XAmzContentSHA256Mismatch");
    }
    let now = SystemTime::now();
    let near = [0, 1, 2].map(|back| day(now - Duration::from_secs(60 * back)));
    if date.len() != 16 || !near.iter().any(|near| date.starts_with(near)) {
        return Err("RequestTimeTooSkewed");
    }
    let scope = format!("{}/{REGION}/s3/aws4_request", &date[..8]);
    let given = header("authorization");
    let id = format!("AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders=");
    let rest = given.strip_prefix(&id).ok_or("InvalidAccessKeyId")?;
    let (names, signature) =
        rest.split_once(", Signature=").ok_or("AuthorizationHeaderMalformed")?;
    let all: Vec<&str> = names.split(';').collect();
    let must = request.headers.keys().filter(|it| *it == "host" || it.starts_with("x-amz-"));
    if !must.into_iter().all(|name| all.contains(&name.as_str())) || !all.is_sorted() {
        return Err("AccessDenied");
    }
    let lines: String = all.iter().map(|name| format!("{name}:{}\n", header(name))).collect();
    // The map is in the order of the names.
    let pairs =
        request.parameters.iter().map(|(name, value)| format!("{}={}", enc(name), enc(value)));
    let query = pairs.collect::<Vec<_>>().join("&");
    let asked = format!("{}\n{}\n{query}\n{lines}\n{names}\n{hash}", request.method, request.path);
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(asked)));
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for part in [&date[..8], REGION, "s3", "aws4_request", &text] {
        key = hmac(&key, part.as_bytes());
    }
    if signature == hex(&key) { Ok(()) } else { Err("SignatureDoesNotMatch") }
}

/// HMAC-SHA-256 with a key of at most 64 bytes.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut padded = key.to_vec();
    padded.resize(64, 0);
    let with = |mask: u8| padded.iter().map(|byte| byte ^ mask).collect::<Vec<u8>>();
    let inner = Sha256::digest([&with(0x36), text].concat());
    Sha256::digest([&with(0x5c), &inner[..]].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn enc(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// The minute of a time, as dates of requests begin: `20261122T2125`.
fn day(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    // The calendar in which a year begins in March, counted from the year 0.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}{month:02}{date:02}T{:02}{:02}", minutes / 60, minutes % 60)
}
