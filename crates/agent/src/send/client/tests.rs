use super::*;
use model::Span;

#[test]
fn names_of_databases_are_escaped() {
    assert_eq!(percent_encode("metrics"), "metrics");
    assert_eq!(percent_encode("a b/c&d=ü"), "a%20b%2Fc%26d%3D%C3%BC");
}

#[test]
fn the_own_host_is_recognised() {
    for own in ["http://127.0.0.1:7373", "http://localhost", "http://[::1]:1/x"] {
        assert!(is_own_host(own), "{own}");
    }
    assert!(!is_own_host("https://metrics.example.com"));
}

#[test]
fn a_server_that_is_not_there_is_a_reason_to_try_later() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut client = Client::new(&AgentConfig {
        url: format!("http://127.0.0.1:{port}"),
        timeout: Span::from_secs(2),
        ..AgentConfig::default()
    });
    assert!(matches!(client.send(b"m v=1 1\n"), Answer::Later(_, None)));
}
