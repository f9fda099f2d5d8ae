use super::*;

fn settings(flags: cli::Serve) -> Result<Settings, String> {
    Settings::new(&flags).map_err(|error| error.to_string())
}

fn listen(address: &str) -> cli::Serve {
    cli::Serve { listen: Some(address.to_owned()), ..cli::Serve::default() }
}

#[test]
fn without_flags_the_defaults_hold() {
    let settings = settings(cli::Serve::default()).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:7373");
    assert_eq!(settings.rules_file(), PathBuf::from("./barograph-data/alerts.db"));
    assert!(settings.config.collect.enabled);
    assert_eq!(settings.store().retention, Some(model::Span(15 * model::Span::DAY.0)));
}

#[test]
fn flags_win_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("barograph.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:1\"\nretention = \"1d\"\ndata_dir = \"a\"\n")
        .unwrap();
    let flags = cli::Serve {
        config: Some(file),
        retention: Some("inf".to_owned()),
        database_url: Some("sqlite:/tmp/x.db".to_owned()),
        no_collect: true,
        ..listen("127.0.0.1:2")
    };
    let settings = settings(flags).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:2");
    assert_eq!(settings.config.data_dir, PathBuf::from("a"));
    assert_eq!(settings.rules_file(), PathBuf::from("/tmp/x.db"));
    assert!(!settings.owns_rules_file(), "another server may use it too");
    assert_eq!((settings.store().retention, settings.store().future_max), (None, None));
    assert!(!settings.config.collect.enabled);
}

#[test]
fn beyond_loopback_wants_a_token_or_the_word() {
    for address in ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.3.4.5:1"] {
        assert!(settings(listen(address)).is_ok(), "{address}");
    }
    for address in ["0.0.0.0:1", ":1", "[::]:1", "10.0.0.1:1"] {
        let error = settings(listen(address)).unwrap_err();
        assert!(error.contains("token") && error.contains("--insecure"), "{error}");
        assert!(settings(cli::Serve { insecure: true, ..listen(address) }).is_ok());
    }
}

#[test]
fn what_is_not_in_this_version_is_refused_in_one_line() {
    let database = |url: &str| {
        settings(cli::Serve { database_url: Some(url.to_owned()), ..cli::Serve::default() })
    };
    let error = database("postgres://me:secret@db/x").unwrap_err();
    assert!(error.contains("sqlite:PATH") && !error.contains("secret"), "{error}");
    assert!(database("sqlite:").is_err());
    assert_eq!(database("sqlite:///var/x.db").unwrap().rules_file(), PathBuf::from("/var/x.db"));
    let cache = |url: &str| {
        settings(cli::Serve { cache_url: Some(url.to_owned()), ..cli::Serve::default() })
    };
    let error = cache("redis://:secret@cache").unwrap_err();
    assert!(error.contains("memory:") && !error.contains("secret"), "{error}");
    assert!(cache("memory:").is_ok());
    assert!(cache("disk:x").is_err());
}
