use super::rows::Rows;
use super::*;
use crate::identity::{Interner, PolicyName};
use crate::rowset::RowSource;
use crate::shape::{ColumnDef, Shape, Shapes};
use model::row::Dialect;
use model::{Field, Kind, Refusal, Tags, TimeRange, Timestamp, ValueRef};

fn shape(shapes: &Shapes, kinds: &[Kind]) -> Arc<Shape> {
    let column =
        |(n, kind): (usize, &Kind)| ColumnDef { name: format!("f{n}").into(), kind: *kind };
    shapes.intern(&kinds.iter().enumerate().map(column).collect::<Vec<_>>())
}

fn policy() -> PolicyName {
    PolicyName { id: PolicyId(1), database: "d".into(), policy: "p".into() }
}

fn scope() -> Scope {
    Scope { policy: PolicyId(1), dialect: Dialect::Line }
}

fn schema() -> Schema {
    let limits = SeriesLimits { series_max: 1000, per_measurement_max: 1000, name_bytes_max: 100 };
    Schema::new(Arc::default(), limits)
}

#[test]
fn rows_keep_what_they_are_given() {
    let shapes = Shapes::default();
    let mut rows = Rows::new(shape(&shapes, &[Kind::F64, Kind::Str]));
    let at = rows.open(5);
    rows.set(at, 0, ValueRef::F64(1.5));
    let at = rows.open(7);
    rows.set(at, 1, ValueRef::Str("seven"));
    let at = rows.open(7);
    rows.set(at, 0, ValueRef::F64(7.5));
    assert_eq!(rows.count(), 2, "a row of the same time goes on with the last");
    assert!(rows.is_rising());
    assert_eq!(rows.cell(0, 0), Some(ValueRef::F64(1.5)));
    assert_eq!(rows.cell(0, 1), None);
    assert_eq!(rows.cell(1, 0), Some(ValueRef::F64(7.5)));
    assert_eq!(rows.cell(1, 1), Some(ValueRef::Str("seven")));
    rows.open(6);
    assert!(!rows.is_rising());
    assert_eq!(rows.range(), TimeRange::new(Timestamp(5), Timestamp(7)));
}

#[test]
fn rows_are_widened_over_any_number_of_columns() {
    let shapes = Shapes::default();
    let kinds = [Kind::I64; 200];
    let mut rows = Rows::new(shape(&shapes, &kinds[..1]));
    for (time, width) in [1usize, 2, 63, 64, 65, 128, 130, 200].into_iter().enumerate() {
        rows.widen(&shape(&shapes, &kinds[..width]));
        let at = rows.open(time as i64);
        let words: Vec<u8> = (0..width as u64).flat_map(|n| (n + 1000).to_le_bytes()).collect();
        rows.set_words(at, &words);
        rows.set(at, width - 1, ValueRef::I64(-1));
        for column in 0..200 {
            let expected = match column {
                _ if column + 1 == width => Some(ValueRef::I64(-1)),
                _ if column < width => Some(ValueRef::I64(column as i64 + 1000)),
                _ => None,
            };
            assert_eq!(rows.cell(time, column), expected, "column {column} of {width}");
        }
        assert_eq!(rows.cell(0, 0), Some(ValueRef::I64(-1)), "the first row is as it was");
        assert_eq!(rows.timestamp(0), 0);
    }
}

fn identify(key: &[u8]) -> Result<(Arc<str>, Tags), Refusal> {
    let text = std::str::from_utf8(key).expect("utf-8").trim();
    Ok((text.into(), Tags::default()))
}

#[test]
fn spellings_of_one_stream_lead_to_it() {
    let head = Head::new(4, schema());
    let interner = Interner::default();
    let find = |resolver: &mut Resolver<'_>, scope: Scope, key: &[u8]| {
        let place = |names: (Arc<str>, Tags), placing: &mut Placing<'_>| {
            let identity = interner.intern(&policy(), &names.0, &[]);
            Ok(placing.stream(identity, |identity| head.place(identity)))
        };
        let stream = resolver.find(scope, key, identify, place).expect("found");
        (stream.partition, stream.slot)
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
    let refuse = |_: (Arc<str>, Tags), _: &mut Placing<'_>| {
        Err(Refusal::Limit { name: "none", limit: "none".into() })
    };
    let elsewhere = Scope { dialect: Dialect::Plain, ..scope() };
    resolver.find(elsewhere, b"a", identify, refuse).expect_err("another dialect, another key");
    drop(resolver);
    assert_eq!(head.streams(), 2);
    head.purge(&HashSet::new());
    assert_eq!(head.streams(), 0);
    let mut resolver = head.resolver();
    find(&mut resolver, scope(), b"a");
    drop(resolver);
    assert_eq!(head.streams(), 1);
}

#[test]
fn columns_are_gained_all_or_none() {
    let schema = schema();
    let interner = Interner::default();
    let identity = interner.intern(&policy(), &"m".into(), &[]);
    let stream = Stream { identity, partition: 0, slot: 0, shape: RwLock::default() };
    let field = |name, value| Field { name, value };
    let one = ValueRef::F64(1.0);
    schema.gain(&stream, &[field("a", one)]).expect("gained");
    let conflict = [field("b", one), field("a", ValueRef::Bool(true))];
    schema.gain(&stream, &conflict).expect_err("another kind");
    assert_eq!(stream.shape.read().len(), 1);
    assert_eq!(schema.series(), 1);
    let wide: Vec<String> = (0..2000).map(|n| format!("w{n}")).collect();
    let wide: Vec<_> = wide.iter().map(|name| field(name, one)).collect();
    let refusal = schema.gain(&stream, &wide).expect_err("over the limit");
    assert!(matches!(refusal, Refusal::Limit { .. }));
    schema.gain(&stream, &[field("b", one), field("a", one), field("b", one)]).expect("gained");
    let shape = stream.shape.read().clone();
    let names: Vec<_> = shape.columns().iter().map(|column| column.name.as_ref()).collect();
    assert_eq!(names, ["a", "b"]);
}
