//! What scripts cannot say: budgets, threads, the two ways of aggregating, lists of labels,
//! and rules.

use crate::memory::Memory;
use crate::notation;
use model::limits::{Budget, End, Exceeded};
use model::port::{Compare, Evaluate, EvaluateError, SourceError, Split};
use model::{Span, TimeRange, Timestamp};
use query::promql::{Answer, AnswerValue, Engine, Error, Evaluator, Options, RangeSeries};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const MINUTE: i64 = Span::MINUTE.0;

/// A source with these series, samples a minute apart.
fn memory(lines: &[&str]) -> Memory {
    let mut memory = Memory::default();
    lines.iter().for_each(|line| notation::load(&mut memory, line, MINUTE));
    memory
}

fn engine(memory: &Memory, options: Options) -> Engine {
    Engine::new(Arc::new(memory.clone()), options)
}

/// The hosts of a small estate, with irregular gaps and values that are no round numbers.
fn estate() -> Memory {
    let mut memory = Memory::default();
    for host in 0..120 {
        let value = |minute: i64| match (host + minute) % 7 {
            0 => "_".to_owned(),
            3 => "stale".to_owned(),
            _ => format!("{}", ((host * 31 + minute * 17) % 101) as f64 / 7.0),
        };
        let values: Vec<String> = (0..60).map(value).collect();
        let (region, values) = (host % 5, values.join(" "));
        let line = format!("cpu{{host=\"h{host}\", region=\"r{region}\"}} {values}");
        notation::load(&mut memory, &line, MINUTE);
    }
    memory
}

fn matrix(answer: Answer) -> Vec<RangeSeries> {
    match answer.value {
        AnswerValue::Matrix(series) => series,
        other => panic!("not a matrix: {other:?}"),
    }
}

fn ask(engine: &Engine, query: &str) -> Vec<RangeSeries> {
    let (start, end) = (Timestamp(0), Timestamp(59 * MINUTE));
    let budget = Budget::unlimited();
    let answer = engine.range(query, start, end, Span(MINUTE), &budget);
    matrix(answer.unwrap_or_else(|error| panic!("{query}: {error}")))
}

/// How far two numbers may be apart: means may differ in their last bits.
fn assert_same(long: &[RangeSeries], short: &[RangeSeries], exact: bool, query: &str) {
    assert_eq!(long.len(), short.len(), "{query}");
    for (long, short) in long.iter().zip(short) {
        assert_eq!(long.labels, short.labels, "{query}");
        assert_eq!(long.points.len(), short.points.len(), "{query}");
        for ((long_at, long), (short_at, short)) in long.points.iter().zip(&short.points) {
            assert_eq!(long_at, short_at, "{query}");
            let near = !exact && (long - short).abs() <= long.abs() * 4.0 * f64::EPSILON;
            assert!(long == short || near, "{query}: {long} and {short} at {long_at:?}");
        }
    }
}

/// Those that sources compute.
const WINDOW_FUNCTIONS: [&str; 10] = [
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "first_over_time",
    "last_over_time",
    "rate",
    "increase",
    "delta",
];

#[test]
fn both_ways_of_aggregating_agree() {
    let memory = estate();
    let engine = engine(&memory, Options::default());
    for aggregation in ["sum", "avg", "min", "max", "count"] {
        for function in WINDOW_FUNCTIONS {
            for grouping in ["", "by (region)", "by (host, nowhere)", "without (host)"] {
                for selector in ["cpu[5m]", "cpu{host=~\"h1.*\"}[90s] offset 3m", "cpu[1m] @ 600"] {
                    let inner = format!("{function}({selector})");
                    let short = format!("{aggregation} {grouping} ({inner})");
                    // Two signs change no number, but hide the function from the source.
                    let long = format!("{aggregation} {grouping} (-(-{inner}))");
                    let is_rounded = |function: &str| {
                        ["avg_over_time", "rate", "increase", "delta"].contains(&function)
                    };
                    let exact = aggregation != "avg" && !is_rounded(function);
                    let before = memory.aggregated.load(Ordering::Relaxed);
                    let pushed = ask(&engine, &short);
                    assert_eq!(memory.aggregated.load(Ordering::Relaxed), before + 1, "{short}");
                    let pulled = ask(&engine, &long);
                    assert_eq!(memory.aggregated.load(Ordering::Relaxed), before + 1, "{long}");
                    assert_same(&pulled, &pushed, exact, &short);
                }
            }
        }
    }
}

#[test]
fn counts_and_extremes_of_a_moment_are_those_of_the_long_way() {
    let memory = estate();
    let engine = engine(&memory, Options::default());
    let ask = |query: &str, minute: i64| {
        let at = Timestamp(minute * MINUTE);
        let answer = engine.instant(query, at, &Budget::unlimited()).expect("an answer");
        let AnswerValue::Vector(mut vector) = answer.value else { panic!("{query}: no vector") };
        vector.sort_by(|a, b| a.labels.cmp(&b.labels));
        vector.into_iter().map(|one| (one.labels, one.value)).collect::<Vec<_>>()
    };
    for op in ["count", "min", "max"] {
        for grouping in ["", "by (region)", "by (host, nowhere)", "by (__name__)", "without (host)"]
        {
            for selector in
                ["cpu", "cpu{host=~\"h1.*\"} offset 3m", "cpu @ 600", "cpu{host=\"no\"}"]
            {
                for minute in [0, 7, 31, 61, 63, 70] {
                    let short = ask(&format!("{op} {grouping} ({selector})"), minute);
                    // Two signs change no number, but hide the selector.
                    let long = ask(&format!("{op} {grouping} (-(-({selector})))"), minute);
                    if grouping != "by (__name__)" {
                        assert_eq!(short, long, "{op} {grouping} ({selector}) at {minute}");
                    }
                    let is_named =
                        |(labels, _): &(model::Labels, f64)| labels.get("__name__") == "cpu";
                    assert_eq!(
                        short.iter().any(is_named),
                        grouping == "by (__name__)" && !short.is_empty()
                    );
                }
            }
        }
    }
}

#[test]
fn aggregations_that_the_source_would_get_wrong_stay_here() {
    let mut memory = memory(&["m{host=\"a\"} 1 2 3", "n{host=\"a\"} 9e307 9e307 9e307"]);
    let engine_of = |memory: &Memory| engine(memory, Options::default());
    for query in [
        "sum by (db) (max_over_time(m[5m]))",
        "sum by (__name__) (last_over_time(m[5m]))",
        "sum(irate(m[5m]))",
        "stddev(max_over_time(m[5m]))",
        "sum(max_over_time(m[5m:1m]))",
        "sum(last_over_time({host=\"a\"}[5m]))",
    ] {
        ask(&engine_of(&memory), query);
        assert_eq!(memory.aggregated.load(Ordering::Relaxed), 0, "{query}");
    }
    // A sum that overflows: the source gives infinity, but the mean is finite.
    let points = &ask(&engine_of(&memory), "max(avg_over_time(n[5m]))")[0].points;
    assert_eq!(points[2].1, 9e307);
    // The same labels from two policies are one series with merged samples.
    notation::load(&mut memory, "m{host=\"a\", __rp__=\"old\"} 7 7 7 7", MINUTE);
    let before = memory.aggregated.load(Ordering::Relaxed);
    let points = &ask(&engine_of(&memory), "sum(count_over_time(m[10m]))")[0].points;
    assert_eq!(points[3].1, 4.0);
    assert_eq!(memory.aggregated.load(Ordering::Relaxed), before);
}

#[test]
fn threads_do_not_change_the_answer() {
    let memory = estate();
    let one = engine(&memory, Options { threads: 1, ..Options::default() });
    let many = engine(&memory, Options { threads: 5, ..Options::default() });
    for query in [
        "cpu",
        "rate(cpu[5m])",
        "sum without (host) (cpu)",
        "quantile by (region) (0.9, max_over_time(cpu[10m:2m]))",
        "cpu - on (host) group_left avg without (region) (cpu)",
    ] {
        assert_eq!(ask(&one, query), ask(&many, query), "{query}");
    }
}

#[test]
fn what_is_written_twice_is_read_once() {
    let memory = estate();
    let engine = engine(&memory, Options { threads: 1, ..Options::default() });
    let used = |query: &str| {
        let budget = Budget::unlimited();
        let (start, end) = (Timestamp(0), Timestamp(59 * MINUTE));
        engine.range(query, start, end, Span(MINUTE), &budget).expect("it can be answered");
        budget.samples()
    };
    let (selector, rate) = (used("cpu"), used("rate(cpu[5m])"));
    // Every pair of vectors is charged one cell a step for its result.
    let results = 120 * 60;
    assert_eq!(used("cpu + cpu"), selector + results);
    assert_eq!(used("rate(cpu[5m]) / rate(cpu[5m])"), rate + results);
    assert!(used("cpu + cpu offset 1m") > 2 * selector);
}

#[test]
fn budgets_end_queries() {
    let memory = estate();
    let engine = engine(&memory, Options::default());
    let run = |query: &str, budget: &Budget| {
        engine.range(query, Timestamp(0), Timestamp(59 * MINUTE), Span(MINUTE), budget)
    };
    let exceeded = |exceeded| Err(Error::Source(SourceError::Exceeded(exceeded)));
    let limit = 1000;
    assert_eq!(run("cpu", &Budget::new(limit)), exceeded(Exceeded::Samples { limit }));
    assert_eq!(
        run("sum_over_time(vector(1)[30d:1s])", &Budget::new(limit)),
        exceeded(Exceeded::Samples { limit })
    );
    for query in ["cpu", "rate(cpu[5m])", "sum by (host) (cpu)"] {
        let small = Budget::unlimited().holding(limit);
        assert_eq!(run(query, &small), exceeded(Exceeded::Bytes { limit }), "{query}");
    }
    let killed = Budget::unlimited();
    killed.end(End::Killed);
    assert_eq!(run("1", &killed), exceeded(Exceeded::Killed));
}

#[test]
fn deep_expressions_fit_the_stack_of_a_thread() {
    let memory = memory(&["a 1"]);
    let engine = engine(&memory, Options::default());
    let chain = vec!["a"; 190].join(" + ");
    let nested = format!("{}a{}", "abs(".repeat(190), ")".repeat(190));
    let minus = format!("{}a", "-(".repeat(90)) + &")".repeat(90);
    for query in [chain, nested, minus] {
        let answer = engine.instant(&query, Timestamp(0), &Budget::unlimited());
        assert!(answer.is_ok(), "{answer:?}");
    }
}

#[test]
fn series_and_labels_are_listed() {
    let memory = memory(&[
        "up{job=\"a\", host=\"x\"} 1",
        "up{job=\"b\"} 1",
        "down{job=\"b\", __db__=\"lab\"} 1",
        "note{job=\"c\", __kind__=\"string\"} 1",
        "late{job=\"d\"} _ _ _ 1",
    ]);
    let engine = engine(&memory, Options::default());
    let range = TimeRange::new(Timestamp(0), Timestamp(MINUTE));
    let budget = Budget::unlimited();
    let texts = |texts: &[&str]| Vec::from_iter(texts.iter().map(|text| (*text).to_owned()));
    let series = engine.series(&texts(&["up{job=\"b\"}", "down", "up"]), range, &budget);
    let series: Vec<String> = series.expect("it lists").iter().map(ToString::to_string).collect();
    assert_eq!(
        series,
        ["down{db=\"lab\", job=\"b\"}", "up{host=\"x\", job=\"a\"}", "up{job=\"b\"}"]
    );
    let names = |selectors: &[&str]| engine.label_names(&texts(selectors), range, &budget);
    assert_eq!(names(&[]), Ok(texts(&["__name__", "db", "host", "job"])));
    assert_eq!(names(&["{job=\"b\"}"]), Ok(texts(&["__name__", "db", "job"])));
    let values = |name: &str, selectors: &[&str]| {
        engine.label_values(name, &texts(selectors), range, &budget)
    };
    assert_eq!(values("job", &[]), Ok(texts(&["a", "b"])));
    assert_eq!(values("__name__", &["{db=~\".+\"}"]), Ok(texts(&["down"])));
    assert_eq!(values("nowhere", &[]), Ok(Vec::new()));
    assert!(matches!(engine.series(&[], range, &budget), Err(Error::Request(_))));
    assert!(matches!(names(&["rate(up[5m])"]), Err(Error::Request(_))));
    assert!(matches!(names(&["up{"]), Err(Error::Parse(_))));
    assert!(matches!(values("", &[]), Err(Error::Request(_))));
}

#[test]
fn names_may_stay_until_the_end() {
    let memory = memory(&["a_total{x=\"1\"} 0 60", "b_total{x=\"1\"} 0 120"]);
    let query = "label_replace(rate({x=\"1\"}[2m]), \"of\", \"$1\", \"__name__\", \"(.+)_total\")";
    let at = Timestamp(MINUTE);
    let budget = Budget::unlimited();
    let refused = engine(&memory, Options::default()).instant(query, at, &budget);
    assert!(matches!(refused, Err(Error::Execution(_))), "{refused:?}");
    let options = Options { delayed_name_removal: true, ..Options::default() };
    let answer = engine(&memory, options).instant(query, at, &budget).expect("names tell apart");
    let AnswerValue::Vector(samples) = answer.value else { panic!("not a vector") };
    let labels: Vec<String> = samples.iter().map(|sample| sample.labels.to_string()).collect();
    assert_eq!(labels, ["{of=\"a\", x=\"1\"}", "{of=\"b\", x=\"1\"}"]);
}

fn evaluator() -> Evaluator {
    let memory = memory(&["cpu{host=\"a\"} 10 95 99", "cpu{host=\"b\"} 20 _ 30"]);
    Evaluator::new(Arc::new(engine(&memory, Options::default())), 1_000_000)
}

#[test]
fn an_outermost_comparison_with_a_number_is_split_off() {
    let split = |expr: &str, compare, threshold| {
        Ok(Some(Split { expr: expr.to_owned(), compare, threshold }))
    };
    let cases = [
        ("cpu > 90", split("cpu", Compare::Gt, 90.0)),
        ("((cpu) > (90))", split("cpu", Compare::Gt, 90.0)),
        ("90 > cpu", split("cpu", Compare::Lt, 90.0)),
        ("0.5 <= rate(x[5m])", split("rate(x[5m])", Compare::Gte, 0.5)),
        ("cpu <= -(2 * 30 + 5m)", split("cpu", Compare::Lte, -360.0)),
        ("cpu == 0", split("cpu", Compare::Eq, 0.0)),
        ("1 != sum by (a) (b)", split("sum by (a) (b)", Compare::Ne, 1.0)),
        ("cpu > 5 < 10", split("cpu > 5", Compare::Lt, 10.0)),
        ("cpu > bool 90", Ok(None)),
        ("cpu > other", Ok(None)),
        ("cpu > scalar(other)", Ok(None)),
        ("1 > bool 2", Ok(None)),
        ("cpu > 90 and other", Ok(None)),
        ("cpu", Ok(None)),
    ];
    for (expr, expected) in cases {
        assert_eq!(evaluator().check(expr), expected, "{expr}");
    }
    assert!(matches!(evaluator().check("cpu["), Err(EvaluateError::Parse { column: 5, .. })));
    assert!(matches!(evaluator().check("cpu[5m]"), Err(EvaluateError::Parse { .. })));
    assert!(matches!(evaluator().check("\"cpu\""), Err(EvaluateError::Parse { .. })));
}

#[test]
fn rules_are_evaluated_at_a_time_and_over_one() {
    let evaluator = evaluator();
    let instant = evaluator.instant("cpu", Timestamp(MINUTE)).expect("it evaluates");
    let values = |samples: &[(model::Labels, f64)]| -> Vec<String> {
        samples.iter().map(|(labels, value)| format!("{labels} {value}")).collect()
    };
    assert_eq!(values(&instant.samples), ["cpu{host=\"a\"} 95", "cpu{host=\"b\"} 20"]);
    assert!(!instant.partial);
    let scalar = evaluator.instant("1 + 1", Timestamp(0)).expect("it evaluates");
    assert_eq!(values(&scalar.samples), ["{} 2"]);
    let range = evaluator
        .range("cpu > 90", Timestamp(0), Timestamp(2 * MINUTE), Span(MINUTE))
        .expect("it evaluates");
    let steps: Vec<(i64, Vec<String>)> =
        range.iter().map(|(at, step)| (at.0 / MINUTE, values(&step.samples))).collect();
    let hot = |value| vec![format!("cpu{{host=\"a\"}} {value}")];
    assert_eq!(steps, [(0, Vec::new()), (1, hot(95)), (2, hot(99))]);
    let failed = evaluator.instant("cpu * on () cpu", Timestamp(0));
    assert!(matches!(failed, Err(EvaluateError::Failed(_))), "{failed:?}");
}
