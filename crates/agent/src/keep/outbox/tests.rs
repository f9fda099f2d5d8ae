use super::*;
use tempfile::TempDir;

const LIMITS: Limits = Limits { lines: 4, bytes: 1_000 };

fn outbox(dir: &TempDir) -> Outbox {
    Outbox::new(Buffer::open(dir.path(), 1 << 20).unwrap(), LIMITS)
}

fn lines(numbers: Range<usize>) -> Vec<u8> {
    numbers.map(|number| format!("{number}\n")).collect::<String>().into_bytes()
}

/// Delivers everything; each part that is sent.
fn deliver(outbox: &Outbox) -> Vec<String> {
    let mut parts = Vec::new();
    while let Some(mut batch) = outbox.take() {
        while let Some(part) = batch.part() {
            parts.push(String::from_utf8(part.to_vec()).unwrap());
            batch.part_done();
        }
        outbox.delivered(batch);
    }
    parts
}

#[test]
fn while_all_is_well_nothing_touches_the_disk() {
    let dir = TempDir::new().unwrap();
    let outbox = outbox(&dir);
    outbox.push(lines(0..3));
    outbox.push(Vec::new());
    outbox.push(lines(3..6));
    assert_eq!(outbox.waiting(), Waiting { disk_bytes: 0, memory_bytes: 12, dropped_lines: 0 });
    assert_eq!(deliver(&outbox), ["0\n1\n2\n3\n", "4\n5\n"]);
    assert_eq!(outbox.waiting(), Waiting { disk_bytes: 0, memory_bytes: 0, dropped_lines: 0 });
}

#[test]
fn what_could_not_be_sent_goes_to_the_disk_and_first_from_there() {
    let dir = TempDir::new().unwrap();
    let outbox = outbox(&dir);
    outbox.push(lines(0..6));
    let mut batch = outbox.take().unwrap();
    batch.part_done();
    outbox.push(lines(6..7));
    outbox.give_back(&batch);
    assert_eq!(outbox.waiting().memory_bytes, 0);
    assert!(outbox.waiting().disk_bytes > 0);
    outbox.push(lines(7..8));
    assert_eq!(outbox.waiting().memory_bytes, 0, "newer lines queue up behind");
    assert_eq!(deliver(&outbox), ["4\n5\n6\n7\n"]);
    outbox.push(lines(8..9));
    assert_eq!(outbox.waiting(), Waiting { disk_bytes: 0, memory_bytes: 2, dropped_lines: 0 });
}

#[test]
fn closing_puts_everything_on_the_disk() {
    let dir = TempDir::new().unwrap();
    let first = outbox(&dir);
    first.push(lines(0..2));
    first.push(lines(2..3));
    first.close();
    drop(first);
    let second = outbox(&dir);
    second.push(lines(3..4));
    assert_eq!(deliver(&second).concat(), "0\n1\n2\n3\n");
}

#[test]
fn lines_stay_in_memory_while_the_disk_refuses_them() {
    let dir = TempDir::new().unwrap();
    let outbox = outbox(&dir);
    // A folder that is gone takes no file.
    std::fs::remove_dir_all(dir.path()).unwrap();
    outbox.push(lines(0..2));
    let batch = outbox.take().unwrap();
    outbox.push(lines(2..3));
    outbox.give_back(&batch);
    outbox.push(lines(3..4));
    assert_eq!(outbox.waiting(), Waiting { disk_bytes: 0, memory_bytes: 8, dropped_lines: 0 });
    std::fs::create_dir(dir.path()).unwrap();
    outbox.push(lines(4..5));
    assert_eq!(outbox.waiting().memory_bytes, 0);
    assert_eq!(deliver(&outbox).concat(), "0\n1\n2\n3\n4\n");
}

#[test]
fn memory_is_bounded_too() {
    let dir = TempDir::new().unwrap();
    let outbox = outbox(&dir);
    let big = [&vec![b'x'; MEMORY_BYTES_MAX / 2][..], b"\n"].concat();
    for _ in 0..3 {
        outbox.push(big.clone());
    }
    assert_eq!(outbox.waiting().dropped_lines, 2);
    assert_eq!(outbox.waiting().memory_bytes, big.len() as u64);
}

#[test]
fn a_part_is_halved_down_to_one_line() {
    let mut batch = Batch::new(lines(0..5), None, Limits { lines: 9, bytes: 99 });
    assert!(batch.halve_part());
    assert_eq!(batch.part(), Some(&b"0\n1\n2\n"[..]));
    assert!(batch.halve_part());
    assert_eq!(batch.part(), Some(&b"0\n1\n"[..]));
    assert!(batch.halve_part());
    assert!(!batch.halve_part());
    let mut found = Vec::new();
    while let Some(part) = batch.part() {
        found.extend_from_slice(part);
        batch.part_done();
    }
    assert_eq!(found, lines(0..5));
    assert!(!batch.halve_part());
}

#[test]
fn bodies_are_split_at_lines() {
    let check = |body: &str, lines, bytes, expected: &[&str]| {
        let parts = split(body.as_bytes(), Limits { lines, bytes });
        let found: Vec<_> = parts.into_iter().map(|part| &body[part]).collect();
        assert_eq!(found, expected, "{body:?} by {lines} lines and {bytes} bytes");
    };
    check("", 1, 1, &[]);
    check("a\nb\nc\n", 1, 99, &["a\n", "b\n", "c\n"]);
    check("a\nb\nc\n", 2, 99, &["a\nb\n", "c\n"]);
    check("a\nb\nc\n", 9, 4, &["a\nb\n", "c\n"]);
    check("a\nlong line\nc", 9, 3, &["a\n", "long line\n", "c"]);
}
