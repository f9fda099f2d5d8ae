use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;
use tempfile::TempDir;

const LIMITS: Limits = Limits { lines: 1_000, bytes: 100_000 };
const ROOMY: u64 = 1 << 20;

fn open(dir: &TempDir, bytes_max: u64) -> Buffer {
    Buffer::open(dir.path(), bytes_max).unwrap()
}

fn line(number: usize) -> String {
    format!("line number {number:06}\n")
}

/// Delivers everything, and gives it.
fn drain(buffer: &mut Buffer, limits: Limits) -> String {
    let mut all = Vec::new();
    loop {
        let mut body = Vec::new();
        let Some(place) = buffer.peek(limits, &mut body) else { break };
        assert!(!body.is_empty());
        all.extend(body);
        buffer.advance(place).unwrap();
    }
    assert!(buffer.is_empty());
    String::from_utf8(all).unwrap()
}

fn files(dir: &TempDir) -> Vec<String> {
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn records_come_back_in_order_and_leave_nothing() {
    let dir = TempDir::new().unwrap();
    let mut buffer = open(&dir, ROOMY);
    assert!(buffer.is_empty());
    let lines: Vec<String> = (0..100).map(line).collect();
    for line in &lines {
        buffer.append(line.as_bytes(), 1).unwrap();
    }
    assert_eq!(drain(&mut buffer, LIMITS), lines.concat());
    assert_eq!(files(&dir), ["lock"]);
    buffer.append(b"again\n", 1).unwrap();
    assert_eq!(drain(&mut buffer, LIMITS), "again\n");
}

#[test]
fn a_peek_gives_as_much_as_fits_but_at_least_one_record() {
    let dir = TempDir::new().unwrap();
    let mut buffer = open(&dir, ROOMY);
    for number in 0..3 {
        buffer.append(format!("{}{}", line(number), line(number)).as_bytes(), 2).unwrap();
    }
    let mut peek = |lines, bytes| {
        let mut body = Vec::new();
        buffer.peek(Limits { lines, bytes }, &mut body);
        body.iter().filter(|byte| **byte == b'\n').count()
    };
    assert_eq!(peek(1, 1), 2);
    assert_eq!(peek(3, 1_000), 2);
    assert_eq!(peek(4, 1_000), 4);
    assert_eq!(peek(100, 60), 2);
    assert_eq!(peek(100, 1_000), 6);
}

#[test]
fn a_restart_goes_on_where_it_stopped() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { lines: 10, ..LIMITS };
    let mut buffer = open(&dir, ROOMY);
    for number in 0..30 {
        buffer.append(line(number).as_bytes(), 1).unwrap();
    }
    let mut body = Vec::new();
    let place = buffer.peek(limits, &mut body).unwrap();
    buffer.advance(place).unwrap();
    // Looked at, but not delivered.
    buffer.peek(limits, &mut Vec::new()).unwrap();
    drop(buffer);
    let mut buffer = open(&dir, ROOMY);
    buffer.append(line(30).as_bytes(), 1).unwrap();
    assert_eq!(drain(&mut buffer, limits), (10..31).map(line).collect::<String>());
}

#[test]
fn without_a_readable_cursor_everything_is_sent_again() {
    for cursor in [None, Some(&b"short"[..]), Some(&[1; CURSOR_BYTES])] {
        let dir = TempDir::new().unwrap();
        let mut buffer = open(&dir, ROOMY);
        buffer.append(b"a\n", 1).unwrap();
        buffer.append(b"b\n", 1).unwrap();
        let place = buffer.peek(Limits { lines: 1, ..LIMITS }, &mut Vec::new()).unwrap();
        buffer.advance(place).unwrap();
        drop(buffer);
        match cursor {
            None => fs::remove_file(dir.path().join("cursor")).unwrap(),
            Some(bytes) => fs::write(dir.path().join("cursor"), bytes).unwrap(),
        }
        assert_eq!(drain(&mut open(&dir, ROOMY), LIMITS), "a\nb\n");
    }
}

#[test]
fn a_cursor_without_its_segments_does_not_hide_new_ones() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("cursor"), encode(Place { segment: 7, offset: 500 })).unwrap();
    let mut buffer = open(&dir, ROOMY);
    buffer.append(b"a\n", 1).unwrap();
    assert_eq!(files(&dir)[0], "00000000000000000008.buf");
    drop(buffer);
    assert_eq!(drain(&mut open(&dir, ROOMY), LIMITS), "a\n");
}

#[test]
fn over_the_limit_the_oldest_are_dropped_and_counted() {
    let dir = TempDir::new().unwrap();
    let bytes_max = 4_096;
    let mut buffer = open(&dir, bytes_max);
    for number in 0..1_000 {
        buffer.append(line(number).as_bytes(), 1).unwrap();
        assert!(buffer.bytes() <= bytes_max);
    }
    let on_disk: u64 =
        files(&dir).iter().map(|f| fs::metadata(dir.path().join(f)).unwrap().len()).sum();
    assert_eq!(on_disk, buffer.bytes());
    let dropped = buffer.dropped_lines() as usize;
    let kept = drain(&mut buffer, LIMITS);
    assert_eq!(kept, (dropped..1_000).map(line).collect::<String>());
    assert!(kept.len() > bytes_max as usize / 3, "most of the room is used: {}", kept.len());
}

#[test]
fn what_was_delivered_is_not_counted_as_dropped() {
    let dir = TempDir::new().unwrap();
    let mut buffer = open(&dir, 4_096);
    for number in 0..5 {
        buffer.append(line(number).as_bytes(), 1).unwrap();
    }
    let mut body = Vec::new();
    let early = buffer.peek(Limits { lines: 2, ..LIMITS }, &mut body).unwrap();
    buffer.advance(early).unwrap();
    let in_flight = buffer.peek(LIMITS, &mut Vec::new()).unwrap();
    for number in 5..1_000 {
        buffer.append(line(number).as_bytes(), 1).unwrap();
    }
    let dropped = buffer.dropped_lines() as usize;
    // The answer comes after its lines were dropped: it must not lead back, nor remove more.
    buffer.advance(in_flight).unwrap();
    assert_eq!(drain(&mut buffer, LIMITS), (dropped + 2..1_000).map(line).collect::<String>());
}

#[test]
fn a_record_that_can_never_fit_is_dropped_alone() {
    let dir = TempDir::new().unwrap();
    let mut buffer = open(&dir, 4_096);
    buffer.append(b"small\n", 1).unwrap();
    buffer.append(&[b'x'; 5_000], 3).unwrap();
    assert_eq!(buffer.dropped_lines(), 3);
    assert_eq!(drain(&mut buffer, LIMITS), "small\n");
}

#[test]
fn damage_costs_the_rest_of_its_segment_only() {
    let dir = TempDir::new().unwrap();
    let mut buffer = open(&dir, ROOMY);
    buffer.append(b"a\n", 1).unwrap();
    buffer.append(b"b\n", 1).unwrap();
    drop(buffer);
    let mut buffer = open(&dir, ROOMY);
    buffer.append(b"c\n", 1).unwrap();
    drop(buffer);
    let first = dir.path().join(&files(&dir)[0]);
    let mut bytes = fs::read(&first).unwrap();
    bytes.pop();
    fs::write(&first, bytes).unwrap();
    assert_eq!(drain(&mut open(&dir, ROOMY), LIMITS), "a\nc\n");
    fs::write(segment::path(dir.path(), 1), b"something else").unwrap();
    fs::create_dir(segment::path(dir.path(), 2)).unwrap();
    let mut buffer = open(&dir, ROOMY);
    buffer.append(b"d\n", 1).unwrap();
    assert_eq!(drain(&mut buffer, LIMITS), "d\n");
}

#[test]
fn one_agent_at_a_time_uses_a_folder() {
    let dir = TempDir::new().unwrap();
    let first = open(&dir, ROOMY);
    let error = Buffer::open(dir.path(), ROOMY).expect_err("it is in use");
    assert!(error.to_string().contains("another agent uses it"), "{error}");
    drop(first);
    open(&dir, ROOMY);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Buffer::open(&file, ROOMY).expect_err("it is no folder");
    assert!(error.to_string().contains("create folder"), "{error}");
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Peek(usize),
    Advance,
    Restart,
    /// The end of the newest segment is cut off, as by a loss of power.
    Tear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1usize..60).prop_map(Step::Append),
        3 => (1usize..400).prop_map(Step::Peek),
        3 => Just(Step::Advance),
        1 => Just(Step::Restart),
        1 => (1usize..30).prop_map(Step::Tear),
    ]
}

proptest! {
    // Each case opens and removes many files.
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against a plain queue: lines are delivered in order and at most once; those missing
    /// were dropped and counted, or torn off.
    #[test]
    fn it_behaves_like_a_bounded_queue(steps in prop::collection::vec(step(), 1..120)) {
        let dir = TempDir::new().unwrap();
        let bytes_max = 2_048;
        let mut buffer = open(&dir, bytes_max);
        let mut waiting: VecDeque<String> = VecDeque::new();
        let (mut number, mut torn, mut dropped_before) = (0, 0u64, 0u64);
        let mut delivered = 0u64;
        let mut looked: Option<(Place, String)> = None;
        for step in steps {
            match step {
                Step::Append(length) => {
                    let line = format!("{number}:{}\n", "x".repeat(length));
                    number += 1;
                    buffer.append(line.as_bytes(), 1).unwrap();
                    waiting.push_back(line);
                }
                Step::Peek(bytes) => {
                    let mut body = Vec::new();
                    let limits = Limits { lines: 1_000, bytes };
                    looked = buffer
                        .peek(limits, &mut body)
                        .map(|place| (place, String::from_utf8(body).unwrap()));
                }
                Step::Advance => {
                    let Some((place, body)) = looked.take() else { continue };
                    buffer.advance(place).unwrap();
                    for line in body.split_inclusive('\n') {
                        // What stands before it was dropped, or torn off.
                        while waiting.front().is_some_and(|first| first != line) {
                            waiting.pop_front();
                        }
                        // Dropped while it was on its way, its line may be gone from here
                        // only if the limit took it; it is never delivered twice.
                        prop_assert!(waiting.pop_front().is_some(), "{} came out of order", line);
                        delivered += 1;
                    }
                }
                Step::Restart => {
                    dropped_before += buffer.dropped_lines();
                    drop(buffer);
                    buffer = open(&dir, bytes_max);
                    looked = None;
                }
                Step::Tear(bytes) => {
                    dropped_before += buffer.dropped_lines();
                    let newest = buffer.segments.back().map(|last| last.id);
                    drop(buffer);
                    if let Some(id) = newest {
                        let path = segment::path(dir.path(), id);
                        let file = File::options().write(true).open(path).unwrap();
                        let length = file.metadata().unwrap().len();
                        file.set_len(length.saturating_sub(bytes as u64)).unwrap();
                        torn += 30;
                    }
                    buffer = open(&dir, bytes_max);
                    looked = None;
                }
            }
            prop_assert!(buffer.bytes() <= bytes_max);
        }
        let dropped = dropped_before + buffer.dropped_lines();
        let rest = drain(&mut buffer, LIMITS);
        for line in rest.split_inclusive('\n') {
            while waiting.front().is_some_and(|first| first != line) {
                waiting.pop_front();
            }
            prop_assert!(waiting.pop_front().is_some(), "{} came out of order", line);
            delivered += 1;
        }
        prop_assert!(delivered + dropped + torn >= number, "{delivered} + {dropped} of {number}");
    }
}
