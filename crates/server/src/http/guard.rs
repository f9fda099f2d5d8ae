//! Who is let in: tokens where the configuration names some, and no other site's pages.
//!
//! A browser sends requests to this server from any page it has open. Without tokens,
//! nothing but the headers `Origin`, `Host` and `Sec-Fetch-Site` tells those from the
//! requests of people, so that they are looked at on every path but the page's own.

use super::{Fail, Params};
use crate::house::House;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What wants no token: how the server does, and the page, which asks for the token.
fn is_open(path: &str) -> bool {
    let is_api = ["/api", "/write", "/query", "/openapi.json"].iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|it| it.is_empty() || it.starts_with('/'))
    });
    !is_api
}

/// Why a request is not let through; none where it is.
pub fn refuse<B>(house: &House, request: &Request<B>) -> Option<Response> {
    if is_open(request.uri().path()) {
        return None;
    }
    if let Err(why) = check_origin(request.headers(), &house.door) {
        house.metrics.http_denied.add(["origin"], 1);
        return Some(Fail::new(StatusCode::FORBIDDEN, why).into_response());
    }
    if !house.door.tokens.is_empty() {
        let given = token(request.headers(), request.uri().query());
        if !given.is_some_and(|it| house.door.tokens.iter().any(|token| equal(token, &it))) {
            house.metrics.http_denied.add(["token"], 1);
            return Some(unauthorized());
        }
    }
    None
}

/// Who is let in.
#[derive(Clone, Debug, Default)]
pub struct Door {
    /// With none, no token is wanted.
    pub tokens: Vec<String>,
    /// Whether only this machine reaches the port.
    pub is_loopback: bool,
    /// Host, and port where it has one, of `external_url`.
    pub external_authority: Option<String>,
}

fn unauthorized() -> Response {
    let fail = Fail::new(
        StatusCode::UNAUTHORIZED,
        "a token is wanted: send `Authorization: Bearer TOKEN` with a token of this server's configuration",
    );
    let mut response = fail.into_response();
    // A challenge for basic authentication would make browsers ask for a name and a password.
    let challenge = HeaderValue::from_static("Bearer realm=\"barograph\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// The token a request brings.
fn token(headers: &HeaderMap, query: Option<&str>) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, rest)) = given.and_then(|it| it.split_once(' ')) else {
        return Params::of_query(query).get("p").map(str::to_owned);
    };
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.to_owned()),
        // InfluxDB 1.8 takes `Token name:password` as well.
        "token" => Some(rest.rsplit_once(':').map_or(rest, |(_, password)| password).to_owned()),
        "basic" => {
            let plain = String::from_utf8(decode_base64(rest)?).ok()?;
            plain.split_once(':').map(|(_, password)| password.to_owned())
        }
        _ => None,
    }
}

/// Compares in a time that depends on the lengths alone.
fn equal(wanted: &str, given: &str) -> bool {
    let differing = wanted.bytes().zip(given.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    wanted.len() == given.len() && differing == 0
}

/// Standard base64 (RFC 4648, section 4), the padding optional.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            plain.push((bits >> count) as u8);
        }
    }
    Some(plain)
}

/// Whether a request comes from this server's own page, or from no page at all.
fn check_origin(headers: &HeaderMap, door: &Door) -> Result<(), String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let is_external = |authority: &str| door.external_authority.as_deref() == Some(authority);
    if let Some(origin) = text(header::ORIGIN) {
        let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
        if authority != host && !is_external(authority) {
            return Err(format!(
                "the request comes from a page of {origin}, not of this server; set external_url if that is its address"
            ));
        }
    } else if text(SEC_FETCH_SITE) == Some("cross-site") {
        return Err("the request comes from a page of another site".to_owned());
    }
    // A page can give its own name the address 127.0.0.1; then only the name tells.
    let is_bare = door.is_loopback && door.tokens.is_empty();
    if is_bare && !host.is_empty() && !names_loopback(host) && !is_external(host) {
        return Err(format!(
            "the host {host:?} is not this machine; set external_url if that is this server's address, or a token"
        ));
    }
    Ok(())
}

/// Whether a Host header is `localhost` or an address, with or without a port.
fn names_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests;
