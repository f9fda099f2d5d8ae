use super::*;
use crate::disk::simulated::{Fault, Plan, Random, Simulated};
use crate::disk::{Disk, read_all};
use crate::options::Fsync;
use crate::stats::{Counters, Stats};
use frame::Frame;
use model::port::SystemClock;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FOLDER: &str = "/wal";

fn wal_on(disk: Arc<dyn Disk>, folder: PathBuf, counters: Arc<Counters>) -> Wal {
    let clock = Arc::new(SystemClock);
    let setting = Setting { disk, folder, fsync: Fsync::Always, clock, counters };
    Wal::new(setting, vec![], 0)
}

fn wal(disk: &Simulated) -> Wal {
    wal_on(Arc::new(disk.clone()), PathBuf::from(FOLDER), Arc::default())
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![];
    frame::begin(&mut bytes);
    bytes.extend_from_slice(payload);
    frame::finish(&mut bytes, FrameKind::Rows, 7, 1);
    bytes
}

fn append(wal: &Wal, payload: &[u8]) -> Ticket {
    wal.append(wal.segment(), &[&framed(payload)]).expect("the segment is the present one")
}

/// Payloads of a segment, and what else was found in it.
fn read(bytes: &[u8], number: u64) -> (Vec<Vec<u8>>, replay::Findings) {
    let mut payloads = vec![];
    let keep = |_: u64, frame: Frame<'_>| {
        payloads.push(frame.payload.to_vec());
    };
    let findings = replay::read(bytes, number, Path::new("/x.wal"), keep).expect("read");
    (payloads, findings)
}

fn segments(disk: &Simulated) -> Vec<String> {
    let listed = disk.list(Path::new(FOLDER)).expect("list");
    listed.into_iter().map(|entry| entry.name).collect()
}

#[test]
fn what_is_waited_for_survives_a_power_cut() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    let first = append(&wal, b"first");
    let second = append(&wal, b"second");
    assert!(first.is_with(&second), "both are written at once");
    wal.wait(&second).expect("written");
    append(&wal, b"nobody waits for this one");
    let after = disk.after_power_cut(0);
    let bytes = read_all(&after, &segment::path(Path::new(FOLDER), 1)).expect("read");
    assert_eq!(read(&bytes, 1), (vec![b"first".to_vec(), b"second".to_vec()], Default::default()));
}

#[test]
fn many_writers_share_syncs() {
    let folder = tempfile::tempdir().expect("tempdir");
    let counters: Arc<Counters> = Arc::default();
    let disk = Arc::new(crate::RealDisk);
    let wal = wal_on(disk.clone(), folder.path().to_owned(), counters.clone());
    const WRITERS: usize = 8;
    const BODIES: usize = 25;
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let wal = &wal;
            scope.spawn(move || {
                for body in 0..BODIES {
                    let ticket = append(wal, format!("{writer} {body}").as_bytes());
                    wal.wait(&ticket).expect("written");
                }
            });
        }
    });
    let bytes = read_all(disk.as_ref(), &segment::path(folder.path(), 1)).expect("read");
    let (payloads, findings) = read(&bytes, 1);
    assert_eq!((payloads.len(), findings), (WRITERS * BODIES, Default::default()));
    for writer in 0..WRITERS {
        let prefix = format!("{writer} ");
        let own = payloads.iter().filter(|payload| payload.starts_with(prefix.as_bytes()));
        let expected = (0..BODIES).map(|body| format!("{writer} {body}").into_bytes());
        assert!(own.cloned().eq(expected), "writer {writer} keeps its order");
    }
    let mut stats = Stats::default();
    counters.fill(&mut stats);
    assert!(stats.wal_fsync_count <= (WRITERS * BODIES) as u64);
}

#[test]
fn frames_for_a_past_segment_must_be_made_again() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    let old = wal.segment();
    wal.wait(&append(&wal, b"one")).expect("written");
    wal.rotate();
    let (next, run) = wal.position();
    assert_eq!((next, run), (old + SPARE_SEGMENTS + 1, next), "numbers are left for the old run");
    assert_eq!(wal.append(old, &[&framed(b"two")]).err(), Some(next));
    wal.rotate();
    assert_eq!(wal.segment(), next, "an unused segment need not be left");
}

#[test]
fn everyone_in_a_failed_batch_and_behind_it_is_told() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    wal.wait(&append(&wal, b"fine")).expect("written");
    disk.fail_at(disk.operations(), Fault::Full);
    let first = append(&wal, b"lost");
    wal.rotate();
    let behind = append(&wal, b"behind");
    wal.wait(&first).expect_err("failed");
    wal.wait(&behind).expect_err("failed with it");
    wal.admit().expect_err("still full");
    disk.set_full(false);
    wal.admit().expect("a fresh file");
    wal.wait(&append(&wal, b"later")).expect("written");
    let all = frames(&disk.after_power_cut(0));
    assert_eq!(all, [b"fine".to_vec(), b"later".to_vec()], "and no half frame is left");
}

/// What was not acknowledged when a sync failed is written to another file, in its place in
/// the order, and acknowledged from there.
#[test]
fn what_a_failed_sync_held_is_written_elsewhere() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    let (old, run) = wal.position();
    wal.wait(&append(&wal, b"fine")).expect("written");
    disk.fail_at(disk.operations() + 1, Fault::Sync);
    let first = append(&wal, b"first");
    wal.wait(&first).expect("written elsewhere");
    assert_eq!(wal.position(), (old + 1, run), "the run goes on: its definitions are there");
    assert_eq!(wal.append(old, &[&framed(b"made for the old")]).err(), Some(old + 1));
    wal.wait(&append(&wal, b"second")).expect("written");
    for shape in 0..20 {
        let all = frames(&disk.after_power_cut(shape));
        assert_eq!(all, [b"fine".to_vec(), b"first".to_vec(), b"second".to_vec()]);
    }
    assert_eq!(segments(&disk).len(), 2);
    assert_eq!(wal.size().1, 2);
}

/// A run that is over still has numbers for what fails late: it stays before the next one.
#[test]
fn a_failure_behind_the_end_of_a_run_stays_before_the_next_run() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    let (old, _) = wal.position();
    let mut expected = vec![b"fine".to_vec()];
    wal.wait(&append(&wal, b"fine")).expect("written");
    disk.fail_at(disk.operations() + 1, Fault::Sync);
    let first = append(&wal, b"first");
    wal.rotate();
    let behind = append(&wal, b"behind");
    let (next, _) = wal.position();
    wal.wait(&behind).expect("written");
    assert_eq!(first.outcome(), Some(&Ok(())));
    expected.extend([b"first".to_vec(), b"behind".to_vec()]);
    assert_eq!(frames(&disk.after_power_cut(0)), expected);
    let names = [old, old + 1, next].map(|number| format!("{number:016x}.wal"));
    assert_eq!(segments(&disk), names);
    wal.remove_before(next).expect("removed");
    assert_eq!(segments(&disk), names[2..], "it leaves with its run");
}

/// Every operation of the disk may fail, by a seed: what was acknowledged is found after a power
/// cut, frames in their order and runs in theirs, and nothing that was never appended.
#[test]
fn whatever_fails_what_was_acknowledged_is_found_in_its_order() {
    let (mut kept, mut refused, mut written_elsewhere) = (0, 0, 0);
    for seed in 0..200 {
        let disk = Simulated::new();
        let wal = wal(&disk);
        let random = &mut Random::new(seed);
        let mut plan = Plan::new(seed);
        plan.errors = *random.pick(&[20, 150, 400]);
        plan.full = *random.pick(&[0, 100]);
        disk.set_plan(Some(plan));
        let (mut asked, mut acknowledged, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..60u64 {
            if wal.admit().is_ok() {
                let (segment, run) = wal.position();
                written_elsewhere += u32::from(segment != run);
                let payload = [run.to_be_bytes(), number.to_be_bytes()].concat();
                asked.push(payload.clone());
                waiting.push((append(&wal, &payload), payload));
            }
            if random.chance(200) {
                wal.rotate();
            }
            if random.chance(400) || number == 59 {
                for (ticket, payload) in waiting.drain(..) {
                    match wal.wait(&ticket) {
                        Ok(()) => acknowledged.push(payload),
                        Err(_) => refused += 1,
                    }
                }
            }
        }
        kept += acknowledged.len();
        for shape in 0..6 {
            let found = found(&disk.after_power_cut(shape));
            let what = format!("seed {seed}, shape {shape}");
            assert!(found.iter().all(|payload| asked.contains(payload)), "{what}: made up");
            assert!(found.iter().map(|payload| &payload[..8]).is_sorted(), "{what}: runs");
            // What is there twice counts where it is read last.
            let last = |payload: &Vec<u8>| found.iter().rposition(|it| it == payload);
            let places: Option<Vec<usize>> = acknowledged.iter().map(last).collect();
            assert!(places.expect(&what).is_sorted(), "{what}: order");
        }
    }
    assert!(kept > 1000 && refused > 100 && written_elsewhere > 100);
}

/// Payloads of all segments of a folder, whatever else is in them.
fn found(disk: &Simulated) -> Vec<Vec<u8>> {
    let read_one = |name: &String| {
        let bytes = read_all(disk, &Path::new(FOLDER).join(name)).expect("read");
        read(&bytes, segment::number(name).expect("number")).0
    };
    segments(disk).iter().flat_map(read_one).collect()
}

/// Payloads of all segments of a folder, in which no damage is.
fn frames(disk: &Simulated) -> Vec<Vec<u8>> {
    let read_one = |name: &String| {
        let bytes = read_all(disk, &Path::new(FOLDER).join(name)).expect("read");
        let (payloads, findings) = read(&bytes, segment::number(name).expect("number"));
        assert_eq!(findings, replay::Findings::default(), "{name}");
        payloads
    };
    segments(disk).iter().flat_map(read_one).collect()
}

#[test]
fn segments_go_from_the_oldest_on() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    let numbers = [(); 4].map(|()| {
        wal.wait(&append(&wal, b"x")).expect("written");
        let number = wal.segment();
        wal.rotate();
        number
    });
    assert_eq!(wal.size().1, 4);
    wal.remove_before(numbers[2]).expect("removed");
    assert_eq!(segments(&disk).len(), 2);
    disk.fail_at(disk.operations(), Fault::Crash);
    wal.remove_before(u64::MAX).expect_err("crashed");
    assert_eq!(wal.size().1, 2, "what could not be removed is still known");
    let wal = self::wal(&Simulated::new());
    append(&wal, b"nobody waits");
    wal.close().expect("close");
    assert_eq!(wal.size(), (0, 0));
}

#[test]
fn a_run_leaves_as_a_whole() {
    let disk = Simulated::new();
    let wal = wal(&disk);
    let full = vec![7; SEGMENT_BYTES_MAX as usize];
    let (_, run) = wal.position();
    for _ in 0..3 {
        wal.wait(&append(&wal, &full)).expect("written");
    }
    assert_eq!(wal.position(), (run + 3, run), "a full segment begins no run");
    assert_eq!(wal.size().1, 3);
    // The later segments need what the first of their run defines.
    wal.remove_before(run + 2).expect("nothing to remove");
    assert_eq!(wal.size().1, 3);
    wal.rotate();
    let (segment, next) = wal.position();
    assert_eq!(segment, next, "a run begins with its first segment");
    assert!(next > run + 2);
    wal.wait(&append(&wal, b"next")).expect("written");
    wal.remove_before(next).expect("removed");
    assert_eq!(wal.size().1, 1);
}

#[test]
fn the_header_says_which_segment_and_version() {
    let path = Path::new("/x.wal");
    let header = segment::header(5);
    assert_eq!(header.len(), segment::HEADER_BYTES);
    segment::check_header(&header, 5, path).expect("sound");
    segment::check_header(&header, 6, path).expect_err("another segment");
    assert_eq!(segment::number("0000000000000005.wal"), Some(5));
    for name in ["5.wal", "0000000000000005.wal.corrupt", "000000000000000g.wal", "LOCK"] {
        assert_eq!(segment::number(name), None, "{name}");
    }
}

#[test]
fn a_segment_without_its_header_still_gives_its_frames() {
    let mut bytes = segment::header(1);
    bytes.extend(framed(b"one"));
    bytes.extend(framed(b"two"));
    for at in 0..segment::HEADER_BYTES {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let (payloads, findings) = read(&flipped, 1);
        assert_eq!(payloads, [b"one", b"two"]);
        assert_eq!(findings.damages.len(), 1);
    }
}

#[test]
fn damage_between_frames_is_passed_over() {
    let mut bytes = segment::header(1);
    bytes.extend(framed(b"one"));
    let at = bytes.len();
    bytes.extend(framed(b"two"));
    bytes.extend_from_slice(&frame::MARKER);
    bytes.extend(framed(b"three"));
    let end = bytes.len();
    bytes.extend(&framed(b"four")[..10]);
    bytes[at + frame::HEADER_BYTES] ^= 1;
    let (payloads, findings) = read(&bytes, 1);
    assert_eq!(payloads, [b"one".to_vec(), b"three".to_vec()]);
    assert_eq!(findings.damages.len(), 1);
    assert_eq!(findings.damages[0].offset, at as u64);
    assert_eq!(findings.torn.map(|torn| torn.offset), Some(end as u64));
}

/// Whatever was acknowledged is not cut off as torn because one byte of it was changed.
#[test]
fn a_changed_length_is_damage_and_its_frame_is_read() {
    let mut bytes = segment::header(1);
    let starts = [b"one", b"two"].map(|payload| {
        bytes.extend(framed(payload));
        bytes.len() - payload.len() - frame::HEADER_BYTES
    });
    for start in starts {
        for at in start + 8..start + 12 {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let (payloads, findings) = read(&flipped, 1);
                assert_eq!(payloads, [b"one", b"two"], "byte {at}");
                let offsets: Vec<u64> = findings.damages.iter().map(|d| d.offset).collect();
                assert_eq!((offsets, findings.torn), (vec![start as u64], None), "byte {at}");
            }
        }
    }
    // What is really cut short still looks so.
    for end in starts[1] + 1..bytes.len() {
        let (payloads, findings) = read(&bytes[..end], 1);
        assert_eq!((payloads.len(), findings.damages.len()), (1, 0));
        assert!(findings.is_cut_short);
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut whole = segment::header(1);
        whole.extend_from_slice(&bytes);
        read(&whole, 1);
        let _ = definition::read_all(&bytes, |_| {});
        let columns = [
            model::Kind::F64, model::Kind::Str, model::Kind::Bool, model::Kind::Histogram,
        ].map(|kind| crate::shape::ColumnDef { name: "x".into(), kind });
        let mut from = codec::cursor::Cursor::new(&bytes);
        while let Ok(entry) = entry::Entry::read(&mut from) {
            let _ = entry.each(&columns, |_, _| {});
        }
    }
}
