use super::simulated::Simulated;
use super::*;

/// What every disk must do, whichever it is.
fn check_contract(disk: &dyn Disk, folder: &Path) {
    let path = folder.join("a");
    disk.create_dir(folder).expect("create_dir");
    let file = disk.create(&path).expect("create");
    file.append(b"hello ").expect("append");
    file.append(b"world").expect("append");
    file.sync().expect("sync");
    let mut five = [0; 5];
    let reader = disk.open(&path).expect("open");
    reader.read_at(6, &mut five).expect("read");
    assert_eq!(&five, b"world");
    assert!(reader.read_at(7, &mut five).is_err(), "a read past the end must fail");
    assert_eq!(reader.size().expect("size"), 11);

    disk.truncate(&path, 5).expect("truncate");
    assert_eq!(read_all(disk, &path).expect("read_all"), b"hello");
    replace(disk, &folder.join("b"), b"new").expect("replace");
    disk.rename(&path, &folder.join("b")).expect("rename");
    let listed = disk.list(folder).expect("list");
    assert_eq!(listed, [Entry { name: "b".into(), bytes: 5 }]);
    disk.sync_dir(folder).expect("sync_dir");

    let error = disk.open(&path).err().expect("the file was renamed");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains(path.to_str().expect("utf-8")), "{error}");
    assert_eq!(disk.list(&folder.join("nowhere")).expect("list"), []);
    disk.remove(&folder.join("b")).expect("remove");
    assert!(disk.remove(&folder.join("b")).is_err());

    assert_eq!(disk.folders(folder).expect("folders"), Vec::<String>::new());
    assert_eq!(disk.folders(&folder.join("nowhere")).expect("folders"), Vec::<String>::new());
    for inside in ["y/z", "x"] {
        disk.create_dir(&folder.join(inside)).expect("create_dir");
    }
    disk.create(&folder.join("x/file")).expect("create");
    assert_eq!(disk.folders(folder).expect("folders"), ["x", "y"]);
    for full in ["x", "y"] {
        disk.remove_dir(&folder.join(full)).expect_err("it holds something");
    }
    disk.remove(&folder.join("x/file")).expect("remove");
    disk.remove_dir(&folder.join("x")).expect("remove_dir");
    disk.remove_dir(&folder.join("x")).expect_err("it is not there");
    assert_eq!(disk.folders(folder).expect("folders"), ["y"]);

    let lock = folder.join("LOCK");
    let held = disk.lock(&lock).expect("lock").expect("free");
    assert!(disk.lock(&lock).expect("lock").is_none(), "it is taken");
    drop(held);
    assert!(disk.lock(&lock).expect("lock").is_some(), "it was given back");
}

#[test]
fn both_disks_keep_the_contract() {
    let folder = tempfile::tempdir().expect("tempdir");
    check_contract(&RealDisk, &folder.path().join("deep/er"));
    check_contract(&Simulated::new(), Path::new("/data"));
}
