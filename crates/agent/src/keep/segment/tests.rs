use super::*;
use tempfile::TempDir;

const ALL: Limits = Limits { lines: usize::MAX, bytes: usize::MAX };

/// A segment of records that differ in length.
fn sample(dir: &Path) -> Vec<Vec<u8>> {
    let records: Vec<Vec<u8>> = (1..5).map(|at| vec![b'a' + at; 7 * at as usize]).collect();
    let mut writer = Writer::create(dir, 1).unwrap();
    for (lines, record) in records.iter().enumerate() {
        writer.append(record, lines as u32).unwrap();
    }
    assert_eq!(writer.bytes(), fs::metadata(path(dir, 1)).unwrap().len());
    records
}

/// The payloads that are read, and how many bytes are lost behind them.
fn read(dir: &Path) -> (Vec<Vec<u8>>, u64) {
    let reader = Reader::open(dir, 1).unwrap();
    let mut found = Vec::new();
    let Some(mut offset) = reader.start().unwrap() else { return (found, reader.bytes) };
    loop {
        let mut payload = Vec::new();
        match reader.read(offset, ALL, &mut payload).unwrap() {
            Next::Record { end, .. } => {
                offset = end;
                found.push(payload);
            }
            Next::End => return (found, 0),
            Next::Damaged { bytes } => {
                assert!(payload.is_empty(), "nothing of a damaged record is given");
                return (found, bytes);
            }
            Next::NoRoom => panic!("there is room"),
        }
    }
}

#[test]
fn records_are_read_as_they_were_written() {
    let dir = TempDir::new().unwrap();
    let records = sample(dir.path());
    assert_eq!(read(dir.path()), (records, 0));
    let reader = Reader::open(dir.path(), 1).unwrap();
    assert_eq!(reader.lines_from(HEADER_BYTES).unwrap(), 1 + 2 + 3);
    let mut out = b"kept".to_vec();
    for room in [Limits { lines: 9, bytes: 6 }, Limits { lines: 0, bytes: 99 }] {
        let second = HEADER_BYTES + RECORD_HEADER_BYTES + 7;
        assert_eq!(reader.read(second, room, &mut out).unwrap(), Next::NoRoom);
    }
    assert_eq!(out, b"kept");
}

#[test]
fn a_cut_anywhere_costs_the_record_it_is_in() {
    let dir = TempDir::new().unwrap();
    let records = sample(dir.path());
    let whole = fs::read(path(dir.path(), 1)).unwrap();
    for cut in 0..whole.len() {
        fs::write(path(dir.path(), 1), &whole[..cut]).unwrap();
        let (found, _) = read(dir.path());
        let mut end = HEADER_BYTES as usize;
        let intact = records.iter().take_while(|record| {
            end += record_bytes(record) as usize;
            end <= cut
        });
        assert_eq!(found, intact.cloned().collect::<Vec<_>>(), "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let dir = TempDir::new().unwrap();
    let records = sample(dir.path());
    let whole = fs::read(path(dir.path(), 1)).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(path(dir.path(), 1), &damaged).unwrap();
        let (found, lost) = read(dir.path());
        assert!(found.len() < records.len() && lost > 0, "flipped at {at}");
        assert_eq!(found, records[..found.len()], "flipped at {at}");
    }
}

#[test]
fn names_of_segments_are_numbers_of_twenty_digits() {
    assert_eq!(id("00000000000000000012.buf"), Some(12));
    assert_eq!(path(Path::new("/d"), 12), Path::new("/d/00000000000000000012.buf"));
    for name in ["12.buf", "0000000000000000001x.buf", "00000000000000000012", "cursor", "lock"] {
        assert_eq!(id(name), None, "{name}");
    }
}
