//! `docs/config.md`, made from the doc comments of the configuration's fields. The test
//! compares the file with what it should be; `UPDATE=1` rewrites it.

use std::fmt::Write as _;
use std::path::Path;

/// A key, what it means, and whether it may be left out.
#[derive(Debug, PartialEq)]
struct Key {
    name: String,
    meaning: String,
    is_optional: bool,
}

/// The public fields of `pub struct NAME` in Rust text, with their doc comments.
fn keys(source: &str, name: &str) -> Vec<Key> {
    let opening = format!("pub struct {name} {{");
    let mut lines = source.lines().skip_while(|line| !line.starts_with(&opening)).skip(1);
    let mut keys = Vec::new();
    let (mut meaning, mut is_optional) = (Vec::new(), false);
    for line in lines.by_ref().take_while(|line| *line != "}").map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            meaning.push(doc.trim());
        } else if line.starts_with("#[serde(default") {
            is_optional = true;
        } else if let Some((name, kind)) =
            line.strip_prefix("pub ").and_then(|it| it.split_once(": "))
        {
            is_optional |= kind.starts_with("Option<");
            let meaning = std::mem::take(&mut meaning).join(" ");
            keys.push(Key { name: name.to_owned(), meaning, is_optional });
            is_optional = false;
        }
    }
    assert!(!keys.is_empty(), "struct {name} has fields");
    assert!(keys.iter().all(|key| !key.meaning.is_empty()), "every field of {name} is described");
    keys
}

/// The keys of a table whose defaults stand in `defaults.toml`.
fn write_table(out: &mut String, source: &str, name: &str, defaults: &toml::Table) {
    for key in keys(source, name) {
        // What is a table of its own has a section of its own.
        if ["query", "log", "collect", "channels"].contains(&key.name.as_str()) {
            continue;
        }
        let default = match defaults.get(&key.name) {
            Some(value) => format!("Default: `{value}`."),
            None => "Not set by default.".to_owned(),
        };
        writeln!(out, "### `{}`\n\n{} {default}\n", key.name, key.meaning).unwrap();
    }
}

/// The keys of a table that a person makes, where some must be given.
fn write_given(out: &mut String, source: &str, name: &str) {
    for key in keys(source, name) {
        let need = if key.is_optional { "May be left out." } else { "Must be given." };
        writeln!(out, "- `{}`: {} {need}", key.name, key.meaning).unwrap();
    }
    out.push('\n');
}

const INTRODUCTION: &str = "\
# Configuration

Generated from the doc comments in `crates/server/src/config.rs` and beside it; `UPDATE=1 cargo test -p barograph manual`
writes it anew.

`barograph serve` wants no configuration. `--config FILE` names a TOML file with any of the keys below, and
`barograph check-config FILE` says whether it is sound. An unknown key is an error that names its line. Flags of
the command line win over the file. Lengths of time are text such as `\"30s\"`, `\"5m\"`, `\"1h30m\"` or `\"15d\"`;
sizes are text such as `\"256 MiB\"`, or a number of bytes.
";

const EXAMPLE: &str = "\
```toml
listen = \"0.0.0.0:7373\"
data_dir = \"/var/lib/barograph\"
retention = \"90d\"
token = \"a long random text\"

[channels.slack]
type = \"slack\"
url = \"https://hooks.slack.com/services/…\"

[channels.pagerduty]
type = \"pagerduty\"
routing_key = \"…\"
```
";

fn manual() -> String {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(room.join(path)).unwrap();
    let config = read("src/config.rs");
    let defaults: toml::Table = toml::from_str(include_str!("../defaults.toml")).unwrap();
    let mut out = format!("{INTRODUCTION}\n{EXAMPLE}\n## Top level\n\n");
    write_table(&mut out, &config, "Config", &defaults);
    for (table, name) in [("query", "Query"), ("log", "Log"), ("collect", "Collect")] {
        writeln!(out, "## `[{table}]`\n").unwrap();
        write_table(&mut out, &config, name, defaults[table].as_table().unwrap());
    }
    let channels = keys(&config, "Config").into_iter().find(|key| key.name == "channels").unwrap();
    writeln!(out, "## `[channels.NAME]`\n\n{}\n", channels.meaning).unwrap();
    for kind in ["slack", "pagerduty", "webhook"] {
        let source = read(&format!("../alert/src/channel/{kind}.rs"));
        writeln!(out, "### `type = \"{kind}\"`\n").unwrap();
        let name = format!("{}{}Config", kind[..1].to_uppercase(), &kind[1..]);
        write_given(&mut out, &source, &name);
    }
    out.push_str(
        "## `barograph agent`\n\nThe agent has a file of its own, named by `--config FILE`.\n\n",
    );
    let defaults: toml::Table = toml::from_str(include_str!("../agent.toml")).unwrap();
    write_table(&mut out, &read("../agent/src/config.rs"), "AgentConfig", &defaults);
    let mut out = out.trim_end().to_owned();
    out.push('\n');
    out
}

#[test]
fn the_manual_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    let manual = manual();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &manual).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == manual, "docs/config.md is not fresh: run with UPDATE=1 to write it anew");
}
