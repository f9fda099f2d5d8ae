use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn check_token(authorization: &str, expected: Option<&str>) {
    let given = token(&headers(&[("authorization", authorization)]), None);
    assert_eq!(given.as_deref(), expected, "{authorization}");
}

#[test]
fn tokens_are_read_from_every_place_clients_put_them() {
    check_token("Bearer secret", Some("secret"));
    check_token("bearer  secret", Some("secret"));
    check_token("Token secret", Some("secret"));
    check_token("Token telegraf:secret", Some("secret"));
    check_token("Basic dGVsZWdyYWY6c2VjcmV0", Some("secret"));
    check_token("Basic dGVsZWdyYWY6c2VjcmU=", Some("secre"));
    check_token("Basic !!!", None);
    check_token("Digest secret", None);
    assert_eq!(token(&HeaderMap::new(), Some("u=a&p=se%63ret")).as_deref(), Some("secret"));
    assert_eq!(token(&HeaderMap::new(), None), None);
}

#[test]
fn only_equal_tokens_are_equal() {
    assert!(equal("abc", "abc"));
    assert!(!equal("abc", "abd"));
    assert!(!equal("abc", "ab"));
    assert!(!equal("abc", "abcd"));
}

#[test]
fn the_page_and_the_probes_are_open() {
    for path in
        ["/", "/health", "/ready", "/ping", "/metrics", "/assets/x.js", "/-/ready", "/apiary"]
    {
        assert!(is_open(path), "{path}");
    }
    for path in ["/api", "/api/alerts", "/write", "/query", "/api/v2/write", "/openapi.json"] {
        assert!(!is_open(path), "{path}");
    }
}

fn origin(pairs: &[(&'static str, &str)]) -> bool {
    let external_authority = Some("metrics.example.com".to_owned());
    let door = Door { tokens: Vec::new(), is_loopback: true, external_authority };
    check_origin(&headers(pairs), &door).is_ok()
}

#[test]
fn pages_of_other_sites_are_kept_out() {
    assert!(origin(&[("host", "127.0.0.1:7373")]));
    assert!(origin(&[("host", "localhost:7373"), ("origin", "http://localhost:7373")]));
    assert!(origin(&[("host", "[::1]:7373"), ("origin", "http://[::1]:7373")]));
    assert!(origin(&[("host", "metrics.example.com"), ("origin", "https://metrics.example.com")]));
    assert!(origin(&[("host", "127.0.0.1:7373"), ("origin", "https://metrics.example.com")]));
    assert!(!origin(&[("host", "127.0.0.1:7373"), ("origin", "http://evil.example")]));
    assert!(!origin(&[("host", "127.0.0.1:7373"), ("origin", "null")]));
    assert!(!origin(&[("host", "127.0.0.1:7373"), ("sec-fetch-site", "cross-site")]));
    assert!(!origin(&[("host", "evil.example:7373"), ("origin", "http://evil.example:7373")]));
    assert!(!origin(&[("host", "evil.example:7373")]));
}

#[test]
fn with_a_token_any_host_name_will_do() {
    let door = Door { tokens: vec!["t".into()], is_loopback: true, external_authority: None };
    assert!(check_origin(&headers(&[("host", "metrics.lan")]), &door).is_ok());
    let door = Door::default();
    assert!(check_origin(&headers(&[("host", "metrics.lan:7373")]), &door).is_ok());
}
