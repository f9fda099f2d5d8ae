//! Random histories against the model map: disorder, rewrites, sparse rows, every kind,
//! flushes, merges, reopening.

use super::rig::*;
use crate::chunk;
use model::{Span, Value};
use proptest::prelude::*;

/// What may happen to a store.
#[derive(Clone, Debug)]
enum Step {
    Write(Vec<Point>),
    Flush,
    Maintain,
    Kill,
    LosePower(u64),
    Close,
    /// The clock goes on by so many hours.
    Later(i64),
}

fn value(field: usize) -> BoxedStrategy<Value> {
    match field {
        0 => prop_oneof![any::<f64>(), Just(f64::NAN), (-1000i32..1000).prop_map(f64::from)]
            .prop_map(Value::F64)
            .boxed(),
        1 => any::<i64>().prop_map(Value::I64).boxed(),
        2 => any::<u64>().prop_map(Value::U64).boxed(),
        3 => any::<bool>().prop_map(Value::Bool).boxed(),
        4 => "[a-zé ]{0,12}".prop_map(Value::Str).boxed(),
        _ => proptest::collection::vec(any::<u8>(), 0..9).prop_map(Value::Histogram).boxed(),
    }
}

/// Fields in a random order, often only some of them.
fn fields() -> impl Strategy<Value = Vec<(String, Value)>> {
    proptest::sample::subsequence((0..6).collect::<Vec<usize>>(), 1..=6)
        .prop_shuffle()
        .prop_flat_map(|chosen| {
            chosen
                .into_iter()
                .map(|field| value(field).prop_map(move |value| (format!("f{field}"), value)))
                .collect::<Vec<_>>()
        })
}

/// Times close together (so that they repeat), some days apart, and very long ago.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => (-40i64..40).prop_map(|tens| NOW + tens * 10 * Span::SECOND.0),
        2 => (0i64..40).prop_map(|days| NOW - days * Span::DAY.0),
        1 => (0i64..5).prop_map(|n| n * 777),
        1 => Just(i64::MAX),
    ]
}

fn points() -> impl Strategy<Value = Vec<Point>> {
    // Two spellings of one stream among them.
    let key = prop_oneof![
        Just("cpu,host=a,zone=x"),
        Just("cpu,zone=x,host=a"),
        Just("cpu,host=b"),
        Just("mem"),
    ];
    let point = (key, time(), fields()).prop_map(|(key, at, fields)| Point {
        key: key.to_owned(),
        at,
        fields,
    });
    proptest::collection::vec(point, 1..30)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => points().prop_map(Step::Write),
        2 => Just(Step::Flush),
        2 => Just(Step::Maintain),
        1 => Just(Step::Kill),
        1 => (0u64..5).prop_map(Step::LosePower),
        1 => Just(Step::Close),
        1 => (1i64..60).prop_map(Step::Later),
    ]
}

/// NaNs of all payloads must come back bit for bit, which `==` does not see.
fn assert_same(found: &Map, expected: &Map) {
    let bits = |map: &Map| {
        format!(
            "{:?}",
            map.iter()
                .map(|(k, v)| (
                    k,
                    v.iter()
                        .map(|(t, v)| (
                            t,
                            match v {
                                Value::F64(f) => format!("{:x}", f.to_bits()),
                                other => format!("{other:?}"),
                            }
                        ))
                        .collect::<Vec<_>>()
                ))
                .collect::<Vec<_>>()
        )
    };
    if bits(found) != bits(expected) {
        assert_eq!(found, expected);
        panic!("NaNs differ in their bits");
    }
}

fn run(steps: Vec<Step>) {
    let mut rig = Rig::new();
    let mut expected = Expected::default();
    for step in steps {
        let now = model::port::Clock::now(rig.clock.as_ref()).0;
        match step {
            Step::Write(points) => {
                rig.put(&points);
                expected.add(&points);
            }
            Step::Flush => rig.store.flush().expect("flush"),
            Step::Maintain => drop(rig.store.maintain().expect("maintain")),
            Step::Kill => rig = rig.kill(options()),
            Step::LosePower(torn) => rig = rig.lose_power(torn, options()),
            Step::Close => {
                rig.store.close().expect("close");
                assert_eq!(rig.files("wal"), Vec::<String>::new(), "a clean stop leaves no log");
                rig = rig.kill(options());
            }
            Step::Later(hours) => rig.clock.set(now + hours * Span::HOUR.0),
        }
        rig.clock.set(now.max(model::port::Clock::now(rig.clock.as_ref()).0));
        assert_same(&rig.all(), &expected.0);
        let stats = rig.store.stats();
        assert_eq!(stats.corruption_found, 0);
    }
    rig.store.close().expect("close");
    assert_eq!(rig.store.stats().head_bytes, 0, "nothing is left in the head");
    let rig = rig.kill(options());
    assert_same(&rig.all(), &expected.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_history_reads_as_the_map_says(steps in proptest::collection::vec(step(), 1..24)) {
        run(steps);
    }
}

#[test]
fn long_streams_are_sealed_flushed_and_merged() {
    let rig = Rig::new();
    let mut expected = Expected::default();
    let rows = chunk::ROWS_MAX as i64 * 5 / 2;
    for round in 0..3 {
        let row = |n: i64| {
            // The second round interleaves, the third rewrites some of both.
            let at = NOW + (n * 2 + round % 2) * Span::SECOND.0;
            point(
                "cpu,host=a",
                at,
                &[
                    ("user", Value::F64((n % 7) as f64 + round as f64)),
                    ("count", Value::I64(n * round)),
                ],
            )
        };
        let points: Vec<_> = (0..rows).map(row).collect();
        for body in points.chunks(1000) {
            rig.put(body);
        }
        expected.add(&points);
        assert_eq!(rig.all(), expected.0);
        if round != 1 {
            rig.store.flush().expect("flush");
        }
        assert_eq!(rig.all(), expected.0);
    }
    for _ in 0..5 {
        let points = [float("cpu,host=a", NOW, 1.0)];
        rig.put(&points);
        expected.add(&points);
        rig.store.flush().expect("flush");
    }
    let before = rig.store.stats().block_count;
    for _ in 0..4 {
        rig.store.maintain().expect("maintain");
    }
    let after = rig.store.stats();
    assert!(after.block_count < before && after.merges > 0, "{before} blocks, then {after:?}");
    assert_eq!(rig.all(), expected.0);
    assert_eq!(rig.kill(options()).all(), expected.0);
}

#[test]
fn streams_that_nobody_writes_to_leave_the_head_and_come_back() {
    let rig = Rig::new();
    let mut expected = Expected::default();
    for round in 0..6 {
        let at = NOW + round * Span::HOUR.0;
        let mut points = vec![float("busy", at, round as f64)];
        if round == 0 || round == 5 {
            points.push(float("idle,host=a", at, 1.0));
            points.push(point("idle,host=b", at, &[("text", Value::Str("x".into()))]));
        }
        rig.clock.set(at + 2 * Span::HOUR.0);
        rig.put(&points);
        expected.add(&points);
        rig.clock.set(at + 4 * Span::HOUR.0);
        rig.store.maintain().expect("maintain");
        assert_eq!(rig.all(), expected.0, "round {round}");
        if round == 4 {
            let stats = rig.store.stats();
            assert_eq!((stats.streams, stats.series, stats.streams_evicted), (1, 1, 2));
        }
    }
    assert_eq!(rig.store.stats().streams, 3);
    assert_eq!(rig.kill(options()).all(), expected.0);
}
