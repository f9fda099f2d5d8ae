//! Collecting, writing, asking, and stopping.

use barograph_tests::binary::{self, Barograph, escape, path, signal};
use barograph_tests::eventually;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn the_hosts_own_metrics_arrive_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &[]);
    for name in ["cpu_usage_idle", "mem_used", "disk_total", "net_bytes_recv", "system_load1"] {
        eventually(name, || {
            let found = server.instant(name);
            found.first().map(|sample| {
                assert!(sample["metric"]["host"].is_string(), "{name} has no host: {sample}");
            })
        });
    }
    let cpus = server.instant("cpu_usage_idle{cpu=\"cpu-total\"}");
    assert_eq!(cpus.len(), 1);
}

#[test]
fn both_languages_see_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
    server.write(
        "cpu,host=a,region=eu usage=1.5,cores=4i,up=t,os=\"Debian \\\"12\\\"\" 1000000000\n\
         cpu,host=b,region=eu usage=2.5 2000000000\n\
         # a comment, and an empty line\n\n\
         cpu,host=a,region=eu usage=3.5 3000000000\n\
         cpu_usage value=67.3 3000000000",
    );
    let answer = server.influx("SELECT mean(usage) FROM cpu GROUP BY region");
    assert_eq!(
        answer["series"][0],
        json!({"name": "cpu", "tags": {"region": "eu"}, "columns": ["time", "mean"], "values": [[0, 2.5]]})
    );
    let answer = server.influx("SELECT os, cores, up FROM cpu WHERE host = 'a'");
    assert_eq!(answer["series"][0]["values"], json!([[1_000_000_000, "Debian \"12\"", 4, true]]));

    let answer = server.get(&format!(
        "/api/v1/query?time=3&query={}",
        escape("sum by (region) (cpu_usage{host=~\".+\"})")
    ));
    assert_eq!(
        answer.json()["data"]["result"],
        json!([{"metric": {"region": "eu"}, "value": [3, "6"]}])
    );
    let answer = server.get("/api/v1/query?time=3&query=cpu_usage%7Bhost%3D%22%22%7D");
    assert_eq!(
        answer.json()["data"]["result"],
        json!([{"metric": {"__name__": "cpu_usage"}, "value": [3, "67.3"]}])
    );
}

#[test]
fn a_bad_line_is_named_and_the_good_ones_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
    let answer = server.post("/write", "m v=1 1\nm v= 2\nm v=3 3\nm v=4i 4");
    assert_eq!(answer.status, 400);
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("partial write: "), "{error}");
    assert!(error.contains("line 2"), "{error}");
    let answer = server.influx("SELECT v FROM m");
    assert_eq!(answer["series"][0]["values"], json!([[1, 1], [3, 3]]));
}

#[test]
fn a_parse_error_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    let answer = server.get("/api/v1/query?query=sum%28rate%28x%5B5m%5D%29");
    assert_eq!((answer.status, answer.json()["errorType"].as_str()), (400, Some("bad_data")));
    assert!(answer.json()["position"]["column"].is_number(), "{}", answer.body);
    let answer = server.get("/query?db=metrics&q=SELECT%20FROM%20cpu");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("at line 1, char 8"), "{}", answer.body);
}

#[test]
fn the_command_line_asks_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
    server.write("cpu,host=a usage=1.5\ncpu,host=b usage=2.5");
    let ask = |expr: &str, format: &str| {
        let (status, out, err) =
            binary::run(&["query", "--url", &server.url, "--format", format, expr]);
        assert!(status.success(), "{expr}: {err}");
        out
    };
    assert!(ask("sum(cpu_usage)", "table").contains('4'));
    assert!(ask("sum(cpu_usage)", "json").contains("\"4\""));
    assert!(ask("SELECT count(usage) FROM cpu", "csv").contains(",2"));
}

#[test]
fn sigterm_ends_it_cleanly_and_the_next_start_has_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    server.write("m v=1");
    assert_eq!(server.terminate().code(), Some(0));
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    assert_eq!(server.instant("m_v").len(), 1);
}

#[test]
fn it_tells_about_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    server.write("m v=1\nm,a=b v=2,w=3");
    let _ = server.post("/write", "m v=oops");
    server.instant("m_v");
    let metrics = server.get("/metrics").body;
    for line in ["barograph_series 3", "reason=\"malformed\"} 1"] {
        assert!(metrics.contains(line), "no {line:?} in:\n{metrics}");
    }
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(server.get("/ready").status, 200);
    assert_eq!(server.get("/api/no-such-thing").status, 404);
}

/// As `barograph serve | head -n 1` does.
#[test]
fn a_server_lives_on_when_nobody_reads_what_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(path())
        .args(["serve", "--no-collect", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path().join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let ready = log.find(|line| line.contains("ready"));
    assert!(ready.is_some(), "it ended before it was ready");
    signal(child.id(), "TERM");
    log.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
