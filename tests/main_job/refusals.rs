//! What cannot work is said in one line, with a non-zero exit, and nothing is lost.

use barograph_tests::binary::{self, Barograph};
use std::path::Path;

/// Runs `serve` and expects one line on stderr with every one of `words` in it.
fn check_refused(arguments: &[&str], words: &[&str]) {
    let mut all = vec!["serve"];
    all.extend(arguments);
    let (status, out, err) = binary::run(&all);
    assert!(!status.success(), "{arguments:?} was accepted: {out}{err}");
    assert_eq!(err.trim_end().lines().count(), 1, "more than one line: {err}");
    assert!(err.starts_with("barograph: "), "{err}");
    for word in words {
        assert!(err.contains(word), "no {word:?} in: {err}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("odd.toml");
    std::fs::write(&config, "retention = \"15d\"\n\nretentoin = \"15d\"\n").unwrap();
    check_refused(&["--config", text(&config)], &["odd.toml:3", "retentoin"]);
    check_refused(&["--config", text(&folder.path().join("none.toml"))], &["none.toml"]);
}

#[test]
fn a_folder_in_use_and_a_port_in_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    server.write("m v=1");
    let data = folder.path().join("data");
    check_refused(
        &["--data-dir", text(&data), "--listen", "127.0.0.1:0"],
        &[text(&data), "another process"],
    );
    let other = tempfile::tempdir().unwrap();
    let address = server.url.trim_start_matches("http://");
    check_refused(&["--data-dir", text(other.path()), "--listen", address], &[address, "in use"]);
    assert_eq!(server.instant("m_v").len(), 1);
}

#[test]
fn services_that_this_version_does_not_speak_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    check_refused(&["--data-dir", data, "--database-url", "postgres://localhost/x"], &["sqlite:"]);
    check_refused(&["--data-dir", data, "--cache-url", "redis://localhost"], &["memory:"]);
    check_refused(&["--data-dir", data, "--retention", "soon"], &["soon", "15d"]);
    check_refused(&["--data-dir", data, "--listen", "0.0.0.0:0"], &["token", "--insecure"]);
}

#[test]
fn below_the_floor_of_free_space_writes_are_refused_and_all_else_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    server.write("m,host=a v=1\nm,host=b v=2");
    assert_eq!(server.terminate().code(), Some(0));
    // More than any disk has.
    let floor = "disk_free_min = \"4000000 GiB\"\n";
    let server = Barograph::start(folder.path(), floor, &["--no-collect"]);
    for path in ["/write", "/api/v2/write?bucket=metrics"] {
        let refused = server.post(path, "m,host=c v=3");
        assert_eq!(refused.status, 507, "{}", refused.body);
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        for word in ["are free on the disk of", "disk_free_min", "queries and deletes go on"] {
            assert!(error.contains(word), "{error}");
        }
    }
    assert_eq!(server.instant("m_v").len(), 2);
    assert!(server.get("/ready").body.contains("disk_free_min"), "{}", server.get("/ready").body);
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("barograph_limit_refused_total{limit=\"disk_free_min\"} 2\n"));
    let delete = binary::escape("DELETE FROM m WHERE host = 'a'");
    let deleted = server.post(&format!("/query?db=metrics&q={delete}"), "");
    assert!(deleted.status == 200 && !deleted.body.contains("error"), "{}", deleted.body);
    assert_eq!(server.instant("m_v").len(), 1);
    assert_eq!(server.post("/api/v1/admin/tsdb/snapshot", "").status, 200);
    assert_eq!(server.terminate().code(), Some(0));
    // With room again, writes are kept again.
    let server = Barograph::start(folder.path(), "disk_free_min = 1\n", &["--no-collect"]);
    server.write("m,host=c v=3");
    assert_eq!(server.instant("m_v").len(), 2);
}
