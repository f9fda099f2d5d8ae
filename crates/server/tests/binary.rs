//! The built binary as people run it: start, faults at the start, commands, signals.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for anything, far above what it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn barograph(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barograph"));
    command.args(args).stdin(Stdio::null()).env_remove("BAROGRAPH_TOKEN");
    command
}

fn run(args: &[&str]) -> Output {
    barograph(args).output().unwrap()
}

/// The exit code, and stderr as its one line.
fn fault(args: &[&str]) -> (i32, String) {
    let output = run(args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr:?}");
    assert!(stderr.starts_with("barograph: "), "{stderr:?}");
    assert!(output.stdout.is_empty());
    (output.status.code().unwrap(), stderr)
}

/// A running server; killed when the test ends.
struct Server {
    child: Child,
    url: String,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, args)
    }

    fn start_in(folder: TempDir, args: &[&str]) -> Self {
        let data = folder.path().join("data");
        let mut command = barograph(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(&data).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else {
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            panic!("the server did not start: {stderr}");
        };
        let expected = format!("Barograph {} is listening on http://", env!("CARGO_PKG_VERSION"));
        assert!(first.starts_with(&expected), "{first}");
        let folder_line = lines.next().unwrap().unwrap();
        assert!(folder_line.contains(data.to_str().unwrap()), "{folder_line}");
        let url = format!("http://{}", first.rsplit_once("http://").unwrap().1);
        Self { child, url, folder }
    }

    fn post(&self, path: &str, body: &str) -> u16 {
        let agent = agent();
        agent.post(format!("{}{path}", self.url)).send(body).unwrap().status().as_u16()
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut answer = agent().get(format!("{}{path}", self.url)).call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// Sends a signal, and waits for the end; gives the exit code and what was logged.
    fn end(mut self, signal: &str) -> (Option<i32>, String, TempDir) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let began = Instant::now();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "it took {:?}", began.elapsed());
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (status.code(), stderr, folder)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_bad_configuration_is_one_line_and_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, "b.toml", "listen = \"127.0.0.1:0\"\nlisten_on = 1\n");
    for command in [vec!["check-config", &file], vec!["serve", "--config", &file]] {
        let (code, line) = fault(&command);
        assert_eq!(code, 2);
        assert!(line.contains("b.toml:2: unknown key \"listen_on\"; known keys here: "), "{line}");
    }
    let good = write(&folder, "good.toml", "retention = \"1d\"\n");
    assert!(run(&["check-config", &good]).status.success());
    assert_eq!(fault(&["serve", "--config", "/nowhere.toml"]).0, 2);
    assert_eq!(fault(&["serve", "--retention", "soon"]).0, 2);
    assert_eq!(fault(&["serve", "--database-url", "postgres://x"]).0, 2);
    assert_eq!(fault(&["serve", "--cache-url", "redis://x"]).0, 2);
    let (code, line) = fault(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(code == 2 && line.contains("--insecure"), "{line}");
}

#[test]
fn what_stands_in_the_way_of_a_start_is_one_line() {
    let server = Server::start(&["--no-collect"]);
    let address = server.url.strip_prefix("http://").unwrap();
    let other = tempfile::tempdir().unwrap();
    let elsewhere = other.path().join("data");
    let elsewhere = elsewhere.to_str().unwrap();
    let (code, line) = fault(&["serve", "--listen", address, "--data-dir", elsewhere]);
    assert!(code == 1 && line.contains(address) && line.contains("--listen"), "{line}");
    assert!(!Path::new(elsewhere).exists(), "a server that cannot listen makes no folder");

    let data = server.folder.path().join("data");
    let data = data.to_str().unwrap();
    let (code, line) = fault(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data]);
    assert!(code == 1 && line.contains(data) && line.contains("in use"), "{line}");

    let file = write(&other, "file", "");
    let inside = format!("{file}/data");
    let (code, line) = fault(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &inside]);
    assert!(code == 1 && line.contains(&file), "{line}");
}

#[test]
fn a_signal_drains_flushes_and_exits_with_0() {
    for signal in ["-TERM", "-INT"] {
        let server = Server::start(&["--no-collect"]);
        assert_eq!(server.post("/write", "m,host=a v=1\nm,host=b v=2\n"), 204);
        let (code, stderr, folder) = server.end(signal);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stderr.contains("stopped"), "{stderr}");
        let server = Server::start_in(folder, &["--no-collect"]);
        let (_, body) = server.get("/query?db=metrics&q=SELECT+count(v)+FROM+m");
        assert!(body.contains(",2]"), "{body}");
    }
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let server = Server::start(&["--no-collect"]);
    for index in 0..50 {
        assert_eq!(server.post("/write", &format!("m,n={index} v={index}")), 204);
    }
    let (code, _, folder) = server.end("-KILL");
    assert_eq!(code, None);
    let server = Server::start_in(folder, &["--no-collect"]);
    let (_, body) = server.get("/query?db=metrics&q=SELECT+count(v),sum(v)+FROM+m");
    assert!(body.contains(",50,1225]"), "{body}");
}

#[test]
fn the_own_host_is_collected_from_the_start() {
    let server = Server::start(&[]);
    let began = Instant::now();
    loop {
        let (_, body) = server.get("/api/v1/query?query=cpu_usage_user");
        let json: Value = serde_json::from_str(&body).unwrap();
        if json["data"]["result"].as_array().is_some_and(|it| !it.is_empty()) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "{body}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn queries_are_printed_for_people_and_programs() {
    let server = Server::start(&["--no-collect"]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let at = now.as_secs() - 60;
    assert_eq!(server.post("/write?precision=s", &format!("cpu,host=a usage=1.5 {at}")), 204);
    let ask = |args: &[&str]| {
        let output = run(&[&["query", "--url", &server.url], args].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = ask(&["cpu_usage"]);
    assert!(text.starts_with("__name__   host  time"), "{text}");
    assert!(text.lines().nth(1).unwrap().ends_with(" 1.5"), "{text}");
    let text = ask(&["--format", "csv", "SELECT usage FROM cpu"]);
    assert!(text.starts_with("measurement,time,usage\ncpu,"), "{text}");
    let json = ask(&["--format", "json", "--start", "-5m", "--step", "1m", "cpu_usage"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["data"]["resultType"], "matrix");

    let output = run(&["query", "--url", &server.url, "sum(cpu_usage"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("parse error") && stderr.trim_end().ends_with('^'), "{stderr}");
    let (code, line) = fault(&["query", "--url", "http://127.0.0.1:1", "up"]);
    assert!(code == 1 && line.contains("http://127.0.0.1:1"), "{line}");
}

#[test]
fn rules_are_applied_once() {
    let server = Server::start(&["--no-collect"]);
    let rule = |id: &str, threshold: u32| {
        format!(
            "{{\"alert_id\": \"{id}\", \"metric_name\": \"cpu_usage\", \"condition\": \"gt\", \"threshold\": {threshold}, \"duration\": \"5 minutes\"}}"
        )
    };
    let apply = |text: &str| {
        let file = write(&server.folder, "rules.json", text);
        let output = run(&["rules", "apply", &file, "--url", &server.url]);
        let stdout = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), stdout, String::from_utf8(output.stderr).unwrap())
    };
    let both = |b: u32| format!("[{}, {}]", rule("a", 1), rule("b", b));
    assert_eq!(apply(&both(2)), (Some(0), "created a\ncreated b\n".into(), String::new()));
    assert_eq!(apply(&both(3)), (Some(0), "unchanged a\nchanged b\n".into(), String::new()));
    let (code, stdout, stderr) =
        apply(&format!("[{}, {{\"alert_id\": \"c\", \"expr\": \"sum(\"}}]", rule("a", 1)));
    assert_eq!((code, stdout.as_str()), (Some(1), "unchanged a\n"));
    assert!(stderr.contains("refused c: "), "{stderr}");
    let listed = run(&["rules", "list", "--url", &server.url]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

#[test]
fn the_version_has_no_commit() {
    let output = run(&["--version"]);
    let expected = format!("barograph {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn a_full_head_is_flushed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = write(&folder, "barograph.toml", "head_bytes_max = \"16 KiB\"\n");
    let server = Server::start_in(folder, &["--no-collect", "--config", &config]);
    // Each body fills the head, so that the next one waits for a flush.
    let body: String = (0..1_000).map(|n| format!("m,n={n} v={n}\n")).collect();
    for round in 0..5 {
        assert_eq!(server.post("/write", &body), 204, "round {round}");
    }
    let (_, metrics) = server.get("/metrics");
    assert!(!metrics.contains("barograph_flushes_total 0\n"), "{metrics}");
}

#[test]
fn damage_that_a_start_works_round_is_logged_and_shown() {
    let server = Server::start(&["--no-collect"]);
    assert_eq!(server.post("/write", "m v=1"), 204);
    let (code, _, folder) = server.end("-TERM");
    assert_eq!(code, Some(0));
    let blocks = folder.path().join("data/blocks");
    let block = std::fs::read_dir(&blocks).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&block).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&block, &bytes).unwrap();

    let server = Server::start_in(folder, &["--no-collect"]);
    let (code, ready) = server.get("/ready");
    assert!(code == 200 && ready.contains("damaged data was found"), "{ready}");
    let (code, log, _) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("ERROR") && log.contains(block.to_str().unwrap()), "{log}");
}

#[test]
fn data_without_its_catalog_is_refused() {
    let server = Server::start(&["--no-collect"]);
    assert_eq!(server.post("/write", "m v=1"), 204);
    let (_, _, folder) = server.end("-TERM");
    let data = folder.path().join("data");
    for name in ["catalog", "catalog.copy"] {
        std::fs::remove_file(data.join(name)).unwrap();
    }
    let data = data.to_str().unwrap();
    let (code, line) = fault(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data]);
    assert!(code == 1 && line.contains("no catalog: restore that file"), "{line}");
}

/// A stopped folder with some values in blocks.
fn stopped() -> TempDir {
    let server = Server::start(&["--no-collect"]);
    let body: String = (0..200).map(|n| format!("cpu,host=h{n},dc=eu user={n},idle=1\n")).collect();
    assert_eq!(server.post("/write", &body), 204);
    let (code, log, folder) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    folder
}

#[test]
fn verify_tells_each_damage_and_fails() {
    let folder = stopped();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let whole = run(&["verify", "--data-dir", data]);
    let text = String::from_utf8(whole.stdout).unwrap();
    assert_eq!(whole.status.code(), Some(0), "{text}");
    assert!(text.ends_with(": no damage\n"), "{text}");

    let blocks = folder.path().join("data/blocks");
    let block = std::fs::read_dir(&blocks).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&block).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&block, &bytes).unwrap();
    let damaged = run(&["verify", "--data-dir", data]);
    let text = String::from_utf8(damaged.stdout).unwrap();
    assert_eq!(damaged.status.code(), Some(1), "{text}");
    let start = format!("damaged: {} at offset ", block.display());
    assert!(text.lines().all(|line| line.starts_with(&start)) && !text.is_empty(), "{text}");
    let json = run(&["verify", "--data-dir", data, "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["damages"][0]["file"].as_str(), block.to_str());
    assert_eq!(std::fs::read(&block).unwrap(), bytes, "nothing is changed");
}

#[test]
fn inspect_tells_what_a_folder_holds() {
    let folder = stopped();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let text = run(&["inspect", "--data-dir", data, "--top", "3"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("400 series of 200 streams, 400 values"), "{text}");
    let json = run(&["inspect", "--data-dir", data, "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let metric = json["metrics"].as_array().unwrap().iter().find(|it| it["name"] == "cpu_user");
    assert_eq!(metric.map(|it| (&it["series"], &it["values"])), Some((&200.into(), &200.into())));
    assert_eq!(
        json["label_values"][0],
        serde_json::json!({"name": "dc", "value": "eu", "series": 400})
    );
}

#[test]
fn a_folder_in_use_is_not_looked_at() {
    let server = Server::start(&["--no-collect"]);
    let data = server.folder.path().join("data");
    let data = data.to_str().unwrap();
    for command in ["verify", "inspect"] {
        let (code, line) = fault(&[command, "--data-dir", data]);
        assert!(code == 1 && line.contains("in use by a running server"), "{line}");
        let (code, line) = fault(&[command, "--data-dir", "/nowhere"]);
        assert!(code == 1 && line.contains("holds no data of Barograph"), "{line}");
    }
}
