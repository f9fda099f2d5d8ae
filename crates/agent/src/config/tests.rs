use super::*;

fn read(text: &str) -> Result<AgentConfig, String> {
    let config: AgentConfig = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    config.check().map_err(|error| error.to_string())?;
    Ok(config)
}

#[test]
fn nothing_has_to_be_set() {
    let config = read("").unwrap();
    assert_eq!(config, AgentConfig::default());
    assert_eq!(config.url, "http://127.0.0.1:7373");
    assert_eq!(config.host_name(), hostname());
}

#[test]
fn everything_can_be_set() {
    let config = read(
        r#"
        url = "https://metrics.example.com/prefix"
        database = "hosts"
        token = "secret"
        interval = "30s"
        host = "web-1"
        tags = { region = "eu" }
        buffer_dir = "/var/lib/barograph-agent"
        buffer_bytes_max = "1 GiB"
        batch_lines_max = 10
        batch_bytes_max = 4096
        timeout = "1m"
        "#,
    )
    .unwrap();
    let expected = AgentConfig {
        url: "https://metrics.example.com/prefix".to_owned(),
        database: "hosts".to_owned(),
        token: Some(Secret("secret".to_owned())),
        interval: Span::from_secs(30),
        host: Some("web-1".to_owned()),
        tags: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
        buffer_dir: "/var/lib/barograph-agent".into(),
        buffer_bytes_max: 1 << 30,
        batch_lines_max: 10,
        batch_bytes_max: 4096,
        timeout: Span::MINUTE,
    };
    assert_eq!(config, expected);
    assert_eq!(config.host_name(), "web-1");
    assert!(!format!("{config:?}").contains("secret"));
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let error = read(text).expect_err("it is refused");
    assert!(error.contains(expected), "{text}: {error}");
}

#[test]
fn what_cannot_work_is_refused_with_its_reason() {
    check("interva = \"10s\"", "unknown field `interva`");
    check("interval = \"soon\"", "\"soon\" is not a duration");
    check("interval = \"1ms\"", "interval 1ms must be from 100ms to 1h");
    check("interval = \"2h\"", "interval 2h must be from 100ms to 1h");
    check("timeout = \"0s\"", "timeout must be longer");
    check("url = \"localhost:7373\"", "must be like http://127.0.0.1:7373");
    check("url = \"http:///x\"", "must be like");
    check("url = \"http://a/?x\"", "must be like");
    check("database = \"\"", "database must have a name");
    check("buffer_bytes_max = \"many\"", "a size such as \"256 MiB\"");
    check("buffer_bytes_max = -1", "a size such as \"256 MiB\"");
    check("buffer_bytes_max = 10", "buffer_bytes_max must be at least 65536");
    check("buffer_bytes_max = \"99999999999 GiB\"", "a size such as");
    check("batch_lines_max = 0", "batch_lines_max must be at least 1");
    check("batch_bytes_max = 0", "batch_bytes_max must be at least 1");
    check("tags = { host = \"x\" }", "set host instead");
}
