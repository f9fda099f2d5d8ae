//! Texts that are long, deep or strange are answered or refused, never worse.

use crate::memory::{Memory, StandingClock};
use crate::render::table;
use model::limits::Budget;
use proptest::prelude::*;
use query::influxql::{Engine, Options, Request};
use std::sync::Arc;

fn engine() -> Engine {
    let memory = Arc::new(Memory::default());
    let lines = "m,host=a v=1,i=2i,s=\"x\",b=true 0\nm,host=b v=2,i=-3i,s=\"y\" 10";
    memory.write("db", None, lines, 1_000_000_000, 0);
    let options = Options { buckets_max: 1_000, threads: 2 };
    Engine::new(memory.clone(), memory.clone(), Arc::new(StandingClock::default()), options)
}

fn ask(engine: &Engine, text: &str) -> String {
    let request = Request { database: Some("db".to_owned()), ..Request::default() };
    table(&engine.run(text, &request, &Budget::new(100_000)))
}

#[test]
fn the_longest_texts_fit_the_stack() {
    let engine = engine();
    let sum = format!("SELECT v{} FROM m LIMIT 1", " + v".repeat(1_999));
    assert!(ask(&engine, &sum).contains("2000.0"), "a long sum");
    let any = format!("SELECT v FROM m WHERE host = 'x'{}", " OR host = 'b'".repeat(990));
    assert!(ask(&engine, &any).contains("2.0"), "a long condition on tags");
    let all = format!("SELECT v FROM m WHERE v = 2{}", " AND v > 1".repeat(990));
    assert!(ask(&engine, &all).contains("2.0"), "a long condition on fields");
    let deep = format!("SELECT {}v{} FROM m LIMIT 1", "(".repeat(60), ")".repeat(60));
    assert!(ask(&engine, &deep).contains("1.0"), "deep parentheses");
    let mut nested = "SELECT v FROM m".to_owned();
    for _ in 0..30 {
        nested = format!("SELECT v FROM ({nested})");
    }
    assert!(ask(&engine, &nested).contains("1.0"), "deep subqueries");
}

#[test]
fn an_answer_that_would_fill_the_memory_is_refused() {
    let engine = engine();
    let request = Request { database: Some("db".to_owned()), ..Request::default() };
    let windows = "FROM m WHERE time >= 0 AND time < 500s GROUP BY time(1s)";
    for text in [
        "SELECT v, i FROM m".to_owned(),
        format!("SELECT mean(v) {windows}"),
        format!("SELECT median(v) {windows} fill(0)"),
    ] {
        let budget = Budget::unlimited().holding(100);
        let results = engine.run(&text, &request, &budget).expect("it parses");
        let error = results[0].error.clone().unwrap_or_default();
        assert!(error.starts_with("query holds more than 100 bytes"), "{text}: {error}");
    }
}

/// Queries made of parts that each may or may not go together with the others.
fn query() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["v", "i", "s", "b", "host", "nope", "*", "/./"]);
    let function = prop::sample::select(vec![
        "count",
        "sum",
        "mean",
        "min",
        "max",
        "first",
        "last",
        "spread",
        "stddev",
        "median",
        "mode",
        "distinct",
        "derivative",
        "difference",
        "cumulative_sum",
        "elapsed",
        "integral",
        "abs",
        "non_negative_difference",
    ]);
    let field = prop_oneof![
        name().prop_map(str::to_owned),
        (function, name()).prop_map(|(function, name)| format!("{function}({name})")),
        (name(), 0i64..120).prop_map(|(name, n)| format!("percentile({name}, {n})")),
        (name(), 1i64..4).prop_map(|(name, n)| format!("top({name}, host, {n})")),
        (name(), 1i64..4).prop_map(|(name, n)| format!("sample({name}, {n})")),
        name().prop_map(|name| format!("moving_average(mean({name}), 2)")),
        (name(), name()).prop_map(|(a, b)| format!("{a} / {b}")),
        name().prop_map(|name| format!("mean({name}) * 2")),
    ];
    let fields = prop::collection::vec(field, 1..3).prop_map(|fields| fields.join(", "));
    let condition = prop::sample::select(vec![
        "",
        " WHERE time >= 0s",
        " WHERE time >= 3s AND time < 25s",
        " WHERE v > 1",
        " WHERE host = 'a' OR s = 'y'",
        " WHERE host != 'a' AND time < 1h",
        " WHERE b",
        " WHERE time > now() - 1h AND i < v",
    ]);
    let group = prop::sample::select(vec![
        "",
        " GROUP BY host",
        " GROUP BY *",
        " GROUP BY time(10s)",
        " GROUP BY time(7s, 3s), host",
        " GROUP BY time(1ns)",
        " GROUP BY time(100000w)",
    ]);
    let tail = prop::sample::select(vec![
        "",
        " fill(none)",
        " fill(0)",
        " fill(previous)",
        " fill(linear)",
        " ORDER BY time DESC",
        " LIMIT 1",
        " LIMIT 1 OFFSET 1",
        " SLIMIT 1",
        " TZ('UTC')",
    ]);
    let from = prop::sample::select(vec!["m", "m, m", "/m/", "nope", "db..m"]);
    (fields, from, condition, group, tail).prop_flat_map(
        |(fields, from, condition, group, tail)| {
            let plain = format!("SELECT {fields} FROM {from}{condition}{group}{tail}");
            let around =
                format!("SELECT {fields} FROM (SELECT v, host FROM m{condition}){group}{tail}");
            let inside = format!("SELECT max(x) FROM (SELECT {fields} AS x FROM m{group}){tail}");
            prop::sample::select(vec![plain, around, inside])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_query_panics(text in query()) {
        let engine = engine();
        let answer = ask(&engine, &text);
        prop_assert!(!answer.is_empty());
        // Asked again, it answers the same.
        prop_assert_eq!(answer, ask(&engine, &text));
    }
}
