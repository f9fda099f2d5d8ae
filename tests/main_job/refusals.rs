//! What cannot work is said in one line, with a non-zero exit, and nothing is lost.

use barograph_tests::binary::{self, Barograph};
use barograph_tests::seal;
use std::path::{Path, PathBuf};

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

/// Every file below a folder with its bytes, the lock apart.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("LOCK") {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn folders_of_other_versions_are_refused_with_what_to_do_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    server.write("m v=1");
    assert!(server.terminate().success());
    let data = folder.path().join("data");
    let blocks: Vec<PathBuf> =
        files(&data.join("blocks")).into_iter().map(|(path, _)| path).collect();
    let footer = |bytes: &[u8]| bytes.windows(8).rposition(|it| it == b"BAROFOOT").unwrap();
    let start: fn(&[u8]) -> usize = |_| 0;
    // A newer version of each kind of file, and an older one of blocks, which there was.
    let cases = [
        (data.join("MANIFEST"), start, 9u8),
        (data.join("MANIFEST.copy"), start, 9),
        (data.join("catalog"), start, 9),
        (blocks[0].clone(), footer, 9),
        (blocks[0].clone(), footer, 1),
    ];
    for (path, at, version) in cases {
        let whole = std::fs::read(&path).unwrap();
        let mut other = whole.clone();
        let at = at(&other);
        seal::change_version(&mut other[at..], version);
        std::fs::write(&path, &other).unwrap();
        let before = files(&data);
        let says = format!("format version {version}");
        check_refused(
            &["--data-dir", text(&data), "--listen", "127.0.0.1:0"],
            &[text(&path), &says, "start the version of barograph that wrote it", "--data-dir"],
        );
        assert!(files(&data) == before, "{}: something was changed", path.display());
        std::fs::write(&path, &whole).unwrap();
    }
    let server = Barograph::start(folder.path(), "", &["--no-collect"]);
    assert_eq!(server.influx("SELECT v FROM m")["series"][0]["values"][0][1], 1);
}

#[test]
fn a_folder_that_an_earlier_version_wrote_opens_with_its_samples() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/storage/tests/compat/v1");
    let data = folder.path().join("data");
    for (path, bytes) in files(&fixture) {
        let target = data.join(path.strip_prefix(&fixture).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, bytes).unwrap();
    }
    let server = Barograph::start(folder.path(), "", &["--no-collect", "--retention", "inf"]);
    // One row of those in its block was written again in its log.
    let counted = server.influx("SELECT count(float), first(float) FROM \"all\"");
    let row = &counted["series"][0]["values"][0];
    assert_eq!((&row[1], &row[2]), (&300.into(), &7.5.into()), "{counted}");
    let late = server.influx("SELECT value FROM late");
    assert_eq!(late["series"][0]["values"][0][1], 1.5, "{late}");
    assert_eq!(server.get("/ready").status, 200);
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
