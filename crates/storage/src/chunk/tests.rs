use super::*;
use crate::shape::{ColumnDef, Shapes};
use model::value::STALE_NAN_BITS;
use model::{Accumulator, ValueRef};

const KINDS: [Kind; 6] = [Kind::F64, Kind::I64, Kind::U64, Kind::Bool, Kind::Str, Kind::Histogram];

fn shape() -> Arc<Shape> {
    let columns: Vec<_> = KINDS
        .iter()
        .map(|kind| ColumnDef { name: format!("{kind:?}").into(), kind: *kind })
        .collect();
    Shapes::default().intern(&columns)
}

/// Rows with every kind; column `n` has a value in every row that `n` divides, or in all.
fn sample(count: usize, is_sparse: bool) -> RowSet {
    let timestamps = (0..count as i64).map(|n| 1_000 + n * 10 + n % 3).collect();
    let mut rows = RowSet { timestamps, columns: vec![] };
    for (ordinal, kind) in KINDS.into_iter().enumerate() {
        let mut cells = Cells::new(kind);
        let mut present = vec![];
        for row in 0..count {
            let has = !is_sparse || row % (ordinal + 1) == 0;
            present.push(has);
            let text = format!("text {}", row / 3);
            let value = match kind {
                Kind::F64 => ValueRef::F64(row as f64 * 0.5),
                Kind::I64 => ValueRef::I64(-(row as i64)),
                Kind::U64 => ValueRef::U64(u64::MAX - row as u64),
                Kind::Bool => ValueRef::Bool(row % 2 == 0),
                Kind::Str => ValueRef::Str(&text),
                Kind::Histogram => ValueRef::Histogram(text.as_bytes()),
            };
            if has {
                assert!(cells.values.push(value));
            }
        }
        cells.set_present(&present);
        rows.columns.push(cells);
    }
    rows
}

const ALL: [Option<u32>; 6] = [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)];

#[test]
fn every_kind_comes_back() {
    for (count, is_sparse) in [(1, false), (1, true), (7, true), (500, false), (500, true)] {
        let rows = sample(count, is_sparse);
        let sealed = Encoder::default().seal(&rows, &shape());
        assert_eq!(sealed.summary.rows as usize, count);
        assert_eq!(sealed.summary.range, range_of(&rows.timestamps));
        assert_eq!(decode(&sealed.bytes, &sealed.summary, &ALL).expect("decode"), rows);
    }
}

#[test]
fn columns_can_be_left_out_and_moved() {
    let rows = sample(20, true);
    let sealed = Encoder::default().seal(&rows, &shape());
    let ordinals = [None, Some(0), None, None, None, Some(1)];
    let found = decode(&sealed.bytes, &sealed.summary, &ordinals).expect("decode");
    assert_eq!(found.columns, [rows.columns[1].clone(), rows.columns[5].clone()]);
}

#[test]
fn statistics_say_what_decoding_would() {
    let mut rows = sample(300, true);
    if let Column::F64(values) = &mut rows.columns[0].values {
        values[40] = f64::from_bits(STALE_NAN_BITS);
        values[41] = -7.25;
    }
    let sealed = Encoder::default().seal(&rows, &shape());
    let mut directory =
        Directory::parse(&sealed.bytes[..sealed.summary.directory_bytes as usize]).expect("parse");
    let mut seen = 0;
    while let Some(entry) = directory.next_column().expect("column") {
        let cells = &rows.columns[entry.ordinal as usize];
        let mut expected = Accumulator::default();
        for row in 0..rows.timestamps.len() {
            let value = cells.get(row).and_then(|value| value.as_f64());
            if let Some(value) = value.filter(|value| !value.is_nan()) {
                expected.push(rows.timestamps[row], value);
            }
        }
        let expected = entry.kind.is_numeric().then_some(expected);
        assert_eq!(entry.statistics, expected, "{:?}", entry.kind);
        seen += 1;
    }
    assert_eq!(seen, KINDS.len());
}

#[test]
fn short_chunks_have_no_statistics() {
    let sealed = Encoder::default().seal(&sample(20, false), &shape());
    let end = sealed.summary.directory_bytes as usize;
    let mut directory = Directory::parse(&sealed.bytes[..end]).expect("parse");
    assert_eq!(directory.column(0).expect("column").expect("there").statistics, None);
}

#[test]
fn what_is_not_finite_has_no_statistics() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut rows = sample(200, false);
        rows.columns[0].values = Column::F64(vec![odd; 200]);
        let sealed = Encoder::default().seal(&rows, &shape());
        let end = sealed.summary.directory_bytes as usize;
        let mut directory = Directory::parse(&sealed.bytes[..end]).expect("parse");
        let entry = directory.column(0).expect("column").expect("there");
        assert_eq!(entry.statistics, None);
    }
}

#[test]
fn any_flipped_or_missing_byte_is_found() {
    let sealed = Encoder::default().seal(&sample(140, true), &shape());
    for at in 0..sealed.bytes.len() {
        let mut bytes = sealed.bytes.to_vec();
        bytes[at] ^= 0x10;
        decode(&bytes, &sealed.summary, &ALL).expect_err("flipped");
        decode(&bytes[..at], &sealed.summary, &ALL).expect_err("cut");
    }
}

#[test]
fn chunks_are_cut_by_rows_and_by_text() {
    let rows = sample(5000, false);
    let found = cuts(&rows, 0..5000, 1000);
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|cut| cut.len() == 1250));
    assert_eq!(cuts(&rows, 0..1251, 1000).len(), 2);
    assert_eq!(found.iter().map(|cut| cut.len()).sum::<usize>(), 5000);
    assert!(cuts(&rows, 7..7, 1000).is_empty());

    let mut long = sample(4, false);
    let text = "x".repeat(TEXT_BYTES_MAX / 2 + 1);
    long.columns[4] = Cells::new(Kind::Str);
    for _ in 0..4 {
        assert!(long.columns[4].values.push(ValueRef::Str(&text)));
    }
    assert_eq!(cuts(&long, 0..4, 1000), [0..1, 1..2, 2..3, 3..4]);
}
