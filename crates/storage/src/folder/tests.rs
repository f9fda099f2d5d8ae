use super::*;
use crate::disk::simulated::Simulated;
use crate::disk::{RealDisk, replace};

const AT: &str = "/data";

#[test]
fn partitions_are_fixed_when_the_folder_is_made() {
    let disk = Simulated::new();
    let folder = Folder::open(Path::new(AT), &disk, 3).expect("new");
    assert_eq!(folder.partitions, 3);
    drop(folder);
    assert_eq!(Folder::open(Path::new(AT), &disk, 7).expect("again").partitions, 3);
}

#[test]
fn a_folder_opens_once() {
    let folder = tempfile::tempdir().expect("tempdir");
    let held = Folder::open(folder.path(), &RealDisk, 0).expect("first");
    let error = Folder::open(folder.path(), &RealDisk, 0).err().expect("second").to_string();
    assert!(error.contains("in use by another process"), "{error}");
    assert!(error.contains(folder.path().to_str().expect("utf-8")), "{error}");
    drop(held);
    Folder::open(folder.path(), &RealDisk, 0).expect("free again");
}

#[test]
fn another_version_is_refused_untouched() {
    let disk = Simulated::new();
    let newer = Seal { version: 2, ..SEAL }.wrap(&[1, 0]);
    replace(&disk, &Path::new(AT).join("MANIFEST"), &newer).expect("write");
    let before = disk.operations();
    let error = Folder::open(Path::new(AT), &disk, 0).err().expect("refused");
    assert!(matches!(error, Error::Version { found: 2, known: 1, .. }), "{error}");
    assert_eq!(disk.operations(), before, "nothing was written");
}

#[test]
fn data_without_manifest_is_refused() {
    let disk = Simulated::new();
    drop(Folder::open(Path::new(AT), &disk, 1).expect("new"));
    disk.create(&Path::new(AT).join("wal/0000000000000001.wal")).expect("segment");
    disk.remove(&Path::new(AT).join("MANIFEST")).expect("remove");
    disk.remove(&Path::new(AT).join("MANIFEST.copy")).expect("remove");
    let error = Folder::open(Path::new(AT), &disk, 1).err().expect("refused");
    assert!(matches!(error, Error::Missing { file: "MANIFEST", .. }), "{error}");
}

#[test]
fn data_without_catalog_is_refused_untouched() {
    let disk = Simulated::new();
    drop(Folder::open(Path::new(AT), &disk, 1).expect("new"));
    drop(Folder::open(Path::new(AT), &disk, 1).expect("nothing is there yet"));
    disk.create(&wal(Path::new(AT)).join("0000000000000001.wal")).expect("segment");
    let before = disk.operations();
    let error = Folder::open(Path::new(AT), &disk, 1).err().expect("refused");
    assert!(matches!(error, Error::Missing { file: "catalog", .. }), "{error}");
    assert_eq!(disk.operations(), before, "nothing was written");
}
