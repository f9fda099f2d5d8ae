use super::*;

#[test]
fn a_name_with_spaces_and_brackets_does_not_shift_the_fields() {
    let mut stat = String::from("7 (a) b) (c) S");
    for number in 4..=52 {
        stat.push_str(&format!(" {}", number * 100));
    }
    let process = Process::parse(&stat, "cpu 1 2 3\nbtime 1000\n");
    assert_eq!(process.cpu_seconds, Some(29.0));
    assert_eq!(process.started_at, Some(1022.0));
    assert_eq!(process.virtual_bytes, Some(2300));
    assert_eq!(process.resident_bytes, Some(2400 * rustix::param::page_size() as u64));
}

#[test]
fn what_cannot_be_read_is_left_out() {
    assert_eq!(Process::parse("", ""), Process::default());
    assert_eq!(Process::parse("7 (a) S 1", "").cpu_seconds, None);
}

#[test]
fn this_process_is_read() {
    let process = Process::read();
    assert!(process.resident_bytes > Some(0));
    assert!(process.open_files > Some(0));
    assert!(process.started_at > Some(1e9));
}
