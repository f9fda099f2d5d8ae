//! `verify` and `inspect` on what a server left, as an operator runs them.

use barograph_tests::binary::{Barograph, escape, run};
use std::fs;
use std::path::Path;

const FLAGS: [&str; 3] = ["--no-collect", "--retention", "inf"];

/// A folder of data, rules and deletes that is not in use.
fn left(folder: &Path) -> String {
    let server = Barograph::start(folder, "", &FLAGS);
    let line = |n: u32| format!("cpu,host=h{} load={},n={n}i {}", n % 5, f64::from(n) / 4.0, n + 1);
    server.write(&(0..2_000).map(line).collect::<Vec<_>>().join("\n"));
    let rule = r#"{"alert_id": "hot", "metric_name": "cpu_load", "condition": "gt", "threshold": 1, "duration": "5m"}"#;
    assert_eq!(server.post("/api/alerts", rule).status, 201);
    assert_eq!(server.post("/api/v1/admin/tsdb/snapshot", "").status, 200);
    let delete = escape("DELETE FROM cpu WHERE host = 'h4'");
    let deleted = server.post(&format!("/query?db=metrics&q={delete}"), "");
    assert!(deleted.status == 200 && !deleted.body.contains("error"), "{}", deleted.body);
    // Stopped, so that the rules lie in their file and not in SQLite's log.
    let data = folder.join("data");
    assert_eq!(server.terminate().code(), Some(0));
    data.to_str().unwrap().to_owned()
}

fn verify(data: &str) -> (bool, String) {
    let (status, stdout, stderr) = run(&["verify", "--data-dir", data]);
    (status.success(), stdout + &stderr)
}

/// Flips a byte of a file while `look` looks.
fn flipped(path: &Path, at: usize, look: impl FnOnce()) {
    let whole = fs::read(path).unwrap();
    let mut damaged = whole.clone();
    damaged[at] ^= 0x5a;
    fs::write(path, damaged).unwrap();
    look();
    fs::write(path, whole).unwrap();
}

#[test]
fn verify_reads_rules_deletes_and_buffers_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = left(folder.path());
    let at = Path::new(&data);
    let (is_whole, said) = verify(&data);
    assert!(is_whole && said.contains("no damage"), "{said}");
    let names = || {
        let names = fs::read_dir(at).unwrap().map(|it| it.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    let before = names();
    // SQLite keeps no checksums, and tells of what it cannot walk through.
    for (file, byte) in [("alerts.db", 20), ("alerts.db", 100), ("tombstones", 12)] {
        flipped(&at.join(file), byte, || {
            let (is_whole, said) = verify(&data);
            assert!(!is_whole && said.contains(&format!("{file} at offset")), "{byte}: {said}");
        });
    }
    assert_eq!(names(), before);
    // An agent of this machine may keep its buffer beside the data.
    let buffer = at.join("barograph-agent-buffer");
    fs::create_dir(&buffer).unwrap();
    fs::write(buffer.join("lock"), "").unwrap();
    let segment = buffer.join(format!("{:020}.buf", 7));
    fs::write(&segment, b"BAROBUF\x01").unwrap();
    assert!(verify(&data).0);
    fs::write(&segment, b"BAROBUF\x01 half a record").unwrap();
    let (is_whole, said) = verify(&data);
    assert!(!is_whole && said.contains("7.buf at offset 8"), "{said}");
    fs::remove_dir_all(&buffer).unwrap();
    assert!(verify(&data).0);
}

#[test]
fn inspect_tells_how_values_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = left(folder.path());
    let (status, stdout, stderr) = run(&["inspect", "--data-dir", &data, "--modes"]);
    assert!(status.success(), "{stderr}");
    for part in ["How values are written", "decimal", "integer", "Slices of time", "cpu_load"] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    let (status, stdout, _) = run(&["inspect", "--data-dir", &data, "--modes", "--json"]);
    assert!(status.success());
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let sum = |of: &str| -> u64 {
        json["written"].as_array().unwrap().iter().map(|it| it[of].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("values"), json["values"].as_u64().unwrap());
    assert_eq!(sum("bytes"), json["shares"]["values"].as_u64().unwrap());
    let (_, stdout, _) = run(&["inspect", "--data-dir", &data]);
    assert!(!stdout.contains("How values are written"), "values are read where it is asked");
}
