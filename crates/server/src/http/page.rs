//! The page: files that were built from `ui/` and are part of the binary.

use super::{Fail, json_body};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::collections::HashMap;
use std::io::Write;
use std::sync::OnceLock;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

/// The page asks no host but this one. Styles may stand in the page, since charts and the
/// editor set them; scripts may not.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What is served where the page was not built.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Barograph</title>\n<h1>The page was not built</h1>\n<p>This server runs and its API answers, but its binary was built without the page. Build both with <code>make build</code>.</p>\n";

/// Smallest file worth compressing: below, the headers weigh more than is saved.
const GZIP_BYTES_MIN: usize = 1_024;

/// Any path that is not a route: a file of the page, or the page itself for the addresses
/// it makes up, such as `/explore`.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return Fail::new(StatusCode::NOT_FOUND, format!("no such path: {path}")).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = format!("{} is not a method of {path}", request.method());
        return Fail::new(StatusCode::METHOD_NOT_ALLOWED, text).into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Files::get(name) {
        return file_response(name, &file, request.headers());
    }
    if name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return Fail::new(StatusCode::NOT_FOUND, format!("no such file: {path}")).into_response();
    }
    match Files::get("index.html") {
        Some(file) => file_response("index.html", &file, request.headers()),
        None => with_policy(html(NOT_BUILT)),
    }
}

fn html(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn file_response(name: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag: String =
        file.metadata.sha256_hash()[..12].iter().map(|b| format!("{b:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known
        .is_some_and(|known| known.split(',').any(|it| it.trim().trim_start_matches("W/") == tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        content(name, file, asked)
    };
    // Names under assets/ hold a hash of their content, so that they never change.
    let caching = match name.starts_with("assets/") {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    with_policy(response)
}

fn content(name: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes_gzip =
        accepted.is_some_and(|it| it.split(',').any(|it| it.trim().starts_with("gzip")));
    let packed = compressed().get(name).filter(|_| takes_gzip);
    let mut response = match packed {
        Some(packed) => {
            let mut response = Body::from(packed.as_slice()).into_response();
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
            response
        }
        None => json_body(file.data.to_vec()),
    };
    let kind = HeaderValue::from_static(media_type(name));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Every text file of the page, compressed once.
fn compressed() -> &'static HashMap<String, Vec<u8>> {
    static PACKED: OnceLock<HashMap<String, Vec<u8>>> = OnceLock::new();
    PACKED.get_or_init(|| {
        let files = Files::iter().filter_map(|name| Some((name.to_string(), Files::get(&name)?)));
        files.filter_map(|(name, file)| Some((name.clone(), pack(&name, &file.data)?))).collect()
    })
}

fn pack(name: &str, data: &[u8]) -> Option<Vec<u8>> {
    let is_text = ["html", "js", "css", "svg", "json", "map", "txt", "webmanifest"]
        .contains(&extension(name));
    if !is_text || data.len() < GZIP_BYTES_MIN {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn media_type(name: &str) -> &'static str {
    match extension(name) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
