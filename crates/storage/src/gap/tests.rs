use super::*;
use crate::disk::replace;
use crate::disk::simulated::Simulated;

const DAY: i64 = Span::DAY.0;

fn check_date(seconds: i64, expected: &str) {
    assert_eq!(date(Timestamp::from_secs(seconds)), expected);
}

#[test]
fn dates_are_those_of_the_calendar() {
    check_date(0, "1970-01-01");
    check_date(-1, "1969-12-31");
    check_date(951_782_400, "2000-02-29");
    check_date(951_868_800, "2000-03-01");
    check_date(1_700_000_000, "2023-11-14");
    check_date(1_704_067_199, "2023-12-31");
    check_date(4_107_542_399, "2100-02-28");
    check_date(4_107_542_400, "2100-03-01");
}

fn check(name: &str, start: i64, end: i64) {
    let found = gap(PathBuf::from("x"), name);
    assert_eq!(found.range, TimeRange::new(Timestamp(start), Timestamp(end)), "{name}");
}

#[test]
fn a_name_says_when_rows_may_be_missing() {
    let of_block = "0001-00000-019675-0001-0000000000000001-0000000000000004-0001.block";
    check(of_block, 19_675 * DAY, 19_676 * DAY - 1);
    let first = "0001-00000-000000-1024-0000000000000001-0000000000000004-0001.block";
    check(first, i64::MIN, 1_024 * DAY - 1);
    check("0000000000000007.wal", i64::MIN, i64::MAX);
    check("0000000000000007.wal.1700000000", i64::MIN, 1_700_000_000 * Span::SECOND.0);
    check("whatever.block", i64::MIN, i64::MAX);
}

#[test]
fn a_segment_put_aside_says_until_when() {
    let until = Timestamp(1_700_000_000 * Span::SECOND.0 + 1);
    let path = segment_aside(Path::new("/w"), 7, until);
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    assert_eq!(name, "0000000000000007.wal.1700000001.corrupt");
    assert!(is_segment_aside(name, 7) && !is_segment_aside(name, 8));
    let found = gap(path.clone(), name.strip_suffix(DAMAGED).expect("its end"));
    assert!(found.range.end >= until && found.block.is_none());
    assert_eq!(found.what(), "samples up to 2023-11-14 may be missing");
}

#[test]
fn only_what_lies_aside_is_found() {
    let disk = Simulated::new();
    for name in ["catalog", "catalog.corrupt", "wal/1.wal", "wal/x.corrupt", "blocks/y.corrupt"] {
        replace(&disk, &Path::new("/d").join(name), b"x").expect("write");
    }
    let found = look(Path::new("/d"), &disk).expect("look");
    assert_eq!((found.files, found.gaps.len()), (3, 2), "{found:?}");
}

#[test]
fn only_answers_over_its_time_are_told() {
    let gaps = Gaps::default();
    let name = "0001-00000-019675-0001-0000000000000001-0000000000000004-0001.block";
    gaps.set(Found { files: 1, gaps: vec![gap(PathBuf::from("b.corrupt"), name)] });
    let told = |start: i64, end: i64| {
        let budget = Budget::unlimited();
        gaps.tell(TimeRange::new(Timestamp(start), Timestamp(end)), &budget);
        budget.warnings()
    };
    assert_eq!(told(0, 19_675 * DAY - 1), Vec::<String>::new());
    assert_eq!(told(19_676 * DAY, i64::MAX), Vec::<String>::new());
    let said =
        "b.corrupt is damaged and put aside: samples of 2023-11-14 may be missing from this answer";
    assert_eq!(told(0, 19_675 * DAY), [said]);
}
