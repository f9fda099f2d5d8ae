use super::*;
use std::io;

fn check(error: storage::Error, wanted: &str) {
    let text = Error::from(error).to_string();
    assert!(text.contains(wanted), "{text}");
    assert!(!text.contains('\n'), "{text}");
}

#[test]
fn a_store_that_does_not_open_says_what_to_do() {
    let io = |kind| storage::Error::Io(io::Error::new(kind, "open /data/MANIFEST"));
    check(io(ErrorKind::PermissionDenied), "open /data/MANIFEST: let this user");
    check(io(ErrorKind::StorageFull), "free some space");
    check(io(ErrorKind::NotADirectory), "choose one with --data-dir");
    check(io(ErrorKind::Other), "see to the disk");
    let (path, what) = ("/data/catalog".into(), "it is cut short".to_owned());
    check(storage::Error::Damaged { path, offset: 3, what }, "offset 3: it is cut short: restore");
    let folder = "/data".into();
    check(storage::Error::Missing { folder, file: "catalog" }, "no catalog: restore that file");
}
