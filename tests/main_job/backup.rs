//! A backup holds every write that was acknowledged before it, and is whole or not there.

use barograph_tests::binary::{Barograph, path, run, signal};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

pub(super) const FLAGS: [&str; 3] = ["--no-collect", "--retention", "inf"];

/// Writes points `from..to` of one series, in few streams.
pub(super) fn write(server: &Barograph, from: u64, to: u64) {
    let lines: Vec<String> =
        (from..to).map(|n| format!("kept,shard={} n={n}i {}", n % 7, n + 1)).collect();
    server.write(&lines.join("\n"));
}

pub(super) fn count(server: &Barograph) -> u64 {
    let answer = server.influx("SELECT count(n) FROM kept");
    answer["series"][0]["values"][0][1].as_u64().unwrap_or(0)
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(server: &Barograph, data: &Path, target: &Path) -> String {
    let arguments = ["backup", "--url", &server.url, "--data-dir", text(data), text(target)];
    let (status, stdout, stderr) = run(&arguments);
    assert!(status.success(), "{stderr}");
    stdout
}

/// How many files a backup has, and how many were copied now, as it says at its end.
fn numbers(done: &str) -> (u64, u64) {
    let number = |after: &str| {
        let rest = done.rsplit(after).next().unwrap_or_default();
        rest.split(' ').next().unwrap_or_default().parse().expect(done)
    };
    (number(": "), number("; "))
}

/// Restores into `folder/data` and starts a server there.
fn restored(source: &Path, folder: &Path) -> Barograph {
    let data = folder.join("data");
    let (status, _, stderr) = run(&["restore", text(source), "--data-dir", text(&data)]);
    assert!(status.success(), "{stderr}");
    let (status, stdout, stderr) = run(&["verify", "--data-dir", text(&data)]);
    assert!(status.success(), "{stdout}{stderr}");
    Barograph::start(folder, "", &FLAGS)
}

/// A stored file of a backup whose path begins so.
fn stored(target: &Path, inside: &str, start: &str) -> PathBuf {
    let mut listed = fs::read_dir(target.join(inside)).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(start);
    listed.find(is_it).unwrap_or_else(|| panic!("{inside}/{start}… is not in the backup"))
}

#[test]
fn a_backup_of_a_serving_server_restores_every_acknowledged_write_and_rule() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    let rule = r#"{"alert_id": "hot", "metric_name": "kept_n", "condition": "gt", "threshold": 1, "duration": "5m"}"#;
    assert_eq!(server.post("/api/alerts", rule).status, 201);
    write(&server, 0, 1_000);
    backup(&server, &data, target.path());
    // Blocks that are there already are not copied again.
    write(&server, 1_000, 2_000);
    let done = backup(&server, &data, target.path());
    let (files, copied) = numbers(&done);
    assert!(0 < copied && copied < files, "{done}");
    // What went bad in the backup since is copied again.
    let block = stored(target.path(), "blocks", "");
    let mut bytes = fs::read(&block).unwrap();
    bytes[100] ^= 1;
    fs::write(&block, &bytes).unwrap();
    backup(&server, &data, target.path());
    let left: Vec<_> = fs::read_dir(data.join("snapshots")).unwrap().collect();
    assert!(left.is_empty(), "snapshots made for a backup are removed: {left:?}");
    // What comes later is not in it.
    write(&server, 2_000, 2_500);

    let elsewhere = tempfile::tempdir().unwrap();
    let other = restored(target.path(), elsewhere.path());
    assert_eq!(count(&other), 2_000);
    assert!(other.get("/api/alerts").body.contains("\"hot\""));
    assert_eq!(count(&server), 2_500);
}

#[test]
fn a_stopped_folder_is_backed_up_with_its_log() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 500);
    server.kill();
    let arguments = ["backup", "--data-dir", text(&data), text(target.path())];
    let (status, _, stderr) = run(&arguments);
    assert!(status.success(), "{stderr}");
    let (status, stdout, _) = run(&arguments);
    assert!(status.success() && stdout.contains("; 0 of them copied now"), "{stdout}");
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(count(&restored(target.path(), elsewhere.path())), 500);
}

#[test]
fn what_is_missing_is_told_by_what_is_restored_and_a_whole_copy_stays() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    backup(&server, &data, target.path());
    assert!(server.terminate().success());
    let block = fs::read_dir(data.join("blocks")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&block).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&block, bytes).unwrap();
    // The start puts it aside.
    let server = Barograph::start(folder.path(), "", &FLAGS);
    let left = count(&server);
    assert!(left < 1_000, "{left}");
    let fresh = tempfile::tempdir().unwrap();
    for (target, expected) in [(fresh.path(), left), (target.path(), 1_000)] {
        backup(&server, &data, target);
        let elsewhere = tempfile::tempdir().unwrap();
        let other = restored(target, elsewhere.path());
        assert_eq!(count(&other), expected);
        let answer = other.get("/query?db=metrics&q=SELECT%20count(n)%20FROM%20kept");
        assert!(answer.body.contains("put aside"), "{}", answer.body);
    }
}

#[test]
fn what_is_damaged_incomplete_or_in_the_way_is_not_restored() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 500);
    backup(&server, &folder.path().join("data"), target.path());
    let into = folder.path().join("restored");
    let refused = |why: &str| {
        let (status, _, stderr) = run(&["restore", text(target.path()), "--data-dir", text(&into)]);
        assert!(!status.success() && stderr.contains(why), "{stderr}");
    };
    fs::create_dir(&into).unwrap();
    fs::write(into.join("mine"), "").unwrap();
    refused("is not empty");
    assert!(into.join("mine").exists());
    fs::remove_dir_all(&into).unwrap();

    let block = stored(target.path(), "blocks", "");
    let whole = fs::read(&block).unwrap();
    for damaged in [&whole[..whole.len() - 1], &[&whole[1..], &[0]].concat()] {
        fs::write(&block, damaged).unwrap();
        refused("is damaged");
        assert!(!into.exists(), "a restore that fails leaves nothing");
    }
    fs::write(&block, &whole).unwrap();
    let listing = target.path().join("backup.json");
    let list = fs::read_to_string(&listing).unwrap();
    fs::write(&listing, list.replacen("\"bytes\": ", "\"bytes\": 1", 1)).unwrap();
    refused("its checksum does not match");
    fs::write(&listing, list.replace("\"blocks/", "\"../blocks/")).unwrap();
    refused("is damaged");
    fs::remove_file(&listing).unwrap();
    refused("holds no complete backup");
    assert!(!into.exists());
    fs::write(&listing, list).unwrap();
    let (status, _, stderr) = run(&["restore", text(target.path()), "--data-dir", text(&into)]);
    assert!(status.success(), "{stderr}");
}

#[test]
fn a_kill_at_any_moment_leaves_the_last_backup_whole() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    backup(&server, &data, target.path());
    let mut most = 1_000;
    for round in 0..6 {
        write(&server, most, most + 500);
        most += 500;
        let arguments =
            ["backup", "--url", &server.url, "--data-dir", text(&data), text(target.path())];
        let mut child = Command::new(path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(7 * round * round));
        signal(child.id(), "KILL");
        child.wait().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let found = count(&restored(target.path(), elsewhere.path()));
        assert!(found >= 1_000 && found <= most && found.is_multiple_of(500), "{found} of {most}");
    }
    // The server is killed while it makes snapshots; its folder opens as ever.
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| while server.try_post(SNAPSHOT, "").is_some() {});
        std::thread::sleep(Duration::from_millis(300));
        signal(server.pid(), "KILL");
        asking.join().unwrap();
    });
    server.kill();
    let (status, stdout, stderr) = run(&["verify", "--data-dir", text(&data)]);
    assert!(status.success(), "{stdout}{stderr}");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    assert_eq!(count(&server), most);
    backup(&server, &data, target.path());
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(count(&restored(target.path(), elsewhere.path())), most);
}

const SNAPSHOT: &str = "/api/v1/admin/tsdb/snapshot";

#[test]
fn a_restore_that_is_killed_is_begun_again() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    backup(&server, &folder.path().join("data"), target.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().join("data");
    for round in 0..4 {
        let mut child = Command::new(path())
            .args(["restore", text(target.path()), "--data-dir", text(&data)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(3 * round));
        signal(child.id(), "KILL");
        child.wait().unwrap();
        if data.exists() {
            // It was done before the kill: then all of it is there.
            let (status, stdout, _) = run(&["verify", "--data-dir", text(&data)]);
            assert!(status.success(), "{stdout}");
            fs::remove_dir_all(&data).unwrap();
        }
    }
    assert_eq!(count(&restored(target.path(), elsewhere.path())), 1_000);
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

/// `/dev/full` takes no byte, as a full disk.
#[test]
fn a_backup_to_a_full_disk_fails_in_words_and_leaves_nothing_half() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    backup(&server, &data, target.path());
    let block = stored(target.path(), "blocks", "");
    let block = format!("blocks/{}", text(Path::new(block.file_name().unwrap())));
    for full in [block.as_str(), "backup.json"] {
        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join("blocks")).unwrap();
        let unfinished = other.path().join(format!("{full}.tmp"));
        std::os::unix::fs::symlink("/dev/full", &unfinished).unwrap();
        let arguments =
            ["backup", "--url", &server.url, "--data-dir", text(&data), text(other.path())];
        let (status, _, stderr) = run(&arguments);
        assert!(!status.success(), "{full}");
        assert!(stderr.contains(full) && stderr.contains("free some space"), "{stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
        let left = files_below(other.path());
        assert!(left.is_empty(), "{full}: {left:?} stay");
        let left: Vec<_> = fs::read_dir(data.join("snapshots")).unwrap().collect();
        assert!(left.is_empty(), "the snapshot stays: {left:?}");
        // The next one, with room, is as if there had been none before.
        backup(&server, &data, other.path());
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(count(&restored(other.path(), elsewhere.path())), 1_000);
    }
}
