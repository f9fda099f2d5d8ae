use super::*;
use model::Timestamp;

fn defs(kinds: &[Kind]) -> Vec<ColumnDef> {
    kinds.iter().map(|kind| ColumnDef { name: format!("{kind:?}").into(), kind: *kind }).collect()
}

/// Rows of two float columns.
fn rows(of: &[(i64, Option<f64>, Option<f64>)]) -> RowSet {
    let mut set = RowSet { timestamps: of.iter().map(|row| row.0).collect(), columns: vec![] };
    for column in 0..2 {
        let cell = |row: &(i64, Option<f64>, Option<f64>)| if column == 0 { row.1 } else { row.2 };
        let mut cells = Cells::new(Kind::F64);
        cells.values = Column::F64(of.iter().filter_map(cell).collect());
        let present: Vec<_> = of.iter().map(|row| cell(row).is_some()).collect();
        cells.set_present(&present);
        set.columns.push(cells);
    }
    set
}

#[test]
fn the_newest_value_stays_field_by_field() {
    let old = rows(&[(1, Some(1.0), Some(10.0)), (2, Some(2.0), None), (4, None, Some(40.0))]);
    let new = rows(&[(2, None, Some(21.0)), (3, Some(3.0), None), (4, Some(4.0), Some(41.0))]);
    let merged = merge(&[&old, &new], &defs(&[Kind::F64, Kind::F64]), TimeRange::ALL);
    let expected = rows(&[
        (1, Some(1.0), Some(10.0)),
        (2, Some(2.0), Some(21.0)),
        (3, Some(3.0), None),
        (4, Some(4.0), Some(41.0)),
    ]);
    assert_eq!(merged, expected);
}

#[test]
fn joining_gives_what_merging_gives() {
    let full = |times: &[i64]| {
        let row = |at: &i64| (*at, Some(*at as f64), Some(-*at as f64));
        rows(&times.iter().map(row).collect::<Vec<_>>())
    };
    let gap = rows(&[(7, Some(1.0), None), (8, None, Some(2.0))]);
    let narrow = RowSet { timestamps: vec![9], columns: full(&[9]).columns[..1].to_vec() };
    let none = RowSet { timestamps: vec![], columns: full(&[]).columns };
    let columns = defs(&[Kind::F64, Kind::F64]);
    for sets in [
        vec![],
        vec![full(&[1, 2]), full(&[3]), full(&[5, 6])],
        vec![full(&[1, 2]), full(&[2, 3])],
        vec![full(&[4]), full(&[1, 2])],
        vec![full(&[1, 2]), gap.clone(), full(&[9])],
        vec![gap, narrow],
        vec![full(&[1]), none, full(&[2])],
    ] {
        let sources: Vec<_> = sets.iter().map(|set| set as &dyn RowSource).collect();
        let merged = merge(&sources, &columns, TimeRange::ALL);
        assert_eq!(join(sets, &columns), merged);
    }
}

#[test]
fn texts_are_joined_too() {
    let set = |at: i64, text: &str| {
        let mut cells = Cells::new(Kind::Str);
        assert!(cells.values.push(ValueRef::Str(text)));
        RowSet { timestamps: vec![at], columns: vec![cells] }
    };
    let joined = join(vec![set(1, "a"), set(2, "bc")], &defs(&[Kind::Str]));
    assert_eq!(joined.timestamps, [1, 2]);
    assert_eq!(joined.columns[0].get(1), Some(ValueRef::Str("bc")));
}

#[test]
fn only_rows_inside_the_range_stay() {
    let set = rows(&[(1, Some(1.0), None), (2, Some(2.0), None), (3, Some(3.0), None)]);
    let range = TimeRange::new(Timestamp(2), Timestamp(2));
    let merged = merge(&[&set], &defs(&[Kind::F64, Kind::F64]), range);
    assert_eq!(merged.timestamps, [2]);
    assert_eq!(merged.columns[0].get(0), Some(ValueRef::F64(2.0)));
    assert_eq!(merged.columns[1].get(0), None);
}

#[test]
fn a_cut_finds_the_values_of_its_rows() {
    let set = rows(&[(1, Some(1.0), None), (2, Some(2.0), Some(9.0)), (3, Some(3.0), None)]);
    assert_eq!(set.columns[0].cut(1..3), (1..3, [].as_slice()));
    assert_eq!(set.columns[1].cut(1..3), (0..1, [0, ABSENT].as_slice()));
    assert_eq!(set.columns[1].cut(2..3).0.len(), 0);
}

#[test]
fn numbers_become_floats_and_nothing_else_is_guessed() {
    assert_eq!(cast(ValueRef::I64(3), Kind::F64), Some(ValueRef::F64(3.0)));
    assert_eq!(cast(ValueRef::F64(3.0), Kind::I64), None);
    assert_eq!(cast(ValueRef::Str("3"), Kind::F64), None);
}
