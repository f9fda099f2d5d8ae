//! A range query is nothing but many instant queries: for random expressions over random
//! samples, each step of a range must give what an instant query gives at that time.

use crate::memory::Memory;
use crate::notation;
use model::limits::Budget;
use model::{Span, Timestamp};
use proptest::prelude::*;
use query::promql::{AnswerValue, Engine, Options};
use std::collections::BTreeMap;
use std::sync::Arc;

const STEP: i64 = 45_000_000_000;
const STEPS: i64 = 12;

fn scalar() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "1",
        "-0.5",
        "2.5",
        "NaN",
        "1m",
        "time()",
        "scalar(a{h=\"x\"})",
        "scalar(b) / 3",
        "pi()",
    ])
    .prop_map(str::to_owned)
}

fn vector() -> impl Strategy<Value = String> {
    let selector = prop::sample::select(vec![
        "a",
        "b",
        "a{h=\"x\"}",
        "{h!=\"\"}",
        "a offset 70s",
        "b offset -1m",
        "a @ 130",
        "none",
    ]);
    selector.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let operators = vec![
            "+",
            "-",
            "*",
            "/",
            "%",
            "^",
            "atan2",
            "==",
            "!=",
            ">",
            "<= bool",
            "and",
            "or",
            "unless",
            "+ on (h)",
            "and on (h)",
            "or on ()",
            "* ignoring (k) group_left ()",
            "> on (h) group_right (k)",
        ];
        let maps = vec![
            "abs",
            "-",
            "sgn",
            "sqrt",
            "round",
            "exp",
            "timestamp",
            "minute",
            "absent",
            "sort",
            "year",
            "sum",
            "avg by (h)",
            "min by (k)",
            "max without (h)",
            "count",
            "group by (h)",
            "stddev",
            "stdvar by (h)",
            "count_values by (h) (\"v\", ",
            "topk(2, ",
            "limitk(1, ",
            "bottomk by (h) (1, ",
            "quantile(0.3, ",
            "limit_ratio(0.5, ",
            "clamp_min(",
            "clamp(",
        ];
        let windows = vec![
            "rate",
            "increase",
            "delta",
            "irate",
            "idelta",
            "deriv",
            "resets",
            "changes",
            "sum_over_time",
            "avg_over_time",
            "min_over_time",
            "max_over_time",
            "count_over_time",
            "stddev_over_time",
            "last_over_time",
            "first_over_time",
            "present_over_time",
            "mad_over_time",
            "absent_over_time",
            "ts_of_max_over_time",
            "quantile_over_time",
            "predict_linear",
        ];
        let ranges = vec!["[1m]", "[2m10s] offset 20s", "[3m] @ 200", "[100ms]"];
        let subranges = vec!["[2m:30s]", "[1m:7s] offset 13s", "[3m:40s] @ 170", "[90s:]"];
        let call = |window: &str, range: String| match window {
            "quantile_over_time" => format!("quantile_over_time(0.7, {range})"),
            "predict_linear" => format!("predict_linear({range}, 100)"),
            window => format!("{window}({range})"),
        };
        let selectors = prop::sample::select(vec!["a", "b", "{h=~\"x|z\"}"]);
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(left, op, right)| format!("({left}) {op} ({right})")),
            (inner.clone(), prop::sample::select(vec!["+", ">", "== bool", "%"]), scalar())
                .prop_map(|(vector, op, scalar)| format!("({vector}) {op} {scalar}")),
            (scalar(), inner.clone()).prop_map(|(scalar, vector)| format!("{scalar} < ({vector})")),
            (prop::sample::select(maps), inner.clone()).prop_map(|(map, vector)| match map {
                "clamp_min(" => format!("clamp_min({vector}, scalar(b))"),
                "clamp(" => format!("clamp({vector}, -1, time() / 60)"),
                map if map.contains('(') && map.ends_with(", ") => format!("{map}{vector})"),
                map => format!("{map}({vector})"),
            }),
            (prop::sample::select(windows.clone()), selectors, prop::sample::select(ranges))
                .prop_map(move |(window, selector, range)| call(
                    window,
                    format!("{selector}{range}")
                )),
            (prop::sample::select(windows), inner, prop::sample::select(subranges)).prop_map(
                move |(window, vector, range)| call(window, format!("({vector}){range}"))
            ),
        ]
    })
}

/// Lists of values for four series.
fn samples() -> impl Strategy<Value = Vec<String>> {
    let item = prop::sample::select(vec![
        "_", "_", "0", "1", "2", "3.5", "-7", "100", "stale", "NaN", "Inf",
    ]);
    let list = prop::collection::vec(item, 1..30).prop_map(|items| items.join(" "));
    prop::collection::vec(list, 4)
}

fn memory(samples: &[String]) -> Memory {
    let series = ["a{h=\"x\", k=\"1\"}", "a{h=\"y\", k=\"2\"}", "b{h=\"x\"}", "a{h=\"z\"}"];
    let mut memory = Memory::default();
    for (series, samples) in series.iter().zip(samples) {
        notation::load(&mut memory, &format!("{series} {samples}"), 23_000_000_000);
    }
    memory
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_step_of_a_range_is_an_instant(query in vector(), samples in samples()) {
        let engine = Engine::new(Arc::new(memory(&samples)), Options::default());
        let budget = Budget::unlimited();
        let (start, end) = (Timestamp(0), Timestamp(STEP * STEPS));
        // A range fails where any of its steps would; those queries are not judged.
        let Ok(range) = engine.range(&query, start, end, Span(STEP), &budget) else {
            return Ok(());
        };
        let AnswerValue::Matrix(series) = range.value else { panic!("not a matrix") };
        for step in 0..=STEPS {
            let at = Timestamp(STEP * step);
            let instant = engine.instant(&query, at, &budget);
            let instant = instant.map_err(|error| TestCaseError::fail(format!("{query}: {error}")))?;
            let AnswerValue::Vector(instant) = instant.value else { panic!("not a vector") };
            let instant: BTreeMap<_, _> = instant.into_iter().map(|s| (s.labels, s.value)).collect();
            let mut count = 0;
            for series in &series {
                let Some((_, value)) = series.points.iter().find(|(time, _)| *time == at) else {
                    continue;
                };
                count += 1;
                let other = instant.get(&series.labels).copied();
                // The order in which members are added may differ by what else is in the range.
                let near = |other: f64| (other - value).abs() <= value.abs() * 1e-9;
                let same = |other: f64| other == *value || (other.is_nan() && value.is_nan());
                prop_assert!(
                    other.is_some_and(|other| same(other) || near(other)),
                    "{query} at {step}: {} is {value} in a range, {other:?} alone", series.labels
                );
            }
            prop_assert_eq!(count, instant.len(), "{} at {}: {:?}", query, step, instant);
        }
    }
}
