//! A backup in a bucket is whole or not there, whatever the bucket does.

use crate::backup::{FLAGS, count, text, write};
use barograph_tests::binary::{Barograph, path, run, run_in};
use barograph_tests::bucket::{BUCKET, Bucket, Fault, SECRET};
use barograph_tests::eventually;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

const LIST: &str = "below/here/backup.json";

fn place() -> String {
    format!("s3://{BUCKET}/below/here")
}

/// Runs a command with the bucket in its environment, after `more`.
fn with(
    bucket: &Bucket,
    more: &[(&'static str, &str)],
    arguments: &[&str],
) -> (ExitStatus, String) {
    let mut variables = bucket.environment();
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let (status, stdout, stderr) = run_in(&variables, arguments);
    assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "{stdout}{stderr}");
    (status, stdout + &stderr)
}

fn backup(
    bucket: &Bucket,
    url: &str,
    data: &Path,
    more: &[(&'static str, &str)],
) -> Result<String, String> {
    let place = place();
    let arguments = ["backup", "--url", url, "--data-dir", text(data), "--timeout", "2s", &place];
    let (status, said) = with(bucket, more, &arguments);
    if status.success() { Ok(said) } else { Err(said) }
}

fn restore(bucket: &Bucket, data: &Path, more: &[(&'static str, &str)]) -> Result<String, String> {
    let place = place();
    let arguments = ["restore", &place, "--data-dir", text(data), "--timeout", "2s"];
    let (status, said) = with(bucket, more, &arguments);
    if status.success() { Ok(said) } else { Err(said) }
}

/// How many points a server has that starts on what is restored.
fn restored(bucket: &Bucket) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    restore(bucket, &data, &[]).unwrap();
    let (status, stdout, stderr) = run(&["verify", "--data-dir", text(&data)]);
    assert!(status.success(), "{stdout}{stderr}");
    count(&Barograph::start(folder.path(), "", &FLAGS))
}

#[test]
fn a_backup_in_a_bucket_restores_and_sends_a_block_once() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, data) = (Bucket::start(), folder.path().join("data"));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    let rule = r#"{"alert_id": "hot", "metric_name": "kept_n", "condition": "gt", "threshold": 1, "duration": "5m"}"#;
    assert_eq!(server.post("/api/alerts", rule).status, 201);
    write(&server, 0, 1_000);
    bucket.change(|objects| drop(objects.insert("below/here/mine/x.0a1b2c3d".into(), vec![1])));
    backup(&bucket, &server.url, &data, &[]).unwrap();
    let asked = bucket.take_asked();
    let puts: Vec<&String> =
        asked.iter().filter(|(method, _)| method == "PUT").map(|(_, key)| key).collect();
    assert_eq!(puts.last().unwrap().as_str(), LIST, "the list comes last: {puts:?}");
    assert!(puts.iter().any(|key| key.contains("alerts.db")), "{puts:?}");

    write(&server, 1_000, 2_000);
    let first = bucket.objects();
    let said = backup(&bucket, &server.url, &data, &[]).unwrap();
    let again = bucket.take_asked();
    let again: Vec<_> =
        again.iter().filter(|(method, key)| method == "PUT" && first.contains_key(key)).collect();
    let is_list = |(_, key): &&(String, String)| key == LIST;
    assert!(again.iter().copied().all(|it| is_list(&it)), "sent twice: {again:?}; {said}");
    let is_block = |key: &&String| key.contains("/blocks/");
    let blocks = first.keys().filter(is_block).count();
    assert!(
        blocks > 0 && first.keys().filter(is_block).all(|key| bucket.objects().contains_key(key))
    );
    // What was put there with another length is put again.
    let block = first.keys().find(is_block).unwrap().clone();
    bucket.change(|objects| objects.get_mut(&block).unwrap().truncate(10));
    backup(&bucket, &server.url, &data, &[]).unwrap();
    assert_eq!(bucket.objects()[&block], first[&block]);
    assert!(bucket.objects().contains_key("below/here/mine/x.0a1b2c3d"), "a stranger's stays");

    let left: Vec<_> = fs::read_dir(data.join("snapshots")).unwrap().collect();
    assert!(left.is_empty(), "snapshots made for a backup are removed: {left:?}");
    write(&server, 2_000, 2_500);
    assert_eq!(restored(&bucket), 2_000);
    assert_eq!(bucket.refused(), 0, "a signature was wrong");
}

#[test]
fn a_bucket_that_stumbles_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, data) = (Bucket::start(), folder.path().join("data"));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    bucket.fail("GET", "", Fault::Status(503), 2);
    bucket.fail("PUT", "/blocks/", Fault::Status(500), 1);
    bucket.fail("PUT", "/blocks/", Fault::CutAfter, 1);
    bucket.fail("PUT", "/MANIFEST", Fault::Status(429), 1);
    bucket.fail("PUT", "backup.json", Fault::Hang, 1);
    backup(&bucket, &server.url, &data, &[]).unwrap();
    bucket.heal();
    bucket.fail("GET", "backup.json", Fault::CutAnswer, 1);
    bucket.fail("GET", "/blocks/", Fault::CutAnswer, 2);
    bucket.fail("GET", "/catalog", Fault::Hang, 1);
    assert_eq!(restored(&bucket), 1_000);
}

#[test]
fn a_backup_that_fails_leaves_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, data) = (Bucket::start(), folder.path().join("data"));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    let twice = [("AWS_MAX_ATTEMPTS", "2")];
    // Before there is any, nothing can be restored.
    for (key, fault) in [("/blocks/", Fault::Status(503)), ("backup.json", Fault::Status(500))] {
        bucket.fail("PUT", key, fault, u32::MAX);
        let said = backup(&bucket, &server.url, &data, &twice).unwrap_err();
        assert!(said.contains(key) && said.starts_with("barograph: write s3://"), "{said}");
        bucket.heal();
        let into = folder.path().join("restored");
        let said = restore(&bucket, &into, &[]).unwrap_err();
        assert!(said.contains("holds no complete backup"), "{said}");
        assert!(!into.exists());
    }
    backup(&bucket, &server.url, &data, &[]).unwrap();
    write(&server, 1_000, 2_000);
    for key in ["/blocks/", "backup.json"] {
        bucket.fail("PUT", key, Fault::Status(503), u32::MAX);
        backup(&bucket, &server.url, &data, &twice).unwrap_err();
        bucket.heal();
    }
    assert_eq!(restored(&bucket), 1_000);
}

#[test]
fn a_kill_leaves_no_backup_that_looks_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, data) = (Bucket::start(), folder.path().join("data"));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    bucket.fail("PUT", "backup.json", Fault::Hang, u32::MAX);
    let mut child = Command::new(path())
        .args(["backup", "--url", &server.url, "--data-dir", text(&data), &place()])
        .envs(bucket.environment())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the catalog is in the bucket", || {
        bucket.objects().keys().any(|key| key.contains("/catalog")).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    bucket.heal();
    let said = restore(&bucket, &folder.path().join("restored"), &[]).unwrap_err();
    assert!(said.contains("holds no complete backup"), "{said}");
    // The snapshot of the killed one goes with the next backup, that of a person stays.
    let made = server.post("/api/v1/admin/tsdb/snapshot", "").json();
    let snapshots = || {
        let all = fs::read_dir(data.join("snapshots")).unwrap();
        all.map(|it| it.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(snapshots().len(), 2, "{:?}", snapshots());
    backup(&bucket, &server.url, &data, &[]).unwrap();
    assert_eq!(snapshots(), [made["data"]["name"].as_str().unwrap()]);
    assert_eq!(restored(&bucket), 1_000);
}

#[test]
fn what_is_damaged_or_missing_in_a_bucket_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, data) = (Bucket::start(), folder.path().join("data"));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 1_000);
    backup(&bucket, &server.url, &data, &[]).unwrap();
    let into = folder.path().join("restored");
    let whole = bucket.objects();
    let block = whole.keys().find(|key| key.contains("/blocks/")).unwrap().clone();
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
    let changes: [(Change<'_>, &str); 3] = [
        (&|bytes| bytes[100] ^= 1, "is damaged"),
        (&|bytes| bytes.truncate(bytes.len() - 1), "ends too early"),
        (&Vec::clear, "InvalidRange"),
    ];
    for (change, why) in changes {
        bucket.change(|objects| change(objects.get_mut(&block).unwrap()));
        let said = restore(&bucket, &into, &[("AWS_MAX_ATTEMPTS", "1")]).unwrap_err();
        assert!(said.contains(why) && said.contains(&block), "{said}");
        assert!(!into.exists(), "a restore that fails leaves nothing");
        bucket.change(|objects| objects.clone_from(&whole));
    }
    bucket.change(|objects| drop(objects.remove(&block)));
    let said = restore(&bucket, &into, &[]).unwrap_err();
    assert!(said.contains("NoSuchKey") && said.contains(&block), "{said}");
    bucket.change(|objects| {
        objects.clone_from(&whole);
        objects.get_mut(LIST).unwrap()[200] ^= 1;
    });
    let said = restore(&bucket, &into, &[]).unwrap_err();
    assert!(said.contains("is damaged"), "{said}");
    bucket.change(|objects| objects.clone_from(&whole));
    restore(&bucket, &into, &[]).unwrap();
}

#[test]
fn a_bucket_that_refuses_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, into) = (Bucket::start(), folder.path().join("restored"));
    let refused = |more: &[(&'static str, &str)], words: [&str; 2]| {
        let said = restore(&bucket, &into, more).unwrap_err();
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    };
    refused(
        &[("AWS_SECRET_ACCESS_KEY", "wrong")],
        ["SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"],
    );
    refused(&[("AWS_ACCESS_KEY_ID", "")], ["set AWS_ACCESS_KEY_ID", "s3://"]);
    // A signature holds the region.
    refused(&[("AWS_REGION", "elsewhere-1")], ["status 403", "AWS_ACCESS_KEY_ID"]);
    let nobody = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_MAX_ATTEMPTS", "2")];
    refused(&nobody, ["refused", "AWS_ENDPOINT_URL"]);
    bucket.fail("GET", "", Fault::Status(301), 1);
    refused(&[], ["status 301", "AWS_REGION"]);
    let other = ["restore", "s3://other/x", "--data-dir", text(&into)];
    let (status, said) = with(&bucket, &[], &other);
    assert!(!status.success() && said.contains("NoSuchBucket"), "{said}");
}

/// Longer than what goes in one request, and no multiple of a part.
const LONG_BYTES: usize = (66 << 20) + 5;

#[test]
fn a_long_file_goes_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, data) = (Bucket::start(), folder.path().join("data"));
    let server = Barograph::start(folder.path(), "", &FLAGS);
    write(&server, 0, 100);
    server.kill();
    // Nothing of a log is looked into by a backup of a stopped folder.
    let name = "wal/00000000000f4240.wal";
    let long: Vec<u8> = (0..LONG_BYTES).map(|n| (n ^ (n >> 9) ^ (n >> 17)) as u8).collect();
    fs::write(data.join(name), &long).unwrap();
    let nobody = "http://127.0.0.1:9";
    bucket.fail("PUT", "f4240", Fault::Status(503), u32::MAX);
    let said = backup(&bucket, nobody, &data, &[("AWS_MAX_ATTEMPTS", "2")]).unwrap_err();
    assert!(said.contains("status 503"), "{said}");
    assert_eq!(bucket.open_uploads(), 0, "what was begun is given up");
    bucket.heal();
    // A part that breaks off is sent again; an end whose answer is lost has ended it.
    bucket.fail("PUT", "f4240", Fault::CutAfter, 1);
    bucket.take_asked();
    backup(&bucket, nobody, &data, &[]).unwrap();
    let of_long = bucket.take_asked().into_iter().filter(|(_, key)| key.contains("f4240"));
    let methods: Vec<String> = of_long.map(|(method, _)| method).collect();
    assert_eq!(methods.join(" "), "POST PUT PUT PUT PUT PUT PUT POST");
    // What killed ones left is given up; what others have under way is not.
    for key in ["wal/x.wal.0a1b2c3d", "blocks/x.block.0a1b2c3d", "mine/x.0a1b2c3d"] {
        bucket.leave_upload(&format!("below/here/{key}"));
    }
    bucket.leave_upload("elsewhere/wal/x.wal.0a1b2c3d");
    backup(&bucket, nobody, &data, &[]).unwrap();
    assert_eq!(bucket.open_uploads(), 2);
    let objects = bucket.objects();
    let stored = objects.iter().find(|(key, _)| key.contains("f4240")).unwrap();
    assert!(*stored.1 == long, "the parts are put together");

    bucket.change(|objects| objects.retain(|key, _| !key.contains("f4240")));
    bucket.lose_next_end();
    backup(&bucket, nobody, &data, &[]).unwrap();
    let into = folder.path().join("restored");
    bucket.fail("GET", "f4240", Fault::CutAnswer, 1);
    restore(&bucket, &into, &[]).unwrap();
    assert!(fs::read(into.join(name)).unwrap() == long);
}
