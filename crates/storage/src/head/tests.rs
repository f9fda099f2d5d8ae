use super::directory::Place;
use super::*;
use crate::identity::PolicyName;
use crate::rowset::{RowSet, RowSource, merge};
use crate::shape::ColumnDef;
use crate::wal::entry;
use crate::wal::frame;
use model::limits::{Budget, Holding};
use model::row::Dialect;
use model::{Field, Kind, Predicate, Refusal, Tags, TimeRange, Timestamp, Value, ValueRef};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn policy() -> PolicyName {
    PolicyName { id: PolicyId(1), database: "d".into(), policy: "p".into() }
}

pub fn scope() -> Scope {
    Scope { policy: PolicyId(1), dialect: Dialect::Line }
}

pub fn head(partitions: u16) -> Head {
    let shapes: Arc<Shapes> = Arc::default();
    let limits = SeriesLimits {
        series_max: 1000,
        per_measurement_max: 1000,
        columns_max: 1000,
        name_bytes_max: 100,
    };
    Head::new(partitions, Schema::new(shapes.clone(), limits), shapes)
}

pub fn place(head: &Head, name: &str) -> Place {
    let allow = |_| Ok::<(), Refusal>(());
    head.place(&policy(), &Arc::<str>::from(name), &[], allow).expect("placed")
}

pub fn identify(key: &[u8]) -> Result<(Arc<str>, Tags), Refusal> {
    let text = std::str::from_utf8(key).expect("utf-8").trim();
    Ok((text.into(), Tags::default()))
}

#[test]
fn spellings_of_one_stream_lead_to_it() {
    let head = head(4);
    let find = |resolver: &mut Resolver<'_>, scope: Scope, key: &[u8]| {
        let place = |names: (Arc<str>, Tags)| Ok(place(&head, &names.0));
        resolver.find(scope, key, identify, place).expect("found").place
    };
    let mut resolver = head.resolver();
    let a = find(&mut resolver, scope(), b"a");
    let b = find(&mut resolver, scope(), b"b");
    assert_ne!(a, b);
    assert_eq!(find(&mut resolver, scope(), b" a "), a);
    // Now by prediction, and in another order.
    for key in [b"a".as_slice(), b"b", b" a ", b"b", b"a", b"b"] {
        let expected = if key == b"b" { b } else { a };
        assert_eq!(find(&mut resolver, scope(), key), expected);
    }
    let refuse = |_: (Arc<str>, Tags)| Err(Refusal::Limit { name: "none", limit: "none".into() });
    let elsewhere = Scope { dialect: Dialect::Plain, ..scope() };
    resolver.find(elsewhere, b"a", identify, refuse).expect_err("another dialect, another key");
    drop(resolver);
    assert_eq!(head.streams(), 2);
    head.purge(&HashSet::new());
    assert_eq!(head.streams(), 0);
    let mut resolver = head.resolver();
    // Nobody is led to a stream that is gone, by prediction neither.
    resolver.find(scope(), b"a", identify, refuse).expect_err("forgotten");
    find(&mut resolver, scope(), b"b");
    resolver.find(scope(), b"a", identify, refuse).expect_err("forgotten");
    drop(resolver);
    assert_eq!(head.streams(), 1);
}

#[test]
fn columns_are_gained_all_or_none() {
    let head = head(1);
    let stream = place(&head, "m");
    let field = |name, value| Field { name, value };
    let one = ValueRef::F64(1.0);
    head.gain(stream, &[field("a", one)]).expect("gained");
    let conflict = [field("b", one), field("a", ValueRef::Bool(true))];
    head.gain(stream, &conflict).expect_err("another kind");
    assert_eq!(head.gain(stream, &[]).expect("nothing").len(), 1);
    assert_eq!(head.schema.series(), 1);
    let wide: Vec<String> = (0..2000).map(|n| format!("w{n}")).collect();
    let wide: Vec<_> = wide.iter().map(|name| field(name, one)).collect();
    let refusal = head.gain(stream, &wide).expect_err("over the limit");
    assert!(matches!(refusal, Refusal::Limit { .. }));
    let more = [field("b", one), field("a", one), field("b", one)];
    let shape = head.gain(stream, &more).expect("gained");
    let names: Vec<_> = shape.columns().iter().map(|column| column.name.as_ref()).collect();
    assert_eq!(names, ["a", "b"]);
}

/// A row: its time, and values by column.
type Given = (i64, BTreeMap<usize, Value>);

pub fn value(kind: Kind, seed: i64) -> Value {
    match kind {
        Kind::F64 => Value::F64(match seed.rem_euclid(8) {
            0 => f64::from_bits(0x7ff0_0000_0000_0002),
            1 => -0.0,
            2 => seed as f64 / 1000.0,
            3 => seed as f64 * 1e300,
            4 => f64::NEG_INFINITY,
            5 => (seed as f64).abs().sqrt(),
            _ => seed as f64 / 10.0,
        }),
        Kind::I64 => Value::I64(seed.wrapping_mul(0x1234_5678_9abc_def1)),
        Kind::U64 => Value::U64(seed.unsigned_abs()),
        Kind::Bool => Value::Bool(seed % 2 == 0),
        Kind::Str => Value::Str("é".repeat((seed % 60).unsigned_abs() as usize)),
        Kind::Histogram => Value::Histogram(vec![seed as u8; (seed % 9).unsigned_abs() as usize]),
    }
}

const KINDS: [Kind; 6] = [Kind::F64, Kind::I64, Kind::F64, Kind::U64, Kind::Bool, Kind::Str];

fn columns(count: usize) -> Vec<ColumnDef> {
    let column = |n: usize| ColumnDef { name: format!("f{n}").into(), kind: KINDS[n % 6] };
    (0..count).map(column).collect()
}

pub fn apply(head: &Head, stream: Place, row: &Given, is_dense: bool) {
    let mut bytes = Vec::new();
    frame::begin(&mut bytes);
    let values = row.1.iter().map(|(column, value)| (*column as u32, value.as_ref()));
    if is_dense {
        entry::put_dense(&mut bytes, stream.slot, row.0, row.1.values().map(Value::as_ref));
    } else {
        let values: Vec<_> = values.collect();
        entry::put_sparse(&mut bytes, stream.slot, row.0, values.into_iter());
    }
    let partition = &head.partitions()[usize::from(stream.partition)];
    let grown = partition.apply(&mut bytes, Timestamp(0), |_, _| 1).expect("applied");
    head.grew(grown);
}

/// What all streams have inside a range.
fn select(partition: &Partition, range: TimeRange) -> Vec<Frozen> {
    let budget = Budget::unlimited();
    partition.select(&Predicate::ALL, range, &mut Holding::new(&budget)).expect("unlimited")
}

/// What a stream has, in columns, all parts merged.
fn all(frozen: &[Frozen]) -> RowSet {
    let [frozen] = frozen else { return RowSet::default() };
    let sets: Vec<RowSet> = frozen
        .parts
        .iter()
        .map(|part| match part {
            HeadPart::Rows(rows) => rows.to_set(),
            HeadPart::Sealed(sealed) => {
                let ordinals: Vec<_> = (0..sealed.shape.len() as u32).map(Some).collect();
                crate::chunk::decode(&sealed.bytes, &sealed.summary, &ordinals).expect("whole")
            }
        })
        .collect();
    let sources: Vec<_> = sets.iter().map(|set| set as &dyn RowSource).collect();
    merge(&sources, frozen.shape.columns(), TimeRange::ALL)
}

fn check(found: &RowSet, expected: &BTreeMap<i64, BTreeMap<usize, Value>>) {
    let times: Vec<i64> = expected.keys().copied().collect();
    assert_eq!(found.timestamps, times);
    for (row, (time, values)) in expected.iter().enumerate() {
        for column in 0..found.columns.len() {
            let stored = found.cell(row, column).map(|value| value.to_value());
            let wanted = values.get(&column);
            let is_same = match (&stored, wanted) {
                (Some(Value::F64(a)), Some(Value::F64(b))) => a.to_bits() == b.to_bits(),
                (a, b) => a.as_ref() == b,
            };
            assert!(is_same, "at {time}, column {column}: {stored:?} is not {wanted:?}");
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A row: how long after the last, how many first columns, or which ones.
    Row {
        after: i64,
        width: usize,
        only: Option<usize>,
        seed: i64,
    },
    /// So many rows in a row with the same values.
    Same {
        count: usize,
        seed: i64,
    },
    /// So many rows, each a second before the one before.
    Back {
        count: usize,
        seed: i64,
    },
    /// The stream gains columns.
    Widen(usize),
    Freeze,
    Thaw,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![
        6 => Just(10_000_000_000i64),
        2 => (-9i64..200).prop_map(|ms| 10_000_000_000 + ms * 1_000_000),
        1 => Just(0),
        1 => -100_000_000_000i64..100_000_000_000,
    ];
    let row = (after, 1usize..80, proptest::option::weighted(0.2, 0usize..80), -1000i64..1000);
    let step = prop_oneof![
        30 => row.prop_map(|(after, width, only, seed)| Step::Row { after, width, only, seed }),
        2 => (1usize..900, 0i64..9).prop_map(|(count, seed)| Step::Same { count, seed }),
        2 => (1usize..900, 0i64..9).prop_map(|(count, seed)| Step::Back { count, seed }),
        1 => (1usize..80).prop_map(Step::Widen),
        1 => Just(Step::Freeze),
        1 => Just(Step::Thaw),
    ];
    proptest::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever rows a stream is given, in whatever order, all of them are found until they
    /// are flushed, and of one time and column the last.
    #[test]
    fn the_head_keeps_what_it_is_given(steps in steps(), first in 1usize..4) {
        let head = head(1);
        let stream = place(&head, "m");
        let partition = &head.partitions()[0];
        let mut width = first;
        head.regain(stream, &columns(width));
        let mut now = 1_000_000_000_000_000;
        let mut fresh: BTreeMap<i64, BTreeMap<usize, Value>> = BTreeMap::new();
        let mut flushing: BTreeMap<i64, BTreeMap<usize, Value>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Row { after, width: wanted, only, seed } => {
                    now += after;
                    let picked = match only {
                        Some(one) => one % width..one % width + 1,
                        None => 0..wanted.min(width),
                    };
                    let is_dense = picked.start == 0;
                    let values: BTreeMap<_, _> = picked
                        .map(|column| (column, value(KINDS[column % 6], seed + column as i64)))
                        .collect();
                    apply(&head, stream, &(now, values.clone()), is_dense);
                    fresh.entry(now).or_default().extend(values);
                }
                Step::Same { count, seed } => {
                    for _ in 0..count {
                        now += 1_000_000_000;
                        let values: BTreeMap<_, _> = [(0, value(Kind::F64, seed))].into();
                        apply(&head, stream, &(now, values.clone()), true);
                        fresh.entry(now).or_default().extend(values);
                    }
                }
                Step::Back { count, seed } => {
                    for n in 1..=count as i64 {
                        let values: BTreeMap<_, _> = [(0, value(Kind::F64, seed + n))].into();
                        let at = now - n * 1_000_000_000;
                        apply(&head, stream, &(at, values.clone()), true);
                        fresh.entry(at).or_default().extend(values);
                    }
                }
                Step::Widen(more) => {
                    width = width.max(more);
                    head.regain(stream, &columns(width));
                }
                Step::Freeze => {
                    for (time, values) in std::mem::take(&mut fresh) {
                        flushing.entry(time).or_default().extend(values);
                    }
                    check(&all(&partition.freeze().collect::<Vec<_>>()), &flushing);
                }
                Step::Thaw => {
                    // Only what was frozen goes.
                    flushing.clear();
                    head.grew(-(partition.thaw() as i64));
                }
            }
            let mut expected = flushing.clone();
            for (time, values) in &fresh {
                expected.entry(*time).or_default().extend(values.clone());
            }
            check(&all(&select(partition, TimeRange::ALL)), &expected);
        }
        partition.freeze();
        head.grew(-(partition.thaw() as i64));
        prop_assert_eq!(head.bytes(), 0);
    }
}

#[test]
fn texts_of_any_length_are_kept_and_sealed_in_time() {
    let head = head(1);
    let stream = place(&head, "m");
    let column = |kind| ColumnDef { name: format!("{kind:?}").into(), kind };
    head.regain(stream, &[column(Kind::F64), column(Kind::Str)]);
    let mut expected: BTreeMap<i64, BTreeMap<usize, Value>> = BTreeMap::new();
    for (n, length) in
        [1, 70_000, 0, 65_534, 65_535, 3 << 20, 2 << 20, 1 << 20, 300].into_iter().enumerate()
    {
        let values: BTreeMap<_, _> =
            [(0, Value::F64(n as f64)), (1, Value::Str("x".repeat(length)))].into();
        // The seventh comes late.
        let at = if n == 6 { 5 } else { 1000 + n as i64 };
        apply(&head, stream, &(at, values.clone()), true);
        expected.insert(at, values);
    }
    let partition = &head.partitions()[0];
    let found = select(partition, TimeRange::ALL);
    let is_sealed = |part: &HeadPart| matches!(part, HeadPart::Sealed(_));
    assert!(found[0].parts.iter().any(is_sealed), "chunks hold a bounded length of text");
    check(&all(&found), &expected);
    check(&all(&partition.freeze().collect::<Vec<_>>()), &expected);
}

#[test]
fn a_row_costs_what_it_holds() {
    let head = head(1);
    let stream = place(&head, "m");
    let column = |n| ColumnDef { name: format!("f{n}").into(), kind: Kind::F64 };
    head.regain(stream, &(0..5_000).map(column).collect::<Vec<_>>());
    let row = |n: i64| -> Given { (n * 1000, [(n as usize % 5_000, Value::F64(n as f64))].into()) };
    apply(&head, stream, &row(1), false);
    let before = head.bytes();
    for n in 2..2_000 {
        apply(&head, stream, &row(n), false);
    }
    assert!(head.bytes() - before < 2_000 * 24, "{} bytes", head.bytes() - before);
}

#[test]
fn what_is_written_backwards_is_sealed_too() {
    let head = head(1);
    let stream = place(&head, "m");
    head.regain(stream, &columns(1));
    let mut expected: BTreeMap<i64, BTreeMap<usize, Value>> = BTreeMap::new();
    let mut row = |n: i64, value: i64| {
        let values: BTreeMap<_, _> = [(0, Value::F64(value as f64))].into();
        apply(&head, stream, &(n * 1_000_000_000, values.clone()), true);
        expected.insert(n * 1_000_000_000, values);
    };
    (0..20_000).for_each(|n| row(100_000 - n, n % 100));
    let bytes = head.bytes();
    assert!(bytes < 20_000 * 4, "{bytes} bytes");
    // Once more some of what is sealed, of what is not, and of what came in order.
    [99_000, 99_000, 80_010, 80_010, 100_000, 100_001].iter().for_each(|n| row(*n, 7));
    row(100_000, 8);
    let partition = &head.partitions()[0];
    let found = select(partition, TimeRange::ALL);
    check(&all(&found), &expected);
    let at = Timestamp(90_000 * 1_000_000_000);
    let one = select(partition, TimeRange::new(at, at));
    let sealed = |part: &HeadPart| matches!(part, HeadPart::Sealed(_));
    assert_eq!(one[0].parts.iter().filter(|part| sealed(part)).count(), 1, "others are elsewhere");
    let before = Timestamp(70_000 * 1_000_000_000);
    assert!(partition.slots_with_rows(TimeRange::new(Timestamp(0), before)).is_empty());
    check(&all(&partition.freeze().collect::<Vec<_>>()), &expected);
    head.grew(-(partition.thaw() as i64));
    assert_eq!(head.bytes(), 0);
}

#[test]
fn a_row_of_the_log_has_no_columns_but_those_of_its_definition() {
    let head = head(1);
    let stream = place(&head, "m");
    head.regain(stream, &columns(3));
    let float = |place| (place, ValueRef::F64(1.0));
    let restored = |row: &[u8], columns| {
        let entry = entry::Entry::read(&mut codec::cursor::Cursor::new(row)).expect("whole");
        let take =
            |restore: &mut dyn FnMut(&entry::Entry<'_>, usize) -> _| restore(&entry, columns);
        head.partitions()[0].restore(1, Timestamp(0), take).1
    };
    let mut dense = Vec::new();
    entry::put_dense(&mut dense, stream.slot, 5, [float(0).1, ValueRef::I64(2)].into_iter());
    assert_eq!([1, 2, 3].map(|columns| restored(&dense, columns)), [Ok(false), Ok(true), Ok(true)]);
    let mut sparse = Vec::new();
    entry::put_sparse(&mut sparse, stream.slot, 6, [float(0), float(2)].into_iter());
    assert_eq!(
        [1, 2, 3].map(|columns| restored(&sparse, columns)),
        [Ok(false), Ok(false), Ok(true)]
    );
}
