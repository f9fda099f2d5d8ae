use super::*;

mod manual;

fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.toml");
    std::fs::write(&path, text).unwrap();
    let shown = path.display().to_string();
    Config::load(&path).map_err(|fault| fault.to_string().replace(&shown, "b.toml"))
}

/// One line that begins with `start` and holds every one of `parts`.
fn check_fault(text: &str, start: &str, parts: &[&str]) {
    let fault = load(text).unwrap_err();
    assert!(!fault.contains('\n'), "{fault:?}");
    assert!(fault.starts_with(start), "{fault:?} does not start with {start:?}");
    for part in parts {
        assert!(fault.contains(part), "{fault:?} lacks {part:?}");
    }
}

#[test]
fn the_written_defaults_are_the_defaults() {
    let written: Config = toml::from_str(include_str!("defaults.toml")).unwrap();
    assert_eq!(written, Config::default());
    assert_eq!(load("").unwrap(), Config::default());
    let written: agent::AgentConfig = toml::from_str(include_str!("agent.toml")).unwrap();
    assert_eq!(written, agent::AgentConfig::default());
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_known_ones() {
    check_fault(
        "listen = \"x\"\nretenton = \"1d\"\n",
        "b.toml:2: unknown key \"retenton\"",
        &["retention"],
    );
    check_fault(
        "[query]\ntimeout = \"1s\"\n\nsampels = 1\n",
        "b.toml:4: ",
        &["\"sampels\"", "samples_max"],
    );
    check_fault("\n\n[serch]\nx = 1\n", "b.toml:3: unknown key \"serch\"", &["query"]);
    check_fault(
        "[channels.ops]\ntype = \"slack\"\nurl = \"http://x\"\n\nroom = \"#a\"\n",
        "b.toml:5: unknown key \"room\"",
        &["username"],
    );
}

#[test]
fn a_wrong_value_is_told_with_its_line() {
    check_fault("\nretention = \"soon\"\n", "b.toml:2: ", &["soon", "15d"]);
    check_fault("retention = 15\n", "b.toml:1: ", &["string"]);
    check_fault("retention = \"0s\"\n", "b.toml:1: ", &["longer than 0s"]);
    check_fault("fsync = \"sometimes\"\n", "b.toml:1: ", &["always", "off"]);
    check_fault("head_bytes_max = \"1 furlong\"\n", "b.toml:1: ", &["256 MiB"]);
    check_fault("head_bytes_max = -1\n", "b.toml:1: ", &["256 MiB"]);
    check_fault("[log]\nlevel = \"loud\"\n", "b.toml:2: ", &["loud", "info"]);
    check_fault("[collect]\ninterval = \"100ms\"\n", "b.toml:2: ", &["at least 1s"]);
    check_fault("token = \"a b\"\n", "b.toml:1: ", &["token"]);
    check_fault("listen = \"a\nb\"\n", "b.toml:", &[]);
    check_fault("[channels.ops]\ntype = \"pigeon\"\n", "b.toml:", &["pigeon", "slack", "webhook"]);
    check_fault("body_bytes_max = \"1 GiB\"\n", "b.toml: ", &["body_decompressed_bytes_max"]);
    check_fault("external_url = \"example.com\"\n", "b.toml: ", &["http://"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let fault = Config::load(Path::new("/nowhere/b.toml")).unwrap_err().to_string();
    assert!(fault.starts_with("/nowhere/b.toml: read the file: "), "{fault}");
}

#[test]
fn values_are_read_in_every_spelling() {
    let config = load(
        "token = [\"a\", \"b\"]\nfsync = \"every 100ms\"\nretention = \"inf\"\n\
         head_bytes_max = 1_000_000\nbody_bytes_max = \"10MB\"\n\
         [channels.pager]\ntype = \"pagerduty\"\nrouting_key = \"k\"\n",
    )
    .unwrap();
    assert_eq!(config.token.0, ["a", "b"]);
    assert_eq!(config.fsync, storage::Fsync::Every(Span::from_millis(100)));
    assert_eq!(config.retention, Reach::Infinite);
    assert_eq!((config.head_bytes_max.0, config.body_bytes_max.0), (1_000_000, 10_000_000));
    assert_eq!(config.channels["pager"].kind(), "pagerduty");
    assert_eq!(load("token = \"t\"\n").unwrap().token.0, ["t"]);
    assert!(!format!("{:?}", load("token = \"secret\"\n").unwrap()).contains("secret"));
}

#[test]
fn sizes_print_as_they_are_written() {
    assert_eq!(units::Bytes(256 << 20).to_string(), "256 MiB");
    assert_eq!(units::Bytes(1 << 30).to_string(), "1 GiB");
    assert_eq!(units::Bytes(1_500).to_string(), "1500 B");
    assert_eq!(units::Bytes(0).to_string(), "0 B");
}
