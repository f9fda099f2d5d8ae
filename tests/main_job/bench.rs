//! `barograph bench` measures what is there, and leaves nothing behind.

use barograph_tests::binary::{Barograph, run, run_in};
use serde_json::Value;
use std::fs;

const SHORT: [&str; 5] = ["bench", "--duration", "1s", "--hosts", "20"];

fn check_report(stdout: &str) -> Value {
    let report: Value = serde_json::from_str(stdout).unwrap();
    let is_above_0 = |value: &Value| value.as_f64().is_some_and(|value| value > 0.0);
    for name in ["values", "values_per_second", "seconds"] {
        assert!(is_above_0(&report[name]), "{name}: {report:#}");
    }
    assert_eq!(report["series"], 200);
    assert!(report["values"].as_u64().unwrap().is_multiple_of(10), "whole lines: {report:#}");
    let latency = &report["latency_ms"];
    let [p50, p99, most] = ["p50", "p99", "max"].map(|name| latency[name].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p99 && p99 <= most, "{latency}");
    let queries = report["queries"].as_array().unwrap();
    assert!(queries.len() > 3 && queries.iter().all(|it| is_above_0(&it["median_ms"])));
    report
}

#[test]
fn a_server_of_its_own_goes_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().to_str().unwrap();
    let (status, stdout, stderr) = run(&[&SHORT[..], &["--dir", below, "--json"]].concat());
    assert!(status.success(), "{stderr}");
    let report = check_report(&stdout);
    assert!(report["bytes_per_value"].as_f64().is_some_and(|it| it > 0.0), "{report:#}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the folder stays");
    // Where it cannot be made, that is told.
    let nowhere = folder.path().join("nowhere");
    let (status, _, stderr) = run(&[&SHORT[..], &["--dir", nowhere.to_str().unwrap()]].concat());
    assert!(!status.success() && stderr.contains("nowhere"), "{stderr}");
}

#[test]
fn a_given_server_loses_the_database_of_the_bench_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = "token = \"sesame\"\n";
    let server = Barograph::start(folder.path(), config, &["--no-collect"]);
    let asked = |path: &str| {
        let answer =
            server.get(&format!("{path}{}p=sesame", if path.contains('?') { "&" } else { "?" }));
        answer.body
    };
    assert_eq!(server.post("/write?p=sesame", "kept v=1").status, 204);
    let token = [("BAROGRAPH_TOKEN", "sesame".to_owned())];
    let to = ["--url", &server.url, "--json"];
    let (status, stdout, stderr) = run_in(&token, &[&SHORT[..], &to].concat());
    assert!(status.success(), "{stderr}");
    check_report(&stdout);
    let databases = || asked("/query?q=SHOW%20DATABASES");
    assert!(!databases().contains("barograph_bench"), "{}", databases());
    let (status, _, stderr) = run_in(&token, &[&SHORT[..], &to, &["--keep"]].concat());
    assert!(status.success(), "{stderr}");
    assert!(databases().contains("barograph_bench"), "{}", databases());
    assert!(asked("/api/v1/query?query=kept_v").contains("\"1\""));
    let (status, _, stderr) = run(&[&SHORT[..], &to].concat());
    assert!(!status.success() && stderr.contains("wants a token"), "{stderr}");
}
