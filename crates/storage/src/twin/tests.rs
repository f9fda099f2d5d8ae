use super::*;
use crate::disk::simulated::{Fault, Plan, Simulated};

const AT: &str = "/d/file";

/// A file is whole where it begins with `w`, of another version where with `v`.
fn decode(bytes: &[u8], path: &Path) -> Result<String, Error> {
    match bytes.first() {
        Some(b'w') => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Some(b'v') => Err(Error::Version { path: path.to_owned(), found: 2, known: 1 }),
        _ => Err(Error::damaged(path, 0, "it is not whole")),
    }
}

fn disk(first: Option<&str>, second: Option<&str>) -> Simulated {
    let disk = Simulated::new();
    for (path, text) in [(PathBuf::from(AT), first), (copy_of(Path::new(AT)), second)] {
        if let Some(text) = text {
            replace(&disk, &path, text.as_bytes()).expect("write");
        }
    }
    disk
}

/// Reads what is in both, and mends it: both are then the same, and damaged bytes aside.
fn check(first: Option<&str>, second: Option<&str>, expected: Option<&str>, damaged: u64) {
    let disk = disk(first, second);
    let before = disk.operations();
    let found = read(Path::new(AT), &disk, decode).expect("one can be read");
    assert_eq!(disk.operations(), before, "reading changes nothing");
    assert_eq!(found.as_ref().map(|twin| twin.value.as_str()), expected);
    let Some(twin) = found else { return };
    assert_eq!(twin.damages().count() as u64, damaged);
    assert_eq!(twin.mend(&disk), damaged);
    for path in [PathBuf::from(AT), copy_of(Path::new(AT))] {
        let bytes = read_all(&disk, &path).expect("it is there");
        assert_eq!(String::from_utf8(bytes).expect("text"), twin.value);
    }
    let aside =
        disk.files().iter().filter(|path| path.to_string_lossy().ends_with(".corrupt")).count();
    assert_eq!(aside as u64, damaged);
}

#[test]
fn whichever_is_whole_is_read_and_the_other_is_mended() {
    check(None, None, None, 0);
    check(Some("w1"), Some("w1"), Some("w1"), 0);
    check(Some("w1"), None, Some("w1"), 0);
    check(None, Some("w1"), Some("w1"), 0);
    check(Some("w2"), Some("w1"), Some("w2"), 0);
    check(Some("w1"), Some("?"), Some("w1"), 1);
    check(Some("?"), Some("w1"), Some("w1"), 1);
}

#[test]
fn without_a_whole_one_the_damage_is_told() {
    for (first, second) in [(Some("?"), Some("?")), (Some("?"), None), (None, Some("?"))] {
        let error = read(Path::new(AT), &disk(first, second), decode).err().expect("damaged");
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
}

#[test]
fn another_version_of_either_is_refused() {
    for (first, second) in [(Some("v"), Some("w")), (Some("w"), Some("v")), (None, Some("v"))] {
        let error = read(Path::new(AT), &disk(first, second), decode).err().expect("refused");
        assert!(matches!(error, Error::Version { .. }), "{error}");
    }
}

#[test]
fn a_file_that_the_disk_refuses_to_read_is_mended_too() {
    let disk = disk(Some("w1"), Some("w1"));
    let mut refused = 0;
    for seed in 0..40 {
        let mut plan = Plan::new(seed);
        plan.reads = 300;
        disk.set_plan(Some(plan));
        let found = read(Path::new(AT), &disk, decode);
        disk.set_plan(None);
        let Ok(Some(twin)) = found else { continue };
        assert_eq!(twin.value, "w1");
        refused += twin.mend(&disk);
    }
    assert!(refused > 0, "some reads failed");
}

#[test]
fn a_crash_between_the_two_leaves_the_old_or_the_new() {
    for at in 0..10 {
        let disk = disk(Some("w1"), Some("w1"));
        disk.fail_at(disk.operations() + at, Fault::Crash);
        let written = replace_both(&disk, Path::new(AT), b"w2");
        for shape in 0..20 {
            let found = disk.after_power_cut(shape);
            let twin = read(Path::new(AT), &found, decode).expect("whole").expect("there");
            assert!(twin.value == "w2" || (twin.value == "w1" && written.is_err()), "{at} {shape}");
            assert_eq!(twin.mend(&found), 0);
        }
    }
}
